"""Chunks of a run: whole accounts, about as many agreements in each."""

from collections.abc import Collection

from cis.kernel.periods import Period
from cis.platform import db
from cis.platform.db import joins_transaction

# Who has more to bill than energy of late: a past that was corrected, a charge, or one that is owed no more.
_LAY = """
    WITH more AS (
        SELECT account_id FROM billing_rebill WHERE state = 'open'
        UNION
        SELECT c.account_id FROM contracts_oneoffcharge c
        WHERE (c.state = 'agreed') <> EXISTS (
            SELECT 1 FROM billing_billcharge b JOIN billing_bill i ON i.id = b.bill_id AND i.state = 'issued'
            WHERE b.charge_id = c.id AND b.cancels_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM billing_billcharge k JOIN billing_bill ki ON ki.id = k.bill_id
                WHERE k.cancels_id = b.id AND ki.state = 'issued'))
    )
    INSERT INTO billing_runchunk (run_id, account_ids, state, attempts, error, bills, held, unchanged, amount_minor,
                                  energy_wh)
    SELECT %(run)s, array_agg(account_id ORDER BY account_id), 'waiting', 0, '', 0, 0, 0, 0, 0
    FROM (
        SELECT account_id, (sum(agreements) OVER (ORDER BY account_id) - 1)::bigint / %(size)s AS place
        FROM (
            SELECT g.account_id, count(*) AS agreements
            FROM (
                SELECT account_id FROM contracts_serviceagreement
                WHERE period && daterange(%(since)s, %(until)s) OR account_id IN (SELECT account_id FROM more)
                UNION ALL
                SELECT account_id FROM more WHERE NOT EXISTS (
                    SELECT 1 FROM contracts_serviceagreement a WHERE a.account_id = more.account_id)
            ) g
            WHERE (%(accounts)s::bigint[] IS NULL OR g.account_id = ANY(%(accounts)s))
              AND (%(cycle)s::bigint IS NULL OR EXISTS (
                  SELECT 1 FROM billing_cyclemember m WHERE m.account_id = g.account_id AND m.cycle_id = %(cycle)s))
            GROUP BY g.account_id
        ) counted
    ) placed
    GROUP BY place ORDER BY place
"""


@joins_transaction
def lay(*, run_id: int, size: int, period: Period, account_ids: Collection[int] | None, cycle_id: int | None) -> int:
    """
    Lay the accounts of a run in chunks; one statement.

    Those that had an agreement in the period, and those that have more to bill than energy of late.

    size         agreements in a chunk
    account_ids  None: all
    cycle_id     None: of any cycle

    :returns: how many chunks there are.
    """
    return db.execute(
        _LAY,
        {
            "run": run_id,
            "size": size,
            "since": period.start,
            "until": period.end,
            "accounts": None if account_ids is None else sorted(account_ids),
            "cycle": cycle_id,
        },
    )
