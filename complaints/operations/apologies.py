"""The letter of apology, as PDF, in the language of the caller."""

from datetime import date
from typing import Final

from django.utils import timezone

from accounts.queries import accounts, supplier
from cis.platform import rendering
from complaints.models.case import Case

STYLESHEET: Final = "documents/letters.css"


def pdf(row: Case, *, text: str, on: date) -> bytes:
    """Return the letter as PDF; its text is what somebody wrote for this caller."""
    account_id = row.account_id or 0
    addressee = accounts.addressees(account_ids=[account_id], at_date=on).get(account_id) if account_id else None
    # Where no address for letters is on file, it goes to where the supply is.
    address = (addressee.postal_address if addressee is not None else "") or row.place
    context = {
        "number": row.number,
        "name": row.caller_name,
        "lines": [row.caller_name, *([address] if address else [])],
        "paragraphs": [one.strip() for one in text.splitlines() if one.strip()],
        "on": on,
        "taken_date": timezone.localdate(row.taken_at),
        "supplier": supplier.current(),
        "supplier_name": supplier.current().name(language=row.language),
        "is_english": row.language.startswith("en"),
    }
    return rendering.pdf(template="documents/apology.html", css=STYLESHEET, context=context)
