"""What must hold of budget plans: name, sentence, and the query of the rows for which it does not."""

_BALANCE = """
    SELECT t.account_id, sum(CASE WHEN t.debit_id = l.id THEN t.amount_minor ELSE -t.amount_minor END) AS amount
    FROM billing_ledgeraccount l JOIN billing_transfer t ON l.id IN (t.debit_id, t.credit_id)
    WHERE l.code = 'liability.budget' GROUP BY t.account_id
"""
LAWS = (
    (
        "levelled_bill_has_its_notes",
        "the notes of a levelled bill stand while it stands, for what it bills for energy and for what is asked",
        """
        SELECT x.bill_id FROM billing_budgetbill x JOIN billing_bill b ON b.id = x.bill_id
        LEFT JOIN billing_bill t ON t.id = x.taken_note_id LEFT JOIN billing_bill n ON n.id = x.level_note_id
        WHERE coalesce(t.state, b.state) <> b.state OR coalesce(n.state, b.state) <> b.state
           OR coalesce(t.amount_minor, 0) <> -x.taken_minor OR coalesce(n.amount_minor, 0) <> x.level_minor
           OR x.taken_minor <> (SELECT coalesce(sum(s.amount_minor), 0) FROM billing_billsegment s
                                WHERE s.bill_id = b.id)
        """,
    ),
    (
        "budget_balance_is_used_less_paid",
        "a budget balance is what levelled bills billed less what was asked in their place and what was settled",
        f"""
        SELECT coalesce(l.account_id, w.account_id) FROM ({_BALANCE}) l
        FULL JOIN (
            SELECT p.account_id, sum(amount) AS amount FROM billing_budgetplan p
            JOIN (SELECT x.plan_id, x.taken_minor - x.level_minor AS amount FROM billing_budgetbill x
                  JOIN billing_bill b ON b.id = x.bill_id WHERE b.state = 'issued'
                  UNION ALL
                  SELECT plan_id, -balance_minor FROM billing_budgetsettlement WHERE state = 'made') one
              ON one.plan_id = p.id
            GROUP BY p.account_id
        ) w ON w.account_id = l.account_id
        WHERE coalesce(l.amount, 0) <> coalesce(w.amount, 0)
        """,  # noqa: S608 (made of constants)
    ),
    (
        "ended_budget_is_settled",
        "where no budget plan runs, nothing is on the budget balance",
        f"""
        SELECT l.account_id FROM ({_BALANCE}) l
        WHERE l.amount <> 0 AND NOT EXISTS (
            SELECT 1 FROM billing_budgetplan p WHERE p.account_id = l.account_id AND p.state = 'active')
        """,  # noqa: S608 (made of constants)
    ),
    (
        "budget_settlement_has_its_notes",
        "the notes of a settlement come to it, and stand while it stands",
        """
        SELECT m.id FROM billing_budgetsettlement m
        LEFT JOIN billing_budgetsettlementnote s ON s.settlement_id = m.id LEFT JOIN billing_bill n ON n.id = s.note_id
        GROUP BY m.id
        HAVING coalesce(sum(n.amount_minor), 0) <> m.balance_minor
            OR coalesce(bool_or(n.state <> CASE m.state WHEN 'made' THEN 'issued' ELSE 'cancelled' END), false)
        """,
    ),
)
