"""What the made-up customers are told beside their bills: one planned outage, by mail, SMS and inbox."""

from datetime import date

from django.utils import timezone

from accounts.domain.mailing import NewMailing, Words
from accounts.domain.receipts import Outcome, Receipt
from accounts.operations import mailings, notice_receipts
from accounts.queries import notices, users
from accounts.queries.notices import Wanted
from billing.operations import mailings as proposals
from billing.queries.mailing_targets import Choice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.queries import places

CLERK = "clerk"
GONE = 2
WORDS = {
    "zh-hans": Words(
        subject="计划停电通知",
        body="{{ name }}：\n\n您好！因线路检修，您所在区域将于下周二 9:00 至 12:00 停电，给您带来不便，敬请谅解。\n\n"
        "如有特殊用电需要，请致电 {{ supplier_phone }}。\n{{ supplier }}",
        sms="【{{ supplier }}】因线路检修，您所在区域将于下周二9:00至12:00停电，如有疑问请致电{{ supplier_phone }}。",
    ),
    "en": Words(
        subject="Planned outage",
        body="Dear {{ name }},\n\n"
        "lines are maintained next Tuesday: there is no power in your area from 9:00 "
        "to 12:00. We are sorry for that.\n\n"
        "You depend on power at that time? Call {{ supplier_phone }}.\n{{ supplier }}",
        sms="{{ supplier }}: no power in your area next Tuesday 9:00 to 12:00, lines are maintained. "
        "Questions: {{ supplier_phone }}.",
    ),
}


def build(*, today: date) -> None:
    """Send a mailing to one district in the clerk's name; two of its mailboxes do not exist any more."""
    clerk = next(one for one in users.staff() if one.username == CLERK)
    actor = Actor(ActorKind.STAFF, clerk.id, clerk.username, frozenset({Role.CLERK}))
    new = NewMailing(title="Planned outage / 计划停电", event="announcement", words=WORDS)
    choice = Choice(district=places.all_districts()[0])
    mailing_id = proposals.propose(new=new, choice=choice, today=today, actor=actor)
    mailings.approve(mailing_id=mailing_id, actor=actor)
    mailings.work(timezone.now())
    sent = notices.listed(wanted=Wanted(mailing_id=mailing_id, channel="email"), most=GONE)
    told = [
        Receipt(Outcome.BOUNCED, notice_id=one.id, proof=f"demo-{one.id}", reason="unknown_mailbox") for one in sent
    ]
    notice_receipts.take(found=told)
