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
    span = hours * 3_600
    since = datetime.fromtimestamp(at.timestamp() // span * span, tz=at.tzinfo)
    source = f"{settings.SECRET_KEY}|{name}|{request.META.get('REMOTE_ADDR', '')}"
    key = hashlib.sha256(source.encode()).hexdigest()
    # Not part of a transaction: a refused request counts too.
    ((count,),) = db.fetch(
        """
        INSERT INTO platform_ratecount (key, since, count) VALUES (%s, %s, 1)
        ON CONFLICT (key, since) DO UPDATE SET count = platform_ratecount.count + 1 RETURNING count
        """,
        [key, since],
    )
    if count > most:
        raise TooManyRequests("Too many requests came from here.", advice="Try again later, or call us.")


def forget(at: datetime) -> None:
    """Delete counts of spans that are over."""
    RateCount.objects.filter(since__lt=at - KEPT).delete()
