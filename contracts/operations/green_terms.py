"""A green package as terms of an agreement: laid over its months, and taken off again from a day on."""

from dataclasses import replace
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction
from contracts.domain.agreements import Agreed
from contracts.domain.programs import Terms
from contracts.operations import agreements
from contracts.queries import agreements as queries
from contracts.queries.agreements import TermCard
from tariffs.domain.inputs import Input
from tariffs.queries import plans


class NoGreenPrice(Refused):
    """The tariff has no price for green energy of this sort: it would be given for nothing."""

    code = "no_green_price"


class GreenAlready(Refused):
    """The agreement has this green energy, or the tariff that comes with it, on its own."""

    code = "green_already"


class OtherTariffComes(Refused):
    """Another tariff is agreed for a part of the months: it is not known which one holds afterwards."""

    code = "other_tariff_comes"


@joins_transaction
def lay_step(*, agreement_id: int, terms: Terms, start: date, end: date, actor: Actor) -> int | None:
    """
    Let the green energy hold over [start, end); what held before holds again from the end on. Announces TermChanged.

    Each term that was agreed for a part of the time keeps all else that it says.

    :returns: id of the tariff that holds again afterwards; None: the package changes no tariff.
    :raises OutsideAgreement: the agreement is not in force on the start.
    :raises NoGreenPrice: a tariff has no price for it. :raises NoPrice: it has none at all.
    :raises GreenAlready, OtherTariffComes: see there.
    """
    tariff_id = plans.tariff_id(terms.tariff) if terms.tariff else None
    covered = _covered(agreement_id, start, end)
    if not covered or covered[0].start_date > start:
        raise agreements.OutsideAgreement(f"The agreement is not in force on {start}.", agreement_id=agreement_id)
    if tariff_id is not None and len({term.tariff_id for term in covered}) > 1:
        raise OtherTariffComes(
            "Another tariff is agreed for a part of these months.", advice="Join when that one has begun."
        )
    for term in covered:
        since = max(start, term.start_date)
        wanted = _with(term.agreed, terms)
        if (wanted == term.agreed and tariff_id in {None, term.tariff_id}) or terms.feature in term.agreed.features:
            raise GreenAlready("The agreement has this already.", agreement_id=agreement_id)
        _check_price(terms, tariff_id=tariff_id or term.tariff_id, day=since)
        _change(agreement_id, term, since=since, end=end, tariff_id=tariff_id, agreed=wanted, actor=actor)
    return covered[0].tariff_id if tariff_id is not None else None


@joins_transaction
def take_off_step(
    *, agreement_id: int, terms: Terms, held_tariff_id: int | None, start: date, end: date | None, actor: Actor
) -> None:
    """
    Take the green energy off again over [start, end), where it is still agreed; end None: for ever.

    Announces TermChanged.

    held_tariff_id  the tariff that holds again, where the one of the package still does
    """
    package_id = plans.tariff_id(terms.tariff) if terms.tariff else None
    for term in _covered(agreement_id, start, end):
        wanted = _without(term.agreed, terms)
        tariff_id = held_tariff_id if package_id is not None and term.tariff_id == package_id else None
        if wanted == term.agreed and tariff_id in {None, term.tariff_id}:
            continue
        since = max(start, term.start_date)
        _change(agreement_id, term, since=since, end=end, tariff_id=tariff_id, agreed=wanted, actor=actor)


def _covered(agreement_id: int, start: date, end: date | None) -> list[TermCard]:
    found = queries.card(agreement_id=agreement_id).terms
    last = end or date.max
    return [term for term in found if term.start_date < last and (term.end_date is None or term.end_date > start)]


def _change(
    agreement_id: int,
    term: TermCard,
    *,
    since: date,
    end: date | None,
    tariff_id: int | None,
    agreed: Agreed,
    actor: Actor,
) -> None:
    """Change what a term says from a day on; what is behind the end goes on as it was."""
    is_within = end is not None and (term.end_date is None or end < term.end_date)
    agreements.change_step(
        agreement_id=agreement_id,
        from_date=since,
        until_date=end if is_within else None,
        tariff_id=tariff_id,
        agreed=agreed,
        actor=actor,
    )


def _check_price(terms: Terms, *, tariff_id: int, day: date) -> None:
    plan = plans.compiled(plans.version_on(tariff_id=tariff_id, day=day).version_id)
    if terms.green_blocks and Input.GREEN_BLOCKS not in plan.needs:
        raise NoGreenPrice("The tariff has no price for blocks of green energy.", advice="Choose another tariff first.")
    if terms.feature and terms.feature not in plan.features:
        raise NoGreenPrice(
            f"The tariff has no price for the feature {terms.feature}.", advice="Choose another tariff first."
        )


def _with(agreed: Agreed, terms: Terms) -> Agreed:
    features = (*agreed.features, terms.feature) if terms.feature else agreed.features
    return replace(agreed, green_blocks=agreed.green_blocks + terms.green_blocks, features=features)


def _without(agreed: Agreed, terms: Terms) -> Agreed:
    features = tuple(code for code in agreed.features if code != terms.feature)
    return replace(agreed, green_blocks=max(0, agreed.green_blocks - terms.green_blocks), features=features)
