"""From when to when an account has days that are on no bill, and how far its usage is known: shared pieces of SQL."""

# What a counter shows is as of the start of a day; of interval days whole local days are told. An agreement that has
# ended is told once its last day is. ``wanted``, a part of the statement before it, names rows (id, account_id);
# %(today)s is the day up to which is looked, not included.
_SUPPLY = """
        SELECT w.id, g.service_point_id, coalesce(b.until, lower(g.period)) AS billed_until, upper(g.period) AS ends,
               CASE WHEN {told} IS NOT NULL THEN least({told}, %(today)s::date) END AS told_until
        FROM wanted w
        JOIN contracts_serviceagreement g ON g.account_id = w.account_id AND lower(g.period) < %(today)s
        LEFT JOIN LATERAL (
            SELECT max(s.end_date) AS until FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id
            WHERE s.agreement_id = g.id AND s.cancels_id IS NULL AND {stands}
        ) b ON true
        LEFT JOIN LATERAL (
            SELECT CASE WHEN bool_or(r.until IS NULL) THEN NULL ELSE min(r.until) END AS until
            FROM metering_installation i JOIN metering_register x ON x.meter_id = i.meter_id
            CROSS JOIN LATERAL (
                SELECT CASE WHEN x.is_interval
                    THEN (SELECT ((v.start_at + interval '24 hours') AT TIME ZONE %(zone)s)::date
                          FROM metering_intervalday v
                          WHERE v.register_id = x.id AND v.day_date > %(today)s::date - 70
                          ORDER BY v.day_date DESC LIMIT 1)
                    ELSE (SELECT max(e.read_date) FROM metering_registerread e
                          WHERE e.register_id = x.id AND e.read_date <= %(today)s) END AS until) r
            WHERE i.service_point_id = g.service_point_id
              AND i.period @> (least(upper(g.period), %(today)s::date) - 1)
              AND x.quantity = 'active' AND x.direction = 'import') t ON true
        {more}
        WHERE upper(g.period) IS NULL OR upper(g.period) > coalesce(b.until, lower(g.period))
"""
SPAN = """
        SELECT id, min(billed_until) AS billed_until,
               coalesce(min(told_until) FILTER (WHERE ends IS NULL OR ends > told_until), max(ends)) AS told_until,
               bool_or(told_until IS NULL) AS is_untold,
               array_agg(service_point_id ORDER BY service_point_id) AS points,
               coalesce(bool_and(told_until >= least(ends, %(today)s::date)), FALSE) AS is_whole
        FROM supply GROUP BY id
"""
"""Of all supplies together: first day on no bill, up to where all are told, and whether that is to their ends."""

NOW = _SUPPLY.format(told="t.until", stands="b.state = 'issued' AND b.kind <> 'credit'", more="")
"""Supplies with what bills and reads say now."""

# A bill of later does not count yet, and one that was taken back later still does. Approved usage tells too: estimates,
# and energy that is fixed by agreement.
AT_END = _SUPPLY.format(
    told="greatest(t.until, u.until)",
    stands="""b.kind <> 'credit' AND b.issue_date < %(today)s
              AND (b.state = 'issued' OR b.state = 'cancelled' AND EXISTS (
                  SELECT 1 FROM billing_bill c WHERE c.cancels_id = b.id AND c.issue_date >= %(today)s))""",
    more="""LEFT JOIN LATERAL (
            SELECT min(y.until) AS until FROM (
                SELECT max(m.end_date) AS until FROM metering_usage m
                WHERE m.service_point_id = g.service_point_id AND m.is_current AND m.end_date <= %(today)s
                GROUP BY m.register_id, m.period_of_use) y) u ON true""",
)
"""The same as the books stood at the end of the day before %(today)s."""
