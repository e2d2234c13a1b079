"""Rights of customers over their own data: the rule of the place, what is due, what was exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from accounts.domain.privacy import OPEN_ERASURES, ErasureReason, ErasureState, ExportState, PrivacyRule
from accounts.models.account import AccountHolder
from accounts.models.customer import Customer
from accounts.models.privacy import DataExport, Erasure
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import packs, personal
from cis.platform.db import fetch
from cis.platform.models import Document
from cis.platform.personal import Obstacle


class UnknownErasure(Refused):
    """There is no such erasure."""

    code = "unknown_erasure"


class UnknownExport(Refused):
    """There is no such export, or not for whoever asks."""

    code = "unknown_export"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCard:
    """
    One line of the list of erasures.

    external_id, account_id  of who stands in the place of a customer who was merged
    """

    id: int
    customer_id: int
    external_id: str
    customer_name: str
    account_id: int | None
    state: ErasureState
    reason: ErasureReason
    since_date: date
    asker_kind: str
    asker_id: int | None
    asker_name: str
    created_at: datetime
    decider_name: str
    decider_kind: str
    decided_at: datetime | None
    done_at: datetime | None
    stuck: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCard:
    """An export as a page shows it."""

    id: int
    state: ExportState
    created_at: datetime
    expires_date: date | None
    asker_name: str
    fetched: int
    document_id: int | None


def rule(*, at: date) -> PrivacyRule:
    """
    Return how long personal data are kept at a place.

    :raises MissingRule: the pack does not say it: nothing is erased there.
    """
    return PrivacyRule(**packs.rule("personal_data", at=at))


def rule_or_none(*, at: date) -> PrivacyRule | None:
    """Return the same; None where the pack has no such rule."""
    try:
        return rule(at=at)
    except packs.MissingRule:
        return None


def since_date(*, customer_id: int) -> date | None:
    """Return the day from which the retention counts: the last account was given up or closed; None: one is held."""
    ((last, running, created),) = fetch(
        """
        SELECT max(upper(h.period)), bool_or(upper_inf(h.period)), c.created_at::date FROM accounts_customer c
        LEFT JOIN accounts_accountholder h ON h.customer_id = c.id WHERE c.id = %s GROUP BY c.id
        """,
        [customer_id],
    )
    return None if running else last or created


def obstacles(*, customer_id: int, reason: ErasureReason, today: date) -> tuple[Obstacle, ...]:
    """Return all that stands against overwriting the data of a customer now."""
    kept = rule(at=today)
    since = since_date(customer_id=customer_id)
    found = list(personal.obstacles(customer_id=customer_id, account_ids=_own_accounts(customer_id)))
    if since is None:
        return tuple(found) or (Obstacle(code="account_open"),)
    if (due := kept.due_date(since, reason)) > today:
        found.append(Obstacle(code="retention", until_date=due))
    shared = shared_files(customer_id=customer_id, kept=kept)
    if shared and (last := max(shared.values())) > today:
        found.append(Obstacle(code="shared_files", until_date=last))
    return tuple(found)


def shared_files(*, customer_id: int, kept: PrivacyRule) -> dict[int, date]:
    """Return the files that name a customer among others, with the day from which each may be destroyed."""
    tables = personal.shared_documents_of(customer_id=customer_id)
    rows = Document.objects.filter(id__in=list(tables), erased_at=None).values_list("id", "created_at")
    return {
        row_id: kept.letters_until(made.date())
        if tables[row_id] == "accounts_printbatch"
        else kept.shared_until(made.date())
        for row_id, made in rows
    }


def candidates(*, before: date, after_id: int, most: int) -> list[int]:
    """
    Return customers who gave up their last account before a day and are not on the list, by id; one statement.

    Who was merged into another customer goes with that one.
    """
    found = fetch(
        """
        SELECT c.id FROM accounts_customer c
        WHERE c.id > %(after)s AND c.erased_at IS NULL AND c.merged_into_id IS NULL AND c.created_at < %(before)s
          AND NOT EXISTS (SELECT FROM accounts_accountholder h WHERE h.customer_id = c.id
                          AND (upper_inf(h.period) OR upper(h.period) > %(before)s))
          AND NOT EXISTS (SELECT FROM accounts_erasure e WHERE e.customer_id = c.id
                          AND (e.state = ANY(%(open)s) OR e.state = 'dropped' AND e.decided_at > %(before)s))
        ORDER BY c.id LIMIT %(most)s
        """,
        {"after": after_id, "before": before, "open": [str(one) for one in OPEN_ERASURES], "most": most},
    )
    return [one for (one,) in found]


def listed(*, state: str = "", offset: int = 0, most: int = 50) -> tuple[ErasureCard, ...]:
    """Return erasures, the latest first; two statements."""
    rows = Erasure.objects.select_related("customer__merged_into").order_by("-id")
    if state:
        rows = rows.filter(state=state)
    return _cards(rows[offset : offset + most])


def one(*, erasure_id: int) -> ErasureCard:
    """
    Return an erasure.

    :raises UnknownErasure: there is none.
    """
    found = _cards(Erasure.objects.select_related("customer__merged_into").filter(id=erasure_id))
    if not found:
        raise UnknownErasure(f"There is no erasure {erasure_id}.", erasure_id=erasure_id)
    return found[0]


def by_ids(*, erasure_ids: Sequence[int]) -> dict[int, ErasureCard]:
    """Return erasures by id; two statements for any number."""
    found = _cards(Erasure.objects.select_related("customer__merged_into").filter(id__in=list(erasure_ids)))
    return {card.id: card for card in found}


def open_of(*, customer_id: int) -> ErasureCard | None:
    """Return the erasure of a customer that is under way, or was done; None: there is none."""
    rows = Erasure.objects.select_related("customer__merged_into").filter(customer_id=customer_id)
    found = _cards(rows.exclude(state=ErasureState.DROPPED.value).order_by("-id")[:1])
    return found[0] if found else None


def waiting_count() -> int:
    """Return how many erasures wait for a second person; one statement."""
    return Erasure.objects.filter(state=ErasureState.DUE.value).count()


def is_erased(*, customer_id: int) -> bool:
    """Return whether the data of a customer were overwritten; one statement."""
    return Customer.objects.filter(id=customer_id, erased_at__isnull=False).exists()


def exports(*, customer_id: int, actor: Actor, most: int = 20) -> tuple[ExportCard, ...]:
    """Return the exports of a customer that somebody asked for, the latest first; one statement."""
    return tuple(_export(row) for row in _of(customer_id, actor).order_by("-id")[:most])


def export(*, export_id: int, customer_id: int, actor: Actor) -> ExportCard:
    """
    Return an export of whoever asked for it.

    :raises UnknownExport: there is none, or somebody else asked for it: what each may know is in it.
    """
    row = _of(customer_id, actor).filter(id=export_id).first()
    if row is None:
        raise UnknownExport(f"There is no export {export_id}.", export_id=export_id)
    return _export(row)


def _of(customer_id: int, actor: Actor) -> QuerySet[DataExport]:
    """Return what somebody asked for of a customer, and of who was merged into them since."""
    mine = Q(asker_id=actor.id, asker_kind=str(actor.kind))
    theirs = Q(customer_id=customer_id) | Q(customer__merged_into_id=customer_id)
    return DataExport.objects.filter(mine, theirs)


def _own_accounts(customer_id: int) -> list[int]:
    """Return the accounts that nobody held after the customer."""
    rows = fetch(
        """
        SELECT DISTINCT h.account_id FROM accounts_accountholder h WHERE h.customer_id = %s
        AND NOT EXISTS (SELECT FROM accounts_accountholder o WHERE o.account_id = h.account_id
                        AND o.customer_id <> h.customer_id AND lower(o.period) >= lower(h.period))
        """,
        [customer_id],
    )
    return [one for (one,) in rows]


def _cards(rows: QuerySet[Erasure]) -> tuple[ErasureCard, ...]:
    found = list(rows)
    standing = [row.customer.merged_into_id or row.customer_id for row in found]
    held = AccountHolder.objects.filter(customer_id__in=standing).order_by("account_id")
    accounts = dict(held.values_list("customer_id", "account_id"))
    return tuple(
        ErasureCard(
            id=row.id,
            customer_id=row.customer_id,
            external_id=(row.customer.merged_into or row.customer).external_id,
            customer_name=row.customer.name,
            account_id=accounts.get(row.customer.merged_into_id or row.customer_id),
            state=ErasureState(row.state),
            reason=ErasureReason(row.reason),
            since_date=row.since_date,
            asker_kind=row.asker_kind,
            asker_id=row.asker_id,
            asker_name=row.asker_name,
            created_at=row.created_at,
            decider_name=row.decider_name,
            decider_kind=_kind(row.decider_id),
            decided_at=row.decided_at,
            done_at=row.done_at,
            stuck=row.stuck,
            rows=sum(row.counts.values()),
        )
        for row in found
    )


def _kind(person_id: int | None) -> str:
    """Return what sort of actor decided; "" = nobody did."""
    if person_id is None:
        return ""
    return str(ActorKind.CLIENT if person_id < 0 else ActorKind.STAFF)


def _export(row: DataExport) -> ExportCard:
    return ExportCard(
        id=row.id,
        state=ExportState(row.state),
        created_at=row.created_at,
        expires_date=row.expires_date,
        asker_name=row.asker_name,
        fetched=row.fetched,
        document_id=row.document_id,
    )
