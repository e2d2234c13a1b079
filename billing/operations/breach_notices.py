"""The notice of a case of breach as PDF, for the customer."""

from billing.queries import breach_notices
from cis.platform import rendering

TEMPLATE = "documents/breach.html"
STYLESHEET = "documents/breach.css"


def pdf(*, case_id: int) -> bytes:
    """
    Return the notice; it is rendered each time, from a case whose facts and steps do not change.

    A case that is not decided, or withdrawn, says so across the page.

    :raises UnknownBreach: there is none.
    """
    found = breach_notices.of_case(case_id=case_id)
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": found})
