"""What becomes of a mail that came into the inbox, and why."""

from enum import StrEnum
from typing import Final


class MailFate(StrEnum):
    """
    What became of a mail.

    CASE   it is a case of its own
    ADDED  it was added to the case that it answers
    LEFT   nobody wrote it: an answering machine, a report of a mail server, a list, or ourselves
    TASK   a person has to look at it
    """

    CASE = "case"
    ADDED = "added"
    LEFT = "left"
    TASK = "task"


class MailReason(StrEnum):
    """
    Why a mail was left, or waits for a person.

    BOUNCE      a mail server reports on a mail of ours
    AUTOMATIC   an answering machine wrote it
    LIST        it went to many: a list, an advertisement
    OURS        we wrote it ourselves
    UNREADABLE  it cannot be read as a mail, or names nobody who wrote it
    TOO_LARGE   larger than what is taken
    EMPTY       it says nothing, and has no picture
    TOO_MANY    one sender wrote more in a day than is taken without a look
    SAME_ID     another mail of the same Message-ID says something else
    ENDED       it answers a case that has ended
    REFUSED     it could not be kept as a case
    FAILED      something broke while it was taken in
    """

    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    LIST = "list"
    OURS = "ours"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    TOO_MANY = "too_many"
    SAME_ID = "same_id"
    ENDED = "ended"
    REFUSED = "refused"
    FAILED = "failed"


MACHINES: Final = (MailReason.BOUNCE, MailReason.AUTOMATIC, MailReason.LIST, MailReason.OURS)
"""Reasons for which a mail is left: nobody waits for an answer, and an answer might go round for ever."""
