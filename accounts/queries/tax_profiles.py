"""Who stands as the buyer on invoices."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from accounts.domain.identity import BadIdNumber, CustomerKind, company_code
from accounts.models.tax_profile import TaxProfile
from cis.platform import db, sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """
    The buyer on an invoice of an account; "" = not known.

    profile_id  None: nobody gave tax data, so it is the holder with the number that is known of it
    """

    account_id: int
    profile_id: int | None
    customer_id: int
    kind: str
    name: str
    tax_number: str
    address: str
    phone: str
    bank_name: str
    bank_account: str
    wants_special: bool

    @property
    def is_person(self) -> bool:
        """Return whether the buyer is a person, who needs no taxpayer number."""
        return self.kind == CustomerKind.RESIDENT.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileCard:
    """Tax data of an account over a time; ``end_date`` None: until further notice."""

    id: int
    start_date: date
    end_date: date | None
    name: str
    tax_number: str
    address: str
    phone: str
    bank_name: str
    bank_account: str
    wants_special: bool
    consent_way: str
    consent_by: str
    consented_at: datetime | None


def history(*, account_id: int, customer_id: int | None = None) -> tuple[ProfileCard, ...]:
    """Return the tax data of an account, latest first; of one customer alone where named; one statement."""
    rows = TaxProfile.objects.filter(account_id=account_id).order_by("-period")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    return tuple(
        ProfileCard(
            id=row.id,
            start_date=row.period.lower,
            end_date=row.period.upper,
            name=row.name,
            tax_number=row.tax_number,
            address=row.address,
            phone=row.phone,
            bank_name=row.bank_name,
            bank_account=row.bank_account,
            wants_special=row.wants_special,
            consent_way=row.consent_way,
            consent_by=row.consent_by,
            consented_at=row.consented_at,
        )
        for row in rows
    )


def buyers(*, held: Collection[tuple[int, date]], at_date: date) -> dict[tuple[int, date], Buyer]:
    """
    Return the buyer on invoices of some accounts, by account and day of the sale; what nobody held is missing.

    The buyer is who held the account on the day of the sale, with the tax data that he gave last up to ``at_date``: a
    next holder's data never stand on his invoice. One statement.

    :param held: accounts with days of sales.
    """
    pairs = sorted(set(held))
    given = {"accounts": [one for one, _ in pairs], "days": [day for _, day in pairs], "at": at_date}
    found = {}
    for row in db.fetch(_BUYERS, given):
        account_id, day, customer_id, kind, holder, id_number, profile_id, *data = row
        if profile_id is None:
            data = [holder, _known_number(kind, id_number), "", "", "", "", False]
        found[account_id, day] = Buyer(
            account_id=account_id,
            profile_id=profile_id,
            customer_id=customer_id,
            kind=kind,
            name=data[0],
            tax_number=data[1],
            address=data[2],
            phone=data[3],
            bank_name=data[4],
            bank_account=sealing.unseal_text(data[5]),
            wants_special=data[6],
        )
    return found


def _known_number(kind: str, number: str) -> str:
    """Return the number of a company that may stand on an invoice; that of a person is nobody else's business."""
    if kind == CustomerKind.RESIDENT.value:
        return ""
    try:
        return company_code(number)
    except BadIdNumber:
        return ""


_BUYERS = """
SELECT g.account_id, g.day, c.id, c.kind, c.name, c.id_number, t.id, t.name, t.tax_number, t.address, t.phone,
       t.bank_name, t.bank_account, t.wants_special
FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) AS g (account_id, day)
JOIN accounts_accountholder h ON h.account_id = g.account_id AND h.period @> g.day
JOIN accounts_customer c ON c.id = h.customer_id
LEFT JOIN LATERAL (
    SELECT * FROM accounts_taxprofile p
    WHERE p.account_id = g.account_id AND p.customer_id = h.customer_id AND lower(p.period) <= %(at)s
    ORDER BY lower(p.period) DESC LIMIT 1
) t ON true
"""
