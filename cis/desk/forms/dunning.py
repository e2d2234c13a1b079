"""Forms on demands, holds, forecasts and disconnections."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from arrears.queries.dunning import WantedCases
from arrears.queries.holds import WantedHolds
from arrears.queries.orders import WantedOrders
from arrears.queries.undelivered import HAND
from cis.desk.dunning_words import BATCHES, CALL_RESULTS, CUT_CAUSES, HOLDS, ORDERS, STEPS, WAYS
from cis.desk.forms.customers import choices
from cis.desk.words import CUSTOMER_CLASSES
from cis.platform.forms import DayField, MoneyField, PageForm

TENTHS = 10


class TimeField(forms.TimeField):
    """A local time of day, chosen in the browser."""

    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    input_formats = ("%H:%M", "%H:%M:%S")


def at(day: Any, local: Any) -> datetime:
    """Return the instant of a local date and time. [UTC]"""
    made = datetime.combine(day, local or time(0), tzinfo=timezone.get_current_timezone())
    return made.astimezone(UTC)


class CaseListForm(PageForm):
    """Filters of the queue of overdue accounts."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    customer_class = forms.ChoiceField(
        label=_("Class"), required=False, choices=choices(CUSTOMER_CLASSES, empty=_("All"))
    )
    step = forms.ChoiceField(
        label=_("Last step"), required=False,
        choices=[("", _("All")), ("none", _("None yet")), *[one for one in STEPS.items() if one[0]]],
    )  # fmt: skip
    days = forms.IntegerField(label=_("Days overdue, more than"), required=False, min_value=0, max_value=9_999)
    least = MoneyField(label=_("Overdue at least"), required=False)
    held = forms.ChoiceField(
        label=_("Goes on"), required=False,
        choices=[("", _("All")), ("free", _("Not held")), ("held", _("Held")), ("proof", _("A proof is missing"))],
    )  # fmt: skip
    order = forms.ChoiceField(
        label=_("Order"), required=False,
        choices=[("", _("Largest debt first")), ("oldest", _("Oldest debt first")), ("next", _("Next step first"))],
    )  # fmt: skip
    closed = forms.ChoiceField(label=_("Cases"), required=False, choices=[("", _("Going on")), ("yes", _("Over"))])

    def wanted(self) -> WantedCases:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedCases(
            text=given.get("text") or "", customer_class=given.get("customer_class") or "",
            step=given.get("step") or "", older_than=given.get("days"), least_minor=given.get("least"),
            held=given.get("held") or "", order=given.get("order") or "", closed=bool(given.get("closed")),
        )  # fmt: skip


class CallListForm(PageForm):
    """Filters of the list of calls, visits and demands to be handed over."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    channel = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", WAYS["call"]), ("visit", WAYS["visit"]), (HAND, _("To be handed over"))],
    )


class DunningBatchListForm(PageForm):
    """Filters of the list of batches."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(BATCHES, empty=_("All")))


class OrderListForm(PageForm):
    """Filters of the list of disconnection orders."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Under way")), ("all", _("All")), *ORDERS.items()]
    )
    cause = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(CUT_CAUSES, empty=_("All")))
    batch = forms.IntegerField(label=_("Batch"), required=False, widget=forms.HiddenInput)

    def wanted(self) -> WantedOrders:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        text, state, cause = (self.cleaned_data.get(name) or "" for name in ("text", "state", "cause"))
        return WantedOrders(text=text, state=state, cause=cause, batch=self.cleaned_data.get("batch"))


class HoldListForm(PageForm):
    """Filters of the list of holds."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(HOLDS, empty=_("All")))
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("Hold now")), ("asked", _("To be lifted by a second person")),
                 ("ending", _("End within 14 days")), ("all", _("All"))],
    )  # fmt: skip

    def wanted(self) -> WantedHolds:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedHolds(given.get("text") or "", given.get("kind") or "", given.get("state") or "")


class HoldForm(PageForm):
    """Place a hold on an account, on a bill of it, or on a place."""

    field_of = {"bad_hold": "evidence"}
    kind = forms.ChoiceField(label=_("Kind"), choices=choices(HOLDS))
    evidence = forms.CharField(label=_("What shows it"), max_length=300, help_text=_("Certificate, complaint, letter."))
    bill = forms.ChoiceField(label=_("What it is about"), required=False)
    service_point = forms.ChoiceField(
        label=_("Protects a place"), required=False, help_text=_("For life support and vulnerable customers.")
    )
    until = DayField(label=_("Holds until, this day included"), required=False)

    def __init__(
        self, *args: Any, bills: Sequence[tuple[int, str]], places: Sequence[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bill"].choices = [("", _("The whole account")), *bills]  # type: ignore[attr-defined]
        self.fields["service_point"].choices = [("", "–"), *places]  # type: ignore[attr-defined]


class LiftForm(PageForm):
    """Why a hold is lifted."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class CallForm(PageForm):
    """What came out of a call."""

    result = forms.ChoiceField(label=_("Result"), choices=choices(CALL_RESULTS))
    note = forms.CharField(label=_("Who, and what was said"), required=False, max_length=300)


class ProofForm(PageForm):
    """What shows that a demand was received, and when."""

    field_of = {"bad_demand_proof": "proof"}
    proof = forms.CharField(label=_("What shows it"), max_length=300)
    day = DayField(label=_("Arrived on"))
    time = TimeField(label=_("At"))


class ProposeForm(PageForm):
    """Propose that a place is cut off."""

    service_point = forms.ChoiceField(label=_("Place"))
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, places: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service_point"].choices = list(places)  # type: ignore[attr-defined]


class SlotForm(PageForm):
    """The announced hours of a disconnection."""

    field_of = {"bad_cut_notice": "day"}
    day = DayField(label=_("Day"))
    start = TimeField(label=_("From"))
    end = TimeField(label=_("Until"))


class ReceiptForm(PageForm):
    """That the notice of disconnection was received."""

    field_of = {"bad_cut_notice": "proof"}
    proof = forms.CharField(label=_("What shows it"), max_length=300, help_text=_("Number of the registered letter."))
    day = DayField(label=_("Arrived on"))
    time = TimeField(label=_("At"))


class NoteForm(PageForm):
    """A reason, or what shows something."""

    note = forms.CharField(label=_("Reason, or what shows it"), max_length=300)


class ForecastForm(PageForm):
    """What the weather service foretells."""

    field_of = {"bad_forecast": "source"}
    source = forms.CharField(label=_("Weather service"), max_length=200)
    made_day = DayField(label=_("Foretold on"))
    made_time = TimeField(label=_("At"))
    until = DayField(label=_("Reaches until the end of"))
    coldest = forms.DecimalField(label=_("Coldest, °C"), max_digits=3, decimal_places=1)
    hottest = forms.DecimalField(label=_("Hottest, °C"), max_digits=3, decimal_places=1)

    def tenths(self, name: str) -> int:
        """Return a temperature. [1/10 degree Celsius]"""
        return int(self.cleaned_data[name] * TENTHS)
