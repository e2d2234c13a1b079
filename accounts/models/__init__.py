"""Tables of the room; import names from their module, so that the import contracts see them."""

from accounts.models import (
    account,
    care,
    contact,
    customer,
    notice,
    people,
    privacy,
    supplier,
    survey,
    tax_profile,
    team,
    telephone,
    user,
)

__all__ = [
    "account",
    "care",
    "contact",
    "customer",
    "notice",
    "people",
    "privacy",
    "supplier",
    "survey",
    "tax_profile",
    "team",
    "telephone",
    "user",
]
