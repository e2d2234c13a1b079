"""Sentences of refusals about tills and agents; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_count": _("The till cannot have been counted like that: count again, or bring less to the bank."),
    "bad_till": _("Something is missing or impossible: look at amounts, numbers of slips and codes."),
    "not_enough_cash": _("The till does not hold so much cash."),
    "till_taken": _("The till is open already, or you have another one open."),
    "till_closed": _("This till takes no money of yours now: it is counted, closed, or another person's."),
    "cancel_waits": _("A receipt waits for a second person: have it decided before the till is counted."),
    "receipt_not_cancellable": _("The receipt cannot be cancelled now. Once its till is closed, pay back instead."),
    "unknown_till": _("There is no such till."),
    "unknown_till_session": _("There is no such session of a till."),
    "unknown_receipt": _("There is no such receipt."),
    "unknown_deposit": _("There is no such deposit on its way."),
    "bad_agent": _("An agent cannot be kept like that, or does not hold so much."),
    "bad_agent_list": _("The agent's list cannot be read."),
    "agent_limit": _("The agent holds too much of our money: it hands over first."),
    "agent_cancel_too_late": _("The payment cannot be cancelled any more: it is of another day, or handed over."),
    "agent_day_decided": _("Somebody has decided on this day already: decide on what is left."),
    "unknown_agent": _("There is no such agent, or it may take no money."),
    "no_commission_to_keep": _(
        "There is no commission to be kept for this month: it must be over, and the agent must hold money of ours."
    ),
    "unknown_agent_payment": _("The agent has taken no such payment."),
    "unknown_difference": _("There is no such difference, or it is decided."),
    "unknown_agent_day": _("The agent has given no list of this day."),
}
