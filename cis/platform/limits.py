"""How often the public may do something: counted in PostgreSQL, so that all processes count together."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from cis.kernel.errors import Refused
from cis.platform import db
from cis.platform.models import RateCount

KEPT = timedelta(days=1)


class TooManyRequests(Refused):
    """So often from one place is refused."""

    code = "too_many_requests"


def take(*, name: str, request: HttpRequest, most: int, hours: int, at: datetime) -> None:
    """
    Count one request from the visitor's address; the address itself is not kept.

    :raises TooManyRequests: more than ``most`` came within the running span of ``hours``.
    """
    take_of(name=name, of=str(request.META.get("REMOTE_ADDR", "")), most=most, hours=hours, at=at)


def take_of(*, name: str, of: str, most: int, hours: int, at: datetime) -> None:
    """
    Count one request about something, as a number that was typed; the thing itself is not kept.

    :raises TooManyRequests: more than ``most`` came within the running span of ``hours``.
    """
    # Not part of a transaction: a refused request counts too.
    ((count,),) = db.fetch(
        """
        INSERT INTO platform_ratecount (key, since, count) VALUES (%s, %s, 1)
        ON CONFLICT (key, since) DO UPDATE SET count = platform_ratecount.count + 1 RETURNING count
        """,
        [_key(name, of), _since(hours, at)],
    )
    if count > most:
        raise TooManyRequests("Too many requests came from here.", advice="Try again later, or call us.")


def clear_of(*, name: str, of: str, hours: int, at: datetime) -> None:
    """Count anew what was counted of something in the running span: it was right."""
    RateCount.objects.filter(key=_key(name, of), since=_since(hours, at)).delete()


def _key(name: str, of: str) -> str:
    return hashlib.sha256(f"{settings.SECRET_KEY}|{name}|{of}".encode()).hexdigest()


def _since(hours: int, at: datetime) -> datetime:
    span = hours * 3_600
    return datetime.fromtimestamp(at.timestamp() // span * span, tz=at.tzinfo)


def forget(at: datetime) -> None:
    """Delete counts of spans that are over."""
    RateCount.objects.filter(since__lt=at - KEPT).delete()
