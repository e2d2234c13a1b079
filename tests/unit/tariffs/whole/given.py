"""Random components of energy given, of limits on charges, premiums and concessions."""

from fractions import Fraction

from tariffs.domain.components.basic import Per
from tariffs.domain.components.charge_limits import (
    Leaving,
    MaximumCharge,
    MinimumCharge,
    Negative,
    YearlyMaximum,
    YearlyMinimum,
)
from tariffs.domain.components.export import (
    Applied,
    ExportCredit,
    KwhCredits,
    MoneyCredits,
    Netting,
    Paid,
    TieredExport,
)
from tariffs.domain.components.standing import (
    AccountCharge,
    BeyondUse,
    CapSpan,
    Concession,
    ConcessionOf,
    GreenPremium,
    MeterCharge,
    Unmetered,
)
from tests.unit.tariffs import oracle_charges as oracle
from tests.unit.tariffs.whole.drawing import Draws, dollars, kilo


class DrawsGiven(Draws):
    """Each method draws a component and its rule."""

    def netting(self, code):
        pools = self.pools()
        return Netting(**self.head, periods=self.periods, pools=pools), oracle.netting(code, pools=pools)

    def kwh_credits(self, code):
        pools, paid, price = self.pools(), self.word(Paid), self.price()
        year, told = self.year()
        moves = ((self.chance.randint(1, 12), 0, 1),) if len(pools) > 1 and self.one(True, False) else ()
        made = KwhCredits(
            **self.head, periods=self.periods, pools=pools, year=year, paid=paid, price_e6=price, moves=moves
        )
        names = [self.periods[pool[0]] for pool in pools]
        return made, oracle.kwh_credits(
            code, pools=pools, names=names, year=told, pays_net=paid is Paid.NET, price=dollars(price), moves=moves
        )

    def export_credit(self, code):
        row = tuple(self.price() for _ in self.periods)
        made = ExportCredit(**self.head, periods=self.periods, prices_e6=row)
        return made, oracle.export_credit(code, prices=[dollars(one) for one in row], names=self.periods)

    def tiered_export(self, code):
        limits = self.ascending(2_000_000, 3)
        row = tuple(self.price() for _ in range(len(limits) + 1))
        made = TieredExport(**self.head, limits_wh=limits, prices_e6=row)
        rule = oracle.tiered_export(code, limits=[kilo(one) for one in limits], prices=[dollars(one) for one in row])
        return made, rule

    def money_credits(self, code):
        year, told = self.year()
        on, applied = self.on(), self.word(Applied)
        row = tuple(abs(self.price()) for _ in self.periods)
        made = MoneyCredits(**self.head, on=on, applied=applied, year=year, periods=self.periods, prices_e6=row)
        return made, oracle.money_credits(
            code,
            on=on,
            same_month=applied is Applied.SAME_MONTH,
            year=told,
            prices=[dollars(one) for one in row],
            names=self.periods,
        )

    def minimum_charge(self, code):
        on, per, price, negative = self.on(), self.word(Per), abs(self.price()) * 100, self.word(Negative)
        made = MinimumCharge(**self.head, on=on, per=per, price_e6=price, negative=negative)
        as_zero = negative is Negative.AS_ZERO
        return made, oracle.minimum(code, on=on, per=per.value, price=dollars(price), as_zero=as_zero)

    def maximum_charge(self, code):
        on, per, price = self.on(), self.word(Per), abs(self.price()) * 100
        made = MaximumCharge(**self.head, on=on, per=per, price_e6=price)
        return made, oracle.maximum(code, on=on, per=per.value, price=dollars(price))

    def yearly_minimum(self, code):
        on, limit, first, negative = self.on(), self.up_to(10**6), self.one(1, 7, 12), self.word(Negative)
        leaving = self.word(Leaving)
        made = YearlyMinimum(
            **self.head, on=on, limit_minor=limit, first_month=first, negative=negative, leaving=leaving
        )
        return made, oracle.yearly_minimum(
            code,
            on=on,
            limit=Fraction(limit, 100),
            first_month=first,
            as_zero=negative is Negative.AS_ZERO,
            charges_leaving=leaving is Leaving.CHARGE,
        )

    def yearly_maximum(self, code):
        on, limit, negative = self.on(), self.up_to(10**6), self.word(Negative)
        made = YearlyMaximum(**self.head, on=on, limit_minor=limit, first_month=1, negative=negative)
        as_zero = negative is Negative.AS_ZERO
        return made, oracle.yearly_maximum(code, on=on, limit=Fraction(limit, 100), as_zero=as_zero)

    def meter_charge(self, code):
        per, price = self.word(Per), self.price()
        made = MeterCharge(**self.head, per=per, price_e6=price)
        return made, oracle.meter_charge(code, per=per.value, price=dollars(price))

    def account_charge(self, code):
        per, price = self.word(Per), self.price()
        made = AccountCharge(**self.head, per=per, price_e6=price)
        return made, oracle.account_charge(code, per=per.value, price=dollars(price))

    def unmetered(self, code):
        hours = tuple(self.up_to(744_000) for _ in range(12))
        weights = tuple(self.chance.randint(1, 100) for _ in self.periods)
        made = Unmetered(**self.head, hours_e3=hours, weights=weights)
        return made, oracle.unmetered(code, hours=[kilo(one) for one in hours], weights=[Fraction(w) for w in weights])

    def green_premium(self, code):
        price, part, block, beyond = (
            self.price(),
            self.one(None, self.up_to(10**6)),
            self.up_to(10**5),
            self.word(BeyondUse),
        )
        made = GreenPremium(**self.head, price_e6=price, part_e6=part, block_wh=block, beyond=beyond)
        return made, oracle.green_premium(
            code,
            price=dollars(price),
            part=None if part is None else Fraction(part, 10**6),
            block=kilo(block),
            charges_beyond=beyond is BeyondUse.CHARGE,
        )

    def concession(self, code):
        on, of = self.on(), self.word(ConcessionOf)
        rate = self.up_to(10**6) if of is ConcessionOf.PERCENT else abs(self.price())
        cap, span, first = self.one(None, self.up_to(50_000)), self.word(CapSpan), self.one(1, 5)
        made = Concession(**self.head, on=on, rate=of, rate_e6=rate, cap_minor=cap, cap_span=span, first_month=first)
        return made, oracle.concession(
            code,
            on=on,
            of=of.value,
            rate=Fraction(rate, 10**6) if of is ConcessionOf.PERCENT else dollars(rate),
            cap=None if cap is None else Fraction(cap, 100),
            yearly=span is CapSpan.YEAR,
            first_month=first,
        )
