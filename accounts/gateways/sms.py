"""
SMS: a gateway takes a text for a number, and tells later by a signed receipt what became of it.

SMS_GATEWAY names the gateway. ``http`` speaks to a service by one POST for each message; ``sandbox``, the default,
keeps the messages on this machine and answers as a service would.

    POST <SMS_GATEWAY_URL>   Authorization: Bearer <SMS_GATEWAY_TOKEN>   Idempotency-Key: notice:17
    {"to": "+8613812345678", "text": "...", "reference": "notice:17", "receipt_url": "https://.../api/v1/receipts"}
    -> 200, 201 or 202 {"id": "the service's own name of the message"}
    -> 400, 404, 410 or 422 {"error": "unknown_number"}   the number does not work; anything else is tried again
"""

import hashlib
import hmac
import http.client
import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.domain import receipts
from accounts.domain.receipts import Outcome, Signed
from accounts.gateways.undeliverable import GatewayDown, Undeliverable

TIMEOUT_SECONDS: Final = 20
ANSWER_BYTES_MOST: Final = 64 * 1024
TAKEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
REFUSED: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
RECEIPTS_PATH: Final = "/api/v1/receipts"
REASON: Final = re.compile(r"[a-z_]{1,40}")
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a gateway says at once: its own name of the message; ``receipt`` of the sandbox, which answers by itself."""

    proof: str
    receipt: Signed | None = None


class SmsGateway(Protocol):
    """Somebody who brings a text to a number."""

    def send(self, *, to: str, text: str, reference: str) -> Taken:
        """
        Take a message; the same reference again is the same message.

        :raises Undeliverable: the number does not work.
        :raises GatewayDown: it was not taken, and may be tried again.
        """


def gateway() -> SmsGateway:
    """
    Return the gateway that SMS_GATEWAY names.

    :raises ImproperlyConfigured: there is none of this name, or its address is missing or not safe.
    """
    if settings.SMS_GATEWAY == "sandbox":
        return SandboxSms(Path(settings.VAR_DIR) / "sms")
    if settings.SMS_GATEWAY != "http":
        raise ImproperlyConfigured("SMS_GATEWAY is sandbox or http.")
    url = urlsplit(settings.SMS_GATEWAY_URL)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOCAL):
        raise ImproperlyConfigured("SMS_GATEWAY_URL begins with https://, or names this machine.")
    return HttpSms(settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN)


def receipt_key() -> bytes:
    """Return the key that signs receipts: NOTICE_WEBHOOK_SECRET, else one that only this installation knows."""
    configured: str = settings.NOTICE_WEBHOOK_SECRET
    if configured:
        return configured.encode()
    return hmac.new(settings.SECRET_KEY.encode(), b"receipts of notices", hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class HttpSms:
    """A service that is reached by HTTP; it is not followed elsewhere."""

    url: str
    token: str

    def send(self, *, to: str, text: str, reference: str) -> Taken:
        """Send one message; see ``SmsGateway``."""
        told = {"to": to, "text": text, "reference": reference, "receipt_url": f"{settings.SITE_URL}{RECEIPTS_PATH}"}
        status, answer = self._post(json.dumps(told, ensure_ascii=False).encode(), reference)
        if status in TAKEN:
            return Taken(str(answer.get("id", ""))[:200])
        if status in REFUSED:
            error = str(answer.get("error", ""))
            raise Undeliverable(error if REASON.fullmatch(error) else "refused", f"{status} {error}"[:200])
        raise GatewayDown(f"the SMS gateway answered {status}")

    def _post(self, body: bytes, reference: str) -> tuple[int, dict[str, object]]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": reference,
        }
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers)
            response = connection.getresponse()
            said = response.read(ANSWER_BYTES_MOST)
        except (OSError, http.client.HTTPException) as error:
            raise GatewayDown(f"the SMS gateway is not reached: {type(error).__name__}") from error
        finally:
            connection.close()
        try:
            answer = json.loads(said or b"{}")
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}


@dataclass(frozen=True, slots=True)
class SandboxSms:
    """
    Keeps messages as files, one line of JSON each, and answers by a receipt: delivered, except to two kinds of numbers.

    ...0000  is refused at once, as a number that nobody has
    ...0001  is taken, and bounces
    """

    folder: Path

    def send(self, *, to: str, text: str, reference: str) -> Taken:
        """Keep one message; see ``SmsGateway``."""
        if to.endswith("0000"):
            raise Undeliverable("unknown_number", "the sandbox knows no such number")
        self.folder.mkdir(parents=True, exist_ok=True)
        at = int(time.time())
        told = json.dumps({"at": at, "to": to, "text": text, "reference": reference}, ensure_ascii=False)
        with (self.folder / "sent.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"{told}\n")
        proof = f"sandbox-{reference}"
        outcome = Outcome.BOUNCED if to.endswith("0001") else Outcome.DELIVERED
        said = {"id": proof, "reference": reference, "outcome": outcome.value}
        body = json.dumps({"receipts": [said]}).encode()
        return Taken(proof, receipts.sign(body=body, message_id=proof, at_seconds=at, key=receipt_key()))
