"""
When bills are due: as the supply contract in force says, else as the pack says for the class of the account.

Where nothing is supplied any more, as at the final bill, the last contract that was in force says it still: of who
holds the account, never of somebody who held it before.
"""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from billing.queries.account_classes import CLASS, OF_ACCOUNT
from cis.platform.db import fetch
from contracts.queries import due_days

_END = "coalesce(c.ended_date, c.extended_to_date, c.end_date, 'infinity')"
# Versions of a contract share its number: the last one that began says what is agreed. One that was taken back before
# its first day ended on that day.
OF_ACCOUNTS = f"""
    SELECT one.account_id, coalesce(
        agreed.payment_days, (%(days)s::jsonb ->> {CLASS})::int, (%(days)s::jsonb ->> %(other)s)::int) AS days
    FROM unnest(%(accounts)s::bigint[]) AS one (account_id)
    {OF_ACCOUNT.format(account="one.account_id", day="%(day)s::date")}
    LEFT JOIN LATERAL (
        SELECT v.payment_days FROM (
            SELECT DISTINCT ON (c.number) c.id, c.account_id, c.payment_days, c.start_date, {_END} AS end_date
            FROM contracts_supplycontract c
            WHERE c.account_id = one.account_id AND c.customer_id = held.customer_id AND c.signed_at IS NOT NULL
              AND c.start_date <= %(day)s AND {_END} > c.start_date
            ORDER BY c.number, c.version DESC) v
        WHERE v.end_date > %(day)s OR NOT EXISTS (
            SELECT FROM contracts_serviceagreement g WHERE g.account_id = v.account_id AND g.period @> %(day)s::date)
        ORDER BY v.end_date > %(day)s DESC, v.start_date DESC, v.id DESC LIMIT 1) agreed ON true
"""  # noqa: S608 (joins of our own)
"""The days to pay of accounts, as a statement or a part of one; ``values`` are its parameters."""


def values(*, account_ids: Sequence[int], issue_date: date) -> dict[str, Any]:
    """
    Return the parameters of ``OF_ACCOUNTS``.

    :raises MissingRule: the pack does not say.
    """
    days = json.dumps(dict(due_days.by_class(at=issue_date)))
    return {"accounts": list(account_ids), "day": issue_date, "days": days, "other": due_days.OTHER}


def of_accounts(*, account_ids: Sequence[int], issue_date: date) -> dict[int, date]:
    """
    Return when a bill that is issued on a day is due, by account; one statement.

    :raises MissingRule: the pack does not say.
    """
    found = fetch(OF_ACCOUNTS, values(account_ids=account_ids, issue_date=issue_date))
    return {account_id: issue_date + timedelta(days=count) for account_id, count in found}
