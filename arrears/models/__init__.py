"""Tables of the room; import names from their module, so that the import contracts see them."""

from arrears.models import late_fee

__all__ = ["late_fee"]
