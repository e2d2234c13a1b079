"""What a tariff asks an agreement for: without it every bill would be held."""

from cis.kernel.errors import Findings, Refused
from tariffs.domain.inputs import Input
from tariffs.queries import plans


class FactsMissing(Refused):
    """The tariff asks for facts that are not agreed; ``detail["findings"]`` has one entry for each."""

    code = "facts_missing"


def check(*, version_id: int, capacity_va: int | None, contract_w: int | None) -> None:
    """
    Refuse a tariff that asks for a power which nobody has agreed on.

    :raises FactsMissing: capacity or contracted demand is needed and None.
    """
    needs = plans.compiled(version_id).needs
    findings = Findings()
    for need, value, field, word in (
        (Input.CAPACITY_VA, capacity_va, "capacity_kva", "capacity"),
        (Input.CONTRACT_W, contract_w, "contract_kw", "contracted demand"),
    ):
        if need in needs and value is None:
            findings.add(field, FactsMissing.code, f"The tariff asks for a {word}.", "Agree on it, then enter it here.")
    findings.raise_if_any(FactsMissing)
