"""
A head end that is reached by HTTP: commands go there, answers and values are fetched from there.

    POST <HEAD_END_URL>/commands           Authorization: Bearer <HEAD_END_TOKEN>   Idempotency-Key: wattline-17
         {"reference", "meter", "command", "until", "value_w", "value_until"}
         -> 200, 201 or 202                it has it, also for the second time
         -> 400, 404, 409, 410 or 422      {"error": "why"}: it will never do it
         -> 429 or 503                     it was not taken, for sure: it is sent again
         -> anything else                  whether it was taken is not known: it is sent again under the same name
    GET  <HEAD_END_URL>/answers?most=200   -> {"answers": [{"id", "reference", "kind", "at", "reason", "readings"}]}
    POST <HEAD_END_URL>/answers/confirm    {"ids": [...]}    also those that cannot be read: they would come for ever
    GET  <HEAD_END_URL>/messages?cursor=&most=1000   -> {"messages": [...], "cursor": "..."}

Messages are those of ``metering.domain.head_end_messages``. It is not followed elsewhere: an answer that points to
another place is none.
"""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import structlog

from metering.domain.device_commands import REASON_MOST, Answer, AnswerKind, Order, Reading
from metering.domain.formats.faults import LineFault
from metering.domain.head_end_messages import parsed
from metering.gateways.head_end import BadAnswer, Declined, Pulled, Unreachable

TIMEOUT_SECONDS: Final = 20
BYTES_MOST: Final = 32 * 1024 * 1024
CURSOR_MOST: Final = 400
TAKEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
DECLINED: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
NOT_NOW: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HttpHeadEnd:
    """A head end at an address; see the module for what is said."""

    url: str
    token: str

    def send(self, order: Order) -> None:
        """Hand over a command; see ``HeadEnd``."""
        told = {
            "reference": order.reference,
            "meter": order.serial,
            "command": order.command.value,
            "until": order.until.isoformat(),
            "value_w": order.value_w,
            "value_until": order.value_until.isoformat() if order.value_until else None,
        }
        status, body = self._ask("POST", "/commands", told, key=order.reference)
        if status in TAKEN:
            return
        if status in DECLINED:
            raise Declined(_reason(body) or f"the head end answered {status}")
        if status in NOT_NOW:
            raise Unreachable(f"the head end answered {status}")
        raise BadAnswer(f"the head end answered {status}")

    def answers(self, *, most: int) -> Sequence[Answer]:
        """
        Return answers that were not confirmed yet, oldest first.

        One that cannot be read is logged and confirmed, so that it does not stand before the others for ever.
        """
        found, unread = [], []
        for row in _rows(self._get("/answers", {"most": str(most)}), "answers")[:most]:
            try:
                found.append(_answer(row))
            except BadAnswer as error:
                name = _id_of(row)
                log.warning("answer_not_read", answer_id=name, row=str(row)[:REASON_MOST], error=str(error))
                unread += [name] if name else []
        if unread:
            self._put_away(unread)
        return found

    def _put_away(self, answer_ids: Sequence[str]) -> None:
        """Confirm answers that cannot be read; where that fails they are given again, and the others are taken."""
        try:
            self.confirm(answer_ids)
        except (Unreachable, BadAnswer) as error:
            log.warning("answers_not_put_away", answer_ids=list(answer_ids), error=str(error))

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Say that answers are kept."""
        status, _body = self._ask("POST", "/answers/confirm", {"ids": list(answer_ids)})
        if status not in TAKEN and status != HTTPStatus.NO_CONTENT:
            raise BadAnswer(f"the head end answered {status}")

    def pull(self, *, cursor: str, most: int) -> Pulled:
        """Return what meters said after a cursor."""
        found = self._get("/messages", {"cursor": cursor, "most": str(most)})
        after = found.get("cursor")
        if not isinstance(after, str) or len(after) > CURSOR_MOST:
            raise BadAnswer("the head end gave no cursor")
        return Pulled(messages=tuple(_rows(found, "messages")), cursor=after)

    def _get(self, path: str, wanted: dict[str, str]) -> dict[str, Any]:
        status, body = self._ask("GET", f"{path}?{urlencode(wanted)}", None)
        if status != HTTPStatus.OK:
            raise BadAnswer(f"the head end answered {status}")
        try:
            return parsed(body)
        except LineFault as error:
            raise BadAnswer(f"the head end's answer cannot be read: {error}") from error

    def _ask(self, method: str, path: str, told: dict[str, Any] | None, *, key: str = "") -> tuple[int, bytes]:
        """
        Return status and body of one request.

        :raises Unreachable: there is no connection: nothing was sent.
        :raises BadAnswer: the connection broke, or the answer is too large: whether it was heard is not known.
        """
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        headers |= {"Content-Type": "application/json"} if told is not None else {}
        headers |= {"Idempotency-Key": key} if key else {}
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise Unreachable(f"the head end is not reached: {type(error).__name__}") from error
            try:
                connection.request(method, parts.path + path, None if told is None else json.dumps(told), headers)
                response = connection.getresponse()
                body = response.read(BYTES_MOST + 1)
            except (OSError, http.client.HTTPException) as error:
                raise BadAnswer(f"the line to the head end broke: {type(error).__name__}") from error
        finally:
            connection.close()
        if len(body) > BYTES_MOST:
            raise BadAnswer("the head end's answer is too large")
        return response.status, body


def _reason(body: bytes) -> str:
    try:
        given = parsed(body)
    except LineFault:
        return ""
    error = given.get("error")
    return error[:REASON_MOST] if isinstance(error, str) else ""


def _rows(found: dict[str, Any], name: str) -> list[Any]:
    rows = found.get(name)
    if not isinstance(rows, list):
        raise BadAnswer(f"the head end gave no {name}")
    return rows


def _id_of(row: Any) -> str:
    """Return by which name an answer is confirmed; "": it has none."""
    name = row.get("id") if isinstance(row, dict) else None
    return str(name) if isinstance(name, str | int) and not isinstance(name, bool) else ""


def _answer(row: Any) -> Answer:
    """
    Return an answer.

    :raises BadAnswer: it cannot be read.
    """
    try:
        at = datetime.fromisoformat(row["at"])
        if at.tzinfo is None:
            raise ValueError("no offset")  # noqa: TRY301 - as any other time that cannot be read
        if not _id_of(row):
            raise ValueError("no id")  # noqa: TRY301 - it could not be confirmed
        return Answer(
            answer_id=_id_of(row),
            reference=str(row["reference"]),
            kind=AnswerKind(row["kind"]),
            at=at,
            reason=str(row.get("reason") or "")[:REASON_MOST],
            readings=tuple(
                Reading(register=str(one["register"]), reading_wh=_wh(one["reading_wh"]))
                for one in row.get("readings") or ()
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"an answer of the head end cannot be read: {type(error).__name__}") from error


def _wh(text: Any) -> int:
    found = int(text)
    if not 0 <= found < 10**15:
        raise ValueError("no reading")
    return found
