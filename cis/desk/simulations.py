"""Simulations: what other prices would have made of billed months. For billing and supervisors; no bill changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import accounts, users
from billing.domain.outcomes import percent_text
from billing.operations import simulations as operations
from billing.operations.simulations import Change
from billing.queries import simulations
from billing.queries.simulations import GroupCard, NoBillsYet, SimulationCard, SupplyCard
from cis.desk import bins
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, posted, tell_refusal
from cis.desk.forms.simulations import SimulationForm, SupplyListForm
from cis.desk.roles import BILLERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import progress
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import SENTENCES, Words, explain
from cis.platform.progress import JobCard
from cis.platform.templatetags.local import in_language, plain_money
from cis.platform.templatetags.local import month as month_text
from tariffs.queries import plans, texts

SHOCKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group with its words; ``percent`` of the sum, shares and means of those who pay more and less."""

    label: str
    card: GroupCard

    @property
    def percent(self) -> str:
        """Return by how many percent the sum changes."""
        return _signed(percent_text(old_minor=self.card.old_minor, new_minor=self.card.new_minor))

    @property
    def losers_percent(self) -> int:
        """Return how many of a hundred pay more."""
        return _share(self.card.losers, self.card.supplies)

    @property
    def winners_percent(self) -> int:
        """Return how many of a hundred pay less."""
        return _share(self.card.winners, self.card.supplies)

    @property
    def mean_more_minor(self) -> int:
        """Return how much more one of those who pay more pays. [minor unit]"""
        return _mean(self.card.lost_minor, self.card.losers)

    @property
    def mean_less_minor(self) -> int:
        """Return how much less one of those who pay less pays. [minor unit]"""
        return _mean(self.card.won_minor, self.card.winners)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockView:
    """A supply with its holder's name."""

    card: SupplyCard
    name: str
    words: Words | None = None

    @property
    def percent(self) -> str:
        """Return by how many percent it changes."""
        return _signed(percent_text(old_minor=self.card.old_minor, new_minor=self.card.new_minor))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPage:
    """All that the page of a simulation shows."""

    card: SimulationCard
    job: JobCard | None
    opened_by: str
    whole: GroupView | None
    tables: tuple[tuple[str, str, str, list[GroupView]], ...]
    months: list[GroupView]
    reasons: list[tuple[Words, GroupCard]]
    charts: dict[str, Any]
    pays_more: list[ShockView]
    pays_less: list[ShockView]

    @property
    def left_out(self) -> int:
        """Return how many supplies were not simulated."""
        return sum(card.supplies for _, card in self.reasons)


@allow(*BILLERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the simulations, latest first."""
    page = page_context(request, simulations.latest)
    context = {"rows": _with_sums(page["rows"]), "pager": page["pager"]}
    return render(request, "desk/simulations.html", context)


@allow(*BILLERS)
def export(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the list as a file."""
    header = [_("Number"), _("Name"), _("From"), _("To, not included"), _("Tariffs"), _("State"), _("Billed"),
              _("Simulated"), _("Change"), _("Pay more"), _("Pay less")]  # fmt: skip
    rows = (
        (card.id, card.name, card.start_date, card.end_date, " ".join(one.tariff_code for one in card.versions),
         card.state, *(_sums(whole.card) if whole else ("",) * 5))
        for card, whole in _with_sums(simulations.latest(most=FILE_ROWS_MOST))
    )  # fmt: skip
    return csv_file("simulations.csv", header, rows)


@allow(*BILLERS)
def new(request: HttpRequest) -> HttpResponse:
    """Choose prices, months and supplies, and begin."""
    try:
        billed = simulations.last_billed()
    except NoBillsYet:
        return render(request, "desk/simulation_new.html", {"form": None})
    form = SimulationForm(posted(request), billed=billed, initial={"versions": request.GET.getlist("version")})
    if form.is_bound and form.is_valid():
        try:
            simulation_id = _open(request, form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The simulation has begun. No bill is changed by it."))
            return redirect("desk:simulation", simulation_id)
    return render(request, "desk/simulation_new.html", {"form": form})


def _open(request: HttpRequest, form: SimulationForm) -> int:
    instead_of = form.cleaned_data["instead_of"]
    changes = []
    for version_id in map(int, form.cleaned_data["versions"]):
        tariff_id, source = texts.of_version(version_id)
        changes.append(
            Change(tariff_id=int(instead_of) if instead_of else tariff_id, source=source, version_id=version_id)
        )
    chosen = dict(form.fields["versions"].choices)  # type: ignore[attr-defined]
    return operations.open(
        name=form.cleaned_data["name"] or ", ".join(str(chosen[one]) for one in form.cleaned_data["versions"]),
        period=form.period(),
        changes=changes,
        filters=form.filters(),
        actor=actor_of(request),
    )


@allow(*BILLERS)
def show(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """Show a simulation; while workers are at it, its upper part asks again every two seconds."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    if asks_for(request, "simulation-progress"):
        answer = render(request, "desk/_simulation.html", {"card": card, "job": _job(simulation_id)})
        if card.state != "running":
            answer["HX-Refresh"] = "true"
        return answer
    return render(request, "desk/simulation.html", {"view": gather(card)})


def gather(card: SimulationCard) -> SimulationPage:
    """Return all that the page shows; a constant number of statements."""
    groups = simulations.groups(simulation_id=card.id)
    labels = _labels()
    views = {by: [GroupView(label=_label(one, labels), card=one) for one in cards] for by, cards in groups.items()}
    more, less = (_shocks(card.id, order=order) for order in ("pays_more", "pays_less"))
    names = {
        "class": (_("By class"), _("Class")),
        "kind": (_("By kind of customer"), _("Kind of customer")),
        "area": (_("By area"), _("Area")),
        "decile": (_("By use"), _("Use")),
        "tariff": (_("By tariff"), _("Tariff")),
    }
    return SimulationPage(
        card=card,
        job=_job(card.id),
        opened_by=users.names([card.actor_id]).get(card.actor_id or 0, ""),
        whole=next(iter(views["all"]), None),
        tables=tuple((by, *words, views[by]) for by, words in names.items()),
        months=views["month"],
        reasons=[(explain(one.key, SENTENCES.get(one.key, one.key)), one) for one in groups["reason"]],
        charts=bins.charts(card=card, groups=groups, months=[view.label for view in views["month"]]),
        pays_more=[one for one in more if one.card.change_minor > 0],
        pays_less=[one for one in less if one.card.change_minor < 0],
    )


@allow(*BILLERS)
def supplies(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """List the supplies of a simulation by what changes for them."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    form = SupplyListForm(request.GET or None)
    page = page_context(request, partial(_shocks, card.id, order=_order(form)))
    return render(request, "desk/simulation_supplies.html", {"card": card, "form": form, **page})


@allow(*BILLERS)
def left_out(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """List the supplies that were not simulated, with the reason."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    page = page_context(request, partial(_shocks, card.id, is_simulated=False))
    return render(request, "desk/simulation_left_out.html", {"card": card, **page})


@allow(*BILLERS)
def supplies_file(request: HttpRequest, simulation_id: int) -> StreamingHttpResponse:
    """Give all supplies of a simulation as a file, those that were not simulated last."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    order = _order(SupplyListForm(request.GET or None))
    found = [
        *simulations.supplies(simulation_id=card.id, order=order, most=FILE_ROWS_MOST),
        *simulations.supplies(simulation_id=card.id, is_simulated=False, most=FILE_ROWS_MOST),
    ]
    codes = {one.tariff_id: one.tariff_code for one in card.versions}
    header = [_("Account"), _("Supply"), _("Tariff"), _("Class"), _("Area"), _("Months"), "kWh", _("Billed"),
              _("Simulated"), _("Change"), "%", _("Not simulated")]  # fmt: skip
    rows = (
        (one.account_number, one.agreement_id, codes.get(one.tariff_id, ""), one.customer_kind, one.district,
         one.months, to_text(one.used_wh, places=3), plain_money(one.old_minor),
         *(("", "", "") if one.reason else (plain_money(one.new_minor), plain_money(one.change_minor),
           percent_text(old_minor=one.old_minor, new_minor=one.new_minor))), one.reason)
        for one in found
    )  # fmt: skip
    return csv_file(f"simulation-{card.id}.csv", header, rows)


@allow(*BILLERS)
def groups_file(request: HttpRequest, simulation_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the sums of all groups as a file."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    header = [_("Group"), _("Key"), _("Supplies"), "kWh", _("Billed"), _("Simulated"), _("Change"), _("Pay more"),
              _("together"), _("Pay less"), _("together")]  # fmt: skip
    rows = (
        (one.by, one.key, one.supplies, to_text(one.used_wh, places=3), plain_money(one.old_minor),
         plain_money(one.new_minor), plain_money(one.change_minor), one.losers, plain_money(one.lost_minor),
         one.winners, plain_money(one.won_minor))
        for cards in simulations.groups(simulation_id=card.id).values()
        for one in cards
    )  # fmt: skip
    return csv_file(f"simulation-{card.id}-groups.csv", header, rows)


@allow(*BILLERS)
def prices(request: HttpRequest, simulation_id: int, tariff_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the text that was simulated, as it was then."""
    with or_404():
        text = simulations.text(simulation_id=simulation_id, tariff_id=tariff_id)
    answer = HttpResponse(text, content_type="application/toml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="simulation-{simulation_id}-{tariff_id}.toml"'
    return answer


@allow(*BILLERS)
def delete(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """Delete a simulation with its results, after asking."""
    with or_404():
        card = simulations.one(simulation_id=simulation_id)
    if request.method == "POST":
        with or_404():
            operations.delete(simulation_id=simulation_id, actor=actor_of(request))
        messages.success(request, _("The simulation is deleted."))
        return redirect("desk:simulations")
    return render(request, "desk/simulation_delete.html", {"card": card})


@allow(*BILLERS)
def retry(request: HttpRequest, simulation_id: int) -> HttpResponse:
    """Try once more what failed of a simulation."""
    with or_404():
        simulations.one(simulation_id=simulation_id)
    if request.method == "POST":
        try:
            operations.retry(simulation_id=simulation_id, actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
    return redirect("desk:simulation", simulation_id)


def _with_sums(cards: Sequence[SimulationCard]) -> list[tuple[SimulationCard, GroupView | None]]:
    sums = simulations.totals(simulation_ids=[card.id for card in cards])
    return [(card, GroupView(label="", card=sums[card.id]) if card.id in sums else None) for card in cards]


def _sums(card: GroupCard) -> tuple[str | int, ...]:
    return (
        plain_money(card.old_minor), plain_money(card.new_minor), plain_money(card.change_minor), card.losers,
        card.winners,
    )  # fmt: skip


def _job(simulation_id: int) -> JobCard | None:
    return progress.last_on(subject=simulations.subject_of(simulation_id))


def _order(form: SupplyListForm) -> str:
    return (form.cleaned_data.get("order") if form.is_valid() else "") or simulations.LARGEST


def _shocks(simulation_id: int, *, is_simulated: bool = True, **wanted: Any) -> list[ShockView]:
    """Return supplies with the names of who holds their accounts; two statements."""
    wanted.setdefault("most", SHOCKS)
    cards = simulations.supplies(simulation_id=simulation_id, is_simulated=is_simulated, **wanted)
    names = _holders(card.account_id for card in cards)
    return [
        ShockView(
            card=card,
            name=names.get(card.account_id, ""),
            words=explain(card.reason, card.message) if card.reason else None,
        )
        for card in cards
    ]


def _holders(account_ids: Iterable[int]) -> dict[int, str]:
    spans = accounts.holders(account_ids=set(account_ids))
    return {span.account_id: span.customer_name for span in reversed(spans)}


def _labels() -> dict[str, str]:
    """Return the names of tariffs by id, as keys of groups hold it."""
    return {str(card.id): in_language({"zh": card.name_zh, "en": card.name_en}) for card in plans.price_book()}


def _label(card: GroupCard, tariffs: dict[str, str]) -> str:
    if card.by == "month":
        return month_text(date.fromisoformat(card.key))
    if card.by == "class":
        return word("customer_class", card.key) if card.key else _("not known")
    if card.by == "kind":
        return word("customer_kind", card.key) if card.key else _("not known")
    if card.by == "tariff":
        return tariffs.get(card.key, card.key)
    if card.by == "decile":
        return _("Tenth %(number)s") % {"number": card.key}
    return card.key or _("not known")


def _share(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole) if whole else 0


def _mean(total: int, count: int) -> int:
    return (2 * total + count) // (2 * count) if count else 0


def _signed(text: str) -> str:
    return text.replace("-", "−")
