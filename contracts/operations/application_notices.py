"""What an applicant is told at each move: the customer once there is one, before that the one who applied."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.operations.notice_drafts import Recipient
from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from contracts.domain.application_workflow import SUBJECT, ApplicationAction, ApplicationState
from contracts.models.application import ApplicationMessage, ServiceApplication
from contracts.queries import application_links
from contracts.queries.application_links import STATUS_PAGE

MY_APPLICATIONS: Final = "/portal/applications/"
_EVENTS: Final[Mapping[ApplicationAction, str]] = {
    ApplicationAction.CONFIRM_DOCUMENTS: "application_accepted",
    ApplicationAction.REPORT_SURVEY: "application_surveyed",
    ApplicationAction.SIGN: "application_contracted",
    ApplicationAction.INSTALL_METER: "application_metered",
}
_REASONED: Final[Mapping[ApplicationAction, str]] = {
    ApplicationAction.SUSPEND: "application_suspended",
    ApplicationAction.WITHDRAW: "application_withdrawn",
    ApplicationAction.REJECT: "application_rejected",
}


@joins_transaction
def tell_received_step(row: ServiceApplication, *, link: str, actor: Actor) -> None:
    """
    Tell the applicant the number and the link to the page of the application.

    A customer has a login, or asks for a link: of the numbers that are kept of him nobody knows here which he proved.
    """
    if row.customer_id is not None:
        link = application_links.link(subject=SUBJECT, customer_id=row.customer_id, path=f"{MY_APPLICATIONS}{row.id}")
    _tell(row, "application_received", {"number": row.number, "link": link}, key=f"{row.id}", actor=actor)


@joins_transaction
def tell_link_step(row: ServiceApplication, *, link: str, key: str, actor: Actor) -> None:
    """
    Send a new link to the page of the application.

    Where a kept customer applies, it goes to a number that he proved, or to his mailbox: who typed his identity number
    may have typed any telephone. Everybody else is reached as the application says, whatever was kept of it since.
    """
    to = applicant(row) if row.kept_customer_since is None else None
    _tell(row, "application_link", {"number": row.number, "link": link}, key=key, actor=actor, recipient=to)


@joins_transaction
def tell_papers_step(row: ServiceApplication, *, what: str, key: str, actor: Actor) -> None:
    """Ask the applicant for what is missing, or for better papers."""
    _tell(
        row,
        "application_papers",
        {"number": row.number, "what": what or "–", "link": STATUS_PAGE},
        key=key,
        actor=actor,
    )


@joins_transaction
def tell_message_step(row: ServiceApplication, message: ApplicationMessage, *, actor: Actor) -> None:
    """Send what the supplier wrote."""
    facts = {"number": row.number, "text": message.text[:480], "link": STATUS_PAGE}
    _tell(row, "application_message", facts, key=f"message:{message.id}", actor=actor)


@joins_transaction
def tell_defects_step(
    row: ServiceApplication, *, what: str, what_en: str, due: date, key: str, actor: Actor
) -> None:  # fmt: skip
    """Say what is to be mended, and until when, before the supply can be switched on."""
    facts: dict[str, Fact] = {"number": row.number, "what": what, "what_en": what_en, "due": due, "link": STATUS_PAGE}
    _tell(row, "application_defects", facts, key=key, actor=actor)


@joins_transaction
def tell_move_step(row: ServiceApplication, action: ApplicationAction, *, reason: str, actor: Actor) -> None:
    """
    Tell of a move that matters to the applicant; moves inside the house are not told.

    Of the offer itself tells ``offers.send_step``, of the supply that begins ``billing.operations.energizing``.
    """
    key = f"{row.id}:{action}:{row.state_since.isoformat()}"
    facts: dict[str, Fact] = {"number": row.number, "link": STATUS_PAGE}
    if action in _EVENTS:
        _tell(row, _EVENTS[action], facts, key=key, actor=actor)
    elif action in _REASONED:
        _tell(row, _REASONED[action], {**facts, "reason": reason[:480]}, key=key, actor=actor)
    elif row.state == ApplicationState.APPLIED and action is ApplicationAction.SEND_BACK:
        tell_papers_step(row, what=reason[:480], key=key, actor=actor)


def applicant(row: ServiceApplication) -> Recipient:
    """Return who applied, as they said that they are reached."""
    return Recipient(name=row.name, language=row.language, mobile=row.phone if row.is_mobile else "", email=row.email)


def _tell(
    row: ServiceApplication, event: str, facts: Mapping[str, Fact], *, key: str, actor: Actor,
    recipient: Recipient | None = None,
) -> None:  # fmt: skip
    """Tell the customer, or who applied as long as there is none, or as asked; nobody whom no way reaches."""
    if row.customer_id is not None and recipient is None:
        notices.queue_step(
            event=event, customer_id=row.customer_id, account_id=row.account_id, facts=facts, key=f"application:{key}",
            actor=actor,
        )  # fmt: skip
        return
    recipient = recipient or applicant(row)
    if not recipient.mobile and not recipient.email:
        return
    notices.queue_step(event=event, recipient=recipient, facts=facts, key=f"application:{key}", actor=actor)
