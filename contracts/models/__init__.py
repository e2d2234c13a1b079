"""Tables of the room; import names from their module, so that the import contracts see them."""

from contracts.models import (
    agreement,
    application,
    change,
    charge,
    demand_response,
    inspection,
    lease,
    offer,
    openadr,
    opening,
    program,
    supply_contract,
    survey,
    usage_inspection,
)

__all__ = [
    "agreement",
    "application",
    "change",
    "charge",
    "demand_response",
    "inspection",
    "lease",
    "offer",
    "openadr",
    "opening",
    "program",
    "supply_contract",
    "survey",
    "usage_inspection",
]
