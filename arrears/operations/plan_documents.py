"""The agreement on instalments and the cards that its parts are paid with, as PDF, in Chinese and English."""

from arrears.queries import plan_papers
from cis.platform import rendering

STYLESHEET = "documents/instalments.css"


def agreement(*, plan_id: int) -> bytes:
    """
    Return the agreement of a plan, as PDF.

    :raises UnknownPlan: there is none.
    """
    paper = plan_papers.paper(plan_id=plan_id)
    return rendering.pdf(template="documents/instalments.html", css=STYLESHEET, context={"paper": paper})


def cards(*, plan_id: int) -> bytes:
    """
    Return a card for each part of a plan that is not paid, with its number and code, as PDF.

    :raises UnknownPlan: there is none.
    """
    paper = plan_papers.paper(plan_id=plan_id)
    return rendering.pdf(template="documents/instalment_cards.html", css=STYLESHEET, context={"paper": paper})
