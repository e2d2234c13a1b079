"""From which bank accounts money came."""

import re

from cashiering.models.bank import LinePart


def accounts_of(*, account_id: int) -> frozenset[str]:
    """Return the bank accounts from which money of an account came, as banks write them; one statement."""
    rows = LinePart.objects.filter(payment__account_id=account_id).exclude(line__payer_account="")
    found = rows.values_list("line__payer_account", flat=True).distinct()
    return frozenset(re.sub(r"[\s-]", "", number).upper() for number in found)
