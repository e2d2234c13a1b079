"""Messages are pushed where Wattline takes them, in order, each page until it is taken."""

import http.client
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from accounts.domain.receipts import sign
from cis.demo.head_end.orders import Book
from cis.demo.head_end.saying import Message

PAGE: Final = 2_000
TIMEOUT_SECONDS: Final = 60
WAIT_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 3.0
Page = Callable[[str, int], tuple[list[Message], str]]


def push_all(*, url: str, key: bytes, page: Page, book: Book, ended: Event) -> None:
    """
    Push messages until ``ended`` is set; how far they are taken is in the journal, so nothing is left out.

    :param url: address of ``POST /api/v1/head-end/messages``.
    :param page: gives messages after a cursor, and the next cursor.
    """
    while not ended.is_set():
        found, cursor = page(book.pushed, PAGE)
        if not found:
            ended.wait(WAIT_SECONDS)
        elif _is_taken(url, key, found, name=book.pushed or "first"):
            book.note({"pushed": cursor})
        else:
            ended.wait(AGAIN_SECONDS)


def _is_taken(url: str, key: bytes, messages: list[Message], *, name: str) -> bool:
    """Push messages once; return whether they are taken. Who does not answer is asked again later."""
    body = json.dumps({"messages": messages}).encode()
    signed = sign(body=body, message_id=f"simulator:{name}", at_seconds=int(time.time()), key=key)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        headers = {**signed.headers, "Content-Type": "application/json"}
        connection.request("POST", parts.path, signed.body, headers)
        return connection.getresponse().status == HTTPStatus.ACCEPTED
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
