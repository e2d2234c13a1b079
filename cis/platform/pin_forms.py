"""The form by which a secret number for the telephone is set, on the desk and in the portal."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import PageForm


class PinForm(PageForm):
    """A secret number, typed twice."""

    pin = forms.CharField(
        label=_("PIN"), max_length=12,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("The same again"), max_length=12,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Ask for the same twice."""
        given = super().clean() or {}
        if "pin" in given and "again" in given and given["pin"] != given["again"]:
            self.add_error("again", _("It is not the same."))
        return given
