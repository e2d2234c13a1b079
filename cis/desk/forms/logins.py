"""Forms on who may sign in."""

from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.staff_words import ROLE_MEANINGS, ROLES
from cis.platform.forms import PageForm

NAME_MOST = 150


class LoginForm(PageForm):
    """A login; its password is made, not typed."""

    field_of = {"username_taken": "username"}
    username = forms.CharField(
        label=_("Login"),
        max_length=NAME_MOST,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Letters, digits and @ . + - _, no blanks."),
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("For a forgotten password; without one, only staff can help.")
    )


class RolesForm(PageForm):
    """What a member of staff may do."""

    field_of = {"unknown_role": "roles", "own_login": "roles"}
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=choices(ROLES), widget=forms.CheckboxSelectMultiple, required=True
    )

    def meanings(self) -> list[tuple[Any, Any]]:
        """Return the box of each role with what it allows."""
        return [(box, ROLE_MEANINGS[str(box.data["value"])]) for box in self["roles"]]


class StaffForm(LoginForm, RolesForm):
    """A new member of staff."""

    field_of = {**LoginForm.field_of, **RolesForm.field_of}
    name = forms.CharField(label=_("Full name"), max_length=NAME_MOST)
    field_order = ("username", "name", "email", "roles")
