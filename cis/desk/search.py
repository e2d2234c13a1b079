"""One box for all: account, name, telephone, address, meter, bill."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.queries import accounts
from accounts.queries import search as account_search
from arrears.domain.instalments import is_slip_code
from billing.queries import agreed_parts, listing
from billing.queries.bills import BillCard
from cis.desk.answers import asks_for, today
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import day as day_text
from cis.platform.templatetags.local import money, until
from complaints.queries import cases
from complaints.queries.cases import CaseCard
from contracts.queries import supply
from metering.queries import search as place_search

SHOWN_WHILE_TYPING = 8
SHOWN_ON_PAGE = 60
TEXT_MOST = 60
NOT_THEIRS = frozenset({"others", "ended"})
"""States of a telephone number by which its customer is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    One thing found.

    rank      order of trust, small first
    icon      what it is, as a picture; ``kind`` in a word
    side      short text at the right end
    is_whole  the text is its whole number, so Enter may open it at once
    account_id  of the account that it belongs to
    """

    rank: int
    icon: str
    kind: str
    title: str
    line: str
    side: str
    url: str
    is_whole: bool
    account_id: int
    is_former: bool = False


@allow(*READERS)
def show(request: HttpRequest) -> HttpResponse:
    """Answer while somebody types, or with a page of all results."""
    text = request.GET.get("q", "").strip()[:TEXT_MOST]
    is_typing = asks_for(request, "search-answers")
    most = SHOWN_WHILE_TYPING if is_typing else SHOWN_ON_PAGE
    found = find(text=text, at_date=today(), most=most + 1, actor=actor_of(request))
    context = {"search_text": text, "answers": found[:most], "has_more": len(found) > most, "most": most}
    return render(request, "desk/_answers.html" if is_typing else "desk/search.html", context)


def find(*, text: str, at_date: date, most: int, actor: Actor | None = None) -> tuple[Answer, ...]:
    """
    Return what fits a text, the surest first; ten statements at most, however much is found.

    :param actor: who asks: cases too, those that they may know of; None: no cases.
    """
    if not text:
        return ()
    hits = account_search.find(text=text, at_date=at_date, limit=most)
    places = place_search.find(text=text, at_date=at_date, limit=most)
    found = [*_of_accounts(hits, text), *_of_places(places, text)]
    found += [_of_bill(card, text) for card in listing.by_number(text=text)]
    if actor is not None:
        found += [_of_case(card, text) for card in cases.find(text=text, at=timezone.now(), actor=actor, most=most)]
    found += _of_part(text.replace(" ", ""))
    return tuple(_once(sorted(found, key=lambda answer: (answer.is_former, not answer.is_whole, answer.rank)))[:most])


def _of_accounts(hits: Iterable[account_search.AccountHit], text: str) -> list[Answer]:
    hits = list(hits)
    if not hits:
        return []
    places = supply.of_accounts(account_ids=[hit.account_id for hit in hits])
    return [
        Answer(
            rank={"number": 0, "phone": 2, "name": 3}[hit.matched],
            icon="user",
            kind=_("Account"),
            title=hit.name,
            line=_line(hit, places[hit.account_id].address if hit.account_id in places else _("No supply yet")),
            side=hit.number,
            url=reverse("desk:account", args=[hit.account_id]),
            is_whole=hit.number == text,
            account_id=hit.account_id,
            is_former=not hit.is_holder,
        )
        for hit in hits
    ]


def _line(hit: account_search.AccountHit, address: str) -> str:
    """Return the address, and a warning where the number that was typed is not the customer's any more."""
    return f"{word('number', hit.number_state)}! · {address}" if hit.number_state in NOT_THEIRS else address


def _of_part(code: str) -> list[Answer]:
    """Return the account of a card that a part of a plan is paid with; none where it is no number of a card."""
    part = agreed_parts.of_codes(codes=[code]).get(code) if is_slip_code(number=code) else None
    if part is None:
        return []
    card = accounts.card(account_id=part.account_id)
    return [
        Answer(
            rank=0, icon="calendar-repeat", kind=_("Instalment"), title=card.number,
            line=_("Due on %(day)s") % {"day": day_text(part.due_date)}, side=money(part.open_minor),
            url=reverse("desk:account", args=[card.id]), is_whole=True, account_id=card.id,
        )
    ]  # fmt: skip


def _of_places(hits: Iterable[place_search.PlaceHit], text: str) -> list[Answer]:
    by_point = {hit.service_point_id: hit for hit in hits}
    if not by_point:
        return []
    rows = supply.at_places(service_point_ids=by_point)
    names = {span.account_id: span for span in reversed(accounts.holders(account_ids=[r.account_id for r in rows]))}
    return [_of_place(by_point[row.service_point_id], row, names[row.account_id], text) for row in rows]


def _of_place(hit: place_search.PlaceHit, row: supply.SupplyRow, holder: accounts.HolderSpan, text: str) -> Answer:
    is_meter = hit.matched == "meter"
    return Answer(
        rank=1 if is_meter else 4,
        icon="gauge" if is_meter else "map-pin",
        kind=_("Meter") if is_meter else _("Address"),
        title=f"{hit.meter_serial} · {holder.customer_name}" if is_meter else holder.customer_name,
        line=hit.address,
        side=holder.account_number,
        url=reverse("desk:account", args=[row.account_id]),
        is_whole=is_meter and hit.meter_serial == text,
        account_id=row.account_id,
        is_former=not row.is_latest or not hit.hangs,
    )


def _of_bill(card: BillCard, text: str) -> Answer:
    return Answer(
        rank=1,
        icon="file-invoice",
        kind=_("Bill"),
        title=_("Bill %(number)s") % {"number": card.number},
        line=f"{until(card.start_date, card.end_date)} · {card.account_number}",
        side=money(card.amount_minor),
        url=reverse("desk:bill", args=[card.id]),
        is_whole=card.number == text,
        account_id=card.account_id,
    )


def _of_case(card: CaseCard, text: str) -> Answer:
    return Answer(
        rank=5, icon="help-circle", kind=_("Case"), title=f"{card.number} · {card.title}", line=card.caller_name,
        side=word("case", card.state), url=reverse("desk:case", args=[card.id]), is_whole=card.number == text.upper(),
        account_id=card.account_id or 0,
    )  # fmt: skip


def _once(answers: list[Answer]) -> list[Answer]:
    """Leave out a page that stands further up already."""
    seen: set[str] = set()
    return [answer for answer in answers if not (answer.url in seen or seen.add(answer.url))]  # type: ignore[func-returns-value]
