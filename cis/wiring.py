"""Everything that is bound together: who listens to which announcement, who answers which port, what runs when."""

from accounts.queries import supplier
from cis.platform import rendering


def bind() -> None:
    """Bind all; called once when Django is ready."""
    rendering.name_supplier(_supplier_name)


def _supplier_name(language: str) -> str:
    try:
        return supplier.current().name(language=language)
    except supplier.NoSupplier:
        return "Wattline"
