"""
Mail, by whatever EMAIL_BACKEND names: SMTP, files, or a backend of a mail service, as those of django-anymail.

What the server refuses at once for the address itself is undeliverable; what comes back later is told by a receipt.
"""

from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.domain import notice_texts
from accounts.gateways.undeliverable import GatewayDown, Undeliverable

# Of the permanent answers those that are about the mailbox. [source: RFC 5321 section 4.2.3; RFC 3463 class X.1]
MAILBOX_CODES: Final = frozenset({550, 551, 553})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    One mail to one mailbox.

    message_id     the same for a mail that is sent again
    sender         whom it is from, beside the address of DEFAULT_FROM_EMAIL
    refuse_url     where such mail is switched off; "" = it is no advertising
    """

    to: str
    subject: str
    body: str
    language: str
    sender: str
    message_id: str
    refuse_url: str = ""


def send(mail: Mail) -> str:
    """
    Send a mail, as text and as HTML; return its Message-ID.

    :raises Undeliverable: the server does not know the mailbox.
    :raises GatewayDown: the server took nothing.
    """
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    if mail.refuse_url:
        headers["List-Unsubscribe"] = f"<{mail.refuse_url}>"
    subject = notice_texts.one_line(mail.subject)
    paragraphs = notice_texts.paragraphs(mail.body, site=settings.SITE_URL)
    context = {"mail": mail, "paragraphs": paragraphs, "site": settings.SITE_URL}
    message = EmailMultiAlternatives(
        subject=subject,
        body=mail.body,
        from_email=formataddr((notice_texts.one_line(mail.sender), parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[mail.to],
        headers=headers,
        alternatives=[(render_to_string("documents/mail.html", context), "text/html")],
    )
    try:
        taken = message.send()
    except SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()), (0, b""))
        raise _answer(code, words) from refused
    except SMTPResponseException as refused:
        raise _answer(refused.smtp_code, refused.smtp_error) from refused
    if not taken:
        raise GatewayDown("the mail server took nothing")
    return mail.message_id


def _answer(code: int, words: bytes | str) -> Exception:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    text = notice_texts.one_line(f"{code} {said}")
    return Undeliverable("unknown_mailbox", text) if code in MAILBOX_CODES else GatewayDown(text)
