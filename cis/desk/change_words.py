"""Words of the trade for changes of use and final accounts; ``cis.desk.words`` serves them to pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CHANGE_KINDS: Mapping[str, Any] = {
    "transfer": _("Transfer to another customer"),
    "rename": _("Another name"),
    "move_out": _("Moving out"),
    "move_in": _("Moving in"),
    "capacity_increase": _("More capacity"),
    "capacity_reduction": _("Less capacity"),
    "suspension": _("Suspension of capacity"),
    "resumption": _("Capacity back in use"),
    "class_change": _("Another use"),
    "tou_opt_in": _("Another tariff that is open"),
    "demand_mode": _("Another way to bill demand"),
    "contract_demand": _("Another contracted demand"),
    "household": _("Allowance for many persons"),
    "temporary": _("Supply for a time"),
    "relocation": _("Meter to another place"),
    "split": _("Split of a supply"),
    "merge": _("Merge of supplies"),
    "removal": _("Removal of the supply"),
}
CHANGE_STATES: Mapping[str, Any] = {
    "drafted": _("Drafted"),
    "waiting": _("Waits for a look"),
    "confirmed": _("Agreed, to come"),
    "effective": _("Holds, something follows"),
    "done": _("Done"),
    "withdrawn": _("Withdrawn"),
    "rejected": _("Rejected"),
    "reversed": _("Taken back"),
}
CHANGE_ACTIONS: Mapping[str, Any] = {
    "submit": _("Asked for"),
    "confirm": _("Agreed"),
    "carry_out": _("Took hold"),
    "finish": _("Done"),
    "withdraw": _("Withdrawn"),
    "reject": _("Rejected"),
    "reverse": _("Taken back"),
}
CHANGE_PAPERS: Mapping[str, Any] = {
    "identity": _("Proof of identity"),
    "right_to_premises": _("Right to the premises"),
    "household_register": _("Household register or residence permits"),
    "agreement_of_both": _("Agreement of both sides"),
    "business_licence": _("Business licence"),
    "request": _("Signed request"),
}
CHANGE_EFFECTS: Mapping[str, Any] = {
    "keep_read": _("Reading kept"),
    "end_agreement": _("Supply ended"),
    "begin_agreement": _("Supply begun"),
    "change_term": _("Terms changed"),
    "remove_meter": _("Meter taken down"),
    "rename": _("Name changed"),
    "settle_account": _("Final bill asked for"),
    "order_work": _("Work ordered"),
    "move_meter": _("Meter to be moved"),
    "charge_fee": _("Fee agreed"),
}
FINAL_STATES: Mapping[str, Any] = {
    "open": _("Final bill to come"),
    "billed": _("Billed to the end"),
    "settled": _("Settled and closed"),
    "dropped": _("Supplied after all"),
}
CHANGE_WARNINGS: Mapping[str, Any] = {
    "charged_all_the_same": _("So few days are paid for all the same."),
    "owes": _("The account owes for bills that were issued; the final bill comes on top."),
    "in_the_past": _("The day lies in the past: days that were billed are billed anew."),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "change_kind": CHANGE_KINDS,
    "change_state": CHANGE_STATES,
    "change_action": CHANGE_ACTIONS,
    "change_paper": CHANGE_PAPERS,
    "change_effect": CHANGE_EFFECTS,
    "change_warning": CHANGE_WARNINGS,
    "final_state": FINAL_STATES,
}
TONES: Mapping[tuple[str, str], str] = {
    ("change_state", "waiting"): "warn",
    ("change_state", "confirmed"): "info",
    ("change_state", "effective"): "info",
    ("change_state", "done"): "ok",
    ("change_state", "rejected"): "bad",
    ("change_state", "reversed"): "warn",
    ("final_state", "open"): "warn",
    ("final_state", "billed"): "info",
    ("final_state", "settled"): "ok",
}
