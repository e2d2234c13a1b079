"""What a chunk of a shadow run writes, and what the run that is promoted from it holds."""

from collections.abc import Mapping

from billing.domain import shadow
from billing.domain.drafts import Draft
from billing.domain.findings import Obstacle
from billing.domain.shadow import STATES, Approved, Past, ShadowState
from billing.models.run import BillRun
from billing.models.shadow import ShadowBill
from billing.queries.segments import Findings
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from cis.platform import copying, db, packs
from cis.platform.copying import Column, int4, int8, null, texts
from cis.platform.db import joins_transaction

_APPROVED = """
    SELECT account_id, amount_minor, fingerprint, array_position(%(states)s::text[], state::text)::bigint - 1
    FROM billing_shadowbill WHERE run_id = %(run)s AND account_id = ANY(%(accounts)s) ORDER BY account_id
"""
# Drafts of a promoted run that carry charges.
_HOLD_CHARGED = """
    UPDATE billing_bill b SET state = 'held'
    WHERE b.run_id = %(run)s AND b.chunk_id = %(chunk)s AND b.state = 'draft'
      AND EXISTS (SELECT 1 FROM billing_billcharge c WHERE c.bill_id = b.id)
    RETURNING b.account_id, b.id
"""


@joins_transaction
def write(*, run_id: int, found: Findings, draft: Draft, outside: Mapping[int, Obstacle], period: Period) -> int:
    """
    Write down what the accounts of a chunk come to, by COPY; two statements at most.

    outside  what the bounds would hold, by place of the bill
    :returns: how many have to be looked at or cannot be billed.
    """
    accounts = draft.bills.account_id
    comparison = shadow.compare(accounts=accounts, expected=found.expected, existing=found.existing, period=period)
    rule = packs.rule("shadow", at=period.start)
    limits = shadow.read_limits(rule, decimals=packs.rule("decimals", at=period.start))
    flagged = shadow.together(outliers=shadow.outliers(limits=limits, comparison=comparison), outside=outside)
    reasons = [flagged.get(place) for place in range(len(accounts))]
    bills = draft.bills
    copying.load(
        table="billing_shadowbill",
        count=len(accounts),
        columns={
            "run_id": int8(run_id),
            "account_id": int8(accounts),
            "state": texts(ShadowState.OPEN.value if one else ShadowState.PLAIN.value for one in reasons),
            "code": texts(one.code if one else "" for one in reasons),
            "message": texts(one.message if one else "" for one in reasons),
            "advice": texts(shadow.ADVICE if one else "" for one in reasons),
            "amount_minor": int8(bills.amount_minor),
            "energy_wh": int8(bills.energy_wh),
            "fingerprint": int8(shadow.fingerprints(draft=draft)),
            **_past("own", comparison.own),
            **_past("last", comparison.last),
            **_past("year", comparison.year),
            "accepted_by_id": null(),
            "accepted_at": null(),
        },
    )
    _block(run_id, found.obstacles.of_account)
    return len(flagged) + len(found.obstacles)


def _past(name: str, past: Past) -> dict[str, Column]:
    return {
        f"{name}_minor": int8(past.amount_minor),
        f"{name}_wh": int8(past.energy_wh),
        f"{name}_days": int4(past.days),
    }


@joins_transaction
def block(*, run_id: int, account_id: int, reason: Obstacle) -> None:
    """Write down that an account cannot be billed; one statement."""
    _block(run_id, {account_id: reason})


def _block(run_id: int, obstacles: Mapping[int, Obstacle]) -> None:
    ShadowBill.objects.bulk_create(
        ShadowBill(
            run_id=run_id,
            account_id=account,
            state=ShadowState.BLOCKED.value,
            code=reason.code,
            message=reason.message,
            advice=reason.advice,
        )
        for account, reason in sorted(obstacles.items())
    )


@joins_transaction
def unlike(*, shadow_id: int, draft: Draft, outside: Mapping[int, Obstacle]) -> dict[int, Obstacle]:
    """
    Return why bills of a promoted run are held, by place: those that are not as approved; two statements.

    outside  what the bounds would hold, by place
    """
    of_run = BillRun.objects.only("as_of_date").get(id=shadow_id)
    return shadow.promote(
        draft=draft,
        outside=outside,
        approved=_approved(shadow_id, draft.bills.account_id),
        decimals=packs.rule("decimals", at=of_run.as_of_date),
        shadow_date=of_run.as_of_date,
    )


@joins_transaction
def hold_charged(*, run_id: int, chunk_id: int) -> tuple[dict[int, Obstacle], dict[int, int]]:
    """
    Hold the drafts of a chunk that carry charges, since shadow bills do not show them; one statement.

    :returns: reason and draft, by account.
    """
    bill_of = dict(db.fetch(_HOLD_CHARGED, {"run": run_id, "chunk": chunk_id}))
    reason = Obstacle(
        code=shadow.DIFFERS,
        message="The bill carries a one-off charge, or takes one back, which the shadow run does not show.",
        advice="Look at the charge; release the bill, or drop it.",
    )
    return dict.fromkeys(bill_of, reason), bill_of


def _approved(shadow_id: int, accounts: Int64) -> Approved:
    asked = {"run": shadow_id, "accounts": accounts.tolist(), "states": [str(state) for state in STATES]}
    account_id, amount_minor, fingerprint, state = db.read_columns(_APPROVED, asked, columns=4)
    return Approved(account_id=account_id, amount_minor=amount_minor, fingerprint=fingerprint, state=state)
