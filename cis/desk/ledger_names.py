"""What ledger accounts are called, in the language of the page."""

from django.utils.translation import gettext

from cis.desk.report_words import LEDGER_ACCOUNTS, LEDGER_KINDS
from cis.desk.words import word

WITH_PROVIDER = "transit_"


def ledger_name(code: str) -> str:
    """Return the name of a ledger account; what no word is known for keeps its code."""
    if code in LEDGER_ACCOUNTS:
        return str(LEDGER_ACCOUNTS[code])
    kind, _, part = code.partition(".")
    if part.startswith(WITH_PROVIDER):
        return gettext("Money with providers: %s") % word("provider", part.removeprefix(WITH_PROVIDER))
    if kind not in LEDGER_KINDS:
        return code
    return f"{LEDGER_KINDS[kind]}: {word('part', part)}"
