"""
Changes of use: drafted, asked for, agreed to, carried out at their date, taken back.

All kinds go this one way; what each of them needs, forbids and does is in ``contracts.domain.change_*``.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from django.utils import timezone

from accounts.domain.customer import NewCustomer
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import audit, events, papers
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.papers import CheckedPaper
from contracts.domain import change_checks, change_effects
from contracts.domain.announcements import ChangeMade
from contracts.domain.change_facts import SELF_CONFIRMED, SELF_SERVICE, Facts, missing_papers
from contracts.domain.changes import WORKFLOW, ChangeAction, ChangeKind, ChangeState, FinalRead, PaperKind, Wanted
from contracts.models.change import ChangeMove, ChangePaper, ChangePart, ChangeRead, ChangeSet
from contracts.operations import change_capacity, change_contracts, change_notices, newcomers
from contracts.operations import change_effects as doing
from contracts.operations.change_contracts import ContractUnsigned
from contracts.queries import change_facts
from contracts.queries.changes import UnknownChange, wanted_of

REASON_MOST = 300
COLUMNS = (
    "account_id", "agreement_id", "effective_date", "until_date", "customer_id", "name", "service_point_id",
    "tariff_id", "household", "capacity_va", "suspended_va", "contract_w", "position", "reason",
)  # fmt: skip


class ChangeRefused(Refused):
    """The change cannot be; ``detail["findings"]`` has one entry for each reason, by field."""

    code = "change_refused"


class ArrearsOwed(Refused):
    """The account owes for bills that were issued; they are paid first."""

    code = "arrears_owed"


class PapersMissing(Refused):
    """What the change asks to be proven is not proven yet; ``detail["papers"]`` names it."""

    code = "papers_missing"


class KeyTaken(Refused):
    """The same form was used for another change."""

    code = "key_taken"


class NoReason(Refused):
    """Nobody said why."""

    code = "reason_missing"


class NotSelfService(Refused):
    """A customer asks for this kind at the desk."""

    code = "not_self_service"


@opens_transaction
def draft(
    *,
    wanted: Wanted,
    asked_date: date,
    request_key: str,
    today: date,
    actor: Actor,
    newcomer: NewCustomer | None = None,
) -> int:
    """
    Write a change down, and who comes with it if nobody knows him yet; see ``draft_step``.

    :raises InvalidCustomer: fields of the newcomer are wrong.
    """
    known = ChangeSet.objects.filter(request_key=request_key).values_list("id", flat=True).first()
    if known is not None and newcomer is not None:
        return int(known)
    one = newcomers.with_newcomer(wanted=wanted, newcomer=newcomer, actor=actor)
    return draft_step(wanted=one, asked_date=asked_date, request_key=request_key, today=today, actor=actor)


@joins_transaction
def draft_step(*, wanted: Wanted, asked_date: date, request_key: str, today: date, actor: Actor) -> int:
    """
    Write a change down; nothing holds yet. The same request again is the same change.

    :returns: id of the change.
    :raises ChangeRefused: it cannot be, whatever is proven or paid; arrears are told when it is agreed to.
    :raises KeyTaken: the key named another request.
    :raises NotSelfService: a customer asks for what is asked for at the desk.
    """
    if actor.kind is ActorKind.CUSTOMER and wanted.kind not in SELF_SERVICE:
        raise NotSelfService("This is asked for at the desk.", advice="Call us, or visit a service hall.")
    sha256 = hashlib.sha256(repr((wanted, asked_date)).encode()).hexdigest()
    known = ChangeSet.objects.filter(request_key=request_key).values_list("id", "request_sha256").first()
    if known is not None:
        if known[1] != sha256:
            raise KeyTaken(f"This form has made change {known[0]} of something else.", advice="Open the form anew.")
        return int(known[0])
    facts = change_facts.of_wanted(wanted, asked_date=asked_date, today=today)
    refuse(wanted, facts, but="arrears_owed")
    if wanted.account_id is None and facts.supply is not None:
        wanted = replace(wanted, account_id=facts.supply.account_id)
    change = ChangeSet.objects.create(
        kind=wanted.kind.value,
        asked_date=asked_date,
        origin=actor.kind.value,
        request_key=request_key,
        request_sha256=sha256,
        **{name: getattr(wanted, name) for name in COLUMNS},
    )
    _keep_parts(change, wanted)
    _keep_reads(change, wanted.reads)
    audit.record(actor, "draft", "change", change.id, kind=wanted.kind.value, effective_date=wanted.effective_date)
    return change.id


@opens_transaction
def ask(
    *, wanted: Wanted, asked_date: date, request_key: str, today: date, actor: Actor,
    paper: tuple[PaperKind, CheckedPaper] | None = None,
) -> int:  # fmt: skip
    """
    Ask for a change in one go, as customers and programs do: written down, then agreed to, or left to somebody.

    :param paper: what proves it, looked at before (``papers.check``); somebody looks at it too, or it is not kept.
    :raises ChangeRefused, ArrearsOwed: it cannot be.
    """
    change_id = draft_step(wanted=wanted, asked_date=asked_date, request_key=request_key, today=today, actor=actor)
    if ChangeSet.objects.filter(id=change_id, state=ChangeState.DRAFTED.value).exists():
        state = confirm_step(change_id=change_id, today=today, actor=actor)
        if paper is not None and state is ChangeState.WAITING:
            document_id = papers.keep_checked(paper[1], actor=actor)
            _add_paper(lock(change_id), paper[0], document_id, paper[1].name, actor)
    return change_id


@opens_transaction
def submit(*, change_id: int, actor: Actor) -> None:
    """
    Ask for a drafted change; somebody looks at it.

    :raises UnknownChange: there is none.
    :raises IllegalMove: it was asked for already.
    """
    move(lock(change_id), ChangeAction.SUBMIT, actor)


@opens_transaction
def add_paper(*, change_id: int, kind: PaperKind, document_id: int, file_name: str, actor: Actor) -> None:
    """
    Add a paper that proves something.

    :param document_id: kept by ``cis.platform.documents``.
    :raises UnknownChange: there is none.
    :raises ChangeRefused: nothing is proven of it any more.
    """
    change = lock(change_id)
    if change.state not in {ChangeState.DRAFTED, ChangeState.WAITING}:
        raise ChangeRefused("Papers are added before a change is agreed to.", change_id=change_id)
    _add_paper(change, kind, document_id, file_name, actor)


@opens_transaction
def add_reads(*, change_id: int, reads: Sequence[FinalRead], actor: Actor) -> None:
    """
    Say what counters show at the instant of a change that does not hold yet; a value given before is replaced.

    :raises UnknownChange, ChangeRefused: there is none, or it holds already: the read is entered at the account.
    """
    change = lock(change_id)
    if change.state not in {ChangeState.DRAFTED, ChangeState.WAITING, ChangeState.CONFIRMED}:
        raise ChangeRefused("The change holds already.", advice="Enter the read at the account.", change_id=change_id)
    for read in reads:
        ChangeRead.objects.filter(change=change, serial=read.serial, register=read.register).delete()
    _keep_reads(change, reads)
    audit.record(actor, "add_reads", "change", change_id, reads=len(reads))


@opens_transaction
def confirm(*, change_id: int, today: date, actor: Actor) -> ChangeState:
    """Agree to a change; see ``confirm_step``."""
    return confirm_step(change_id=change_id, today=today, actor=actor)


@joins_transaction
def confirm_step(*, change_id: int, today: date, actor: Actor) -> ChangeState:
    """
    Agree to a change: it is carried out at once where its date has come, else on its date. Return its state.

    A customer agrees by himself to kinds that nobody has to look at; others then wait for somebody.

    :raises UnknownChange: there is none.
    :raises IllegalMove: it was agreed to, withdrawn or rejected already.
    :raises NotAllowed: the actor may not agree to changes.
    :raises ChangeRefused: it cannot be any more.
    :raises ArrearsOwed: bills are to be paid first.
    :raises PapersMissing: something is to be proven first.
    :raises CapacityTaken: the network has no room for it.
    """
    change = lock(change_id)
    wanted, facts = _known(change, today=today)
    is_self = actor.kind in {ActorKind.CUSTOMER, ActorKind.CLIENT}
    if is_self and (wanted.kind not in SELF_CONFIRMED or missing_papers(wanted=wanted, facts=facts)):
        move(change, ChangeAction.SUBMIT, actor)
        return ChangeState(change.state)
    WORKFLOW.step(ChangeState(change.state), ChangeAction.CONFIRM, actor)
    refuse(wanted, facts)
    missing = missing_papers(wanted=wanted, facts=facts)
    if missing:
        names = ", ".join(sorted(paper.value.replace("_", " ") for paper in missing))
        raise PapersMissing(
            f"To be proven yet: {names}.", advice="Add the papers first.", papers=sorted(p.value for p in missing)
        )
    move(change, ChangeAction.CONFIRM, actor)
    effects = change_effects.effects_of(wanted=wanted, facts=facts)
    is_unsigned = change_contracts.before_step(change=change, effects=effects, facts=facts, today=today)
    if wanted.effective_date <= today and not is_unsigned:
        _carry_out(change, wanted, facts, today=today, actor=actor)
    else:
        change_capacity.hold_step(change=change, wanted=wanted, facts=facts, today=today, actor=actor)
    return ChangeState(change.state)


@opens_transaction
def withdraw(*, change_id: int, reason: str = "", actor: Actor) -> None:
    """
    Take a change back before it holds, for who asked for it.

    :raises UnknownChange: there is none.
    :raises IllegalMove: it holds already, or was withdrawn or rejected.
    """
    move(lock(change_id), ChangeAction.WITHDRAW, actor, reason=reason)


@opens_transaction
def reject(*, change_id: int, reason: str, actor: Actor) -> None:
    """
    Reject a change, with a reason.

    :raises UnknownChange: there is none.
    :raises IllegalMove: it is not waiting, nor agreed to and still to come.
    :raises NotAllowed: the actor may not.
    :raises NoReason: no reason is given.
    """
    change = lock(change_id)
    WORKFLOW.step(ChangeState(change.state), ChangeAction.REJECT, actor)
    if not reason.strip():
        raise NoReason("A reason is needed.", advice="The customer is told why.")
    move(change, ChangeAction.REJECT, actor, reason=reason)


@opens_transaction
def carry_out(*, change_id: int, today: date, actor: Actor) -> ChangeState:
    """
    Carry out a change that was agreed to and whose date has come; return its state.

    One that another worker carried out meanwhile stays as it is.

    :raises UnknownChange: there is none.
    :raises ChangeRefused, ArrearsOwed, ContractUnsigned: it cannot be yet, or any more; nothing is done.
    """
    change = lock(change_id)
    if change.state != ChangeState.CONFIRMED or change.effective_date > today:
        return ChangeState(change.state)
    if change_contracts.is_unsigned(change_id=change_id):
        raise ContractUnsigned("The amended contract is not signed.", advice="Let the customer sign it.")
    wanted, facts = _known(change, today=today)
    refuse(wanted, facts)
    _carry_out(change, wanted, facts, today=today, actor=actor)
    return ChangeState(change.state)


@joins_transaction
def finish_step(*, change_id: int, actor: Actor) -> None:
    """Note that nothing follows a change any more; one that is done, or taken back, stays as it is."""
    change = lock(change_id)
    if change.state == ChangeState.EFFECTIVE:
        move(change, ChangeAction.FINISH, actor)


def _carry_out(change: ChangeSet, wanted: Wanted, facts: Facts, *, today: date, actor: Actor) -> None:
    effects = change_effects.effects_of(wanted=wanted, facts=facts)
    done = doing.do(change=change, effects=effects, today=today, actor=actor)
    change_contracts.after_step(change=change, effects=effects, facts=facts, today=today)
    change.carried_out_at = timezone.now()
    change.stuck_code = change.stuck_message = ""
    change.new_account_id = next(iter(done.new_accounts), None)
    change.new_agreement_id = next(iter(done.begun), None)
    change.save(update_fields=["carried_out_at", "stuck_code", "stuck_message", "new_account_id", "new_agreement_id"])
    move(change, ChangeAction.CARRY_OUT, actor)
    if done.accounts:
        events.announce(
            ChangeMade(change_id=change.id, account_ids=tuple(sorted(done.accounts)), from_date=wanted.effective_date)
        )
    if not done.follows:
        move(change, ChangeAction.FINISH, actor)


def _known(change: ChangeSet, *, today: date) -> tuple[Wanted, Facts]:
    wanted = wanted_of(change)
    proven = [PaperKind(kind) for kind in change.papers.values_list("kind", flat=True)]
    return wanted, change_facts.of_wanted(wanted, asked_date=change.asked_date, today=today, papers=proven)


def refuse(wanted: Wanted, facts: Facts, *, but: str = "") -> None:
    """Refuse a change that cannot be; ``but`` names a code of findings that do not matter yet."""
    findings = [finding for finding in change_checks.check(wanted=wanted, facts=facts) if finding.code != but]
    if not findings:
        return
    if all(finding.code == "arrears_owed" for finding in findings):
        raise ArrearsOwed(
            findings[0].message, advice=findings[0].advice, owed_minor=facts.owed_minor, account_id=wanted.account_id
        )
    message = " ".join(str(finding) for finding in findings)
    raise ChangeRefused(message, findings=tuple(findings))


def _add_paper(change: ChangeSet, kind: PaperKind, document_id: int, name: str, actor: Actor) -> None:
    ChangePaper.objects.create(
        change=change, kind=kind.value, document_id=document_id, file_name=name[-255:], actor_id=actor.id
    )
    audit.record(actor, "add_paper", "change", change.id, kind=kind.value, document_id=document_id)


def _keep_parts(change: ChangeSet, wanted: Wanted) -> None:
    ChangePart.objects.bulk_create(
        ChangePart(
            change=change,
            seq=seq,
            agreement_id=part.agreement_id,
            service_point_id=part.service_point_id,
            customer_id=part.customer_id,
            tariff_id=part.tariff_id,
            household=part.household,
            capacity_va=part.capacity_va,
        )
        for seq, part in enumerate(wanted.parts, start=1)
    )


def _keep_reads(change: ChangeSet, reads: Iterable[FinalRead]) -> None:
    ChangeRead.objects.bulk_create(
        ChangeRead(change=change, serial=read.serial, register=read.register, reading_wh=read.reading_wh)
        for read in reads
    )


@joins_transaction
def lock(change_id: int) -> ChangeSet:
    """
    Return a change, locked: nobody else moves it meanwhile.

    :raises UnknownChange: there is none.
    """
    change = ChangeSet.objects.select_for_update().filter(id=change_id).first()
    if change is None:
        raise UnknownChange(f"There is no change {change_id}.", change_id=change_id)
    return change


@joins_transaction
def move(change: ChangeSet, action: ChangeAction, actor: Actor, *, reason: str = "") -> None:
    """Move a locked change, with its history and audit event; see the table in ``contracts.domain.changes``."""
    change.state = WORKFLOW.step(ChangeState(change.state), action, actor).to.value
    change.save(update_fields=["state"])
    ChangeMove.objects.create(
        change=change,
        action=action.value,
        state=change.state,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_name=actor.name[:150],
        reason=reason.strip()[:REASON_MOST],
    )
    audit.record(actor, action.value, "change", change.id, kind=change.kind, reason=reason.strip()[:REASON_MOST])
    if action in {ChangeAction.WITHDRAW, ChangeAction.REJECT}:
        change_capacity.drop_step(change_id=change.id, actor=actor)
        change_contracts.drop_step(change_id=change.id, reason=reason)
    if action is ChangeAction.FINISH and change.kind == ChangeKind.TEMPORARY:
        change_capacity.give_back_step(change=change, actor=actor)
    change_notices.tell(change, action, reason=reason.strip()[:REASON_MOST])
