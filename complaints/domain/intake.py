"""What is taken in, checked before anything is kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from cis.kernel.errors import Findings, Refused
from complaints.domain.kinds import CaseChannel, CaseKind

TITLE_MOST = 120
TEXT_MOST = 4_000
NAME_MOST = 200
PHONE_MOST = 40
EMAIL_MOST = 254
REFERENCE_MOST = 80
PLACE_MOST = 300
NUMBER_DIGITS = 7


class BadCase(Refused):
    """What was said cannot be kept as a case."""

    code = "bad_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """
    A case as it comes in.

    is_kind_open   nobody has said what kind it is: it may become that of the class that is suggested
    title, text    in one line, and as it was said
    language       in which the caller is answered; "": the customer's, or that of the text
    class_code     "": nobody has said yet what it is about
    is_anonymous   the caller does not want to be known: nothing is kept of who it was
    about_team_id  the team that is complained about, about_user_id: the person
    bill_id        the bill that is disputed
    authority      code of the authority that referred it, with its own number
    reference      number of it where it comes from; the same one of a sender counts once
    request_key    of the form: the same form sent twice is one case, the same form with other words another one
    sends_crew     a fault that it tells of is reported at once; False: not before a person has said that it is one
    """

    kind: CaseKind
    channel: CaseChannel
    title: str
    text: str
    class_code: str = ""
    caller_name: str = ""
    caller_phone: str = ""
    caller_email: str = ""
    language: str = ""
    is_kind_open: bool = False
    is_anonymous: bool = False
    customer_id: int | None = None
    account_id: int | None = None
    service_point_id: int | None = None
    district: str = ""
    place: str = ""
    about_team_id: int | None = None
    about_user_id: int | None = None
    bill_id: int | None = None
    authority: str = ""
    authority_number: str = ""
    reference: str = ""
    request_key: str = ""
    sends_crew: bool = True


def checked(new: NewCase) -> NewCase:
    """
    Return a case as it is kept: without spaces at the ends, and of an anonymous caller without who it was.

    :raises BadCase: it says nothing, is too long, names an account of nobody, or an authority for another way in.
    """
    title, text, faults = " ".join(new.title.split()), new.text.strip(), Findings()
    if not text:
        faults.add("text", "case_says_nothing", "Nothing is said.", "Write down what the caller says.")
    for name, value, most in (
        ("title", title, TITLE_MOST), ("text", text, TEXT_MOST), ("caller_name", new.caller_name, NAME_MOST),
        ("caller_phone", new.caller_phone, PHONE_MOST), ("caller_email", new.caller_email, EMAIL_MOST),
        ("reference", new.reference, REFERENCE_MOST), ("authority_number", new.authority_number, REFERENCE_MOST),
        ("place", new.place, PLACE_MOST),
    ):  # fmt: skip
        if len(value) > most:
            faults.add(name, "too_long", f"At most {most} characters are kept.", "Say it shorter.")
    if (new.channel is CaseChannel.REGULATOR) != bool(new.authority):
        message = "What an authority refers names the authority, and nothing else does."
        faults.add("authority", "bad_authority", message, "Choose channel and authority that fit.")
    if new.is_anonymous and (new.customer_id or new.account_id):
        message = "A caller who wants to stay unknown has no account here."
        faults.add("is_anonymous", "not_anonymous", message, "Take it without the account.")
    faults.raise_if_any(BadCase)
    kept = replace(new, title=title or text.splitlines()[0][:TITLE_MOST], text=text, place=new.place.strip())
    if new.is_anonymous:
        return replace(kept, caller_name="", caller_phone="", caller_email="")
    return replace(
        kept, caller_name=new.caller_name.strip(), caller_phone=new.caller_phone.strip(),
        caller_email=new.caller_email.strip(),
    )  # fmt: skip


def form_key(new: NewCase) -> str:
    """Return under what a form is kept: by its key and what it says, so that other words are not lost for the key."""
    if not new.request_key:
        return ""
    return sha256(f"{new.request_key} {new.account_id} {new.bill_id} {new.text}".encode()).hexdigest()


def number_of(serial: int, *, year: int) -> str:
    """Return the number of a case as it is told: year and serial, ``K20260000017``."""
    return f"K{year:04d}{serial:0{NUMBER_DIGITS}d}"


def is_within(*, earlier_at: datetime, at: datetime, days: int) -> bool:
    """Return whether something happened at most so many times 24 hours ago."""
    return 0 <= (at - earlier_at).total_seconds() <= days * 86_400
