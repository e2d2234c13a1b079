"""What the file of a customer knows that only they can answer."""

from datetime import date

from accounts.domain.contact import ContactKind
from accounts.queries import accounts, customers
from arrears.queries import enquiries
from billing.queries import bills
from complaints.domain.caller_checks import FileFacts

BILLS_MOST, PAYMENTS_MOST = 6, 6


def facts(*, account_id: int, today: date) -> tuple[int, FileFacts]:
    """
    Return who holds an account today, and what is known of them; a constant number of statements.

    :raises UnknownAccount: there is none.
    """
    overview = accounts.overview(account_id=account_id, at_date=today)
    card = customers.card(customer_id=overview.holder.id)
    found = enquiries.identity(number=overview.number, today=today)
    own = bills.of_account(account_id=account_id, most=BILLS_MOST)
    bill = next((one for one in own if one.state == "issued" and one.kind != "credit"), None)
    paid = bills.payments_of(account_id=account_id, most=PAYMENTS_MOST)
    payment = next((one for one in paid if not one.return_kind), None)
    return card.id, FileFacts(
        id_number=card.id_number,
        meters=() if found is None else found.meters,
        last_bill_minor=None if bill is None else bill.amount_minor,
        last_payment_minor=None if payment is None else payment.amount_minor,
        emails=tuple(one.value for one in card.contacts if one.kind == ContactKind.EMAIL),
    )
