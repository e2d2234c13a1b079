"""Since when the prices of an account hold."""

from datetime import date

from cis.platform.db import fetch


def since(*, account_id: int, today: date) -> date | None:
    """Return since when other prices hold for an account than before; None: they are its first. One statement."""
    rows = fetch(_SINCE, {"account": account_id, "today": today})
    return rows[0][0] if rows else None


# Another tariff from a later term of the agreement, or another version of the same tariff while the agreement ran.
_SINCE = """
    SELECT max(day) FROM (
        SELECT lower(v.period) AS day
        FROM contracts_serviceagreement g
        JOIN contracts_agreementterm t ON t.agreement_id = g.id AND t.period @> %(today)s::date
        JOIN tariffs_tariffversion v
            ON v.tariff_id = t.tariff_id AND v.state = 'published' AND v.period @> %(today)s::date
        WHERE g.account_id = %(account)s AND g.period @> %(today)s::date AND lower(v.period) > lower(t.period)
        UNION ALL
        SELECT lower(t.period)
        FROM contracts_serviceagreement g
        JOIN contracts_agreementterm t ON t.agreement_id = g.id AND t.period @> %(today)s::date
        JOIN contracts_agreementterm p
            ON p.agreement_id = g.id AND p.tariff_id <> t.tariff_id AND upper(p.period) = lower(t.period)
        WHERE g.account_id = %(account)s AND g.period @> %(today)s::date) changed
"""
