"""
What a mail service tells of mails it took: delivered, bounced, complained. django-anymail checks and reads its posts.

A post counts only if it is proved: by the signature of the service, or by the name and password in
ANYMAIL_WEBHOOK_SECRET. Without either, all posts are refused.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.conf import settings
from django.http import HttpRequest

from accounts.domain import bounce_codes, mail_tokens
from accounts.domain.receipts import RECEIPTS_MOST, BadReceipt, BadSignature, Outcome, Receipt
from accounts.gateways import mail
from cis.kernel.errors import Refused

BYTES_MOST: Final = 1024 * 1024
VIEWS: Final[Mapping[str, str]] = {
    "brevo": "BrevoTrackingWebhookView",
    "mailersend": "MailerSendTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView",
    "mailjet": "MailjetTrackingWebhookView",
    "mailtrap": "MailtrapTrackingWebhookView",
    "mandrill": "MandrillCombinedWebhookView",
    "postal": "PostalTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
    "unisender_go": "UnisenderGoTrackingWebhookView",
}
"""The mail services that tell; what MAIL_SERVICE may name beside smtp and files."""
_PLAIN: Final = {
    EventType.DELIVERED: Outcome.DELIVERED,
    EventType.COMPLAINED: Outcome.COMPLAINED,
    EventType.UNSUBSCRIBED: Outcome.COMPLAINED,
    EventType.FAILED: Outcome.FAILED,
}
_HARD: Final = frozenset({RejectReason.INVALID, RejectReason.BOUNCED})


class NoMailService(Refused):
    """MAIL_SERVICE names none that tells what became of mails."""

    code = "no_mail_service"


def opened(request: HttpRequest) -> tuple[Receipt, ...]:
    """
    Return what a post of the mail service says of our mails; what it says of others, or of opened mails, is left out.

    :raises NoMailService: none is set.
    :raises BadSignature: the post is not proved.
    :raises BadReceipt: it cannot be read, or is too large.
    """
    name = settings.MAIL_SERVICE
    if name not in VIEWS:
        raise NoMailService("No mail service is set.")
    if len(request.body) > BYTES_MOST:
        raise BadReceipt(f"More than {BYTES_MOST} bytes.")
    try:
        view = getattr(import_module(f"anymail.webhooks.{name}"), VIEWS[name])()
        if view.warn_if_no_basic_auth and not view.basic_auth:
            raise BadSignature("ANYMAIL_WEBHOOK_SECRET is not set.")
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, AnymailConfigurationError) as refused:
        raise BadSignature("The post of the mail service is not proved.") from refused
    try:
        events = view.parse_events(request)
        found = [_receipt(event) for event in events if isinstance(event, AnymailTrackingEvent)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadReceipt("The post of the mail service cannot be read.") from error
    if len(found) > RECEIPTS_MOST:
        raise BadReceipt(f"At most {RECEIPTS_MOST} events are told at once.")
    return tuple(one for one in found if one is not None)


def _receipt(event: Any) -> Receipt | None:
    outcome = _outcome(event)
    if outcome is None:
        return None
    said = " ".join(str(one) for one in (event.mta_response, event.description, event.reject_reason) if one)[:200]
    named = event.metadata.get(mail.MARK, "") if isinstance(event.metadata, Mapping) else ""
    sending = mail_tokens.found(str(named), key=mail.token_key())
    if sending is not None:
        return Receipt(outcome, notice_id=sending.notice_id, resent=sending.resent, reason=said)
    proof = str(event.message_id or "")[:200]
    return Receipt(outcome, proof=proof, reason=said) if proof else None


def _outcome(event: Any) -> Outcome | None:
    """Return what an event means; None of what is no news: taken, opened, put off while the service still tries."""
    if event.event_type not in {EventType.BOUNCED, EventType.REJECTED}:
        return _PLAIN.get(event.event_type)
    judged = bounce_codes.judged(said=str(event.mta_response or ""))
    if judged is Outcome.FAILED and event.reject_reason == RejectReason.TIMED_OUT:
        return Outcome.RETURNED
    return Outcome.BOUNCED if judged is Outcome.FAILED and event.reject_reason in _HARD else judged
