"""Lines of statements that name a consolidated bill: one payment for the whole, spread over its bills."""

from collections.abc import Sequence
from datetime import date

from billing.domain.channels import PaymentChannel
from billing.operations import consolidated_payments
from billing.queries import consolidated
from cashiering.domain import bank_lines
from cashiering.domain.matching import numbers_in
from cashiering.models.bank import LinePart, StatementLine
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction


@joins_transaction
def book_step(*, lines: Sequence[StatementLine], today: date) -> set[int]:
    """
    Book lines that name exactly one consolidated bill; a constant number of statements, and some for each of them.

    :returns: the lines that were booked; one that names two bills is for a person.
    """
    named = {line.id: set(numbers_in(f"{line.remittance} {line.end_to_end_id}")) for line in lines}
    known = consolidated.by_numbers({number for numbers in named.values() for number in numbers})
    booked = set()
    for line in lines:
        found = [known[number] for number in named[line.id] if number in known]
        if len(found) == 1:
            _book(line, found[0], today)
            booked.add(line.id)
    return booked


def _book(line: StatementLine, consolidated_bill_id: int, today: date) -> None:
    done = consolidated_payments.book_step(
        consolidated_bill_id=consolidated_bill_id,
        amount_minor=line.amount_minor,
        channel=PaymentChannel.BANK,
        reference=bank_lines.payment_name(statement_id=line.statement_id, line_no=line.line_no),
        received_date=line.booking_date,
        today=today,
        actor=SYSTEM,
    )
    LinePart.objects.bulk_create(
        LinePart(line=line, payment_id=payment_id, amount_minor=amount) for payment_id, amount in done.parts
    )
