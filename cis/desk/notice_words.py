"""Words for notices: ways, states, classes, and why something did not arrive."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CHANNELS: Mapping[str, Any] = {
    "sms": _("SMS"),
    "email": _("Mail"),
    "post": _("Letter"),
    "inbox": _("Inbox of the portal"),
}
CLASSES: Mapping[str, Any] = {
    "service": _("Supply and service"),
    "money": _("Bills and payments"),
    "marketing": _("Offers"),
}
STATES: Mapping[str, Any] = {
    "queued": _("Waits"),
    "sent": _("Sent"),
    "delivered": _("Arrived"),
    "bounced": _("Came back"),
    "failed": _("Failed"),
    "suppressed": _("Not sent"),
    "withdrawn": _("Withdrawn"),
}
REASONS: Mapping[str, Any] = {
    "outdated": _("Something newer was told before it could be sent."),
    "no_consent": _("The customer does not want it this way."),
    "to_the_place": _("To the supply address: no postal address is known that works."),
    "no_contact": _("No number or address is known."),
    "bounced_before": _("The number or address does not work; nobody has mended it yet."),
    "bounced": _("The gateway could not bring it to this number or address."),
    "failed": _("It was lost, or refused for what it says."),
    "returned": _("It came back: the mailbox is full, or its server was not reached in time."),
    "complained": _("The customer called it unwanted."),
    "withdrawn": _("It was withdrawn before it was sent."),
    "gateway_down": _("The gateway could not be reached in ten attempts."),
    "unknown_number": _("Nobody has this number."),
    "unknown_mailbox": _("The mail server knows no such mailbox."),
    "refused": _("The gateway refused this number."),
    "not_proven": _("It has a secret, and nobody proved that the number is the customer's."),
    "number_taken": _("Another customer proved that the number is theirs."),
}
MAILING_STATES: Mapping[str, Any] = {
    "waiting": _("Waits for approval"),
    "sending": _("Is being sent"),
    "sent": _("Sent"),
    "dropped": _("Dropped"),
}
BATCH_STATES: Mapping[str, Any] = {
    "open": _("Not handed over yet"),
    "posted": _("Handed to the post"),
}
FACT_KINDS: Mapping[str, Any] = {
    "text": _("Words"),
    "date": _("Date"),
    "period": _("Period"),
    "money": _("Amount"),
    "number": _("Quantity"),
    "link": _("Link to the portal"),
    "secret": _("Code, kept hidden"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "notice": STATES,
    "notice_channel": CHANNELS,
    "notice_class": CLASSES,
    "notice_reason": REASONS,
    "mailing": MAILING_STATES,
    "fact_kind": FACT_KINDS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("notice", "queued"): "info",
    ("notice", "sent"): "ok",
    ("notice", "delivered"): "ok",
    ("notice", "bounced"): "bad",
    ("notice", "failed"): "bad",
    ("notice", "suppressed"): "warn",
    ("notice", "withdrawn"): "warn",
    ("mailing", "waiting"): "warn",
    ("mailing", "sending"): "info",
    ("mailing", "sent"): "ok",
}
