"""Tags of pages that show checklists."""

from django import template

from cis.desk.forms.checklists import label_of
from metering.domain.checklists import Item

register = template.Library()


@register.filter
def item_label(item: Item) -> str:
    """Return the words of an item in the page's language."""
    return label_of(item)
