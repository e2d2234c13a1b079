"""Crews, work orders and slots."""

from datetime import date, time, timedelta
from io import BytesIO
from itertools import count

from django.utils import timezone
from PIL import Image

from accounts.models.user import User
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.models.work import AppointmentSlot, Crew, CrewMember, WorkOrder
from tests.factories import metering
from tests.factories.accounts import staff

_serial = count(1)
DESK = Actor(kind=ActorKind.STAFF, id=None, name="Desk", roles=frozenset({Role.METERING}))


def crew(*, members: int = 1, **values) -> Crew:
    """A crew with field workers of its own."""
    made = Crew.objects.create(**{"name": f"Crew {next(_serial)}", **values})
    for _ in range(members):
        CrewMember.objects.create(crew=made, user=staff(Role.FIELD))
    return made


def actor_of(made: Crew) -> Actor:
    """The first member of a crew, at work."""
    member = made.members.select_related("user").first().user
    return Actor(kind=ActorKind.STAFF, id=member.id, name=member.username, roles=frozenset({Role.FIELD}))


def order(*, crew: Crew | None = None, on: date | None = None, **values) -> WorkOrder:
    """A work order for a re-read; with a crew it is assigned, today by default."""
    at = values.pop("at", None) or metering.premises()
    defaults = {
        "kind": "re_read", "subject": "test", "subject_id": next(_serial), "premises": at, "address": at.address,
        "district": at.district, "due_date": timezone.localdate() + timedelta(days=3),
    }  # fmt: skip
    if crew is not None:
        defaults |= {"state": "assigned", "crew": crew, "planned_date": on or timezone.localdate()}
    return WorkOrder.objects.create(**{**defaults, **values})


def slot(*, of: Crew, days: int = 1, capacity: int = 1, start: time = time(9), end: time = time(12)) -> AppointmentSlot:
    """A slot some days from now."""
    day = timezone.localdate() + timedelta(days=days)
    return AppointmentSlot.objects.create(crew=of, date=day, start_time=start, end_time=end, capacity=capacity)


def photo(*, kind: str = "JPEG", size: tuple[int, int] = (64, 48), exif: Image.Exif | None = None) -> BytesIO:
    """A picture as a phone sends it, of a colour of its own: sixteen apart, as JPEG rounds closer ones to one."""
    written, serial = BytesIO(), next(_serial)
    more = {"exif": exif} if exif is not None else {}
    Image.new("RGB", size, (serial % 16 * 16, serial // 16 % 16 * 16, 40)).save(written, kind, **more)
    written.seek(0)
    return written


def join(made: Crew, *, username: str) -> User:
    """Put somebody who is there into a crew."""
    user = User.objects.get(username=username)
    CrewMember.objects.create(crew=made, user=user)
    return user
