"""Secret numbers for the telephone: since when there is one. The number itself is kept nowhere."""

from datetime import date, datetime

from accounts.models.telephone import TelephonePin
from cis.platform import packs

KEY = "telephone_enquiry"


def set_at(*, account_id: int, customer_id: int) -> datetime | None:
    """Return when the customer's secret number of an account was set; None: there is none. One statement."""
    rows = TelephonePin.objects.filter(account_id=account_id, customer_id=customer_id)
    return rows.values_list("set_at", flat=True).first()


def digits(day: date) -> int | None:
    """Return how many digits a secret number has at this place; None: enquiries by telephone are not offered."""
    text = packs.rules_in_force(at=day).get(KEY)
    return None if text is None else int(text.value["pin_digits"])
