"""A case is taken in: it has a number at once, the same reference counts once, what was said before is recognised."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.domain import contact
from accounts.queries import accounts, customers, supplier, teams, users
from billing.queries import bills
from cis.kernel import text as words
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import db, sequences
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain import intake as domain
from complaints.domain.case_workflow import TAKERS, CaseAction, CaseState
from complaints.domain.class_texts import language_of
from complaints.domain.intake import NewCase
from complaints.domain.kinds import SEQUENCE, Severity
from complaints.domain.rules import CaseRules, UnknownAuthority
from complaints.domain.suggestions import SuggestionRules, severity_of
from complaints.models.case import Case
from complaints.operations import case_faults, case_holds, case_moves, case_notices, suggestions
from complaints.queries import repeats
from complaints.queries.rules import suggestion_rules
from complaints.queries.sight import visible_to
from contracts.queries import supply
from metering.queries import places


class ReferenceTaken(Refused):
    """This reference was taken in before."""

    code = "case_reference_taken"


@dataclass(frozen=True, slots=True)
class Taken:
    """The receipt: number of the case, and whether it is new; ``repeats``: number of the earlier case of the matter."""

    case_id: int
    number: str
    is_new: bool
    repeats: str = ""


@opens_transaction
def take(*, new: NewCase, at: datetime, actor: Actor) -> Taken:
    """
    Take a case in; see ``take_step``.

    :raises MissingRule: no case is taken here.
    """
    return take_step(new=new, at=at, actor=actor)


@joins_transaction
def take_step(*, new: NewCase, at: datetime, actor: Actor) -> Taken:
    """
    Take a case in, tell its number, start its clocks, hold what is disputed, and report the fault that it is about.

    Whoever waits until it is decided what is dark at the place of a fault has no number yet, and keeps nobody from one.

    :raises MissingRule: no case is taken here. :raises NotAllowed: the actor takes none in.
    :raises BadCase: see ``complaints.domain.intake``. :raises UnknownClass, UnknownAuthority: the place has none such.
    :raises UnknownAccount, UnknownCustomer, UnknownBill, UnknownTeam, UnknownUser: what it names does not exist.
    :raises ReferenceTaken: it came in before, and is kept from the actor.
    """
    if not actor.is_one_of(TAKERS):
        raise NotAllowed(f"{actor.name} takes no cases in.", advice="Ask a clerk.")
    rules, kept = case_moves.rules_now(), domain.checked(new)
    if kept.authority and kept.authority not in rules.authorities:
        raise UnknownAuthority("There is no such authority here.", advice="Choose another.", field="authority")
    if kept.class_code:
        rules.class_of(kept.class_code, kept.kind)
    sender, key = _sender(kept, actor), domain.form_key(kept)
    known = _known(sender, kept.reference, actor) or _sent(key, actor)
    if known is not None:
        return known
    row = _row(kept, sender=sender, key=key, at=at, actor=actor)
    how, found = suggestion_rules(at=timezone.localdate(at)), suggestions.suggest(row, at=at)
    at_once = "" if how is None else suggestions.class_at_once(
        row, found, automatic=how.automatic, is_kind_open=kept.is_kind_open
    )  # fmt: skip
    _grade(row, at_once or row.class_code, rules, how)
    earlier = repeats.earlier_of(row, since_at=at - timedelta(days=rules.repeat_days))
    row.repeats_id = None if earlier is None else earlier.id
    if kept.sends_crew:
        case_faults.lock_step(row, rules=rules, at=at, actor=actor)
    row.number = domain.number_of(sequences.take(SEQUENCE), year=timezone.localdate(at).year)
    row.search_grams = list(
        words.bigrams(row.number, row.title, row.caller_name, row.caller_phone, row.authority_number, row.reference)
    )
    row.save()
    case_moves.keep(row, "take", before="", actor=actor, at=at)
    if row.class_code:
        who = SYSTEM if at_once else actor
        case_moves.keep(row, CaseAction.CLASSIFY.value, before=CaseState.RECEIVED.value, actor=who, at=at)
    if found is not None:
        suggestions.keep_step(row, found, at=at, is_automatic=bool(at_once))
    case_moves.start_clocks(row, case_moves.keys_of(row, rules), at)
    case_holds.place_step(row, rules=rules, at=at)
    if kept.sends_crew:
        case_faults.report_step(row, rules=rules, at=at, actor=actor)
    case_notices.tell_taken_step(row, actor=actor)
    is_told = earlier is not None and visible_to(actor).filter(id=earlier.id).exists()
    return Taken(row.id, row.number, is_new=True, repeats=earlier.number if earlier is not None and is_told else "")


def _sender(new: NewCase, actor: Actor) -> str:
    """Return in whose numbering a reference is: an authority's, a program's, or the desk's own."""
    if new.authority:
        return f"authority:{new.authority}"
    return f"client:{actor.id}" if actor.kind is ActorKind.CLIENT else "desk"


def _known(sender: str, reference: str, actor: Actor) -> Taken | None:
    if not reference:
        return None
    # Whoever brings the same reference at the same instant waits here for the case of the first.
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"case {sender} {reference}"])
    rows = Case.objects.select_for_update().filter(sender=sender, reference=reference)
    row = rows.first()
    if row is None:
        return None
    if not visible_to(actor).filter(id=row.id).exists():
        raise ReferenceTaken("This reference was taken in before.", advice="There is nothing more to do.")
    return Taken(row.id, row.number, is_new=False)


def _sent(key: str, actor: Actor) -> Taken | None:
    """Return the case of a form that was sent before; whoever sends it at the same instant waits here for the first."""
    if not key:
        return None
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"case form {actor.kind} {actor.id} {key}"])
    row = Case.objects.filter(taker_kind=actor.kind.value, taker_id=actor.id, request_key=key).first()
    return None if row is None else Taken(row.id, row.number, is_new=False)


def _row(new: NewCase, *, sender: str, key: str, at: datetime, actor: Actor) -> Case:
    """Return the row of a case that is not saved yet, with what is known of account, place and people."""
    row = Case(
        kind=new.kind.value, channel=new.channel.value, title=new.title, text=new.text, language=new.language,
        is_anonymous=new.is_anonymous, caller_name=new.caller_name, caller_phone=new.caller_phone,
        caller_email=new.caller_email, customer_id=new.customer_id, account_id=new.account_id,
        service_point_id=new.service_point_id, district=new.district, place=new.place, class_code=new.class_code,
        authority=new.authority, authority_number=new.authority_number, sender=sender, reference=new.reference,
        request_key=key, taken_at=at, state_since=at,
        taker_id=actor.id, taker_kind=actor.kind.value, taker_name=actor.name[:150],
        about_team_id=new.about_team_id, about_user_id=new.about_user_id,
    )  # fmt: skip
    # One number is one number however it is typed: by it a caller is known again.
    row.caller_phone = contact.dialled(row.caller_phone, country=supplier.country()) or row.caller_phone
    _fill_account(row, at)
    row.language = row.language or language_of(row.text) or "zh-hans"
    _fill_place(row)
    if new.bill_id is not None:
        card = bills.one(bill_id=new.bill_id, account_ids=[row.account_id or 0]).card
        row.bill_id = card.id
    if row.about_user_id is not None:
        users.one_of_staff(user_id=row.about_user_id)
        mine = teams.of_user(user_id=row.about_user_id)
        row.about_team_id = row.about_team_id or (mine[0] if mine else None)
    if row.about_team_id is not None:
        teams.one(team_id=row.about_team_id)
    return row


def _grade(row: Case, class_code: str, rules: CaseRules, how: SuggestionRules | None) -> None:
    """Give a case its class, if it has one, and say how serious it is: as its class, or more by its words."""
    least = Severity.GENERAL
    if class_code:
        row.class_code, row.state = class_code, CaseState.CLASSIFIED.value
        least = rules.classes[class_code].severity
    row.severity = severity_of(row.text, least=least, rules=how).value


def _fill_account(row: Case, at: datetime) -> None:
    if row.account_id is not None:
        overview = accounts.overview(account_id=row.account_id, at_date=timezone.localdate(at))
        row.customer_id = row.customer_id or overview.holder.id
    if row.customer_id is not None:
        card = customers.card(customer_id=row.customer_id)
        row.caller_name, row.language = row.caller_name or card.name, row.language or card.language


def _fill_place(row: Case) -> None:
    if row.service_point_id is None and row.account_id is not None:
        found = supply.of_accounts(account_ids=[row.account_id]).get(row.account_id)
        row.service_point_id = None if found is None else found.service_point_id
    if row.service_point_id is not None:
        spot = [row.service_point_id]
        row.place = row.place or places.addresses(service_point_ids=spot).get(row.service_point_id, "")
        row.district = row.district or places.districts(service_point_ids=spot).get(row.service_point_id, "")
