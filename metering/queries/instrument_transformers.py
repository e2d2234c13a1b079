"""Which instrument transformers stand at a place, and which multipliers its meters have."""

from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from metering.domain.instrument_transformers import NewTransformer, TransformerKind
from metering.models.device import Installation, TransformerPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A transformer at a place over [start_date, end_date), end_date None: until further notice. [A or V]"""

    kind: TransformerKind
    serial: str
    primary: int
    secondary: int
    accuracy: str
    start_date: date
    end_date: date | None

    def as_new(self) -> NewTransformer:
        """Return it as it was entered."""
        return NewTransformer(
            kind=self.kind, serial=self.serial, primary=self.primary, secondary=self.secondary, accuracy=self.accuracy
        )


def at_place(*, service_point_id: int, on: date) -> tuple[Standing, ...]:
    """Return the transformers that stand at a place on a local date, by kind and number; one statement."""
    return tuple(one for one in history(service_point_id=service_point_id) if _holds(one, on))


def history(*, service_point_id: int) -> tuple[Standing, ...]:
    """Return all that stand or stood at a place, by kind and number, the latest first; one statement."""
    rows = TransformerPlace.objects.filter(service_point_id=service_point_id).select_related("transformer")
    return tuple(
        Standing(
            kind=TransformerKind(row.transformer.kind), serial=row.transformer.serial,
            primary=row.transformer.primary, secondary=row.transformer.secondary, accuracy=row.transformer.accuracy,
            start_date=row.period.lower, end_date=row.period.upper,
        )
        for row in rows.order_by("-period", "transformer__kind", "transformer__serial")
    )  # fmt: skip


def multipliers_at(*, service_point_id: int, on: date) -> frozenset[int]:
    """Return the multipliers of the meters that hang at a place on a local date; one statement."""
    rows = Installation.objects.filter(service_point_id=service_point_id, period__contains=on)
    return frozenset(rows.values_list("multiplier", flat=True))


def multipliers_from(*, service_point_id: int, from_date: date, today: date) -> frozenset[int]:
    """
    Return the multipliers of the meters that hang at a place from a local date on; one statement.

    Where the date is still to come, only of those that are hung up by then: what hangs until then can be taken down.
    """
    rows = Installation.objects.filter(service_point_id=service_point_id, period__overlap=DateRange(from_date, None))
    if from_date > today:
        rows = rows.filter(period__startswith__gte=from_date)
    return frozenset(rows.values_list("multiplier", flat=True))


def _holds(one: Standing, on: date) -> bool:
    return one.start_date <= on and (one.end_date is None or on < one.end_date)
