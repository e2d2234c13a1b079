"""Which accounts of a customer are asked for by one bill: agreed, changed, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.queries import accounts
from billing.models.consolidated import Consolidation, ConsolidationMember
from billing.queries import consolidated_rules
from billing.queries.consolidated import UnknownConsolidation
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import execute, opens_transaction

ACCOUNTS_MOST = 5_000
NAME_MOST, ADDRESS_MOST = 100, 300


class BadConsolidation(Refused):
    """Accounts cannot be billed together like that."""

    code = "bad_consolidation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What is agreed.

    lead_account_id  one of the accounts; gets what is paid too much
    address          where the paper goes; "": the customer's own
    """

    customer_id: int
    name: str
    lead_account_id: int
    account_ids: tuple[int, ...]
    address: str = ""


@opens_transaction
def agree(*, terms: Terms, from_date: date, today: date, actor: Actor) -> int:
    """
    Agree that bills of accounts which are issued from a day on are asked for together.

    :returns: id of the consolidation.
    :raises MissingRule: it is not offered at this place.
    :raises BadConsolidation: fewer than two accounts, one that the customer does not hold, or a day that is past.
    """
    consolidated_rules.of(today)
    _check(terms, from_date, today)
    row = Consolidation.objects.create(
        customer_id=terms.customer_id,
        lead_account_id=terms.lead_account_id,
        name=terms.name.strip(),
        address=terms.address.strip(),
        actor_id=actor.id,
    )
    _add(row.id, terms.account_ids, from_date)
    audit.record(
        actor, "agree_consolidation", "customer", terms.customer_id, consolidation=row.id,
        accounts=len(terms.account_ids), from_date=from_date,
    )  # fmt: skip
    return row.id


@opens_transaction
def change(*, consolidation_id: int, terms: Terms, from_date: date, today: date, actor: Actor) -> None:
    """
    Change who is billed together from a day on; bills that are collected already stay so.

    :raises UnknownConsolidation: there is none that runs.
    :raises BadConsolidation: as ``agree`` says.
    """
    row = _locked(consolidation_id)
    if row.customer_id != terms.customer_id:
        raise BadConsolidation("It is another customer's.", advice="Look at the customer again.")
    _check(terms, from_date, today)
    members = ConsolidationMember.objects.filter(consolidation_id=row.id, period__endswith=None)
    now = set(members.values_list("account_id", flat=True))
    _leave(row.id, sorted(now - set(terms.account_ids)), from_date)
    _add(row.id, sorted(set(terms.account_ids) - now), from_date)
    row.name, row.address, row.lead_account_id = terms.name.strip(), terms.address.strip(), terms.lead_account_id
    row.save(update_fields=["name", "address", "lead_account_id"])
    audit.record(
        actor, "change_consolidation", "customer", row.customer_id, consolidation=row.id,
        joined=sorted(set(terms.account_ids) - now), left=sorted(now - set(terms.account_ids)), from_date=from_date,
    )  # fmt: skip


@opens_transaction
def end(*, consolidation_id: int, from_date: date, today: date, actor: Actor) -> None:
    """
    End it: bills that are issued from a day on are asked for on their own; what waits comes with a last one.

    :raises UnknownConsolidation: there is none that runs.
    :raises BadConsolidation: the day is past.
    """
    row = _locked(consolidation_id)
    _check_day(from_date, today)
    members = ConsolidationMember.objects.filter(consolidation_id=row.id, period__endswith=None)
    _leave(row.id, sorted(members.values_list("account_id", flat=True)), from_date)
    row.ended_date = from_date
    row.save(update_fields=["ended_date"])
    audit.record(
        actor, "end_consolidation", "customer", row.customer_id, consolidation=row.id, from_date=from_date
    )  # fmt: skip


def _locked(consolidation_id: int) -> Consolidation:
    # Bills that are being issued refer to it, and hold accounts: they are not to wait for this.
    rows = Consolidation.objects.select_for_update(no_key=True)
    row = rows.filter(id=consolidation_id, ended_date=None).first()
    if row is None:
        raise UnknownConsolidation(f"There is no consolidation {consolidation_id} that runs.")
    return row


def _check(terms: Terms, from_date: date, today: date) -> None:
    _check_day(from_date, today)
    wanted = set(terms.account_ids)
    if not 1 < len(wanted) <= ACCOUNTS_MOST or len(wanted) != len(terms.account_ids):
        raise BadConsolidation(
            f"One bill is for 2 to {ACCOUNTS_MOST} accounts.", advice="Choose the accounts.", field="accounts"
        )
    held = {
        span.account_id for span in accounts.held_by(customer_id=terms.customer_id) if span.holds(from_date)
    }  # fmt: skip
    if not wanted <= held:
        raise BadConsolidation(
            "The customer does not hold all of these accounts on that day.", advice="Choose others.", field="accounts"
        )
    if terms.lead_account_id not in wanted:
        raise BadConsolidation(
            "The account for what is paid too much is not one of them.", advice="Choose one.", field="lead_account"
        )
    if not 0 < len(terms.name.strip()) <= NAME_MOST or len(terms.address.strip()) > ADDRESS_MOST:
        raise BadConsolidation("A short name is needed.", advice="Name it as the customer does.", field="name")


def _check_day(from_date: date, today: date) -> None:
    if from_date < today:
        raise BadConsolidation(f"{from_date} is past.", advice="Choose today or later.", field="from_date")


def _add(consolidation_id: int, account_ids: Sequence[int], from_date: date) -> None:
    try:
        with transaction.atomic():
            ConsolidationMember.objects.bulk_create(
                ConsolidationMember(
                    consolidation_id=consolidation_id, account_id=account_id, period=DateRange(from_date, None)
                )
                for account_id in account_ids
            )
    except IntegrityError as error:
        raise BadConsolidation(
            "One of the accounts is on another consolidated bill.", advice="Take it off there first.", field="accounts"
        ) from error


def _leave(consolidation_id: int, account_ids: Sequence[int], from_date: date) -> None:
    """End memberships; one that has not begun by then never was."""
    values = {"id": consolidation_id, "accounts": list(account_ids), "day": from_date}
    execute(
        """DELETE FROM billing_consolidationmember
           WHERE consolidation_id = %(id)s AND account_id = ANY(%(accounts)s) AND lower(period) >= %(day)s""",
        values,
    )
    execute(
        """UPDATE billing_consolidationmember SET period = daterange(lower(period), %(day)s)
           WHERE consolidation_id = %(id)s AND account_id = ANY(%(accounts)s) AND upper_inf(period)""",
        values,
    )
