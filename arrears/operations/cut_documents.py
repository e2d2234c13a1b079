"""The demand (催缴函) and the notice of disconnection (停电通知书) as PDF, in Chinese and English."""

from arrears.queries import papers
from cis.platform import rendering

STYLESHEET = "documents/dunning.css"


def demand(*, case_id: int) -> bytes:
    """
    Return the demand for all that is overdue of a case today, as PDF.

    :raises UnknownCase: there is none.
    """
    paper = papers.demand(case_id=case_id)
    return rendering.pdf(template="documents/dunning.html", css=STYLESHEET, context={"paper": paper})


def notice(*, order_id: int) -> bytes:
    """
    Return the notice of disconnection of an order, as PDF.

    :raises UnknownOrder: there is none.
    """
    paper = papers.notice(order_id=order_id)
    return rendering.pdf(template="documents/dunning.html", css=STYLESHEET, context={"paper": paper, "is_notice": True})
