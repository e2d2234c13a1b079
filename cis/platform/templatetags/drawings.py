"""The tag ``{% qr text %}``: a QR code drawn in place."""

import segno
from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def qr(payload: str) -> SafeString:
    """Return a QR code of the text as an SVG of unit size, error correction M (survives a crease)."""
    code = segno.make(payload, error="m", micro=False)
    # segno draws modules only; the payload is encoded in them, never written as markup.
    return mark_safe(code.svg_inline(scale=1, border=2, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S308
