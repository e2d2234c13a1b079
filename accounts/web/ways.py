"""The form by which ways a customer is told: one tick for each class and way."""

from typing import Any

from django import forms

from accounts.domain.notice_events import Channel, NoticeClass
from accounts.queries.consents import Choice

CLASSES = (NoticeClass.MONEY, NoticeClass.SERVICE, NoticeClass.MARKETING)


class WaysForm(forms.Form):
    """What holds now, to be changed."""

    def __init__(self, *args: Any, choices: tuple[Choice, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices
        for one in choices:
            self.fields[_name(one)] = forms.BooleanField(
                required=False,
                initial=one.is_on,
                widget=forms.CheckboxInput(attrs={"class": "form-check-input", "role": "switch"}),
            )

    def said(self) -> dict[tuple[NoticeClass, Channel], bool]:
        """Return what was ticked."""
        return {(one.notice_class, one.channel): bool(self.cleaned_data[_name(one)]) for one in self.choices}

    def groups(self) -> list[tuple[NoticeClass, list[tuple[Choice, forms.BoundField]]]]:
        """Return the fields by class, for the page."""
        return [
            (kind, [(one, self[_name(one)]) for one in self.choices if one.notice_class is kind]) for kind in CLASSES
        ]


def _name(choice: Choice) -> str:
    return f"{choice.notice_class}_{choice.channel}"
