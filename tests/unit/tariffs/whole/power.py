"""Random components of power, reactive energy, losses, and prices as ratios."""

from dataclasses import replace
from fractions import Fraction

from tariffs.domain.components.billed_demand import BilledDemand, PartOfMonth
from tariffs.domain.components.demand import (
    Capacity,
    ContractedDemand,
    Excess,
    MeasuredDemand,
    Ratchet,
    UseCounts,
    UseDiscount,
)
from tariffs.domain.components.losses import AgreedLoss, Deal, LineLoss, LossMethod, LossRates, TransformerLoss
from tariffs.domain.components.power_factor import (
    PowerFactor,
    PowerFactorDemand,
    ReactiveDemand,
    ReactiveEnergy,
    Standard,
    Submeters,
    linear_schedule,
    schedule_of_1983,
)
from tariffs.domain.components.ratios import BasePrice, Ratio, RatioTimeOfUse
from tariffs.domain.components.spans import Proration
from tests.unit.tariffs import oracle_charges as oracle
from tests.unit.tariffs import oracle_power
from tests.unit.tariffs.whole.drawing import Draws, dollars, kilo


class DrawsPower(Draws):
    """Each method draws a component and its rule."""

    def capacity(self, code):
        price, proration = self.price(), self.word(Proration)
        made = Capacity(**self.head, price_e6=price, proration=proration)
        return made, oracle.capacity(code, price=dollars(price), proration=proration.value)

    def discount(self):
        if self.chance.random() < 0.5:
            return None, None
        counts = self.word(UseCounts)
        made = UseDiscount(from_wh_per_kva=self.up_to(400_000), factor_hundredths=self.up_to(100), counts=counts)
        factor = Fraction(made.factor_hundredths, 100)
        submeters = counts is UseCounts.WITH_SUBMETERS
        return made, oracle.Discount(kilo(made.from_wh_per_kva), factor, submeters)

    def ratchets(self):
        made = [
            Ratchet(
                part_e6=self.up_to(10**6),
                months=self.one(frozenset(), self.months()),
                look_back=self.chance.randint(1, 12),
            )
            for _ in range(self.chance.randint(0, 2))
        ]
        return tuple(made), [(Fraction(one.part_e6, 10**6), one.months, one.look_back) for one in made]

    def measured_demand(self, code):
        place = self.chance.randrange(len(self.demands))
        period = self.demands[place] if place else ""
        limits = self.ascending(200_000)
        prices = tuple(self.price(100) for _ in range(len(limits) + 1))
        discount, told = self.discount()
        ratchets, looked = self.ratchets()
        numbers = {"least": self.up_to(50_000), "grain": self.one(1, 10, 100, 1000)}
        incremental, proration = self.one(True, False), self.word(Proration)
        made = MeasuredDemand(
            **self.head,
            proration=proration,
            discount=discount,
            period=period,
            place=place,
            limits_w=limits,
            prices_e6=prices,
            ratchets=ratchets,
            least_w=numbers["least"],
            grain_w=numbers["grain"],
            incremental=incremental,
        )
        rule = oracle.measured_demand(
            code,
            period=period,
            place=place,
            limits=[kilo(one) for one in limits],
            prices=[dollars(one) for one in prices],
            ratchets=looked,
            incremental=incremental,
            proration=proration.value,
            discount=told,
            **{name: kilo(one) for name, one in numbers.items()},
        )
        return made, rule

    def contracted_demand(self, code):
        price, excess, proration = self.price(100), self.word(Excess), self.word(Proration)
        discount, told = self.discount()
        tolerance, floor_e6 = self.chance.randint(10**6, 2 * 10**6), self.up_to(10**6)
        made = ContractedDemand(
            **self.head,
            price_e6=price,
            excess=excess,
            tolerance_e6=tolerance,
            floor_e6=floor_e6,
            proration=proration,
            discount=discount,
        )
        rule = oracle.contracted_demand(
            code,
            price=dollars(price),
            excess=excess.value,
            tolerance=Fraction(tolerance, 10**6),
            floor_part=Fraction(floor_e6, 10**6),
            proration=proration.value,
            discount=told,
        )
        return made, rule

    def billed_demand(self, code):
        ratchets, looked = self.ratchets()
        least, part = self.up_to(50_000), self.up_to(10**6)
        months = self.one(frozenset(), self.months())
        own = (PartOfMonth(months, part),) if months else ()
        made = BilledDemand(**self.head, own=own, ratchets=ratchets, least_w=least)
        told = [(months, Fraction(part, 10**6))] if months else []
        return made, oracle.billed_demand(code, own=told, ratchets=looked, least=kilo(least))

    def reactive_energy(self, code):
        price, free = self.price(), self.up_to(10**7)
        made = ReactiveEnergy(**self.head, price_e6=price, free_e6=free)
        return made, oracle.reactive_energy(code, price=dollars(price), free=Fraction(free, 10**6))

    def reactive_demand(self, code):
        price, proration = self.price(), self.word(Proration)
        made = ReactiveDemand(**self.head, price_e6=price, proration=proration)
        return made, oracle.reactive_demand(code, price=dollars(price), proration=proration.value)

    def power_factor(self, code):
        submeters, on = self.word(Submeters), self.on()
        if self.chance.random() < 0.5:
            standard = self.word(Standard)
            schedule = schedule_of_1983(standard=standard)

            def percent_of(factor):
                return oracle_power.schedule_1983(Fraction(standard.value), factor)

        else:
            target, below, above = self.chance.randint(1, 100), self.up_to(10_000), self.up_to(10_000)
            schedule = linear_schedule(target=target, below=below, above=above)

            def percent_of(factor):
                points = target - 100 * factor
                return points * Fraction(below if points > 0 else above, 100)

        made = PowerFactor(**self.head, submeters=submeters, schedule=schedule, on=on)
        series = submeters is Submeters.SERIES
        return made, oracle.power_factor(code, percent_of=percent_of, series=series, on=on)

    def power_factor_demand(self, code):
        submeters, proration, price = self.word(Submeters), self.word(Proration), self.price()
        place, target, grain = (
            self.chance.randrange(len(self.demands)),
            self.chance.randint(1, 100),
            self.one(1, 10, 1000),
        )
        period = self.demands[place] if place else ""
        made = PowerFactorDemand(
            **self.head,
            submeters=submeters,
            target=target,
            period=period,
            place=place,
            price_e6=price,
            grain_w=grain,
            proration=proration,
        )
        rule = oracle.power_factor_demand(
            code,
            price=dollars(price),
            target=Fraction(target, 100),
            period=period,
            place=place,
            grain=kilo(grain),
            proration=proration.value,
            series=submeters is Submeters.SERIES,
        )
        return made, rule

    def where(self):
        deal, period = self.word(Deal), self.chance.randrange(len(self.periods))
        grain = self.one(1, 10, 100, 1000)
        return (
            {"deal": deal, "period": period, "grain_wh": grain},
            {"mix": deal is Deal.MIX, "period": period, "grain": kilo(grain)},
        )

    def transformer_loss(self, code):
        where, told = self.where()
        rates = [
            LossRates(
                iron_mw=self.up_to(10**6),
                copper_e6=self.up_to(10**5),
                load_mw=self.up_to(10**7),
                k_e6=self.up_to(10**6),
            )
            for _ in range(2)
        ]
        said = [
            (
                Fraction(r.iron_mw, 10**6),
                Fraction(r.copper_e6, 10**6),
                Fraction(r.load_mw, 10**6),
                Fraction(r.k_e6, 10**6),
            )
            for r in rates
        ]
        made = TransformerLoss(**self.head, **where, active=rates[0], reactive=rates[1])
        return made, oracle.transformer_loss(code, active=said[0], reactive=said[1], **told)

    def agreed_loss(self, code):
        where, told = self.where()
        wh, varh, proration = self.up_to(10**6), self.up_to(10**6), self.word(Proration)
        made = AgreedLoss(**self.head, **where, wh=wh, varh=varh, proration=proration)
        return made, oracle.agreed_loss(code, kwh=kilo(wh), kvarh=kilo(varh), proration=proration.value, **told)

    def line_loss(self, code):
        price, rate, method = self.price(), self.chance.randrange(900_000), self.word(LossMethod)
        made = LineLoss(**self.head, price_e6=price, rate_e6=rate, method=method)
        gross = method is LossMethod.GROSS
        return made, oracle.line_loss(code, price=dollars(price), rate=Fraction(rate, 10**6), gross=gross)

    def ratio_time_of_use(self, code):
        parts = tuple(
            BasePrice(name, self.price(), floats) for name, floats in (("a", True), ("b", False), ("c", True))
        )
        ratios = [Ratio(period, self.up_to(30_000)) for period in self.periods]
        if len(ratios) > 1 and self.one(True, False):
            ratios[0] = replace(ratios[0], on=ratios[1].period)
        grain = self.one(1, 10_000, 10**6)
        made = RatioTimeOfUse(**self.head, parts=parts, ratios=tuple(ratios), grain_e6=grain)
        floating = sum((dollars(part.price_e6) for part in parts if part.floats), Fraction(0))
        own = {one.period: Fraction(one.ratio, 10_000) for one in ratios}
        times = [own[one.period] * (own[one.on] if one.on else 1) for one in ratios]
        return made, oracle.ratio_time_of_use(
            code,
            floating=floating,
            fixed=dollars(parts[1].price_e6),
            ratios=times,
            grain=dollars(grain),
            periods=self.periods,
        )
