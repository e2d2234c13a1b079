"""What a chunk of a shadow run writes, and what the run that is promoted from it holds."""

from collections.abc import Mapping

from billing.domain import shadow
from billing.domain.findings import Obstacle
from billing.domain.shadow import STATES, Approved, Past, ShadowState, Told
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


@joins_transaction
def write(*, run_id: int, found: Findings, told: Told, outside: Mapping[int, Obstacle], period: Period) -> int:
    """
    Write down what the accounts of a chunk come to, by COPY; two statements at most.

    outside  what the bounds would hold, by account
    :returns: how many have to be looked at or cannot be billed.
    """
    accounts = told.account_id
    comparison = shadow.compare(accounts=accounts, expected=found.expected, existing=found.existing, period=period)
    rule = packs.rule("shadow", at=period.start)
    limits = shadow.read_limits(rule, decimals=packs.rule("decimals", at=period.start))
    outliers = shadow.outliers(accounts=accounts, limits=limits, comparison=comparison)
    flagged = shadow.together(outliers=outliers, outside=outside)
    reasons = [flagged.get(account) for account in accounts.tolist()]
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
            "amount_minor": int8(told.amount_minor),
            "energy_wh": int8(told.energy_wh),
            "fingerprint": int8(told.fingerprint),
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
def unlike(*, shadow_id: int, told: Told, outside: Mapping[int, Obstacle]) -> dict[int, Obstacle]:
    """
    Return why bills of a promoted run are held, by account: those that are not as approved; two statements.

    outside  what the bounds would hold, by account
    """
    of_run = BillRun.objects.only("as_of_date").get(id=shadow_id)
    return shadow.promote(
        told=told,
        outside=outside,
        approved=_approved(shadow_id, told.account_id),
        decimals=packs.rule("decimals", at=of_run.as_of_date),
        shadow_date=of_run.as_of_date,
    )


def _approved(shadow_id: int, accounts: Int64) -> Approved:
    asked = {"run": shadow_id, "accounts": accounts.tolist(), "states": [str(state) for state in STATES]}
    account_id, amount_minor, fingerprint, state = db.read_columns(_APPROVED, asked, columns=4)
    return Approved(account_id=account_id, amount_minor=amount_minor, fingerprint=fingerprint, state=state)
