"""Forms of the rate check: a version, and any usage as the version needs it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.tariffs import version_choices
from cis.desk.tariff_findings import in_words
from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform.forms import DayField, EnergyField, PageForm
from cis.platform.phrases import explain
from cis.platform.templatetags.local import in_language
from tariffs.domain import cases
from tariffs.domain.batch import month_share_e9
from tariffs.domain.cases import CaseField
from tariffs.domain.inputs import Input
from tariffs.domain.plan import WHOLE_TIME, Plan
from tariffs.domain.time_of_use import day_columns
from tariffs.queries.versions import VersionRow

LONGEST_DAYS = 3_660
BY_TIME = (Input.MONTH, Input.MONTH_END)
"""What the dates say."""
WORDS: Mapping[str, Any] = {
    "used_kwh": _("Energy used (kWh)"),
    "before_kwh": _("Counted before in the cycle of the steps (kWh)"),
    "household": _("Persons in the household"),
    "final": _("The agreement ends (1 = yes)"),
    "peak_kw": _("Largest demand (kW)"),
    "billed_peak_kw": _("Demand charged before in the month (kW)"),
    "past_peaks_kw": _("Demand of the months before, latest first (kW)"),
    "capacity_kva": _("Capacity (kVA)"),
    "contract_kw": _("Contracted demand (kW)"),
    "reactive_kvarh": _("Reactive energy (kvarh)"),
    "reactive_peak_kvar": _("Largest reactive demand (kvar)"),
    "export_kwh": _("Energy given to the grid (kWh)"),
    "energized_minutes": _("Minutes under voltage"),
    "meters": _("Meters"),
    "account_days": _("Days that the account pays here"),
    "features": _("Features"),
    "carried": _("Carried from the bill before"),
    "year_amount": _("Charged before in the year"),
    "series_amount": _("Energy times price of each price series"),
    "ordered_kwh": _("Energy of each step in order of time (kWh)"),
    "submeter_kwh": _("Energy of sub-meters (kWh)"),
    "green_blocks": _("Blocks of green energy a month"),
}


class VersionForm(PageForm):
    """The version by which usage is rated."""

    version = forms.TypedChoiceField(label=_("Version"), coerce=int, widget=forms.Select(attrs={"data-submits": "yes"}))

    def __init__(self, *args: Any, rows: Sequence[VersionRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [("", "–"), *version_choices(rows)]  # type: ignore[attr-defined]


class CaseForm(PageForm):
    """Usage of a span of days: energy, and what the version needs besides."""

    from_date = DayField(label=_("From"))
    to_date = DayField(label=_("First day after"))
    spread_kwh = EnergyField(
        label=_("All energy, spread evenly over the hours (kWh)"), required=False,
        help_text=_("Where the periods are not known: an assumption, not a bill."),
    )  # fmt: skip

    def __init__(self, *args: Any, plan: Plan, texts: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        if plan.calendar is None:
            del self.fields["spread_kwh"]
        found = [one for one in cases.fields_of(plan=plan) if one.need not in BY_TIME]
        self.cells = {f"v{place}": cell for place, cell in enumerate(found)}
        for name, cell in self.cells.items():
            self.fields[name] = self._field(cell, (texts or {}).get(cell.path, ""))

    def _field(self, cell: CaseField, text: str) -> forms.Field:
        key = cell.path.split(".")[1 if cell.need else 0]
        words = str(WORDS.get(key, key))
        label = f"{words}, {self._name(cell.name)}" if cell.name else words
        if cell.many == 0:
            choices = [(code, code) for code in self.plan.features]
            box = forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
            return forms.MultipleChoiceField(
                label=label, choices=choices, required=False, initial=text.split(), widget=box
            )
        hint = _("Numbers with blanks between them.") if cell.many > 1 else ""
        attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "form-control num"}
        return forms.CharField(
            label=label,
            required=False,
            max_length=400,
            initial=text,
            help_text=hint,
            widget=forms.TextInput(attrs=attrs),
        )

    def _name(self, name: str) -> str:
        if name == WHOLE_TIME:
            return gettext("any hour")
        return in_language(dict(self.plan.labels.get(name, {}))) or name

    def cell_fields(self) -> list[forms.BoundField]:
        """Return the fields of the usage, without its time."""
        return [self[name] for name in self.cells]

    def clean(self) -> dict[str, Any]:
        """Refuse a span without days."""
        given: dict[str, Any] = super().clean() or {}
        start, end = given.get("from_date"), given.get("to_date")
        if start and end and not 0 < (end - start).days <= LONGEST_DAYS:
            self.add_error("to_date", gettext("It must be later than the first day, by ten years at most."))
        return given

    def period(self) -> Period:
        """Return the span of days."""
        return Period(self.cleaned_data["from_date"], self.cleaned_data["to_date"])

    def values(self, *, holidays: frozenset[Any], makeup_days: frozenset[Any]) -> dict[str, Any]:
        """Return the case that was typed, as a test vector writes it."""
        texts = {}
        for name, cell in self.cells.items():
            given = self.cleaned_data.get(name) or ""
            texts[cell.path] = " ".join(given) if isinstance(given, list) else given
        period = self.period()
        spread_wh = self.cleaned_data.get("spread_kwh")
        if spread_wh is not None:
            texts |= self._spread(period, spread_wh, holidays, makeup_days)
        values = cases.values_of(texts=texts, plan=self.plan)
        time: dict[str, Any] = {
            "days": period.days,
            "months": _short(fixed.to_text(month_share_e9(period=period), places=9)),
        }
        month = {"month": period.start.month} if Input.MONTH in self.plan.needs else {}
        if Input.MONTH_END in self.plan.needs:
            month["month_end"] = period.last.month if period.end.day == 1 else 0
        if month:
            values["inputs"] = {**values.get("inputs", {}), **month}
        return {**time, **values}

    def _spread(
        self, period: Period, total_wh: int, holidays: frozenset[Any], makeup_days: frozenset[Any]
    ) -> dict[str, str]:
        """Return energy by period of use, as many half hours as it has."""
        calendar = self.plan.calendar
        if calendar is None:
            return {}
        season, day_type = day_columns(
            calendar=calendar,
            dates=[period.start + timedelta(days=one) for one in range(period.days)],
            holidays=holidays,
            makeup_days=makeup_days,
        )
        hours = np.bincount(calendar.slots[season, day_type].ravel(), minlength=len(calendar.periods))
        shares = fixed.share(np.array([total_wh]), hours.astype(np.int64))[0]
        pairs = zip(calendar.periods, shares.tolist(), strict=True)
        return {f"used_kwh.{code}": _short(fixed.to_text(share, places=3)) for code, share in pairs}

    def refuse_case(self, refusal: Refused) -> None:
        """Show findings beside the fields at which they stand, others above the form."""
        names = {cell.path: name for name, cell in self.cells.items()}
        names |= {cell.path.rpartition(".")[0]: name for name, cell in self.cells.items() if "." in cell.path}
        names = {**names, **{cell.path: name for name, cell in self.cells.items()}}
        findings = refusal.detail.get("findings", ())
        for finding in findings:
            words = in_words(finding)
            name = names.get(finding.where.partition("[")[0])
            self.add_error(name, f"{words.message} {words.advice}".strip())
            if name:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs['class']} is-invalid"
        if not findings:
            words = explain(refusal.code, refusal.message, refusal.advice)
            self.add_error(None, f"{words.message} {words.advice or words.detail}".strip())


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
