"""Forms on names of foreign streams."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.meter_words import FORMATS
from cis.platform.forms import PageForm
from metering.domain.stream_names import NAME_MOST, NAMED_FORMATS


class StreamNameListForm(PageForm):
    """Filters of the list of names."""

    text = forms.CharField(label=_("Name in the file, or serial number"), required=False, max_length=NAME_MOST)

    def wanted(self) -> dict[str, Any]:
        """Return what is asked for; a filter that is wrong filters nothing."""
        return {"text": self.cleaned_data["text"].strip() if self.is_valid() else ""}


class StreamNameForm(PageForm):
    """A name, and the register that it means."""

    field_of = {"format": "file_format", "stream_is_named": "place"}
    file_format = forms.ChoiceField(label=_("Format"), choices=[(str(one), FORMATS[one]) for one in NAMED_FORMATS])
    place = forms.CharField(
        label=_("Service point or meter, as in the file"),
        max_length=NAME_MOST,
        help_text=_("As the rejected line says it, up to the comma."),
    )
    code = forms.CharField(label=_("Register, as in the file"), required=False, max_length=NAME_MOST)
    serial = forms.CharField(label=_("Meter here (serial number)"), max_length=NAME_MOST)
    register = forms.CharField(
        label=_("Register here"), required=False, max_length=20, help_text=_("Empty: the meter's only one.")
    )
