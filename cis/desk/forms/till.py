"""Forms of tills: counts, money that is taken, cash that is moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.bills import BillCard
from cashiering.domain.tills import MOVES_BY_HAND, PIECES_MOST, CashMove, Means
from cashiering.operations.receipts import Part
from cashiering.queries.tills import TillCard
from cis.desk.till_words import CASH_MOVES, MEANS
from cis.platform.forms import DayField, MoneyField, PageForm
from cis.platform.templatetags.local import money, plain_money


class CountForm(PageForm):
    """Notes and coins that were counted."""

    field_of = {"bad_count": "", "till_taken": "till"}

    def __init__(self, *args: Any, faces: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faces = faces
        for face in faces:
            field = forms.IntegerField(label=money(face), required=False, min_value=0, max_value=PIECES_MOST)
            field.widget = forms.TextInput(
                attrs={"inputmode": "numeric", "class": "form-control num", "autocomplete": "off", "data-face": face}
            )
            self.fields[f"face_{face}"] = field

    def pieces(self) -> dict[int, int]:
        """Return how many of each, by its face value. [minor unit]"""
        return {face: self.cleaned_data.get(f"face_{face}") or 0 for face in self.faces}

    @property
    def rows(self) -> list[forms.BoundField]:
        """Return the fields of notes and coins."""
        return [self[f"face_{face}"] for face in self.faces]


class OpenTillForm(CountForm):
    """Which till, and the float in it."""

    till = forms.ChoiceField(label=_("Till"))

    def __init__(self, *args: Any, tills: Sequence[TillCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["till"].choices = [(card.id, f"{card.code} · {card.name}") for card in tills]  # type: ignore[attr-defined]
        self.fields["till"].widget.attrs["class"] = "form-select"


class CloseTillForm(CountForm):
    """What was counted at the end, and where it goes."""

    field_of = {"bad_count": "deposit"}
    deposit = MoneyField(label=_("Of it to the bank"), required=False, help_text=_("The rest goes to the safe."))
    reason = forms.CharField(label=_("How is a difference explained?"), max_length=200, required=False)


class NewTillForm(PageForm):
    """A till."""

    field_of = {"bad_till": "code"}
    code = forms.CharField(label=_("Code"), max_length=20)
    name = forms.CharField(label=_("Name"), max_length=100)
    place = forms.CharField(label=_("Where it stands"), max_length=200, required=False)


class MoveCashForm(PageForm):
    """Cash that is brought or taken away."""

    kind = forms.ChoiceField(
        label=_("From where, or where to"), choices=[(m.value, CASH_MOVES[m]) for m in MOVES_BY_HAND]
    )
    amount = MoneyField(label=_("Amount"))
    reason = forms.CharField(label=_("Reason"), max_length=200)
    form = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"form": token_hex(16)})
        super().__init__(*args, **kwargs)

    def movement(self) -> dict[str, Any]:
        """Return what was typed, for the operation."""
        given = self.cleaned_data
        return {
            "kind": CashMove(given["kind"]),
            "amount_minor": given["amount"],
            "reason": given["reason"],
            "form": given["form"],
        }


@dataclass(frozen=True, slots=True)
class Payer:
    """An account that may be paid. [minor unit]"""

    account_id: int
    number: str
    owed_minor: int


class TakeForm(PageForm):
    """Money over the counter: for one account or several of a customer, and for bills that the payer names."""

    field_of = {"bad_payment": "", "till_closed": ""}
    means = forms.ChoiceField(label=_("How"), choices=list(MEANS.items()), widget=forms.RadioSelect, initial="cash")
    tendered = MoneyField(label=_("Given"), required=False, help_text=_("Empty: exactly the amount."))
    reference = forms.CharField(
        label=_("Number of the slip or cheque"), max_length=100, required=False, help_text=_("Not for cash.")
    )
    form = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, payers: Sequence[Payer], unpaid: Sequence[BillCard], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"form": token_hex(16), "means": "cash"})
        super().__init__(*args, **kwargs)
        self.payers, self.unpaid = payers, unpaid
        for place, payer in enumerate(payers):
            owed = plain_money(payer.owed_minor) if payer.owed_minor > 0 and place == 0 else ""
            field = MoneyField(label=payer.number, required=False, initial=owed)
            field.widget.attrs |= {"class": "form-control num", "data-part": "yes"}
            self.fields[f"amount_{payer.account_id}"] = field
        for card in unpaid:
            field = MoneyField(label=card.number, required=False)
            field.widget.attrs["class"] = "form-control num"
            self.fields[f"bill_{card.id}"] = field
        self.fields[f"amount_{payers[0].account_id}"].widget.attrs["autofocus"] = True
        self.fields["tendered"].widget.attrs["data-tendered"] = "yes"
        self.field_of = {**self.field_of, "amount": f"amount_{payers[0].account_id}"}

    @property
    def rows(self) -> list[tuple[Payer, forms.BoundField]]:
        """Return the accounts with their fields."""
        return [(payer, self[f"amount_{payer.account_id}"]) for payer in self.payers]

    @property
    def bill_rows(self) -> list[tuple[BillCard, forms.BoundField]]:
        """Return the open bills of the first account with their fields."""
        return [(card, self[f"bill_{card.id}"]) for card in self.unpaid]

    def money(self) -> dict[str, Any]:
        """Return what was typed, for the operation."""
        given = self.cleaned_data
        bills = {card.id: given[f"bill_{card.id}"] for card in self.unpaid if given.get(f"bill_{card.id}")}
        parts = [
            Part(payer.account_id, given[f"amount_{payer.account_id}"], bills if place == 0 else {})
            for place, payer in enumerate(self.payers)
            if given.get(f"amount_{payer.account_id}")
        ]
        return {
            "parts": parts,
            "means": Means(given["means"]),
            "tendered_minor": given["tendered"],
            "reference": given["reference"],
            "form": given["form"],
        }


class ReasonForm(PageForm):
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class SessionListForm(PageForm):
    """Which sessions."""

    till = forms.ChoiceField(label=_("Till"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)
    only = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            ("open", _("Open now")),
            ("waiting", _("Waits for a second person")),
            ("difference", _("With a difference")),
        ],
    )

    def __init__(self, *args: Any, tills: Sequence[TillCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["till"].choices = [("", _("All")), *((card.id, card.code) for card in tills)]  # type: ignore[attr-defined]


class DepositListForm(PageForm):
    """Which deposits."""

    only = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), ("way", _("On the way"))])
