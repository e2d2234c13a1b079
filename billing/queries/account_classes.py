"""The class of use of an account on a day, as part of a statement."""

OF_ACCOUNT = """
    LEFT JOIN LATERAL (
        SELECT v.customer_class AS class
        FROM contracts_serviceagreement g
        JOIN contracts_agreementterm m ON m.agreement_id = g.id AND lower(m.period) <= {day}
        JOIN tariffs_tariffversion v
          ON v.tariff_id = m.tariff_id AND v.state = 'published' AND lower(v.period) <= {day} AND v.customer_class <> ''
        WHERE g.account_id = {account}
        ORDER BY m.period @> {day} DESC, v.customer_class = 'residential', lower(m.period) DESC, lower(v.period) DESC,
                 g.id, v.id
        LIMIT 1) rated ON true
    LEFT JOIN LATERAL (
        SELECT h.customer_id, CASE c.kind WHEN 'resident' THEN 'residential' ELSE 'commercial' END AS class
        FROM accounts_accountholder h JOIN accounts_customer c ON c.id = h.customer_id
        WHERE h.account_id = {account} AND lower(h.period) <= {day}
        ORDER BY lower(h.period) DESC LIMIT 1) held ON true
"""
"""
Joins ``rated`` and ``held``, with the ``customer_id``, of an account; to be filled with the names of its column and of
the day.

It is the class of its tariff on the day, or of the last one before it; a home's only where no other tariff is in force.
Where no tariff names one, it is the class of its holder.
"""
CLASS = "coalesce(rated.class, held.class, '')"
"""The class that the joins found; empty: nobody knows one."""
