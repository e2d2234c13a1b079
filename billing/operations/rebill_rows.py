"""Rebills as rows: noted when usage was corrected or terms changed, settled by the run that bills the account anew."""

from collections.abc import Mapping, Sequence

from billing.queries.rebills import Reach
from cis.platform import db
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ChangeMade
from metering.domain.announcements import CorrectionMade
from metering.queries import usage_rules

_ABSORB = """
    WITH noted AS ({noted} RETURNING account_id, from_date)
    DELETE FROM billing_rebill p USING noted n
    WHERE p.account_id = n.account_id AND p.state = 'proposed' AND p.from_date >= n.from_date
"""
"""Late reads that wait for a decision are billed with a rebill that reaches back to them."""
_NOTE = """
    INSERT INTO billing_rebill (account_id, correction_id, from_date, state, opened_at)
    SELECT g.account_id, %(correction)s, greatest(min(lower(g.period)), %(start)s::date), 'open', now()
    FROM contracts_serviceagreement g
    WHERE g.service_point_id = ANY(%(points)s) AND g.period && daterange(%(start)s, %(end)s)
    GROUP BY g.account_id
"""
_NOTE_CHANGE = """
    INSERT INTO billing_rebill (account_id, change_id, from_date, state, opened_at)
    SELECT b.account_id, %(change)s, %(start)s::date, 'open', now()
    FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE b.account_id = ANY(%(accounts)s) AND s.end_date > %(start)s AND s.cancels_id IS NULL
    GROUP BY b.account_id
"""
_SETTLE = """
    UPDATE billing_rebill r
    SET bill_id = nullif(n.bill_id, 0), state = CASE n.bill_id WHEN 0 THEN 'billed' ELSE 'open' END,
        billed_at = CASE n.bill_id WHEN 0 THEN now() END
    FROM unnest(%(rebills)s::bigint[], %(bills)s::bigint[]) AS n(id, bill_id)
    WHERE r.id = n.id AND r.state = 'open'
"""
_BILL = "UPDATE billing_rebill SET state = 'billed', billed_at = now() WHERE bill_id = ANY(%s) AND state = 'open'"


@joins_transaction
def note(made: CorrectionMade) -> None:
    """
    Note the accounts that were billed on usage that was corrected: their next run reaches back to it.

    Those supplied there, and those that take a part of the meter, or whose meter it hangs behind.
    """
    db.execute(
        _ABSORB.format(noted=_NOTE),
        {
            "correction": made.correction_id,
            "points": list(usage_rules.near(service_point_ids=[made.service_point_id])),
            "start": made.start_date,
            "end": made.end_date,
        },
    )


@joins_transaction
def note_change(made: ChangeMade) -> None:
    """Note the accounts that were billed for days on which a change of use holds: their next run reaches back to it."""
    given = {"change": made.change_id, "accounts": list(made.account_ids), "start": made.from_date}
    db.execute(_ABSORB.format(noted=_NOTE_CHANGE), given)


@joins_transaction
def settle(*, reach: Reach, bill_of: Mapping[int, int], parked: Sequence[int]) -> None:
    """
    Note what a chunk made of the rebills that it reached back for; at most one statement.

    bill_of  drafts by account; an account without one had nothing to bill
    parked   accounts that could not be rated: theirs stay open
    """
    left_out = set(parked)
    rows = [
        (rebill, bill_of.get(account, 0))
        for rebill, account in zip(reach.rebill_id.tolist(), reach.account_id.tolist(), strict=True)
        if account not in left_out
    ]
    if rows:
        db.execute(_SETTLE, {"rebills": [row[0] for row in rows], "bills": [row[1] for row in rows]})


@joins_transaction
def bill(*, bill_ids: list[int]) -> None:
    """Settle the rebills whose drafts are issued; one statement."""
    db.execute(_BILL, [bill_ids])
