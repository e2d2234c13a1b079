"""Whether the customer of a prepaid account has the notice that its balance is used up."""

from collections.abc import Collection
from datetime import datetime

from cis.platform.db import fetch

# The notice of the last time that the line was crossed; one that the gateway took back proves nothing.
_TOLD = """
    SELECT m.prepayment_id,
           min(CASE n.channel WHEN 'inbox' THEN n.read_at WHEN 'post' THEN n.sent_at
                    ELSE CASE WHEN %(delivered)s THEN n.settled_at ELSE n.sent_at END END)
    FROM (SELECT DISTINCT ON (prepayment_id) id, prepayment_id FROM billing_prepaidmove
          WHERE prepayment_id = ANY(%(ids)s) AND level = 'pending' ORDER BY prepayment_id, id DESC) m
    JOIN accounts_notice n ON n.event = 'prepaid_pending' AND n.key = 'prepaid:' || m.id
    WHERE n.channel IN ('sms', 'email') AND (n.state = 'delivered' OR n.state = 'sent' AND NOT %(delivered)s)
       OR n.channel = 'post' AND n.state IN ('sent', 'delivered')
       OR n.channel = 'inbox' AND n.read_at IS NOT NULL
    GROUP BY m.prepayment_id
"""


def told_at(*, prepayment_id: int, is_delivered: bool) -> datetime | None:
    """
    Return when the customer was shown to have the notice of the last crossing; None: nothing shows it. One statement.

    :param is_delivered: a text or a mail has to be delivered; False: to be sent is enough.
    """
    return told_of(prepayment_ids=[prepayment_id], is_delivered=is_delivered).get(prepayment_id)


def told_of(*, prepayment_ids: Collection[int], is_delivered: bool) -> dict[int, datetime | None]:
    """Return the same of several prepayments, by prepayment; one statement."""
    return dict(fetch(_TOLD, {"ids": list(prepayment_ids), "delivered": is_delivered}))
