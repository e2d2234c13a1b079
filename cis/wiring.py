"""Everything that is bound together: who listens to which announcement, who answers which port, what runs when."""

from accounts.queries import supplier
from cis.desk import navigation
from cis.platform import jobs, rendering
from metering.operations import uploads


def bind() -> None:
    """Bind all; called once when Django is ready."""
    rendering.name_supplier(_supplier_name)
    rendering.add_nav(*navigation.ENTRIES)
    jobs.register(uploads.WORK, uploads.work)


def _supplier_name(language: str) -> str:
    try:
        return supplier.current().name(language=language)
    except supplier.NoSupplier:
        return "Wattline"
