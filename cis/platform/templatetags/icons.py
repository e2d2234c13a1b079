"""The tag ``{% icon "name" %}``: a Tabler icon drawn in place, so that it takes the colour of its text."""

import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from cis.platform.frontend import FILES
from cis.platform.icon_names import ICONS

register = template.Library()


class UnknownIcon(template.TemplateSyntaxError):
    """The page names an icon that is not among those served, or set-up did not bring it."""


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """
    Return the SVG of an icon, hidden from screen readers: the words beside it speak.

    It is read where set-up collected it, else from the installed package: an image has no packages any more.

    :raises UnknownIcon: there is no such icon.
    """
    if name not in ICONS:
        raise UnknownIcon(f"the icon {name!r} is not in cis.platform.icon_names")
    served = f"vendor/icons/{name}.svg"
    path = next((place for place in (FILES[served], Path(settings.STATIC_ROOT) / served) if place.is_file()), None)
    if path is None:
        raise UnknownIcon(f"the icon {name!r} is missing: install the front-end packages or collect the static files")
    drawing = re.sub(r"<!--.*?-->|\sclass=\"[^\"]*\"", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    # The file comes from the pinned npm package, never from a user.
    return mark_safe(drawing.strip().replace("<svg", '<svg class="icon" aria-hidden="true" focusable="false"', 1))  # noqa: S308
