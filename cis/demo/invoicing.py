"""E-invoices of bills that are settled: issued, one taken back in part, one that a second person has to take back."""

from datetime import date

from django.utils import timezone

from accounts.queries import users
from billing.domain.e_invoices import RedReason
from billing.operations import e_invoice_cases, e_invoice_sending
from billing.queries import e_invoices
from billing.queries.e_invoices import Wanted
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

BACK_MINOR = 1_130


def build(*, today: date) -> int:
    """Issue what is due by the real doors, and take some back; return how many were issued."""
    e_invoice_sending.work(timezone.now())
    issued = e_invoices.listed(wanted=Wanted(state="issued", colour="blue"), most=200)
    card = users.with_role(role=Role.BILLING)[-1]
    biller = Actor(ActorKind.STAFF, card.id, card.username, frozenset({Role.BILLING}))
    for invoice in issued[:1]:
        e_invoice_cases.take_back(
            invoice_id=invoice.id, reason=RedReason.ALLOWANCE, amount_minor=min(BACK_MINOR, invoice.amount_minor),
            text="Outage of four hours", anew=False, today=today, actor=biller,
        )  # fmt: skip
    large = max(issued, key=lambda one: one.amount_minor, default=None)
    if large is not None and large.id != issued[0].id:
        e_invoice_cases.take_back(
            invoice_id=large.id, reason=RedReason.ERROR, amount_minor=None, text="Name of the buyer", anew=True,
            today=today, actor=biller,
        )  # fmt: skip
    e_invoice_sending.send(timezone.now())
    return len(issued)
