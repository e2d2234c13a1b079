"""What the code of an agreed part of bills stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.models.agreed_part import AgreedPart
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownPartCode(Refused):
    """No agreed part has this code."""

    code = "unknown_part_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedPart:
    """
    The part of a code. [minor unit]

    open_of  what is open of it, by id of the bill; bills of which nothing is are left out
    is_on    it was not ended, as by a plan that was broken
    """

    code: str
    account_id: int
    due_date: date
    open_of: Mapping[int, int]
    is_on: bool

    @property
    def open_minor(self) -> int:
        """Return what is open of it. [minor unit]"""
        return sum(self.open_of.values())

    def share(self, amount_minor: int) -> dict[int, int]:
        """Return what of an amount pays each bill of the part, by id of the bill. [minor unit]"""
        found = {}
        for bill_id, minor in self.open_of.items():
            taken = min(minor, amount_minor)
            if taken > 0:
                found[bill_id] = taken
                amount_minor -= taken
        return found


# Where a code was laid anew, the latest rows count; what is open of a stretch is what the money of its bill leaves.
_OF_CODES = """
    SELECT g.code, g.account_id, max(g.due_date), bool_or(g.ended_at IS NULL),
           array_agg(g.bill_id ORDER BY g.id),
           array_agg((CASE WHEN b.state = 'issued'
                      THEN greatest(least(g.high_minor, b.amount_minor) - greatest(g.low_minor, p.paid), 0)
                      ELSE 0 END)::bigint ORDER BY g.id)
    FROM billing_agreedpart g
    JOIN billing_bill b ON b.id = g.bill_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(a.amount_minor), 0) AS paid FROM billing_allocation a WHERE a.bill_id = b.id) p
    WHERE g.code = ANY(%(codes)s) AND NOT EXISTS (
        SELECT 1 FROM billing_agreedpart l WHERE l.code = g.code AND g.ended_at IS NOT NULL
                                             AND (l.ended_at IS NULL OR l.ended_at > g.ended_at))
    GROUP BY g.code, g.account_id
"""


def of_codes(*, codes: Sequence[str]) -> dict[str, CodedPart]:
    """Return the parts of codes, those that there are; one statement."""
    wanted = [code for code in codes if code]
    if not wanted:
        return {}
    return {
        row[0]: CodedPart(
            code=row[0], account_id=row[1], due_date=row[2], is_on=row[3],
            open_of={bill_id: open_minor for bill_id, open_minor in zip(row[4], row[5], strict=True) if open_minor},
        )
        for row in fetch(_OF_CODES, {"codes": wanted})
    }  # fmt: skip


def of_code(*, code: str) -> CodedPart:
    """
    Return the part of a code; one statement.

    :raises UnknownPartCode: there is none.
    """
    found = of_codes(codes=[code]).get(code)
    if found is None:
        raise UnknownPartCode("No instalment has this code.", advice="Check the number on the card.")
    return found


def turn_of(part: CodedPart) -> CodedPart:
    """
    Return the part whose turn it is: whichever card of a plan is used, money pays the part that is due first, so that
    who pays keeps his plan; where the plan has ended, or is paid, the part itself. Up to two statements.
    """
    if not part.is_on:
        return part
    rows = AgreedPart.objects.filter(account_id=part.account_id, ended_at=None).exclude(code="")
    found = of_codes(codes=sorted(set(rows.values_list("code", flat=True)))).values()
    waiting = [one for one in found if one.is_on and one.open_minor]
    return min(waiting, key=lambda one: (one.due_date, one.code), default=part)


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What a payment has paid of an agreed part. [minor unit]"""

    code: str
    due_date: date
    amount_minor: int


# Money of a bill lies end to end in the order in which it came; what of it lies in the stretch of a part has paid that.
_PAID_BY = """
    WITH laid AS (
        SELECT a.id, a.bill_id, a.payment_id, a.amount_minor,
               sum(a.amount_minor) OVER (PARTITION BY a.bill_id ORDER BY a.id) AS high
        FROM billing_allocation a
        WHERE a.bill_id IN (SELECT x.bill_id FROM billing_allocation x WHERE x.payment_id = %(payment)s)
    )
    SELECT g.code, max(g.due_date),
           sum(least(g.high_minor, l.high) - greatest(g.low_minor, l.high - l.amount_minor))::bigint
    FROM laid l
    JOIN billing_agreedpart g ON g.bill_id = l.bill_id AND g.code <> ''
     AND g.low_minor < l.high AND g.high_minor > l.high - l.amount_minor
    WHERE l.payment_id = %(payment)s AND l.amount_minor > 0 AND NOT EXISTS (
        SELECT 1 FROM billing_agreedpart n WHERE n.code = g.code AND g.ended_at IS NOT NULL
                                             AND (n.ended_at IS NULL OR n.ended_at > g.ended_at))
    GROUP BY g.code ORDER BY 2, 1
"""


def paid_by(*, payment_id: int) -> tuple[PaidPart, ...]:
    """Return the agreed parts that a payment has paid, by due date; one statement."""
    return tuple(PaidPart(*row) for row in fetch(_PAID_BY, {"payment": payment_id}))
