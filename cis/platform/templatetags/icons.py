"""The tag ``{% icon "name" %}``: a Tabler icon drawn in place, so that it takes the colour of its text."""

import re
from functools import cache

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
FOLDER = settings.BASE_DIR / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
NAME = re.compile(r"[a-z0-9-]{1,40}")


class UnknownIcon(template.TemplateSyntaxError):
    """The page names an icon that the icon set does not have."""


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """
    Return the SVG of an icon, hidden from screen readers: the words beside it speak.

    :raises UnknownIcon: there is no such icon.
    """
    path = FOLDER / f"{name}.svg"
    if not NAME.fullmatch(name) or not path.is_file():
        raise UnknownIcon(f"there is no icon {name!r} in @tabler/icons")
    drawing = re.sub(r"<!--.*?-->|\sclass=\"[^\"]*\"", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    # The file comes from the pinned npm package, never from a user.
    return mark_safe(drawing.strip().replace("<svg", '<svg class="icon" aria-hidden="true" focusable="false"', 1))  # noqa: S308
