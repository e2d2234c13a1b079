"""Forms on statements of the bank."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from cashiering.domain.bank_lines import Outcome
from cashiering.operations.suspense import Share
from cashiering.queries import agents, tills
from cashiering.queries.agents import WantedAgents
from cis.desk.bank_words import STATES
from cis.desk.till_words import MEANS
from cis.platform.forms import MoneyField, PageForm
from cis.platform.templatetags.local import money, plain_money

PARTS = 5
CHOICES_MOST = 200


class StatementUploadForm(PageForm):
    """A file of a bank."""

    file = forms.FileField(label=_("File of the bank"), allow_empty_file=True, max_length=255)


class StatementListForm(PageForm):
    """Which statements."""

    text = forms.CharField(label=_("Statement, account or file"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), ("open", _("Something is to be done"))]
    )


class LineListForm(PageForm):
    """Which lines."""

    text = forms.CharField(label=_("Payer, text or reference"), required=False, max_length=100)
    side = forms.ChoiceField(
        label=_("Direction"), required=False, choices=[("", _("All")), ("in", _("Came in")), ("out", _("Went out"))]
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *STATES.items()])


class AssignForm(PageForm):
    """Accounts that share the money of a line."""

    field_of = {"bad_split": "amount_1"}

    def __init__(self, *args: Any, left_minor: int, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"amount_1": plain_money(left_minor)})
        super().__init__(*args, **kwargs)
        for number in range(1, PARTS + 1):
            self.fields[f"account_{number}"] = forms.CharField(
                label=_("Account number"), required=number == 1, max_length=20
            )
            self.fields[f"amount_{number}"] = MoneyField(label=_("Amount"), required=number == 1)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"
        self.fields["account_1"].widget.attrs["autofocus"] = True

    def rows(self) -> list[tuple[Any, Any]]:
        """Return the fields of each part, side by side."""
        return [(self[f"account_{number}"], self[f"amount_{number}"]) for number in range(1, PARTS + 1)]

    def shares(self) -> list[Share]:
        """
        Return what each account gets.

        :raises UnknownAccount: a number is nobody's.
        """
        found = []
        for number in range(1, PARTS + 1):
            text, amount = self.cleaned_data.get(f"account_{number}"), self.cleaned_data.get(f"amount_{number}")
            if text and amount:
                found.append(Share(accounts.id_of_number(text.strip()), amount))
        return found

    def clean(self) -> dict[str, Any]:
        """Refuse a part of which one half is missing, and numbers of nobody."""
        given = super().clean() or {}
        for number in range(1, PARTS + 1):
            text, amount = given.get(f"account_{number}"), given.get(f"amount_{number}")
            if bool(text) != bool(amount) and not self.has_error(f"amount_{number}"):
                self.add_error(f"amount_{number}", _("Account and amount belong together."))
            if text:
                try:
                    accounts.id_of_number(text.strip())
                except UnknownAccount:
                    self.add_error(f"account_{number}", _("There is no such account."))
        return given


class SendBackForm(PageForm):
    """Why money goes back."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class SettleForm(PageForm):
    """For what money went out."""

    outcome = forms.ChoiceField(
        label=_("What it was"),
        choices=[
            (Outcome.FEE.value, _("Fee of the bank")),
            (Outcome.ENTERED.value, _("Posted where it was decided, as a refund")),
        ],
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)


class DepositForm(PageForm):
    """Which deposit of a till a line is."""

    field_of = {"reason_missing": "deposit_reason"}
    deposit = forms.ChoiceField(label=_("Deposit"))
    deposit_reason = forms.CharField(
        label=_("How is a difference explained?"), max_length=200, required=False,
        help_text=_("As: fee for cards."),
    )  # fmt: skip

    def __init__(self, *args: Any, amount_minor: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = sorted(
            tills.deposits(on_the_way=True, most=CHOICES_MOST), key=lambda card: abs(card.amount_minor - amount_minor)
        )
        self.fields["deposit"].choices = [  # type: ignore[attr-defined]
            (card.id, f"{money(card.amount_minor)} · {MEANS[card.means]} · {card.till_code} · {card.sent_date}")
            for card in waiting
        ]
        self.has_any = bool(waiting)


class AgentMoneyForm(PageForm):
    """Which agent's money a line is."""

    field_of = {"bad_agent": "agent"}
    agent = forms.ChoiceField(label=_("Agent"))

    def __init__(self, *args: Any, amount_minor: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = agents.listed(wanted=WantedAgents(), most=CHOICES_MOST)
        found = [card for card in every if card.held_minor >= amount_minor]
        self.fields["agent"].choices = [  # type: ignore[attr-defined]
            (card.id, f"{card.code} · {card.name} · {money(card.held_minor)}") for card in found
        ]
        self.has_any = bool(found)
