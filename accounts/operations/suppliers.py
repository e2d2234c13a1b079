"""The supplier that runs this installation: set up once, changed rarely."""

from accounts.models.supplier import Supplier
from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction


@joins_transaction
def set_up(*, card: SupplierCard, actor: Actor) -> None:
    """
    Write who the supplier is.

    Other processes read it when they start: after a change, restart web server and workers.
    """
    values = {field: getattr(card, field) for field in SupplierCard.__dataclass_fields__}
    Supplier.objects.update_or_create(id=1, defaults=values)
    supplier.forget()
    audit.record(actor, "set_up", "supplier", 1, **values)
