"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from cashiering.models.agent import (
    Agent,
    AgentCommission,
    AgentDay,
    AgentDifference,
    AgentLine,
    AgentPayment,
    AgentTerms,
    CommissionKept,
    HandOver,
)
from cashiering.models.bank import BankStatement, LineDecision, LinePart, LineSuggestion, StatementFile, StatementLine
from cashiering.models.checkout import (
    Checkout,
    CheckoutBill,
    CheckoutEvent,
    Payout,
    PayoutLine,
    SandboxCheckout,
    SandboxSaying,
)
from cashiering.models.debit import Debit, DebitBatch
from cashiering.models.refund_file import RefundFile, RefundFileItem
from cashiering.models.till import (
    BankDeposit,
    CashMovement,
    Receipt,
    ReceiptPart,
    ReceiptPrint,
    Till,
    TillCount,
    TillSession,
)
from cis.platform.admin import ReadOnlyAdmin


@admin.register(StatementFile, BankStatement, StatementLine, LinePart, LineSuggestion, LineDecision)
class CashieringAdmin(ReadOnlyAdmin):
    """Statements of the bank and what became of their lines."""


@admin.register(Checkout, CheckoutBill, CheckoutEvent, Payout, PayoutLine, SandboxCheckout, SandboxSaying)
class CheckoutAdmin(ReadOnlyAdmin):
    """Online payments, what providers said of them, and how their money came."""


@admin.register(Debit, DebitBatch)
class DebitAdmin(ReadOnlyAdmin):
    """Debits and their batches; mandates are not here, since they hold numbers of accounts at banks."""


@admin.register(RefundFile, RefundFileItem)
class RefundFileAdmin(ReadOnlyAdmin):
    """Files by which the bank is asked to pay refunds."""


@admin.register(Till, TillSession, TillCount, Receipt, ReceiptPart, ReceiptPrint, CashMovement, BankDeposit)
class TillAdmin(ReadOnlyAdmin):
    """Tills and what went through them."""


@admin.register(
    Agent, AgentPayment, AgentTerms, AgentCommission, CommissionKept, HandOver, AgentDay, AgentLine, AgentDifference
)
class AgentAdmin(ReadOnlyAdmin):
    """Agents and their lists."""

    """Statements of the bank, what became of their lines, and files of transfers."""
