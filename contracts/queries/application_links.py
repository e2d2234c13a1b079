"""Where a customer finds offer and contract: in the portal, or with the application where there is no login yet."""

from typing import Final

from accounts.queries import users
from contracts.domain.application_workflow import SUBJECT

STATUS_PAGE: Final = "/apply/status/"
"""Where an applicant asks for the link to the page of his application."""


def link(*, subject: str, customer_id: int, path: str) -> str:
    """Return ``path`` in the portal, or the page of applications to an applicant without a login; one statement."""
    if subject == SUBJECT and not any(one.is_active for one in users.of_customer(customer_id=customer_id)):
        return STATUS_PAGE
    return path
