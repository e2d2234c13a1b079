"""
Bills of changes that hold in the middle of a month, against arithmetic in whole fractions, and previews against bills.

Interval values are made up so that each quarter of an hour has another one: a bill that takes an hour for another cannot
be right by chance.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest

from billing.models.bill import BillLine, BillSegment
from billing.models.run import HeldBill
from billing.operations import change_previews, final_accounts
from cis.platform import packs
from contracts.domain.changes import Part
from contracts.models.change import ChangeSet
from contracts.operations import changes
from metering.models.read import IntervalDay
from metering.operations import usage as approval
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, prove
from tests.db.billing.test_changes_of_use import DEAR, STEPS, home, read
from tests.db.billing.test_measured import ENERGY, document, value_of
from tests.factories import accounts, contracts, metering, tariffs
from tests.factories.changes import CLERK, done, drafted, wanted

pytestmark = pytest.mark.django_db

MIDDLE = date(2025, 1, 16)
TODAY = date(2025, 4, 3)
ASKED = date(2024, 12, 2)
NIGHT = datetime(2025, 4, 3, 18, 0, tzinfo=UTC)
EIGHT = timedelta(hours=8)
"""Shanghai has had one offset all the time that is billed here."""

SUSPENDED = '[suspension]\nleast_days = 15\nsource = "x"\n'
KVA = '[[component]]\nkind = "capacity"\ncode = "capacity"\nunit = "yuan/kVA"\nprice = "30"\nproration = "thirtieths"\n'
KW = '[[component]]\nkind = "{kind}"\ncode = "demand"\nunit = "yuan/kW"\nprice = "40"\nproration = "thirtieths"\n{more}'
WINDOW = '[demand]\nwindow_minutes = 15\nseveral_feeds = "added"\n'
CONTRACT = 'excess = "measured_plus_excess"\ntolerance_percent = "105"\n'
PRICES = {"peak": Fraction(9, 10), "valley": Fraction(3, 10)}
TOU = document(
    "hours",
    '[[component]]\nkind = "time_of_use"\ncode = "energy"\nunit = "yuan/kWh"\n'
    'prices = { peak = "0.9", valley = "0.3" }\n',
    '[choice]\nkinds = ["resident"]\n',
    labels=("energy",),
    periods=True,
)
BY_CAPACITY = document(
    "by-kva", SUSPENDED, ENERGY, KVA, labels=("energy", "capacity"), inputs='inputs = { capacity_kva = "0" }'
)
BY_MEASURED = document(
    "by-peak",
    ENERGY,
    WINDOW,
    KW.format(kind="measured_demand", more='billed_before = "ignore"\n'),
    labels=("energy", "demand"),
    inputs='inputs = { peak_kw = "0" }',
)
BY_CONTRACT = document(
    "by-contract",
    ENERGY,
    WINDOW,
    KW.format(kind="contracted_demand", more=CONTRACT),
    labels=("energy", "demand"),
    inputs='inputs = { peak_kw = "0", contract_kw = "0" }',
)


@pytest.fixture(autouse=True)
def _supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


@pytest.fixture
def any_day(monkeypatch):
    """A place where each of these changes may hold from any day on."""
    held = packs.rule
    open_ = {"starts": "day", "notice_working_days": 0}
    free = ("change_demand_mode", "change_contract_demand", "change_tou")
    monkeypatch.setattr(packs, "rule", lambda key, *, at: open_ if key in free else held(key, at=at))


def fen(amount):
    """Yuan to whole fen, half up, as a line is rounded."""
    return int(amount * 100 + Fraction(1, 2))


class Curve:
    """A supply that is measured each quarter of an hour from January to March, with its energy as fractions."""

    def __init__(self, source, *, kva=None, kw=None, boost=None):
        version = tariffs.version(source=source)
        point = metering.service_point(capacity_w=2_000_000, voltage="380V")
        (register,) = metering.metered(registers=("E1",), is_interval=True, at=point)
        account = accounts.account(holder=accounts.customer(), opened_date=JANUARY.start)
        self.agreement = contracts.agreement(
            account=account, service_point=point, tariff=version.tariff, start_date=JANUARY.start
        )
        self.agreement.terms.update(capacity_va=kva and kva * 1_000, contract_w=kw and kw * 1_000)
        more = boost or (lambda _: 0)
        self.inside = metering.curve(
            of=register, start_date=JANUARY.start, end_date=MARCH.end, value_of=lambda at: value_of(at) + more(at)
        )

    def wh(self, start, end, *, period=None):
        """Energy of local days, of peak (8 to 22 o'clock) or valley hours only, if wanted."""
        local = {at + EIGHT: energy for at, energy in self.inside.items()}
        return sum(
            energy
            for at, energy in local.items()
            if start <= at.date() < end and (period is None or (period == "peak") == (8 <= at.hour < 22))
        )

    def peak_w(self, start, end):
        """The largest mean demand of a quarter of an hour of local days."""
        return max(energy * 4 for at, energy in self.inside.items() if start <= (at + EIGHT).date() < end)


def approved():
    for month in (JANUARY, FEBRUARY, MARCH):
        assert approval.approve(start_date=month.start, end_date=month.end).findings == []


def lines(agreement, month=JANUARY):
    """(first day, code with its period) to fen, of the lines with an amount that are in force; nothing is held."""
    assert not HeldBill.objects.exists()
    rows = BillLine.objects.filter(
        segment__agreement=agreement, segment__cancels=None, segment__cancelled_by=None,
        segment__start_date__gte=month.start, segment__start_date__lt=month.end,
    ).exclude(amount_minor=0)  # fmt: skip
    return {
        (row.segment.start_date.day, f"{row.code}/{row.period_of_use}".rstrip("/")): row.amount_minor
        for row in rows.select_related("segment")
    }


def test_by_hours_from_the_sixteenth_on(any_day):
    """Fifteen days at 0.50 whatever the hour, sixteen at 0.90 from 8 to 22 o'clock and 0.30 at night."""
    supply = Curve(document("flat-5", ENERGY, labels=("energy",)))
    approved()
    hours = tariffs.version(source=TOU).tariff
    done("tou_opt_in", supply.agreement, MIDDLE, today=TODAY, tariff_id=hours.id)
    bill()
    first = fen(Fraction(supply.wh(JANUARY.start, MIDDLE), 1000) / 2)
    second = {
        period: fen(Fraction(supply.wh(MIDDLE, JANUARY.end, period=period), 1000) * price)
        for period, price in PRICES.items()
    }
    assert lines(supply.agreement) == {
        (1, "energy"): first, (16, "energy/peak"): second["peak"], (16, "energy/valley"): second["valley"],
    }  # fmt: skip
    prove()


def test_by_hours_begins_with_the_next_month_as_the_pack_says():
    """Asked for on 10 January: refused for the 16th, from 1 February on by hours; January is not cut."""
    supply = Curve(document("flat-5", ENERGY, labels=("energy",)))
    approved()
    hours = tariffs.version(source=TOU).tariff
    given = {"today": TODAY, "asked_date": date(2025, 1, 10), "tariff_id": hours.id}
    with pytest.raises(changes.ChangeRefused) as refused:
        done("tou_opt_in", supply.agreement, MIDDLE, **given)
    assert {one.code for one in refused.value.detail["findings"]} == {"change_too_soon", "not_first_of_month"}
    done("tou_opt_in", supply.agreement, FEBRUARY.start, **given)
    bill()
    bill(FEBRUARY)
    assert lines(supply.agreement) == {(1, "energy"): fen(Fraction(supply.wh(JANUARY.start, JANUARY.end), 1000) / 2)}
    assert lines(supply.agreement, FEBRUARY) == {
        (1, f"energy/{period}"): fen(Fraction(supply.wh(FEBRUARY.start, FEBRUARY.end, period=period), 1000) * price)
        for period, price in PRICES.items()
    }
    prove()


def energies(supply, *cuts):
    """What the energy costs at 0.50 between some dates, by their first days."""
    return {(start.day, "energy"): fen(Fraction(supply.wh(start, end), 1000) / 2) for start, end in pairwise(cuts)}


def test_from_capacity_to_the_demand_that_is_measured(any_day):
    """800 kVA at 30 for 15 thirtieths: 12,000.00. Then the largest quarter of an hour since the 16th at 40, 16/30."""
    supply = Curve(BY_CAPACITY, kva=800)
    approved()
    other = tariffs.version(source=BY_MEASURED).tariff
    done("demand_mode", supply.agreement, MIDDLE, today=TODAY, asked_date=ASKED, tariff_id=other.id)
    bill()
    # The peak of the second part alone: what was drawn before was paid for by capacity.
    peak = supply.peak_w(MIDDLE, JANUARY.end)
    assert lines(supply.agreement) == energies(supply, JANUARY.start, MIDDLE, JANUARY.end) | {
        (1, "capacity"): 1_200_000,
        (16, "demand"): fen(Fraction(peak, 1000) * 40 * Fraction(16, 30)),
    }
    prove()


def test_back_to_capacity_in_a_quarter_to_come_and_not_before():
    """The mode changes with a quarter, 15 working days ahead: 10 March 2025 is too late for April, so July."""
    supply = Curve(BY_MEASURED, kva=800)
    approved()
    other = tariffs.version(source=BY_CAPACITY).tariff
    given = {"tariff_id": other.id}
    for on, asked in ((MIDDLE, ASKED), (FEBRUARY.start, ASKED), (date(2025, 4, 1), date(2025, 3, 12))):
        with pytest.raises(changes.ChangeRefused):
            drafted(wanted("demand_mode", supply.agreement, on, **given), today=date(2025, 3, 12), asked_date=asked)
    drafted(
        wanted("demand_mode", supply.agreement, date(2025, 4, 1), **given), today=TODAY, asked_date=date(2025, 3, 3)
    )
    done(
        "demand_mode", supply.agreement, date(2025, 7, 1), today=date(2025, 7, 1), asked_date=date(2025, 3, 12), **given
    )
    bill()
    peak = supply.peak_w(JANUARY.start, JANUARY.end)
    assert lines(supply.agreement)[1, "demand"] == fen(Fraction(peak, 1000) * 40)


def hump(kw, *, on):
    """So much more at noon of one day that the demand there is this. [kW]"""

    def more(at):
        local = at + EIGHT
        return kw * 250 - value_of(at) if (local.date(), local.hour, local.minute) == (on, 12, 0) else 0

    return more


def both(one, other):
    return lambda at: one(at) + other(at)


def test_another_contracted_demand_is_paid_from_the_next_month_on_and_what_is_above_it_twice():
    """
    600 kW are contracted, 660 drawn in January: above 105 % (630) by 30, so 660 + 30 = 690 kW at 40 = 27,600.00.
    From February on 800 are contracted and 820 drawn, less than 840: 800 kW at 40 = 32,000.00.
    """
    boost = both(hump(660, on=date(2025, 1, 20)), hump(820, on=date(2025, 2, 20)))
    supply = Curve(BY_CONTRACT, kva=800, kw=600, boost=boost)
    approved()
    given = {"today": TODAY, "contract_w": 800_000}
    with pytest.raises(changes.ChangeRefused):  # less than five working days before February, with the feast between
        done("contract_demand", supply.agreement, FEBRUARY.start, asked_date=date(2025, 1, 27), **given)
    done("contract_demand", supply.agreement, FEBRUARY.start, asked_date=date(2025, 1, 13), **given)
    bill()
    bill(FEBRUARY)
    assert lines(supply.agreement)[1, "demand"] == 2_760_000
    assert lines(supply.agreement, FEBRUARY)[1, "demand"] == 3_200_000
    prove()


def test_a_contract_that_changes_within_a_month_is_measured_on_both_sides(any_day):
    """
    Until the 16th 600 kW and 660 drawn: 690 at 40, 15/30 = 13,800.00. Then 400 kW and 500 drawn: above 420 by 80,
    580 at 40, 16/30 = 12,373.33.
    """
    boost = both(hump(660, on=date(2025, 1, 10)), hump(500, on=date(2025, 1, 20)))
    supply = Curve(BY_CONTRACT, kva=800, kw=600, boost=boost)
    approved()
    done("contract_demand", supply.agreement, MIDDLE, today=TODAY, contract_w=400_000)
    bill()
    found = {key: minor for key, minor in lines(supply.agreement).items() if key[1] == "demand"}
    assert found == {(1, "demand"): 1_380_000, (16, "demand"): 1_237_333}
    prove()


def test_capacity_rests_and_comes_back_by_thirtieths():
    """1,000 kVA, 400 out of use from 6 to 26 January (20 days): 5 x 1,000, 20 x 600 and 6 x 1,000 thirtieths at 30."""
    supply = Curve(BY_CAPACITY, kva=1_000)
    approved()
    given = {"today": TODAY, "asked_date": ASKED}
    done("suspension", supply.agreement, date(2025, 1, 6), suspended_va=400_000, until_date=date(2025, 5, 1), **given)
    done("resumption", supply.agreement, date(2025, 1, 26), **given)
    bill()
    found = {key[0]: minor for key, minor in lines(supply.agreement).items() if key[1] == "capacity"}
    assert found == {1: 500_000, 6: 1_200_000, 26: 600_000}
    prove()


def test_another_use_cuts_the_day_and_the_hour_at_midnight():
    """The energy of an interval meter is cut at 0:00 of the 16th: 0.50 before, by hours after."""
    supply = Curve(document("flat-5", ENERGY, labels=("energy",)))
    approved()
    hours = tariffs.version(source=TOU).tariff
    done("class_change", supply.agreement, MIDDLE, today=TODAY, tariff_id=hours.id)
    bill()
    found = lines(supply.agreement)
    assert found[1, "energy"] == fen(Fraction(supply.wh(JANUARY.start, MIDDLE), 1000) / 2)
    assert found[16, "energy/valley"] == fen(
        Fraction(supply.wh(MIDDLE, JANUARY.end, period="valley"), 1000) * PRICES["valley"]
    )


def test_an_allowance_that_ends_in_the_year_leaves_the_count_of_steps_as_it_is():
    """
    Steps of a year: 150 kWh at 0.50, with five persons 1,200 more. January 300 kWh with the allowance: 150.00. In
    February it has ended and 300 are counted already, so all 100 kWh are in the upper step: 80.00.
    """
    agreement = home(STEPS)
    read(agreement, (FEBRUARY.start, 1_300))
    done("household", agreement, JANUARY.start, today=TODAY, household=5, until_date=FEBRUARY.start)
    register = agreement.service_point.installations.get().meter.registers.get()
    metering.usage(of=register, at=agreement.service_point, start_date=FEBRUARY.start, end_date=MARCH.start, kwh=100)
    bill()
    bill(FEBRUARY)
    assert lines(agreement) == {(1, "energy"): 15_000}
    assert lines(agreement, FEBRUARY) == {(1, "energy"): 8_000}
    prove()


def twin(agreement, kind, on=MIDDLE, **given):
    """Preview a change, let it hold, bill all months, and compare each part of each account."""
    asked = given.pop("asked_date", ASKED)
    one = wanted(kind, agreement, on, **given)
    shown = change_previews.of_change(wanted=one, asked_date=asked, today=TODAY, actor=CLERK)
    change_id = drafted(one, today=TODAY, asked_date=asked)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    new_account = ChangeSet.objects.get(id=change_id).new_account_id
    final_accounts.work(NIGHT)
    for month in (JANUARY, FEBRUARY, MARCH):
        bill(month)
    assert not HeldBill.objects.exists()
    compared = 0
    for account in shown.accounts:
        account_id = account.account_id or new_account
        for month in account.months:
            period = month.after.period
            rows = BillSegment.objects.filter(
                bill__account_id=account_id, start_date__gte=period.start, start_date__lt=period.end, cancels=None,
                cancelled_by=None,
            ).order_by("start_date", "agreement_id")  # fmt: skip
            told = sorted(
                (part.start_date, part.end_date, part.used_wh, part.amount_minor) for part in month.after.parts
            )
            assert told == sorted(rows.values_list("start_date", "end_date", "used_wh", "amount_minor"))
            assert month.after.obstacle is None
            compared += len(told)
    prove()
    return shown, compared


FLAT_5 = document("flat-5", ENERGY, labels=("energy",))
ON_INTERVALS = {
    "tou_opt_in": (FLAT_5, {}, {}),
    "class_change": (FLAT_5, {}, {}),
    "demand_mode": (BY_CAPACITY, {"kva": 800}, {}),
    "contract_demand": (BY_CONTRACT, {"kva": 800, "kw": 6}, {"contract_w": 4_000}),
    "capacity_increase": (BY_CAPACITY, {"kva": 800}, {"capacity_va": 1_250_000}),
    "capacity_reduction": (BY_CAPACITY, {"kva": 800}, {"capacity_va": 315_000}),
    "suspension": (BY_CAPACITY, {"kva": 800}, {"suspended_va": 400_000}),
    "transfer": (BY_CAPACITY, {"kva": 800}, {}),
    "move_out": (BY_MEASURED, {"kva": 800}, {}),
    "removal": (BY_MEASURED, {"kva": 800}, {}),
}
"""By kind: tariff and facts of a supply on an interval meter, and what is asked for."""


def more_of(kind, on):
    """What of a change is not known before the database is there."""
    if kind in {"tou_opt_in", "class_change"}:
        return {"tariff_id": tariffs.version(source=TOU).tariff.id}
    return {
        "demand_mode": lambda: {"tariff_id": tariffs.version(source=BY_MEASURED).tariff.id},
        "transfer": lambda: {"customer_id": accounts.customer().id},
        "suspension": lambda: {"until_date": on + timedelta(days=40)},
    }.get(kind, dict)()


@pytest.mark.parametrize("kind", ON_INTERVALS)
@pytest.mark.parametrize("on", [MIDDLE, date(2025, 2, 1), date(2025, 2, 28)])
def test_what_is_shown_of_an_interval_meter_is_billed(any_day, kind, on):
    source, facts, given = ON_INTERVALS[kind]
    supply = Curve(source, **facts)
    approved()
    given = given | more_of(kind, on)
    _shown, compared = twin(supply.agreement, kind, on, **given)
    # Who goes with the end of a month has no part in those that are shown.
    assert compared >= (on.day > 1 if kind in {"move_out", "removal"} else 2)


@pytest.mark.parametrize(
    "kind", ["class_change", "transfer", "move_out", "removal", "household", "relocation", "rename"]
)
def test_what_is_shown_of_a_counter_is_billed(any_day, kind):
    steps = kind == "household"
    agreement = home(STEPS if steps else tariffs.FLAT)
    on = JANUARY.start if steps else MIDDLE
    read(agreement, *([] if steps else [(on, 1_150)]))
    if kind not in {"move_out", "removal"}:
        read(agreement, (FEBRUARY.start, 1_310))
        hung = agreement.service_point.installations.get()
        register = hung.meter.registers.get()
        for month in (FEBRUARY, MARCH):
            span = {"start_date": month.start, "end_date": month.end}
            metering.usage(of=register, at=agreement.service_point, kwh=90, **span)
    given = {
        "class_change": {"tariff_id": tariffs.version(source=DEAR).tariff.id},
        "transfer": {"customer_id": accounts.customer().id},
        "household": {"household": 5, "until_date": FEBRUARY.start, "asked_date": JANUARY.start},
        "relocation": {"position": "corridor", "asked_date": MIDDLE},
        "rename": {"name": "张三丰"},
    }.get(kind, {})
    if kind == "rename":
        given["agreement_id"] = None
    twin(agreement, kind, on, **given)


def test_what_is_shown_of_a_resumption_is_billed():
    agreement = Curve(BY_CAPACITY, kva=800).agreement
    approved()
    given = {"suspended_va": 400_000, "until_date": date(2025, 5, 1)}
    done("suspension", agreement, date(2025, 1, 6), today=TODAY, asked_date=ASKED, **given)
    shown, compared = twin(agreement, "resumption", date(2025, 1, 26))
    assert compared == 4
    assert shown.change_minor == 400 * 30 * 100 * 6 // 30 + 400 * 30 * 100


@pytest.mark.parametrize("kind", ["split", "merge", "temporary", "move_in"])
def test_what_is_shown_of_more_places_is_billed(kind):
    agreement = Curve(BY_CAPACITY, kva=800).agreement
    other = Curve(BY_CAPACITY.replace('"by-kva"', '"by-kva-2"'), kva=200).agreement
    owner = agreement.account.holders.get().customer
    approved()
    if kind == "merge":
        other.account.holders.update(customer=owner)
        twin(agreement, kind, parts=(Part(agreement_id=other.id),))
        return
    done("move_out", other, date(2025, 1, 6), today=TODAY, asked_date=ASKED)
    point = other.service_point_id
    tariff = agreement.terms.get().tariff_id
    if kind == "split":
        part = Part(service_point_id=point, customer_id=owner.id, capacity_va=300_000)
        twin(agreement, kind, capacity_va=500_000, parts=(part,))
    elif kind == "temporary":
        until = date(2025, 2, 11)
        twin(
            None, kind, account_id=agreement.account_id, service_point_id=point, tariff_id=tariff, until_date=until,
            capacity_va=100_000,
        )  # fmt: skip
    else:
        twin(None, kind, customer_id=owner.id, service_point_id=point, tariff_id=tariff, capacity_va=100_000)


def weekly(at):
    """The same at the same hour of each week. [Wh]"""
    minute = int((at + EIGHT).timestamp()) // 60 % (7 * 24 * 60)
    return 10 + minute * 7919 % 1_499


def test_what_is_assumed_of_an_interval_meter_is_billed_when_it_comes_so():
    """Of February nine days are known. Each later one is assumed to be as a week before; it comes so, and is billed so."""
    supply = Curve(document("flat-5", ENERGY, labels=("energy",)), boost=lambda at: weekly(at) - value_of(at))
    to_come = IntervalDay.objects.filter(day_date__gte=date(2025, 2, 10))
    kept = list(to_come)
    to_come.delete()
    approval.approve(start_date=JANUARY.start, end_date=JANUARY.end)
    bill()
    on, today = date(2025, 2, 18), date(2025, 2, 10)
    one = wanted("class_change", supply.agreement, on, tariff_id=tariffs.version(source=TOU).tariff.id)
    shown = change_previews.of_change(wanted=one, asked_date=today, today=today, actor=CLERK)
    told = shown.accounts[0].months[0].after
    assert shown.assumed_from is not None
    assert [part.used_wh for part in told.parts] == [supply.wh(FEBRUARY.start, on), supply.wh(on, FEBRUARY.end)]
    IntervalDay.objects.bulk_create(kept)
    changes.confirm(change_id=drafted(one, today=today, asked_date=today), today=on, actor=CLERK)
    approval.approve(start_date=FEBRUARY.start, end_date=FEBRUARY.end)
    bill(FEBRUARY)
    assert sum(lines(supply.agreement, FEBRUARY).values()) == told.amount_minor
    prove()
