"""
Mail, by what MAIL_SERVICE names: SMTP, files, or a mail service through django-anymail.

What is refused at once for the address itself is undeliverable. What comes back later is told by the mail service
(``mail_service``) or by a mail to BOUNCE_ADDRESS (``mailbox``); both know the sending by its signed name, which is the
Message-ID, part of the envelope's sender, and given to the mail service beside the mail.
"""

import hashlib
import hmac
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Final

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.domain import bounce_codes, mail_tokens, notice_texts
from accounts.domain.mail_tokens import Sending
from accounts.domain.receipts import Outcome
from accounts.gateways.undeliverable import GatewayDown, Undeliverable

MARK: Final = "wattline_notice"
"""Under this name a mail service gives the name of the sending back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    One mail to one mailbox.

    sending        which sending of which notice it is; a crash repeats it under the same Message-ID; None: no notice,
                   so nothing that comes back is told of it
    message_id     the Message-ID of what is no notice
    sender         whom it is from, beside the address of DEFAULT_FROM_EMAIL
    refuse_url     where such mail is switched off; "" = it is no advertising
    """

    to: str
    subject: str
    body: str
    language: str
    sender: str
    sending: Sending | None
    message_id: str = ""
    refuse_url: str = ""


def token_key() -> bytes:
    """Return the key that signs the names of sendings; only this installation knows it."""
    return hmac.new(settings.SECRET_KEY.encode(), b"sendings of notices", hashlib.sha256).digest()


def send(mail: Mail) -> str:
    """
    Send a mail, as text and as HTML; return its Message-ID, or the mail service's own name of it.

    :raises Undeliverable: the server does not know the mailbox.
    :raises GatewayDown: the server took nothing.
    """
    message = _message(mail)
    try:
        taken = message.send()
    except SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()), (0, b""))
        raise _answer(code, words) from refused
    except SMTPResponseException as refused:
        raise _answer(refused.smtp_code, refused.smtp_error) from refused
    except AnymailRecipientsRefused as refused:
        raise Undeliverable("refused", notice_texts.one_line(str(refused))[:200]) from refused
    except AnymailAPIError as error:
        raise GatewayDown(notice_texts.one_line(str(error))[:500]) from error
    if not taken:
        raise GatewayDown("the mail server took nothing")
    return _proof(message)


def _message(mail: Mail) -> EmailMultiAlternatives:
    name = mail_tokens.token(mail.sending, key=token_key()) if mail.sending else ""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    sender = formataddr((notice_texts.one_line(mail.sender), address))
    headers = {
        "Message-ID": f"<{name}@{address.rpartition('@')[2] or 'localhost'}>" if name else mail.message_id,
        "Auto-Submitted": "auto-generated",
    }
    if settings.CASE_ADDRESS and name:
        headers["Reply-To"] = settings.CASE_ADDRESS
    if mail.refuse_url:
        headers["List-Unsubscribe"] = f"<{mail.refuse_url}>"
    returns_to = ""
    if settings.BOUNCE_ADDRESS and name:
        returns_to = mail_tokens.envelope(settings.BOUNCE_ADDRESS, name=name)
        headers["From"] = sender
    paragraphs = notice_texts.paragraphs(mail.body, site=settings.SITE_URL)
    context = {"mail": mail, "paragraphs": paragraphs, "site": settings.SITE_URL}
    message = EmailMultiAlternatives(
        subject=notice_texts.one_line(mail.subject),
        body=mail.body,
        from_email=returns_to or sender,
        to=[mail.to],
        headers=headers,
        alternatives=[(render_to_string("documents/mail.html", context), "text/html")],
    )
    # The backends of django-anymail read this; others do not look at it.
    if name:
        vars(message)["metadata"] = {MARK: name}
    return message


def _proof(message: EmailMultiAlternatives) -> str:
    status = getattr(message, "anymail_status", None)
    named = getattr(status, "message_id", None)
    return str(named)[:200] if isinstance(named, str) and named else message.extra_headers["Message-ID"]


def _answer(code: int, words: bytes | str) -> Exception:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    text = notice_texts.one_line(f"{code} {said}")
    is_address = bounce_codes.judged(said=text) is Outcome.BOUNCED
    return Undeliverable("unknown_mailbox", text) if is_address else GatewayDown(text)
