"""VENs of OpenADR for the desk: whose they are, for whom their resources answer, and whether their callbacks arrive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Count, Max, Q

from cis.platform import keys
from contracts.domain.openadr import ObjectKind
from contracts.domain.openadr_text import kept
from contracts.models.openadr import OpenAdrObject
from contracts.models.program import Enrollment
from contracts.queries.openadr import LIVE, UnknownObject


@dataclass(frozen=True, slots=True, kw_only=True)
class VenCard:
    """
    A VEN as a list shows it.

    client_id      name of its key
    has_key        the key is there, and was not revoked
    resources      so many it has; of these ``linked`` answer for an enrolment
    subscriptions  of its client; ``failing``: so many were not taken when they were called back last
    """

    id: int
    name: str
    client_id: str
    has_key: bool
    created_at: datetime
    blocked_at: datetime | None
    targets: tuple[str, ...]
    resources: int
    linked: int
    subscriptions: int
    failing: int

    @property
    def state(self) -> str:
        """Return blocked, no_key, failing or open."""
        if self.blocked_at is not None:
            return "blocked"
        if not self.has_key:
            return "no_key"
        return "failing" if self.failing else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCard:
    """A resource, and the enrolment that it answers for. None, "", empty: for none; ``program``: its names."""

    id: int
    name: str
    targets: tuple[str, ...]
    enrollment_id: int | None
    account_number: str
    program: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCard:
    """
    A subscription of a client; of its addresses only the host is shown.

    called_at  when it was called back last; None: never yet
    error      why it was not taken; "": it was
    """

    id: int
    objects: tuple[str, ...]
    operations: tuple[str, ...]
    hosts: tuple[str, ...]
    called_at: datetime | None
    error: str

    @property
    def state(self) -> str:
        """Return never, failing or taken."""
        if self.called_at is None:
            return "never"
        return "failing" if self.error else "taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenDetail:
    """A VEN with all that belongs to it. ``reported_at``: when its client reported last; None: never yet."""

    card: VenCard
    resources: tuple[ResourceCard, ...]
    subscriptions: tuple[SubscriptionCard, ...]
    reports: int
    reported_at: datetime | None


def listed(*, offset: int = 0, most: int = 50) -> tuple[VenCard, ...]:
    """Return some VENs, the oldest first; four statements."""
    rows = OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.VEN.value)
    return _cards(rows.order_by("id")[offset : offset + most])


def count() -> int:
    """Return how many there are; one statement."""
    return OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.VEN.value).count()


def one(*, ven_id: int) -> VenDetail:
    """
    Return a VEN; seven statements.

    :raises UnknownObject: there is none.
    """
    found = _cards(OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.VEN.value, id=ven_id))
    if not found:
        raise UnknownObject(f"There is no VEN {ven_id}.")
    [card] = found
    resources = OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.RESOURCE.value, ven_id=ven_id).order_by("id")
    own = OpenAdrObject.objects.filter(LIVE, client_id=card.client_id)
    subscriptions = own.filter(kind=ObjectKind.SUBSCRIPTION.value).order_by("id")
    said = own.filter(kind=ObjectKind.REPORT.value).aggregate(n=Count("id"), last=Max("modified_at"))
    return VenDetail(
        card=card,
        resources=tuple(_resource(row) for row in resources.select_related(*_JOINED)),
        subscriptions=tuple(_subscription(row) for row in subscriptions),
        reports=said["n"], reported_at=said["last"],
    )  # fmt: skip


def ven_of(*, resource_id: int) -> int:
    """
    Return the VEN of a resource; one statement.

    :raises UnknownObject: there is no such resource.
    """
    rows = OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.RESOURCE.value, id=resource_id)
    found = rows.values_list("ven_id", flat=True).first()
    if found is None:
        raise UnknownObject(f"There is no resource {resource_id}.")
    return found


_JOINED = ("enrollment__account", "enrollment__program")


def _cards(rows: Iterable[OpenAdrObject]) -> tuple[VenCard, ...]:
    found = list(rows)
    clients = {row.client_id for row in found}
    known = keys.scopes_of(names=clients)
    resources: dict[int | None, Mapping[str, Any]] = {
        row["ven_id"]: row
        for row in OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.RESOURCE.value, ven__in=found)
        .values("ven_id").annotate(n=Count("id"), n_linked=Count("enrollment_id")).order_by()
    }  # fmt: skip
    subscriptions: dict[str, Mapping[str, Any]] = {
        row["client_id"]: row
        for row in OpenAdrObject.objects.filter(LIVE, kind=ObjectKind.SUBSCRIPTION.value, client_id__in=clients)
        .values("client_id").annotate(n=Count("id"), n_failing=Count("id", filter=~Q(call_error=""))).order_by()
    }  # fmt: skip
    return tuple(
        VenCard(
            id=row.id, name=row.name, client_id=row.client_id, has_key=row.client_id in known,
            created_at=row.created_at, blocked_at=row.blocked_at, targets=tuple(row.targets),
            resources=resources.get(row.id, {}).get("n", 0), linked=resources.get(row.id, {}).get("n_linked", 0),
            subscriptions=subscriptions.get(row.client_id, {}).get("n", 0),
            failing=subscriptions.get(row.client_id, {}).get("n_failing", 0),
        )
        for row in found
    )  # fmt: skip


def _resource(row: OpenAdrObject) -> ResourceCard:
    joined: Enrollment | None = row.enrollment
    return ResourceCard(
        id=row.id, name=row.name, targets=tuple(row.targets), enrollment_id=row.enrollment_id,
        account_number=joined.account.number if joined else "",
        program={"zh": joined.program.name_zh, "en": joined.program.name_en} if joined else {},
    )  # fmt: skip


def _subscription(row: OpenAdrObject) -> SubscriptionCard:
    wishes = kept(row.document)["objectOperations"]
    return SubscriptionCard(
        id=row.id, objects=_all(wish["objects"] for wish in wishes),
        operations=_all(wish["operations"] for wish in wishes),
        hosts=_all([urlsplit(wish["callbackUrl"]).netloc] for wish in wishes), called_at=row.called_at,
        error=row.call_error,
    )  # fmt: skip


def _all(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for some in lists for one in some))
