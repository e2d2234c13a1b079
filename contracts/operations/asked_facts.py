"""What a tariff asks an agreement for: without it every bill would be held."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from cis.kernel.errors import Findings, Refused
from contracts.domain.agreements import NewAgreement
from tariffs.domain.inputs import Input
from tariffs.domain.plan import Plan
from tariffs.queries import plans
from tariffs.queries.plans import VersionInForce


class FactsMissing(Refused):
    """The tariff asks for facts that are not agreed; ``detail["findings"]`` has one entry for each."""

    code = "facts_missing"


def check(*, version_id: int, capacity_va: int | None, contract_w: int | None) -> None:
    """
    Refuse a tariff that asks for a power which nobody has agreed on.

    :raises FactsMissing: capacity or contracted demand is needed and None.
    """
    findings = Findings()
    _note(plans.compiled(version_id), "", capacity_va, contract_w, findings)
    findings.raise_if_any(FactsMissing)


def _note(plan: Plan, where: str, capacity_va: int | None, contract_w: int | None, findings: Findings) -> None:
    for need, value, field, word in (
        (Input.CAPACITY_VA, capacity_va, "capacity_kva", "capacity"),
        (Input.CONTRACT_W, contract_w, "contract_kw", "contracted demand"),
    ):
        if need in plan.needs and value is None:
            message, advice = f"The tariff asks for a {word}.", "Agree on it, then enter it here."
            findings.add(f"{where}{field}", FactsMissing.code, message, advice)


class FirstPrices:
    """The prices that hold on the first days of many agreements; one statement, and the texts of versions once each."""

    def __init__(self, *, agreements: Sequence[NewAgreement]) -> None:
        self.ids = plans.tariff_ids({new.tariff for new in agreements})
        self.versions: dict[int, list[VersionInForce]] = defaultdict(list)
        since = min((new.start_date for new in agreements), default=date.max)
        for version in plans.versions(start_date=since, end_date=date.max) if agreements else ():
            self.versions[version.tariff_id].append(version)

    def of(self, new: NewAgreement) -> Plan | None:
        """Return the plan that holds on the first day of an agreement; None = its tariff has no price then."""
        for version in self.versions[self.ids.get(new.tariff, 0)]:
            if version.start_date <= new.start_date and (version.end_date or date.max) > new.start_date:
                return plans.compiled(version.version_id)
        return None

    def note_missing(self, new: NewAgreement, *, findings: Findings) -> None:
        """Note the facts that the tariff of an agreement asks for and that are not agreed."""
        plan = self.of(new)
        if plan is not None:
            _note(plan, f"{new.where}: ", new.agreed.capacity_va, new.agreed.contract_w, findings)
