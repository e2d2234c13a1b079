"""Simulate other prices over billed months in this process, and say what they would change. Nothing is billed."""

import json
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.domain.outcomes import percent_text
from billing.operations import simulations
from billing.operations.simulations import Change, Filters
from billing.queries import cycles
from billing.queries import simulations as found
from billing.queries.simulations import MONTHS, GroupCard, SimulationCard
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.kernel.periods import Period, add_months
from tariffs.domain import document
from tariffs.operations import tariffs
from tariffs.queries import plans, texts

SHOCKS = 10
WAIT_S = 0.2


class Command(BaseCommand):
    help = "Simulate other prices over the last billed months: revenue, who pays more, who pays less."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="+", metavar="VERSION", help="id of a tariff version, or a TOML file")
        parser.add_argument("--instead-of", default="", metavar="TARIFF", help="code of the tariff that is replaced")
        parser.add_argument("--months", type=int, default=MONTHS, help="billed months that are looked at")
        parser.add_argument("--until", default="", help="the last of them, as 2025-01; default: the last billed one")
        parser.add_argument("--cycle", default="", help="code of a bill cycle")
        parser.add_argument("--kind", default="", help="kind of customer: resident, company, agency")
        parser.add_argument("--area", default="", help="district of the places that are supplied")
        parser.add_argument("--keep", action="store_true", help="keep the result for the pages of the desk")
        parser.add_argument("--json", action="store_true", help="print the JSON alone")

    def handle(self, *, what: list[str], instead_of: str, keep: bool, **given: Any) -> None:
        start = time.perf_counter()
        try:
            simulation_id = simulations.open(
                name=" ".join(Path(one).name for one in what),
                period=self._period(given["months"], given["until"]),
                changes=self._changes(what, instead_of),
                filters=self._filters(given),
                actor=SYSTEM,
            )
        except (Refused, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        card = self._wait(simulation_id)
        result = self._result(simulation_id)
        if not keep:
            simulations.delete(simulation_id=simulation_id, actor=SYSTEM)
        if card.state != "done":
            raise CommandError(f"The simulation failed: {card.error}")
        if not given["json"]:
            self._report(result, time.perf_counter() - start)
        self.stdout.write(json.dumps(result, ensure_ascii=False))

    def _wait(self, simulation_id: int) -> SimulationCard:
        """Work until it has ended; chunks that other workers have are waited for."""
        while True:
            simulations.work(timezone.now())
            card = found.one(simulation_id=simulation_id)
            if card.state != "running":
                return card
            time.sleep(WAIT_S)

    def _period(self, months: int, until: str) -> Period:
        if not until:
            return found.last_billed(months=months)
        end = add_months(date.fromisoformat(f"{until}-01"), 1)
        return Period(add_months(end, -months), end)

    def _changes(self, what: list[str], instead_of: str) -> list[Change]:
        if instead_of and len(what) > 1:
            raise CommandError("--instead-of takes one version.")
        return [self._change(one, instead_of) for one in what]

    def _change(self, one: str, instead_of: str) -> Change:
        version_id = int(one) if one.isdigit() else None
        if version_id is None:
            text = tariffs.text_of(Path(one))
            tariff_id = plans.tariff_id(instead_of or document.parse(text=text).plan.code)
        else:
            tariff_id, text = texts.of_version(version_id)
            tariff_id = plans.tariff_id(instead_of) if instead_of else tariff_id
        return Change(tariff_id=tariff_id, source=text, version_id=version_id)

    def _filters(self, given: dict[str, Any]) -> Filters:
        cycle_id = None
        if given["cycle"]:
            cycle_id = next((card.id for card in cycles.listed() if card.code == given["cycle"]), None)
            if cycle_id is None:
                raise CommandError(f"There is no bill cycle {given['cycle']}.")
        return Filters(cycle_id=cycle_id, customer_kind=given["kind"], district=given["area"])

    def _result(self, simulation_id: int) -> dict[str, Any]:
        card = found.one(simulation_id=simulation_id)
        groups = found.groups(simulation_id=simulation_id)
        codes = {str(one.tariff_id): one.tariff_code for one in card.versions}
        shocks = found.supplies(simulation_id=simulation_id, order="pays_more", most=SHOCKS)
        return {
            "simulation": simulation_id,
            "start_date": card.start_date.isoformat(),
            "end_date": card.end_date.isoformat(),
            "versions": {one.tariff_code: one.sha256 for one in card.versions},
            "money_step": _money(card.money_step_minor or 0),
            "percent_step": to_text(card.percent_step_e2 or 0, places=2),
            "groups": {by: [_sums(one, codes) for one in cards] for by, cards in groups.items()},
            "pays_more": [
                {
                    "account": one.account_number,
                    **{name: _money(getattr(one, f"{name}_minor")) for name in ("old", "new", "change")},
                }
                for one in shocks
            ],
        }

    def _report(self, result: dict[str, Any], seconds: float) -> None:
        groups = result["groups"]
        for one in groups["all"]:
            self.stdout.write(
                f"{one['supplies']} supplies from {result['start_date']} to {result['end_date']}: "
                f"{one['old']} billed, {one['new']} simulated, {one['change']} ({one['percent'] or '-'} %); "
                f"{seconds:.1f} s"
            )
            self.stdout.write(
                f"pay more: {one['losers']}, together {one['lost']}; pay less: {one['winners']}, together {one['won']}"
            )
        for by in ("month", "class", "kind", "area", "tariff", "decile"):
            for one in groups[by]:
                self.stdout.write(
                    f"{by} {one['key'] or '-'}: {one['old']} -> {one['new']} ({one['percent'] or '-'} %), "
                    f"{one['losers']} pay more, {one['winners']} pay less"
                )
        for one in result["pays_more"]:
            self.stdout.write(f"account {one['account']}: {one['old']} -> {one['new']} ({one['change']})")
        for one in groups["reason"]:
            self.stdout.write(f"not simulated: {one['supplies']} supplies, {one['old']} billed: {one['key']}")


def _sums(card: GroupCard, codes: dict[str, str]) -> dict[str, Any]:
    return {
        "key": codes.get(card.key, card.key) if card.by == "tariff" else card.key,
        "supplies": card.supplies,
        "energy_kwh": to_text(card.used_wh, places=3),
        "old": _money(card.old_minor),
        "new": _money(card.new_minor),
        "change": _money(card.change_minor),
        "percent": percent_text(old_minor=card.old_minor, new_minor=card.new_minor),
        "losers": card.losers,
        "lost": _money(card.lost_minor),
        "winners": card.winners,
        "won": _money(card.won_minor),
    }


def _money(amount_minor: int) -> str:
    return to_text(amount_minor, places=2)
