"""Mails as people, machines and attackers write them."""

from datetime import UTC, datetime
from email.message import EmailMessage

from complaints.domain.mail_fates import MailFate
from complaints.operations import mails

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai


def mail(
    *, sender="王芳 <fang@example.com>", subject="电费太高", text="上月电费是估抄的。", message_id="", **headers
) -> EmailMessage:
    """A mail that somebody wrote."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "care@power.example", subject
    if message_id:
        made["Message-ID"] = message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def taken(made: EmailMessage | bytes, *, uid="1", at=AT, is_whole=True, validity=1) -> MailFate:
    """What became of a mail that was taken in."""
    raw = made if isinstance(made, bytes) else made.as_bytes()
    place = mails.Place(mailbox="care@mail.example/INBOX", uid_validity=validity, uid=uid)
    return mails.take(raw=raw, is_whole=is_whole, place=place, ours=frozenset({"noreply@power.example"}), at=at)
