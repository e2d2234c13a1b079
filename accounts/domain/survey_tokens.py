"""
The signed name of a question to a customer: whoever has it answers without signing in, once.

Nobody can make up the name of somebody else's question.
"""

import hashlib
import hmac
import re
from typing import Final

_TOKEN: Final = re.compile(r"([1-9][0-9]{0,17})\.([0-9a-f]{24})", re.ASCII)
_CHECK: Final = 24


def token(survey_id: int, *, key: bytes) -> str:
    """Return the name of a question, as 17.4f1a..."""
    return f"{survey_id}.{_check(survey_id, key)}"


def found(text: str, *, key: bytes) -> int | None:
    """Return the question that a name is of; None: it is none of ours."""
    match = _TOKEN.fullmatch(text)
    if match is None or not hmac.compare_digest(_check(int(match.group(1)), key), match.group(2)):
        return None
    return int(match.group(1))


def _check(survey_id: int, key: bytes) -> str:
    return hmac.new(key, f"survey {survey_id}".encode(), hashlib.sha256).hexdigest()[:_CHECK]
