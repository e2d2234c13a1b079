"""
Statements of the bank come in: a file is read whole, checked, and kept with its lines, or refused with each fault.

Its lines are posted afterwards by workers (``posting``), so a large file keeps nobody waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

import numpy as np

from accounts.queries import supplier
from cashiering.domain import bank_accounts
from cashiering.domain.formats import camt, mt940
from cashiering.domain.statements import Fault, Line, Statement, StatementFormat, check, entry_sums, refuse
from cashiering.models.bank import BankStatement, StatementFile
from cashiering.operations import posting
from cis.kernel.actors import Actor
from cis.platform import audit, copying, documents, jobs, packs, sealing
from cis.platform.db import execute, opens_transaction

BYTES_MOST = 256 * 1024 * 1024
HEAD_BYTES = 512
MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Taken:
    """
    What became of a file.

    statement_ids  those that it brought, in their order
    known          statements in it that came in an earlier file, and count there
    is_known       the file itself came before
    """

    file_id: int
    statement_ids: tuple[int, ...]
    known: int
    is_known: bool


@opens_transaction
def take(*, source: BinaryIO, name: str, today: date, actor: Actor) -> Taken:
    """
    Read a file of a bank and keep its statements; workers post their lines.

    The same file again is the same result; a statement that came in another file counts once.

    :param source: camt.053, camt.054 or MT940, from where it stands; up to 256 MiB.
    :raises FileTooLarge: it is larger.
    :raises StatementRefused: anything in it is wrong, or does not add up; nothing of it is kept.
    """
    document_id = documents.keep(source, name=name, media_type=MEDIA_TYPE, actor=actor, bytes_most=BYTES_MOST)
    sha256 = documents.about(document_id).sha256
    execute("SELECT pg_advisory_xact_lock(hashtext('bank_statements'))")  # two files of one statement wait here
    before = StatementFile.objects.filter(sha256=sha256).first()
    if before is not None:
        ids = tuple(before.statements.order_by("id").values_list("id", flat=True))
        return Taken(before.id, ids, before.known, is_known=True)
    statements = _read(document_id, name=name, today=today)
    fresh = _fresh(statements, name=name)
    file = StatementFile.objects.create(
        sha256=sha256,
        name=name[-255:],
        document_id=document_id,
        known=len(statements) - len(fresh),
        actor_id=actor.id,
    )
    rows = [_keep(file, statement) for statement in fresh]
    audit.record(actor, "take_statements", "statement_file", file.id, statements=len(rows), name=name)
    jobs.wake(posting.WORK)
    return Taken(file.id, tuple(row.id for row in rows), file.known, is_known=False)


def _read(document_id: int, *, name: str, today: date) -> list[Statement]:
    places, currency = int(packs.rule("decimals", at=today)), supplier.current().currency
    with documents.open(document_id) as stream:
        head = stream.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
        stream.seek(0)
        is_xml = head.startswith(b"<") or head[:2] in (b"\xff\xfe", b"\xfe\xff")
        read = camt.read if is_xml else mt940.read
        statements = read(stream, name=name, places=places)
    faults = [fault for one in statements for fault in check(one, currency=currency, places=places)]
    faults += [
        Fault(line.place, "date_in_future", f"{line.booking_date} is still to come.", "Ask the bank for it again.")
        for one in statements
        for line in one.lines
        if line.booking_date > today
    ]
    refuse(faults, name=name)
    _name_as_known(statements, currency)
    return statements


def _name_as_known(statements: Sequence[Statement], currency: str) -> None:
    """Give accounts the names under which they are known already: another format may call them otherwise."""
    known = set(BankStatement.objects.values_list("bank_account", flat=True).distinct())
    for one in statements:
        name = one.bank_account
        if name not in known:
            alike = (it for it in sorted(known) if bank_accounts.is_same(one=it, other=name, currency=currency))
            one.bank_account = next(alike, name)
            known.add(one.bank_account)


def _reference(statement: Statement) -> str:
    """Return the name of a statement; MT940 numbers them anew each year, so their day belongs to it."""
    if statement.format is StatementFormat.MT940 and statement.closing_date:
        return f"{statement.reference[:128]} {statement.closing_date}"
    return statement.reference


def _fresh(statements: Sequence[Statement], *, name: str) -> list[Statement]:
    """
    Return the statements that are not known yet.

    :raises StatementRefused: one is known, and says something else now.
    """
    accounts = {one.bank_account for one in statements}
    references = {_reference(one) for one in statements}
    known = {
        (row.bank_account, row.format, row.reference): (row.moved_minor, row.closing_minor, row.line_count)
        for row in BankStatement.objects.filter(bank_account__in=accounts, reference__in=references)
    }
    fresh, faults = [], []
    for one in statements:
        key = (one.bank_account, one.format.value, _reference(one))
        said = (one.moved_minor, one.closing_minor, len(one.lines))
        if key not in known:
            fresh.append(one)
        elif known[key] != said:
            faults.append(
                Fault(
                    f"statement {one.reference}",
                    "statement_differs",
                    "A statement of this name came before, and said something else.",
                    "Ask the bank which one holds.",
                )
            )
        known[key] = said
    refuse(faults, name=name)
    return fresh


def _keep(file: StatementFile, statement: Statement) -> BankStatement:
    lines = statement.lines
    row = BankStatement.objects.create(
        file=file,
        format=statement.format.value,
        reference=_reference(statement),
        bank_account=statement.bank_account,
        currency=statement.currency,
        opening_minor=statement.opening_minor,
        closing_minor=statement.closing_minor,
        moved_minor=statement.moved_minor,
        statement_date=statement.closing_date or max((line.booking_date for line in lines), default=None),
        line_count=len(lines),
        pending=statement.pending,
    )
    if lines:
        copying.load(table="cashiering_statementline", columns=_columns(row, lines))
    return row


def _columns(row: BankStatement, lines: Sequence[Line]) -> dict[str, copying.Column]:
    sums = entry_sums(lines)
    return {
        "statement_id": copying.int8(row.id),
        "line_no": copying.int4(np.arange(1, len(lines) + 1)),
        "bank_account": copying.text(row.bank_account),
        "entry_reference": copying.texts([line.entry_reference for line in lines]),
        "entry_minor": copying.int8(_numbers([sums[line.entry] for line in lines])),
        "bank_reference": copying.texts([line.bank_reference for line in lines]),
        "end_to_end_id": copying.texts([line.end_to_end_id for line in lines]),
        "is_credit": copying.boolean(np.array([line.is_credit for line in lines])),
        "amount_minor": copying.int8(_numbers([line.amount_minor for line in lines])),
        "booking_date": copying.day(_numbers([line.booking_date.toordinal() for line in lines])),
        "value_date": copying.day(_numbers([line.value_date.toordinal() for line in lines])),
        "payer_name": copying.texts([line.payer_name for line in lines]),
        "payer_account": copying.texts([sealing.seal_text(line.payer_account) for line in lines]),
        "remittance": copying.texts([line.remittance for line in lines]),
        "is_reversal": copying.boolean(np.array([line.is_reversal for line in lines])),
        "return_reason": copying.texts([line.return_reason[:200] for line in lines]),
        "original": copying.texts([line.original for line in lines]),
        "charges_minor": copying.int8(_numbers([line.charges_minor for line in lines])),
        "state": copying.text("new"),
        "reason": copying.text(""),
        "score": copying.int2(0),
        "suspense_minor": copying.int8(0),
    }


def _numbers(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
