"""An account as delivered in a file, and what of it is kept."""

import re
from dataclasses import dataclass
from datetime import date

from cis.kernel.errors import Findings

NUMBER = re.compile(r"[0-9A-Z-]{1,20}", re.ASCII)
EXTERNAL_ID_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """
    An account to be.

    external_id  name in the supplier's other systems
    customer     external id of its holder
    opened_date  local date from which the customer holds it
    number       the number that the customer knows already; "" = one is given out
    where        where it stands in its file ("accounts.csv line 3"), for findings
    """

    external_id: str
    customer: str
    opened_date: date
    number: str = ""
    paper_bill: bool = False
    where: str = ""


def check(new: NewAccount, *, findings: Findings) -> None:
    """Note what is wrong with an account, looked at alone."""
    if not 1 <= len(new.external_id) <= EXTERNAL_ID_MOST:
        message = f"The external id has 1 to {EXTERNAL_ID_MOST} characters."
        findings.add(f"{new.where}: external_id", "bad_external_id", message)
    if new.number and not NUMBER.fullmatch(new.number):
        message = f"{new.number!r} is no account number."
        findings.add(f"{new.where}: number", "bad_number", message, "Use up to 20 digits, capital letters and hyphens.")
