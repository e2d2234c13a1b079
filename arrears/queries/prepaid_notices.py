"""Whether the customer of a prepaid account has the notice that its balance is used up."""

from datetime import datetime

from cis.platform.db import fetch

# The notice of the last time that the line was crossed; one that the gateway took back proves nothing.
_TOLD = """
    SELECT min(CASE n.channel WHEN 'inbox' THEN n.read_at WHEN 'post' THEN n.sent_at
                    ELSE CASE WHEN %(delivered)s THEN n.settled_at ELSE n.sent_at END END)
    FROM (SELECT id FROM billing_prepaidmove
          WHERE prepayment_id = %(id)s AND level = 'pending' ORDER BY id DESC LIMIT 1) m
    JOIN accounts_notice n ON n.event = 'prepaid_pending' AND n.key = 'prepaid:' || m.id
    WHERE n.channel IN ('sms', 'email') AND (n.state = 'delivered' OR n.state = 'sent' AND NOT %(delivered)s)
       OR n.channel = 'post' AND n.state IN ('sent', 'delivered')
       OR n.channel = 'inbox' AND n.read_at IS NOT NULL
"""


def told_at(*, prepayment_id: int, is_delivered: bool) -> datetime | None:
    """
    Return when the customer was shown to have the notice of the last crossing; None: nothing shows it. One statement.

    :param is_delivered: a text or a mail has to be delivered; False: to be sent is enough.
    """
    ((found,),) = fetch(_TOLD, {"id": prepayment_id, "delivered": is_delivered})
    return found  # type: ignore[no-any-return]
