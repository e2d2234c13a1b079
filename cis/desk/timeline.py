"""What happened to a customer, as sentences: made of the audit events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import (
    budget_words,
    call_words,
    care_words,
    case_quality_words,
    case_words,
    deposit_words,
    e_invoice_words,
    privacy_words,
    write_off_words,
)
from cis.desk.money_words import EVENTS
from cis.desk.words import word
from cis.kernel.actors import Actor, ActorKind
from cis.platform import audit, concealed

SHOWN = 30
SENTENCES: Mapping[tuple[str, str], Any] = {
    ("customer", "create"): _("Customer created"),
    ("customer", "edit"): _("Customer edited"),
    ("customer", "look"): _("Customer's data looked at"),
    ("customer", "add_contact"): _("Contact added"),
    ("customer", "remove_contact"): _("Contact removed"),
    ("customer", "prefer_contact"): _("Contact preferred"),
    ("customer", "bounce_contact"): _("A message came back"),
    ("customer", "mend_contact"): _("Contact works again"),
    ("customer", "change_consent"): _("Ways of notices chosen"),
    ("customer", "read_all_notices"): _("Inbox marked as read"),
    ("account", "open"): _("Account opened"),
    ("account", "edit"): _("Account edited"),
    ("account", "change_holder"): _("Account given to another customer"),
    ("account", "receive_payment"): _("Payment received"),
    ("account", "assign_cycle"): _("Bill cycle chosen"),
    ("account", "drop_held"): _("Held account dropped from a run"),
    ("account", "retry_held"): _("Held account rated again"),
    ("agreement", "start"): _("Supply started"),
    ("agreement", "end"): _("Supply ended"),
    ("agreement", "change_term"): _("Tariff or household changed"),
    ("meter", "create"): _("Meter created"),
    ("meter", "install"): _("Meter hung up"),
    ("meter", "remove"): _("Meter taken down"),
    ("meter", "exchange"): _("Meter exchanged"),
    ("meter", "deliver"): _("Meter delivered"),
    ("meter", "switch_on"): _("Meter told to switch on"),
    ("meter", "switch_off"): _("Meter told to switch off"),
    ("meter", "read_now"): _("Meter asked what it shows"),
    ("meter", "demand_limit"): _("Meter told to limit the demand"),
    ("meter", "sync_time"): _("Meter told to set its clock"),
    ("meter", "add_photo"): _("Photo of the meter kept"),
    ("account", "hold"): _("Not pursued for now"),
    ("account", "renew_hold"): _("Still not pursued"),
    ("account", "lift_hold"): _("Pursued again"),
    ("account", "ask_to_lift_hold"): _("Asked to let it be pursued again"),
    ("account", "keep_hold"): _("Remains not pursued"),
    ("account", "call"): _("Called because of a debt"),
    ("account", "close"): _("Account closed"),
    ("account", "bill_to_end"): _("Account billed to its end"),
    ("account", "prove_demand"): _("Demand handed over"),
    ("account", "begin_checkout"): _("Payment online begun"),
    ("account", "book_checkout"): _("Payment online booked"),
    ("account", "refund_checkout"): _("Payment online given back"),
    ("account", "propose_refund"): _("Refund proposed"),
    ("account", "propose_waiver"): _("Waiver of a late fee proposed"),
    ("account", "drop_waiver"): _("Waiver of a late fee dropped"),
    ("account", "waive"): _("Late fee waived"),
    ("account", "refuse_late_fee"): _("Late fee refused"),
    ("customer", "set_telephone_pin"): _("Telephone PIN set"),
    ("customer", "remove_telephone_pin"): _("Telephone PIN removed"),
    ("customer", "consolidate"): _("Put on one bill for many accounts"),
    ("customer", "end_consolidation"): _("One bill for many accounts ended"),
    ("user", "reactivate"): _("Login for the portal opened again"),
    ("account", "energize"): _("Supply is switched on"),
    ("bill", "cancel"): _("Bill cancelled"),
    ("bill", "release_bill"): _("Held bill released"),
    ("usage_rule", "begin"): _("Usage rule begun"),
    ("usage_rule", "change"): _("Usage rule changed"),
    ("usage_rule", "end"): _("Usage rule ended"),
    ("user", "create"): _("Login for the portal given"),
    ("user", "deactivate"): _("Login for the portal closed"),
    **EVENTS,
    **deposit_words.EVENTS,
    **write_off_words.EVENTS,
    **e_invoice_words.EVENTS,
    **budget_words.EVENTS,
    **care_words.EVENTS,
    **privacy_words.EVENTS,
    **case_words.EVENTS,
    **call_words.EVENTS,
    **case_quality_words.EVENTS,
}
FACTS = ("name", "number", "kind", "value", "from_date", "start_date", "end_date", "on_date", "household", "serial",
         "cycle", "reason", "channel", "username")  # fmt: skip
"""Which details of an event are shown beside its sentence; ids say nothing to a reader."""


_CONTACTS = ("add_contact", "remove_contact", "prefer_contact", "mend_contact")
WORDED: Mapping[tuple[str, str, str], str] = {
    ("account", "hold", "kind"): "hold",
    ("account", "receive_payment", "channel"): "channel",
    ("customer", "verify_number", "kind"): "proven_by",
    ("customer", "bounce_contact", "channel"): "notice_channel",
    **{("customer", action, "kind"): "contact_kind" for action in _CONTACTS},
}
"""Details that are codes, by event, and the words that they have."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    at: datetime
    who: str
    text: str
    facts: str
    is_look: bool


def events_of(
    *,
    customer_ids: Sequence[int],
    account_id: int,
    agreement_ids: Sequence[int],
    meter_ids: Sequence[int],
    bill_ids: Sequence[int],
    login_ids: Sequence[int],
    case_ids: Sequence[int],
    actor: Actor,
) -> tuple[Event, ...]:
    """
    Return the last events, newest first; one statement a kind of thing. Looks in a row by one person are one.

    :param customer_ids: the customer with all who were merged into them.
    :param actor: who looks: what is kept from them led to nothing here.
    """
    entries = audit.of_subjects(
        [
            ("customer", customer_ids),
            ("account", [account_id]),
            ("agreement", agreement_ids),
            ("meter", meter_ids),
            ("bill", bill_ids),
            ("user", login_ids),
            ("case", case_ids),
        ],
        most=SHOWN * 2,
        hidden=concealed.hidden_from(actor),
    )
    found: list[Event] = []
    for entry in entries:
        event = _event(entry)
        last = found[-1] if found else None
        if not (last and event.is_look and last.is_look and last.who == event.who):
            found.append(event)
    return tuple(found[:SHOWN])


def entries_of(subjects: Sequence[tuple[str, Sequence[int]]], *, most: int, actor: Actor) -> tuple[Event, ...]:
    """
    Return the last events of several kinds of things, newest first; at most one statement a kind of thing.

    :param actor: who looks: what is kept from them led to nothing here.
    """
    found = audit.of_subjects(subjects, most=most, hidden=concealed.hidden_from(actor))
    return tuple(_event(entry) for entry in found)


def history_of(subject: str, subject_ids: Sequence[int]) -> tuple[Event, ...]:
    """Return the last events of some things of one kind, newest first; one statement."""
    return tuple(_event(entry) for entry in audit.of_subjects([(subject, subject_ids)], most=SHOWN))


def _event(entry: audit.Entry) -> Event:
    sentence = SENTENCES.get((entry.subject, entry.action))
    facts = [
        word(codes, entry.detail[name])
        if (codes := WORDED.get((entry.subject, entry.action, name)))
        else str(entry.detail[name])
        for name in FACTS
        if entry.detail.get(name)
    ]
    if isinstance(entry.detail.get("changes"), dict):
        facts += [f"{old} → {new}" for old, new in entry.detail["changes"].values()]
    return Event(
        at=entry.at,
        who=word("actor_kind", entry.actor_kind) if entry.actor_kind == ActorKind.SYSTEM else entry.actor_name,
        text=str(sentence) if sentence else f"{entry.subject}: {entry.action}",
        facts=" · ".join(facts),
        is_look=entry.action == "look",
    )
