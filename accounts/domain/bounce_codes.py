"""
What mail servers mean when they do not deliver: whose fault it is, and whether it passes.

[source: RFC 3463 (enhanced status codes), RFC 5321 section 4.2.3 (reply codes), RFC 7505, IANA registry of SMTP
enhanced status codes]
"""

import re
from typing import Final

from accounts.domain.receipts import Outcome

_ENHANCED: Final = re.compile(r"(?<![0-9.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])", re.ASCII)
_REPLY: Final = re.compile(r"(?<![0-9.])([45][0-9]{2})(?=[ -])", re.ASCII)
_PASSING: Final = frozenset({(2, 2), (4, 7)})
"""Permanent answers that pass: a mailbox that is full, a message that waited too long."""
_OURS: Final = frozenset({(1, 7), (1, 8), (2, 3)})
"""Of the classes "address" and "mailbox" those that are about the sender or the message."""
_ADDRESS: Final = frozenset({(4, 1), (4, 4), (4, 310), (7, 13), (7, 17)})
"""Of other classes those that say that the address does not work: no such domain or host, mailbox closed or moved."""
_NO_MAILBOX: Final = frozenset({"550", "551", "553"})
CLASS_ADDRESS, CLASS_MAILBOX = 1, 2


def judged(*, status: str = "", said: str) -> Outcome:
    """
    Return what a refusal means.

    BOUNCED   the address does not work
    RETURNED  it came back for something that passes: a full mailbox, a server that was not reached in time
    FAILED    it came back, but not because of the address: spam filter, size, policy; or the server does not say why

    :param status: the enhanced status code of a report, as "5.1.1"; "" = there is none.
    :param said: what the server said, as "550 5.1.1 <fang@example.com> User unknown".
    """
    reply = _REPLY.search(said)
    for text in (status, said):
        found = _ENHANCED.search(text)
        # x.0.0 says nothing but permanent or not; the words of the server may say more.
        if found and (found.group(2) != "0" or found.group(1) == "4"):
            return _by_status(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if reply is None:
        return Outcome.FAILED
    if reply.group(1).startswith("4") or reply.group(1) == "552":
        return Outcome.RETURNED
    return Outcome.BOUNCED if reply.group(1) in _NO_MAILBOX else Outcome.FAILED


def _by_status(level: int, subject: int, detail: int) -> Outcome:
    place = (subject, detail)
    if level == 4 or place in _PASSING:  # noqa: PLR2004 (4.x.x: persistent transient failure)
        return Outcome.RETURNED
    if place in _OURS:
        return Outcome.FAILED
    return Outcome.BOUNCED if subject in {CLASS_ADDRESS, CLASS_MAILBOX} or place in _ADDRESS else Outcome.FAILED
