"""
JSON of others, kept as it was written.

What a client posted comes back as it was: a number keeps its digits (30.0 stays 30.0, and 0.1000000000000000055 its
last digit), a text its characters. [source: OpenADR 3.1.0 Definition, object model: the VTN keeps what clients write]
"""

import json
import math
import re
from typing import Any, Final, NoReturn, Self

from cis.kernel.errors import Refused

BYTES_MOST: Final = 256 * 1024
DEPTH_MOST: Final = 20
DIGITS_MOST: Final = 100
_FAR: Final = re.compile(r"[eE][+-]?0*[1-9][0-9]{3}")
"""An exponent of four digits, which the numbers of a database do not reach."""
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


class BadDocument(Refused):
    """The body is no JSON object that can be kept."""

    code = "bad_document"


class Written(float):
    """A number with its digits as they were written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """
        Keep a number.

        :raises BadDocument: no computer of others could read it again.
        """
        made = super().__new__(cls, text)
        if not math.isfinite(made) or len(text) > DIGITS_MOST or _FAR.search(text) is not None:
            raise BadDocument("A number is too large or too small, or has too many digits.")
        made.text = text
        return made


def parsed(body: bytes) -> dict[str, Any]:
    """
    Return the object that a body is.

    :raises BadDocument: it is no JSON object, too large, too deep, or has a text or number that cannot be kept.
    """
    if len(body) > BYTES_MOST:
        raise BadDocument(f"A document has at most {BYTES_MOST} bytes.")
    try:
        found = json.loads(
            body.decode(), parse_float=Written, parse_int=_whole, parse_constant=_refuse, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise BadDocument("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadDocument("The body is not a JSON object.")
    _look_through(found, DEPTH_MOST)
    return found


def kept(text: str) -> dict[str, Any]:
    """Return the object that a kept text is; its numbers are as they were written."""
    found: dict[str, Any] = json.loads(text, parse_float=Written)
    return found


def written(value: Any) -> str:
    """Return a value as JSON in ASCII."""
    if isinstance(value, Written):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(one) for one in value) + "]"
    return json.dumps(value)


def is_kept(text: str) -> bool:
    """Return whether a database can keep a text and look for it."""
    return _NO_TEXT.search(text) is None


def _whole(text: str) -> int:
    if len(text) > DIGITS_MOST:
        raise BadDocument("A number has too many digits.")
    return int(text)


def _refuse(name: str) -> NoReturn:
    raise BadDocument(f"{name} is no number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadDocument("An object names something twice.")
    return found


def _look_through(value: Any, depth: int) -> None:
    if depth == 0:
        raise BadDocument(f"A document is at most {DEPTH_MOST} levels deep.")
    if isinstance(value, dict):
        for name, one in value.items():
            _look_through(name, depth - 1)
            _look_through(one, depth - 1)
    elif isinstance(value, list):
        for one in value:
            _look_through(one, depth - 1)
    elif isinstance(value, str) and not is_kept(value):
        raise BadDocument("A text has characters that are none.")
