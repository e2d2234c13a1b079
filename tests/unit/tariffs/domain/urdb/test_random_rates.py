"""Random rates become documents whose vectors hold: the file's prices in fractions, against our components."""

import os
from random import Random

import pytest

from tariffs.domain.components.blocks import Fills
from tariffs.domain.components.tiers import Convention
from tariffs.domain.urdb.rate import Choices, Holidays, Reactive
from tests.unit.tariffs.domain.urdb.rates import imported

SHARDS = 5
RATES = 2_000 if os.environ.get("WATTLINE_PROOF") == "1" else 40
UNITS = ("kWh", "kWh", "kWh", "kWh daily", "kWh/kW", "kWh/kW daily")
CONTRADICTORY = {"tiers_contradict", "undefined_order"}


class Drawer:
    def __init__(self, seed):
        self.chance = Random(seed)

    def price(self, most=1.0):
        return round(self.chance.uniform(-0.05, most), self.chance.randint(2, 6))

    def tiers(self, limits, unit=None):
        """Tiers that end at some limits."""
        rows = [{"rate": self.price(), "max": limit} for limit in limits] + [{"rate": self.price()}]
        for row in rows:
            if self.chance.random() < 0.3:
                row["adj"] = self.price(0.1)
            if unit:
                row["unit"] = unit
        if self.chance.random() < 0.3:
            rows[-1]["max"] = self.chance.choice([0, 1e38, 10**12])
        return rows

    def limits(self, most):
        return sorted(self.chance.sample(range(1, most), self.chance.choice([0, 0, 1, 2, 3])))

    def block(self):
        """A block of kWh per kW that tiers in kWh divide, and more of them."""
        first = {"rate": 0, "max": 200, "unit": "kWh/kW"}
        inside = [{"rate": self.price(), "max": top, "unit": "kWh"} for top in (3000, 10_000)]
        last = {"rate": self.price(), "max": 1e38, "unit": "kWh"}
        return [
            first,
            *inside,
            last,
            {"rate": self.price(), "max": 400, "unit": "kWh/kW"},
            {"rate": self.price(), "unit": "kWh/kW"},
        ]

    def hours(self, periods):
        """Hours of seasons: each has a day with some of the periods in blocks of hours."""
        days = []
        for _ in range(self.chance.randint(1, 3)):
            edges = sorted(self.chance.sample(range(1, 24), self.chance.randint(0, 3)))
            row = []
            for start, end in zip([0, *edges], [*edges, 24], strict=True):
                row += [self.chance.randrange(periods)] * (end - start)
            days.append(row)
        return [days[min(month * len(days) // 12, len(days) - 1)] for month in range(12)]

    def energy(self):
        periods, unit = self.chance.randint(1, 4), self.chance.choice(UNITS)
        shared = self.limits(1000)
        kind = self.chance.choice(["shared", "shared", "apart", "some", "block"])
        if kind == "block":
            return {"energyratestructure": [self.block()], **self.schedule("energy", 1)}
        own = {"shared": lambda _: shared, "apart": lambda _: self.limits(1000), "some": lambda p: shared if p else []}[
            kind
        ]
        structure = [self.tiers(own(period), unit) for period in range(periods)]
        return {"energyratestructure": structure, **self.schedule("energy", periods)}

    def schedule(self, kind, periods):
        weekday = self.hours(periods)
        weekend = weekday if self.chance.random() < 0.3 else self.hours(periods)
        return {f"{kind}weekdayschedule": weekday, f"{kind}weekendschedule": weekend}

    def rate(self):
        found = {"utility": "City Light", "name": "Random", "startdate": "2024-01-01", **self.energy()}
        if self.chance.random() < 0.5:
            periods = self.chance.randint(1, 3)
            shared = self.limits(200)
            found["demandratestructure"] = [self.tiers(shared) for _ in range(periods)]
            found |= self.schedule("demand", periods)
        if self.chance.random() < 0.5:
            kinds = self.chance.randint(1, 3)
            found["flatdemandstructure"] = [self.tiers(self.limits(200)) for _ in range(kinds)]
            found["flatdemandmonths"] = [self.chance.randrange(kinds) for _ in range(12)]
            if self.chance.random() < 0.4:
                named = self.chance.random() < 0.5
                found["lookbackpercent"] = self.chance.choice([0.5, 75, 1])
                found |= {"lookbackmonths": [1, 0, 1] * 4} if named else {"lookbackrange": self.chance.randint(1, 12)}
        if self.chance.random() < 0.6:
            found |= {
                "fixedchargefirstmeter": self.price(50),
                "fixedchargeunits": self.chance.choice(["$/month", "$/day"]),
            }
        if self.chance.random() < 0.3:
            found |= {"mincharge": abs(self.price(80)), "minchargeunits": self.chance.choice(["$/month", "$/day"])}
        if self.chance.random() < 0.2:
            found |= {"annualmincharge": 120, "demandreactivepowercharge": self.price()}
        return found

    def choices(self):
        return Choices(
            convention=self.chance.choice([Convention.PROPORTIONAL, Convention.PROPORTIONAL, Convention.TIME_ORDER]),
            fills=self.chance.choice([None, None, *Fills]),
            holidays=self.chance.choice(list(Holidays)),
            reactive=Reactive.LARGEST,
        )


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_random_rate_becomes_a_document_whose_vectors_hold(shard):
    documents = 0
    for place in range(RATES // SHARDS):
        drawer = Drawer(f"{shard} {place}")
        found = imported(drawer.rate(), drawer.choices())
        codes = {finding.code for finding in found.findings}
        assert codes <= CONTRADICTORY, (shard, place, [str(finding) for finding in found.findings][:3])
        documents += bool(found.documents)
    assert documents > RATES // SHARDS // 2
