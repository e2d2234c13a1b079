"""The money ledger: append-only, balanced by construction, written only by billing.operations.ledger."""

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from billing.domain.entries import TransferKind
from cis.platform.fields import Code, choices_of, one_of


class LedgerAccount(models.Model):
    """
    One account of the ledger: a customer's receivable, or a system account (revenue, tax, cash).

    The running balance exists for customer accounts only (positive: the customer owes); system accounts are
    summed, for one shared row would serialise everything.
    """

    code = models.CharField(max_length=40, unique=True)
    account = models.OneToOneField(
        "accounts.Account", on_delete=models.PROTECT, null=True, related_name="ledger_account"
    )
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_customer_accounts_carry_a_balance",
                condition=models.Q(account__isnull=False) | models.Q(balance_minor=0),
            ),
        ]


class Transfer(models.Model):
    """One movement of money: a debit and a credit in one row, so it cannot be unbalanced."""

    debit = models.ForeignKey("billing.LedgerAccount", on_delete=models.PROTECT, related_name="debits")
    credit = models.ForeignKey("billing.LedgerAccount", on_delete=models.PROTECT, related_name="credits")
    account = models.ForeignKey(
        "accounts.Account",
        on_delete=models.PROTECT,
        null=True,
        related_name="transfers",
        help_text="Whom it is about; none: money of nobody known, or of the till.",
    )
    amount_minor = models.BigIntegerField()
    kind = Code(choices=choices_of(TransferKind))
    source_id = models.BigIntegerField(help_text="Bill, payment, refund or financing.")
    part = Code(help_text="Ledger class of a bill: energy, fund, tax ...")
    occurred_date = models.DateField()
    period = models.DateField(help_text="First day of the accounting month: the first open one, if its own is closed.")
    posted_at = models.DateTimeField(default=timezone.now)
    reverses = models.OneToOneField("billing.Transfer", on_delete=models.PROTECT, null=True, related_name="reversal")
    actor_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            one_of(name="transfer_kind_is_known", column="kind", values=TransferKind),
            models.CheckConstraint(name="transfer_moves_money", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(name="transfer_has_two_sides", condition=~models.Q(debit=models.F("credit"))),
            models.UniqueConstraint(name="transfer_posted_once", fields=["kind", "source_id", "part"]),
        ]
        # A month lies together, so a few kilobytes find it; posting pays nothing for them.
        indexes = [BrinIndex(name="transfer_by_period", fields=["period"], pages_per_range=32, autosummarize=True)]
        triggers = [
            pgtrigger.Protect(name="ledger_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # Once a statement, not once a row: a run posts thousands.
            pgtrigger.Trigger(
                name="closed_period_takes_nothing",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="posted"),
                func="""
                    IF EXISTS (SELECT 1 FROM posted JOIN billing_accountingperiod p ON p.month = posted.period
                               WHERE p.state = 'closed') THEN
                        RAISE EXCEPTION 'closed_period_takes_nothing: a transfer is posted in a closed month';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]
