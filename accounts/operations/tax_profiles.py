"""The buyer's tax data of an account: entered by clerks, by customers in the portal, by API."""

from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.domain import tax_profiles as domain
from accounts.domain.identity import CustomerKind
from accounts.domain.tax_profiles import ConsentWay, TaxData
from accounts.models.account import Account, AccountHolder
from accounts.models.tax_profile import TaxProfile
from accounts.queries import supplier
from accounts.queries.accounts import UnknownAccount
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import opens_transaction


@opens_transaction
def save(*, account_id: int, data: TaxData, way: ConsentWay, from_date: date, actor: Actor) -> int:
    """
    Keep what stands of the buyer on invoices of an account from a day on; what held before ends there.

    :raises UnknownAccount: there is none, or nobody holds it on the day.
    :raises BadTaxProfile: the data cannot stand on an invoice.
    """
    Account.objects.select_for_update().filter(id=account_id).first()
    holder = (
        AccountHolder.objects.filter(account_id=account_id, period__contains=from_date)
        .select_related("customer")
        .first()
    )
    if holder is None:
        raise UnknownAccount(f"Nobody holds account {account_id} on {from_date}.", account_id=account_id)
    kind = CustomerKind(holder.customer.kind)
    plain = domain.checked(data, kind=kind, country=supplier.country())
    # What was to hold from this day on, or later, is replaced; what held before ends.
    TaxProfile.objects.filter(account_id=account_id, period__startswith__gte=from_date).delete()
    for old in TaxProfile.objects.filter(account_id=account_id, period__contains=from_date):
        old.period = DateRange(old.period.lower, from_date)
        old.save(update_fields=["period"])
    row = TaxProfile.objects.create(
        account_id=account_id,
        customer_id=holder.customer_id,
        period=DateRange(from_date, None),
        name=plain.name,
        tax_number=plain.tax_number,
        address=plain.address,
        phone=plain.phone,
        bank_name=plain.bank_name,
        bank_account=plain.bank_account,
        wants_special=plain.wants_special,
        consent_way=way.value if plain.wants_special else "",
        consent_by=plain.consent_by if plain.wants_special else "",
        consented_at=timezone.now() if plain.wants_special else None,
        actor_id=actor.id,
    )
    audit.record(
        actor,
        "save_tax_profile",
        "account",
        account_id,
        profile=row.id,
        special=plain.wants_special,
        from_date=from_date,
    )
    return row.id
