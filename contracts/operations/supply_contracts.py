"""
Supply contracts: draft, issue (number and text), keep the paper, sign, replace, end.

A contract is issued in one short transaction; its paper is rendered outside of it, kept, and signed as it was kept.
"""

import hashlib
import secrets
from datetime import date

from django.utils import timezone

from accounts.operations import accounts as account_operations
from accounts.operations import notices
from accounts.queries import accounts as account_queries
from accounts.queries import customers
from cis.kernel import text
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, documents, events, packs, rendering, sequences
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import terms
from contracts.domain.announcements import ContractEnded, ContractSigned, ContractWithdrawn
from contracts.domain.contract_workflow import WORKFLOW, ContractAction, ContractState, SigningWay
from contracts.domain.new_contracts import NewContract
from contracts.domain.terms import BadTerms, UseClass
from contracts.models.supply_contract import ContractClause, SupplyContract
from contracts.operations import contract_fees, contract_points
from contracts.queries import application_links, clauses, contract_facts, contract_papers, due_days
from contracts.queries.supply_contracts import UnknownContract, head_of
from tariffs.queries import plans

SEQUENCE = "supply_contract"
SUBJECT = "supply_contract"
TOKEN_BYTES = 24
REASON_MOST = 300
NAME_MOST = 200
SPECIAL_MOST = 4_000
TEMPLATE = "documents/contract.html"
STYLESHEET = "documents/contract.css"


class NotSignable(Refused):
    """The paper of the contract is not kept, or nobody is named who signs."""

    code = "contract_not_signable"


class NoEndReason(Refused):
    """Nobody said why a contract ends or is withdrawn, or its last day cannot be."""

    code = "contract_end_refused"


@opens_transaction
def draft(*, new: NewContract, today: date, actor: Actor) -> int:
    """Draft a contract at the desk; see ``draft_step``."""
    return draft_step(new=new, today=today, actor=actor)


@joins_transaction
def draft_step(*, new: NewContract, today: date, actor: Actor, amends: SupplyContract | None = None) -> int:
    """
    Draft a contract: nothing is agreed, and it has no number.

    :returns: id of the contract.
    :raises NotAllowed: the actor may not write contracts.
    :raises UnknownCustomer, UnknownAccount: there is none.
    :raises NoPrice: the tariff has no published version on the first day.
    :raises BadTerms: the terms contradict themselves; each finding names one.
    """
    WORKFLOW.step(ContractState.DRAFT, ContractAction.ISSUE, actor)
    who = customers.card(customer_id=new.customer_id)
    if new.account_id is not None:
        account_queries.card(account_id=new.account_id)
    plans.version_on(tariff_id=new.tariff_id, day=new.start_date)
    rule = packs.rule("contract_terms", at=today)
    row = SupplyContract(
        **new.terms.columns(),
        amends=amends,
        number=amends.number if amends else None,
        version=amends.version + 1 if amends else 1,
        customer_id=new.customer_id,
        account_id=new.account_id,
        subject=new.subject,
        subject_id=new.subject_id,
        offer_id=new.offer_id,
        tariff_id=new.tariff_id,
        start_date=new.start_date,
        end_date=new.end_date,
        renew_months=new.renew_months,
        special=new.special.strip()[:SPECIAL_MOST],
        cycle_months=rule["cycle_months"],
        payment_days=due_days.of_tariff(tariff_id=new.tariff_id, customer_kind=who.kind, at=today),
        verify_token=secrets.token_urlsafe(TOKEN_BYTES),
        actor_id=actor.id,
    )
    facts = contract_facts.of_contract(row, today=today)
    terms.check_terms(facts=facts).raise_if_any(BadTerms)
    _index(row, facts, ())
    row.save(force_insert=True)
    contract_points.link_drafted_step(row, new)
    audit.record(actor, "draft", SUBJECT, row.id, customer_id=new.customer_id, version=row.version)
    return row.id


@opens_transaction
def issue(*, contract_id: int, today: date, actor: Actor) -> str:
    """Issue a contract; see ``issue_step``."""
    return issue_step(contract_id=contract_id, today=today, actor=actor)


@joins_transaction
def issue_step(*, contract_id: int, today: date, actor: Actor) -> str:
    """
    Give a contract its number and its text; from now on neither changes. The number is taken last, without gaps.

    :returns: its number.
    :raises UnknownContract: there is none.
    :raises IllegalMove, NotAllowed: it is no draft, or the actor may not.
    :raises IncompleteContract: a key point or a value is missing; each finding names one.
    """
    row = _lock(contract_id)
    move = WORKFLOW.step(ContractState(row.state), ContractAction.ISSUE, actor)
    facts = contract_facts.of_contract(row, today=today)
    used = terms.in_force(clauses=clauses.library(), use_class=UseClass(row.use_class), at=today)
    filled = terms.fill(clauses=used, facts=facts)
    ContractClause.objects.bulk_create(
        ContractClause(
            contract=row,
            number=one.number,
            code=one.code,
            version=one.version,
            covers=" ".join(one.covers),
            title_zh=one.titles["zh"],
            title_en=one.titles["en"],
            body_zh=one.bodies["zh"],
            body_en=one.bodies["en"],
            source=one.source,
        )
        for one in filled
    )
    row.state = move.to.value
    row.issued_at = timezone.now()
    row.number = row.number or f"{sequences.take(SEQUENCE):010d}"
    row.content_sha256 = terms.content_sha256(head=head_of(row), clauses=filled)
    _index(row, facts, filled)
    row.save()
    notices.queue_step(
        event="contract_issued",
        customer_id=row.customer_id,
        account_id=row.account_id,
        facts={
            "contract": str(row.number),
            "address": row.address,
            "link": application_links.link(
                subject=row.subject, customer_id=row.customer_id, path=f"/portal/contracts/{row.id}"
            ),
        },
        key=f"contract_issued:{row.id}",
        actor=actor,
    )
    audit.record(actor, "issue", SUBJECT, row.id, number=row.number, content_sha256=row.content_sha256)
    return str(row.number)


def paper(*, contract_id: int, actor: Actor) -> bytes:
    """
    Return a contract as PDF. Once it is issued it is rendered once and kept: that paper is what is signed.

    A draft is rendered each time, and says that it is one. Rendering holds no transaction.

    :raises UnknownContract: there is none.
    :raises IncompleteContract: a draft lacks a key point or a value.
    """
    found = contract_papers.of_contract(contract_id=contract_id, today=timezone.localdate())
    if found.document_id is not None:
        with documents.open(found.document_id) as file:
            return file.read()
    rendered = rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": found})
    if found.state == ContractState.DRAFT:
        return rendered
    with documents.open(_keep_paper(contract_id, rendered, found.file_name, actor)) as file:
        return file.read()


@opens_transaction
def _keep_paper(contract_id: int, rendered: bytes, name: str, actor: Actor) -> int:
    """Keep a paper and return its document; who comes second gets the paper of who was first."""
    row = _lock(contract_id)
    if row.document_id is None:
        row.document_id = documents.keep(rendered, name=name, media_type="application/pdf", actor=actor)
        row.save(update_fields=["document"])
    return int(row.document_id)


@joins_transaction
def sign_step(
    *,
    contract_id: int,
    way: SigningWay,
    signed_by: str,
    today: date,
    actor: Actor,
    scan_id: int | None = None,
) -> None:
    """
    Sign a contract: it holds from its first day on, its fees are agreed. Announces ContractSigned.

    Who has no account yet gets one. The version before is replaced.

    :param scan_id: document of what was signed on paper; none in the portal.
    :raises UnknownContract: there is none.
    :raises IllegalMove, NotAllowed: it does not wait for a signature, or the actor may not sign.
    :raises NotSignable: its paper is not kept yet, or nobody is named.
    """
    row = _lock(contract_id)
    move = WORKFLOW.step(ContractState(row.state), ContractAction.SIGN, actor)
    if row.document_id is None:
        raise NotSignable("Nobody has seen the paper of the contract.", advice="Open its PDF first.")
    if not signed_by.strip():
        raise NotSignable("Say who signs.", field="signed_by")
    if row.account_id is None:
        row.account_id = account_operations.add_account(
            customer_id=row.customer_id, opened_date=min(today, row.start_date), paper_bill=False
        ).id
    replaced_id = _replace(row, actor)
    row.state = move.to.value
    row.signed_at, row.signed_way = timezone.now(), way.value
    row.signed_by, row.signer_id, row.scan_id = signed_by.strip()[:NAME_MOST], actor.id, scan_id
    row.save(update_fields=["state", "account", "signed_at", "signed_way", "signed_by", "signer_id", "scan"])
    contract_fees.agree_step(row, today=today, actor=actor)
    events.announce(
        ContractSigned(
            contract_id=row.id,
            number=str(row.number),
            customer_id=row.customer_id,
            account_id=row.account_id,
            tariff_id=row.tariff_id,
            subject=row.subject,
            subject_id=row.subject_id,
            replaced_id=replaced_id,
            actor=actor,
        )
    )
    audit.record(actor, "sign", SUBJECT, row.id, number=row.number, way=way.value, signed_by=row.signed_by)


@opens_transaction
def withdraw(*, contract_id: int, reason: str, actor: Actor) -> None:
    """Withdraw a contract at the desk; see ``withdraw_step``."""
    withdraw_step(contract_id=contract_id, reason=reason, actor=actor)


@joins_transaction
def withdraw_step(*, contract_id: int, reason: str, actor: Actor) -> None:
    """
    Withdraw a contract that nobody has signed; a number that it has stays its own. Announces ContractWithdrawn.

    :raises UnknownContract: there is none.
    :raises IllegalMove, NotAllowed: it is signed, or the actor may not.
    :raises NoEndReason: no reason is given.
    """
    row = _lock(contract_id)
    move = WORKFLOW.step(ContractState(row.state), ContractAction.WITHDRAW, actor)
    row.end_reason = _reason(reason)
    row.state = move.to.value
    row.save(update_fields=["state", "end_reason"])
    audit.record(actor, "withdraw", SUBJECT, row.id, reason=row.end_reason)
    events.announce(
        ContractWithdrawn(
            contract_id=row.id,
            offer_id=row.offer_id,
            subject=row.subject,
            subject_id=row.subject_id,
            reason=row.end_reason,
        )
    )


@opens_transaction
def terminate(*, contract_id: int, ended_date: date, reason: str, actor: Actor) -> None:
    """End a signed contract before its time; see ``terminate_step``."""
    terminate_step(contract_id=contract_id, ended_date=ended_date, reason=reason, actor=actor)


@joins_transaction
def terminate_step(*, contract_id: int, ended_date: date, reason: str, actor: Actor) -> None:
    """
    End a signed contract: ``ended_date`` is the first local date without it. Announces ContractEnded.

    Supply and bills are not touched: whoever ends the use ends the agreement.

    :raises UnknownContract: there is none.
    :raises IllegalMove, NotAllowed: it is not signed, or the actor may not.
    :raises NoEndReason: no reason is given, or the date is before its first day.
    """
    row = _lock(contract_id)
    move = WORKFLOW.step(ContractState(row.state), ContractAction.TERMINATE, actor)
    if ended_date < row.start_date:
        raise NoEndReason("A contract does not end before its first day.", field="ended_date")
    end_row(row, state=move.to, ended_date=ended_date, reason=_reason(reason))
    audit.record(actor, "terminate", SUBJECT, row.id, ended_date=ended_date, reason=row.end_reason)


@opens_transaction
def amend(*, contract_id: int, new: NewContract, today: date, actor: Actor) -> int:
    """Draft the next version of a signed contract at the desk; see ``amend_step``."""
    return amend_step(contract_id=contract_id, new=new, today=today, actor=actor)


@joins_transaction
def amend_step(*, contract_id: int, new: NewContract, today: date, actor: Actor) -> int:
    """
    Draft the next version of a signed contract; once it is signed it takes the place of this one.

    :returns: id of the draft.
    :raises UnknownContract: there is none.
    :raises IllegalMove: it is not signed, or its next version is drafted already.
    :raises BadTerms, NoPrice: see ``draft_step``.
    """
    row = _lock(contract_id)
    WORKFLOW.step(ContractState(row.state), ContractAction.REPLACE, actor)
    waiting = SupplyContract.objects.filter(number=row.number, state__in=("draft", "issued")).first()
    if waiting is not None:
        raise BadTerms(
            f"Version {waiting.version} is drafted already.", advice="Withdraw it first.", contract_id=waiting.id
        )
    last = SupplyContract.objects.filter(number=row.number).order_by("-version").first()
    row.version = last.version if last else row.version
    return draft_step(new=new, today=today, actor=actor, amends=row)


def end_row(row: SupplyContract, *, state: ContractState, ended_date: date, reason: str) -> None:
    """Write the end of a contract and announce it."""
    row.state, row.ended_date, row.end_reason = state.value, ended_date, reason
    row.save(update_fields=["state", "ended_date", "end_reason"])
    events.announce(
        ContractEnded(
            contract_id=row.id,
            number=str(row.number),
            account_id=row.account_id,
            end_date=ended_date,
            subject=row.subject,
            subject_id=row.subject_id,
            reason=reason,
        )
    )


def sha256_of_paper(*, contract_id: int) -> str:
    """
    Return the SHA-256 of a contract's kept paper; "": none is kept.

    :raises UnknownContract: there is none.
    """
    row = SupplyContract.objects.filter(id=contract_id).select_related("document").first()
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.")
    return row.document.sha256 if row.document else ""


def sha256_of(file: bytes) -> str:
    """Return the SHA-256 of a paper that somebody wants to compare."""
    return hashlib.sha256(file).hexdigest()


@joins_transaction
def _lock(contract_id: int) -> SupplyContract:
    row = SupplyContract.objects.select_for_update(of=("self",)).filter(id=contract_id).first()
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.", contract_id=contract_id)
    return row


def _replace(row: SupplyContract, actor: Actor) -> int | None:
    """Put a version in the place of the signed one of its number."""
    old = SupplyContract.objects.select_for_update().filter(number=row.number, state=ContractState.SIGNED.value).first()
    if old is None:
        return None
    old.state = WORKFLOW.step(ContractState.SIGNED, ContractAction.REPLACE, actor).to.value
    old.save(update_fields=["state"])
    audit.record(actor, "replace", SUBJECT, old.id, by=row.id)
    return old.id


def _index(row: SupplyContract, facts: terms.Facts, filled: tuple[terms.FilledClause, ...]) -> None:
    """Make the contract found by its number, its customer, its address, its tariff and its whole text."""
    words = [str(row.number or ""), facts.customer, facts.address, *facts.tariff.values(), facts.special]
    words += [body for clause in filled for body in (*clause.titles.values(), *clause.bodies.values())]
    row.search_text = "\n".join(text.squeezed(one) for one in words)
    row.search_grams = text.bigrams(*words)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise NoEndReason("A reason is needed.", advice="Say in a few words why.", field="reason")
    return reason.strip()[:REASON_MOST]
