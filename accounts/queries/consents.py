"""What customers said of classes of notices and ways."""

from dataclasses import dataclass

from accounts.domain.notice_events import Channel, NoticeClass
from accounts.models.notice import Consent

WAYS = (Channel.SMS, Channel.EMAIL, Channel.POST)
"""The ways that somebody may choose; what belongs to the supply always lies in the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whether notices of a class go by a way; ``is_said``: the customer said so, else it holds by law."""

    notice_class: NoticeClass
    channel: Channel
    is_on: bool
    is_said: bool


def of_customer(*, customer_id: int) -> tuple[Choice, ...]:
    """
    Return what holds for each class and way; one statement.

    Without a word of the customer, what belongs to the supply contract goes, and advertising does not.
    [source: 个人信息保护法 (2021) art 13 no 2; 广告法 (2021) art 43]
    """
    rows = Consent.objects.filter(customer_id=customer_id).values_list("notice_class", "channel", "is_given")
    said = {(kind, channel): is_given for kind, channel, is_given in rows}
    return tuple(
        Choice(
            notice_class=kind,
            channel=channel,
            is_on=said.get((kind.value, channel.value), kind is not NoticeClass.MARKETING),
            is_said=(kind.value, channel.value) in said,
        )
        for kind in NoticeClass
        for channel in (*WAYS, *((Channel.INBOX,) if kind is NoticeClass.MARKETING else ()))
    )
