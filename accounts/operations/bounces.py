"""
Mails that come back, read from the mailbox of BOUNCE_ADDRESS.

Each mail is one transaction and is marked after it, so a crash reads one mail twice at most; the second time it
changes nothing, since it names a sending that has its answer.
"""

from datetime import datetime

import structlog
from django.conf import settings

from accounts.domain import bounce_mails
from accounts.gateways import mail, mailbox
from accounts.operations import notice_receipts
from cis.platform import jobs

WORK = "bounces"
MAILS_MOST = 500
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:  # noqa: ARG001 (the signature of all work)
    """
    Read what came back, at most 500 mails at a time; nothing where no mailbox is named.

    :raises GatewayDown: the mailbox is not reached; it is tried again when this falls due again.
    """
    if not settings.BOUNCE_MAILBOX:
        return
    with jobs.alone(WORK) as is_ours:
        if is_ours:
            _read_all()


def _read_all() -> None:
    with mailbox.opened() as box:
        for name in box.unread(most=MAILS_MOST):
            found = bounce_mails.read(box.read(name), key=mail.token_key())
            if found is not None:
                notice_receipts.take(found=[found])
            else:
                log.info("mail_says_nothing", name=name)
            box.mark(name, is_ours=found is not None)
