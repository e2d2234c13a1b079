"""Random components of energy, steps and standing charges, and taxes on them."""

from fractions import Fraction

from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.blocks import (
    FeeOf,
    Fills,
    PackageEnergy,
    PeriodSteps,
    StepFee,
    TieredByPeriod,
    VolumeEnergy,
)
from tariffs.domain.components.tiers import Convention, HouseholdAllowance, LimitsPer, TieredEnergy, TieredTimeOfUse
from tests.unit.tariffs import oracle_whole
from tests.unit.tariffs.oracle import Part
from tests.unit.tariffs.whole.drawing import Draws, dollars, kilo


class DrawsEnergy(Draws):
    """Each method draws a component and its rule."""

    def limits(self, kind, code, words):
        limits = self.ascending(2_000_000, 3)
        per = [self.word(words) for _ in limits] if self.chance.random() < 0.5 and limits else [self.word(words)]
        part = Part(kind, code, limits=[kilo(wh) for wh in limits], limits_per=[one.value for one in per])
        allowances = []
        if self.chance.random() < 0.3:
            grow = tuple(sorted(self.chance.randint(0, 10**6) for _ in limits))
            allowances.append(HouseholdAllowance(from_persons=3, grow_wh=grow))
            part.allowances.append((3, [kilo(wh) for wh in grow]))
        return {"limits_wh": limits, "limits_per": tuple(per), "allowances": tuple(allowances)}, part

    def words(self):
        of_segment = (LimitsPer.MONTH, LimitsPer.DAY, LimitsPer.KW, LimitsPer.KW_DAY)
        return self.one((LimitsPer.CYCLE,), of_segment)

    def prices(self, part):
        row = tuple(self.price() for _ in range(len(part.limits) + 1))
        part.price = [dollars(one) for one in row]
        return row

    def plain(self, component, part):
        return component, oracle_whole.plain(part, self.periods)

    def fixed(self, code):
        price, per = self.price(), self.word(Per)
        return self.plain(
            Fixed(**self.head, per=per, price_e6=price), Part("fixed", code, dollars(price), per=per.value)
        )

    def energy(self, code):
        price = self.price()
        return self.plain(Energy(**self.head, price_e6=price), Part("energy", code, dollars(price)))

    def time_of_use(self, code):
        row = tuple(self.price() for _ in self.periods)
        part = Part("time_of_use", code, [dollars(one) for one in row])
        return self.plain(TimeOfUse(**self.head, periods=self.periods, prices_e6=row), part)

    def tiered_energy(self, code):
        limits, part = self.limits("tiered_energy", code, self.words())
        return self.plain(TieredEnergy(**self.head, **limits, prices_e6=self.prices(part)), part)

    def volume_energy(self, code):
        limits, part = self.limits("volume_energy", code, self.words())
        return self.plain(VolumeEnergy(**self.head, **limits, prices_e6=self.prices(part)), part)

    def tiered_time_of_use(self, code):
        limits, part = self.limits("tiered_time_of_use", code, self.words())
        rows = tuple(tuple(self.price() for _ in self.periods) for _ in range(len(part.limits) + 1))
        part.price = [[dollars(one) for one in row] for row in rows]
        made = TieredTimeOfUse(
            **self.head, **limits, periods=self.periods, prices_e6=rows, convention=Convention.PROPORTIONAL
        )
        return self.plain(made, part)

    def in_order(self, code):
        """Steps in order of time: what lies in each cell is measured, and given."""
        limits, part = self.limits("in_order", code, (LimitsPer.MONTH,))
        rows = tuple(tuple(self.price() for _ in self.periods) for _ in range(len(part.limits) + 1))
        made = TieredTimeOfUse(
            **self.head, **limits, periods=self.periods, prices_e6=rows, convention=Convention.TIME_ORDER
        )
        return made, oracle_whole.in_order(code, [[dollars(one) for one in row] for row in rows], self.periods)

    def tiered_by_period(self, code):
        fills = self.word(Fills)
        part, steps = Part("tiered_by_period", code, fills=fills.value), []
        for _ in self.periods:
            words = (LimitsPer.MONTH, LimitsPer.DAY, LimitsPer.KW) if fills is Fills.OWN else self.words()
            limits, own = self.limits("period", code, words)
            steps.append(PeriodSteps(**self.head, **limits, prices_e6=self.prices(own)))
            part.parts.append(own)
        made = TieredByPeriod(**self.head, periods=self.periods, parts=tuple(steps), fills=fills)
        return self.plain(made, part)

    def package_energy(self, code):
        size, free, price = self.chance.randint(1, 10**6), self.up_to(10**6), self.price()
        per = self.one(LimitsPer.CYCLE, LimitsPer.MONTH)
        part = Part("package_energy", code, dollars(price), limits_per=[per.value], size=kilo(size), free=kilo(free))
        made = PackageEnergy(**self.head, package_wh=size, free_wh=free, counted_per=per, price_e6=price)
        return self.plain(made, part)

    def step_fee(self, code):
        per, fee_of = self.word(Per), self.word(FeeOf)
        words = (LimitsPer.DAY, LimitsPer.KW_DAY) if per is Per.DAY else (LimitsPer.MONTH, LimitsPer.KW)
        limits, part = self.limits("step_fee", code, words)
        part.per, part.fee_of = per.value, fee_of.value
        return self.plain(StepFee(**self.head, **limits, fees_e6=self.prices(part), per=per, fee_of=fee_of), part)

    def tax(self, code):
        rate, mode, on = self.up_to(10**6), self.word(TaxMode), self.on()
        part = Part("tax", code, rate=Fraction(rate, 10**6), inside=mode is TaxMode.INSIDE, on=on)
        return self.plain(Tax(**self.head, rate_e6=rate, mode=mode, on=on), part)
