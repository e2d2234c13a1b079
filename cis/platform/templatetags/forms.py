"""Forms in pages: several on one page, or one of them several times, each with ids of its own."""

from copy import copy

from django import template

from cis.platform.forms import PageForm

register = template.Library()


@register.filter
def named(form: PageForm, key: object) -> PageForm:
    """Return the same form with ids that begin with a key, so that each label names its own field."""
    twin = copy(form)
    twin.auto_id = f"of_{key}_%s"
    twin._bound_fields_cache = {}  # type: ignore[attr-defined]  # noqa: SLF001 (Django has no other way)
    return twin
