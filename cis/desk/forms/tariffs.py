"""Forms on the price book: its list, two versions to compare, a document, new prices, a reason."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cis.desk.answers import today
from cis.desk.forms.customers import choices
from cis.desk.words import CUSTOMER_CLASSES, STANDINGS, word
from cis.platform.forms import DayField, PageForm
from cis.platform.templatetags.local import until
from tariffs.queries.versions import VersionRow


class BookForm(PageForm):
    """Filters of the price book."""

    text = forms.CharField(label=_("Code or name"), required=False, max_length=60)
    standing = forms.ChoiceField(label=_("State"), required=False)
    customer_class = forms.ChoiceField(label=_("Class of customers"), required=False)
    area = forms.ChoiceField(label=_("Area"), required=False)
    on = DayField(label=_("Holds on"), required=False)

    def __init__(self, *args: Any, rows: Sequence[VersionRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas = sorted({row.area for row in rows if row.area})
        offered = {
            "standing": [*choices(STANDINGS, empty=_("In force, coming, drafts")), ("all", _("All"))],
            "customer_class": choices(CUSTOMER_CLASSES, empty=_("All")),
            "area": choices(dict(zip(areas, areas, strict=True)), empty=_("All")),
        }
        for name, found in offered.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]


class CompareForm(PageForm):
    """Two versions of the price book."""

    before = forms.TypedChoiceField(label=_("Before"), coerce=int)
    after = forms.TypedChoiceField(label=_("After"), coerce=int)

    def __init__(self, *args: Any, rows: Sequence[VersionRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("before", "after"):
            self.fields[name].choices = version_choices(rows)  # type: ignore[attr-defined]


def version_choices(rows: Sequence[VersionRow]) -> list[tuple[str, str]]:
    """Return versions as choices: name, dates and how each stands today, in the language of the page."""
    is_chinese = (get_language() or "").startswith("zh")
    return [(str(row.id), _shown(row, row.name_zh if is_chinese else row.name_en)) for row in rows]


def _shown(row: VersionRow, name: str) -> str:
    standing = word("standing", row.standing(today()))
    return f"{name} · {until(row.start_date, row.end_date)} · {standing} ({row.code}, {row.id})"
