"""Corrections of usage: versions that hold instead, undone by further ones; nothing else changes them."""

import io
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events, packs
from metering.domain.announcements import CorrectionMade, UsageCorrected
from metering.domain.correction_factors import BadCorrection
from metering.domain.correction_orders import AddedEnergy, NormalUse, Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.models.read import IntervalDay, ReadRejection, RegisterRead
from metering.models.usage import Usage
from metering.operations import corrections, reads, usage
from metering.operations.correction_writing import CorrectedSince, UsageMoved
from metering.queries import correction_plans, intervals
from metering.queries import corrections as queries
from metering.queries.corrections import UnknownCorrection
from tests import factories

pytestmark = pytest.mark.django_db

F = Fraction
FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
CLERK = Actor(ActorKind.STAFF, 3, "clerk", frozenset({Role.CLERK}))
TODAY = date(2026, 7, 10)
STARTS = [date(2026, month, 1) for month in range(1, 8)]


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def metered(*kwh, registers=("total",)):
    """A meter read at the start of each month, with what each register counted in each month of 2026."""
    found = factories.metering.metered(registers=registers, start_date=date(2025, 1, 1))
    for place, register in enumerate(found):
        count = 0
        for start, counted in zip(STARTS, [0, *kwh], strict=False):
            count += counted * (place + 1)
            factories.metering.read(of=register, on=start, kwh=count)
    point = found[0].meter.installations.get().service_point
    usage.approve(start_date=STARTS[0], end_date=STARTS[len(kwh)], service_point_ids=[point.id], every_read=False)
    return point, found


def order(point, register, **values):
    values.setdefault("cause", Cause.WIRING)
    values.setdefault("amount", Scale(factor=F(3, 2)))
    values.setdefault("since_date", STARTS[1])
    values.setdefault("until_date", STARTS[3])
    values.setdefault("evidence", "report 17")
    return Order(service_point_id=point.id, meter_id=register.meter_id, **values)


def made(point, register, *, key="k", actor=FIRST, **values):
    return corrections.propose(order=order(point, register, **values), request_key=key, today=TODAY, actor=actor)


def current(register):
    rows = Usage.objects.filter(register=register, is_current=True).order_by("start_date")
    return [(row.energy_wh, row.recorded_wh, row.version) for row in rows]


def energies(register):
    return [energy for energy, _, _ in current(register)]


def state(correction_id):
    return UsageCorrection.objects.get(id=correction_id).state


def listen(monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {CorrectionMade: [heard.append], UsageCorrected: [heard.append]})
    return heard


def test_a_factor_makes_new_versions_of_the_months_that_it_concerns(monkeypatch):
    point, (register,) = metered(100, 200, 300, 400)
    heard = listen(monkeypatch)
    found = made(point, register)
    assert state(found) == "applied"
    assert current(register) == [
        (100_000, None, 1), (300_000, 200_000, 2), (450_000, 300_000, 2), (400_000, None, 1),
    ]  # fmt: skip
    assert heard == [
        UsageCorrected(service_point_ids=(point.id,), from_date=STARTS[1]),
        CorrectionMade(correction_id=found, service_point_id=point.id, start_date=STARTS[1], end_date=STARTS[3]),
    ]
    detail = queries.one(correction_id=found)
    assert (detail.card.change_wh, detail.factor) == (250_000, F(3, 2))
    assert [(part.before_wh, part.after_wh) for part in detail.parts] == [(200_000, 300_000), (300_000, 450_000)]


def test_a_fast_meter_is_corrected_over_the_last_half_of_the_time():
    """[source: 供电营业规则 art 80 (1)] 120 days, so the last 60: February and March in part."""
    point, (register,) = metered(310, 280, 310, 300)
    made(point, register, cause=Cause.METER_ERROR, amount=Scale(factor=1 / F(104, 100)),
         since_date=STARTS[0], until_date=STARTS[4])  # fmt: skip
    whole = 10 * 60 * (F(100, 104) - 1) * 1000  # 10 kWh a day
    assert sum(energies(register)) - 1_200_000 == round(whole)
    assert energies(register)[:2] == [310_000, 280_000]
    row = UsageCorrection.objects.get()
    assert (row.start_date, row.first_share, row.end_date) == (date(2026, 3, 2), "1", STARTS[4])


def test_approving_again_changes_nothing_and_a_read_that_changed_since_is_found():
    point, (register,) = metered(100, 200, 300, 400)
    made(point, register)
    held = current(register)
    again = usage.approve(start_date=STARTS[0], end_date=STARTS[4], service_point_ids=[point.id], every_read=False)
    assert (again.unchanged, again.approved, again.superseded, again.findings) == (4, 0, 0, [])
    RegisterRead.objects.filter(read_date=STARTS[2]).update(reading_wh=310_000)
    changed = usage.approve(start_date=STARTS[0], end_date=STARTS[4], service_point_ids=[point.id], every_read=False)
    assert [one.code for one in changed.findings] == ["span_corrected"] * 2
    assert current(register) == held
    # A read in the middle of a corrected span makes two spans of it: found too.
    factories.metering.read(of=register, on=date(2026, 2, 15), kwh=200)
    found = usage.approve(start_date=STARTS[1], end_date=STARTS[2], service_point_ids=[point.id])
    assert {one.code for one in found.findings} == {"span_corrected"}
    assert current(register) == held


def test_undoing_restores_what_was_and_approval_goes_on_as_before():
    point, (register,) = metered(100, 200, 300, 400)
    found = made(point, register)
    with pytest.raises(corrections.ReasonMissing):
        corrections.undo(correction_id=found, reason="  ", today=TODAY, actor=SECOND)
    corrections.undo(correction_id=found, reason="other meter", today=TODAY, actor=SECOND)
    assert state(found) == "undone"
    assert current(register) == [
        (100_000, None, 1), (200_000, None, 3), (300_000, None, 3), (400_000, None, 1),
    ]  # fmt: skip
    again = usage.approve(start_date=STARTS[0], end_date=STARTS[4], service_point_ids=[point.id], every_read=False)
    assert (again.unchanged, again.approved) == (4, 0)
    with pytest.raises(IllegalMove):
        corrections.undo(correction_id=found, reason="twice", today=TODAY, actor=SECOND)
    # It may be made anew.
    made(point, register, key="anew", amount=Scale(factor=F(2)))
    assert energies(register) == [100_000, 400_000, 600_000, 400_000]


@pytest.mark.parametrize(
    "other",
    [{"amount": Scale(factor=F(2))}, {"evidence": "report 18"}, {"since_date": STARTS[0]}, {"cause": Cause.FUSE}],
)
def test_the_name_of_a_request_serves_no_other_order(other):
    point, (register,) = metered(100, 200, 300, 400)
    found = made(point, register)
    assert made(point, register, evidence=" report 17 ") == found
    with pytest.raises(corrections.KeyTaken):
        made(point, register, **other)


def test_one_request_is_one_correction_and_one_cause_corrects_a_day_once():
    point, (register,) = metered(100, 200, 300, 400)
    first = made(point, register)
    assert made(point, register) == first
    with pytest.raises(corrections.AlreadyCorrected):
        made(point, register, key="other", since_date=STARTS[2], until_date=STARTS[4])
    assert UsageCorrection.objects.count() == 1
    assert energies(register) == [100_000, 300_000, 450_000, 400_000]


def test_corrections_of_two_causes_lie_on_each_other_and_come_off_from_the_top():
    point, (register,) = metered(100, 200, 300, 400)
    below = made(point, register)
    top = made(point, register, key="top", cause=Cause.MULTIPLIER, amount=Scale(factor=F(4, 3)))
    assert current(register)[1] == (400_000, 200_000, 3)
    with pytest.raises(CorrectedSince):
        corrections.undo(correction_id=below, reason="wrong", today=TODAY, actor=SECOND)
    corrections.undo(correction_id=top, reason="wrong", today=TODAY, actor=SECOND)
    assert current(register)[1] == (300_000, 200_000, 4)
    corrections.undo(correction_id=below, reason="wrong", today=TODAY, actor=SECOND)
    assert current(register)[1] == (200_000, None, 5)


def test_much_energy_waits_for_a_second_person():
    point, (register,) = metered(1000, 2000, 3000, 4000)
    found = made(point, register)
    assert state(found) == "proposed"
    assert energies(register)[1] == 2_000_000
    with pytest.raises(corrections.OwnProposal):
        corrections.apply(correction_id=found, actor=FIRST)
    with pytest.raises(NotAllowed):
        corrections.apply(correction_id=found, actor=CLERK)
    corrections.apply(correction_id=found, actor=SECOND)
    assert energies(register) == [1_000_000, 3_000_000, 4_500_000, 4_000_000]
    with pytest.raises(IllegalMove):
        corrections.apply(correction_id=found, actor=SECOND)


def test_much_energy_of_another_kind_waits_too_and_so_does_what_adds_up_to_nothing():
    point, (register,) = metered(0, 0, 0)
    given = factories.metering.register(of=register.meter, code="export", direction="export")
    for place, start in enumerate(STARTS[:4]):
        factories.metering.read(of=given, on=start, kwh=3000 * place)
    usage.approve(start_date=STARTS[0], end_date=STARTS[3], service_point_ids=[point.id], every_read=False)
    found = made(point, register, cause=Cause.MULTIPLIER, amount=Scale(factor=F(2)))
    assert (state(found), UsageCorrection.objects.get(id=found).change_wh) == ("proposed", 0)
    assert energies(given) == [3_000_000] * 3
    point, (register,) = metered(3000, 0, 6000)
    moved = made(point, register, key="even", cause=Cause.OTHER, since_date=STARTS[1], until_date=STARTS[3],
                 amount=NormalUse(start_date=STARTS[0], end_date=STARTS[1]))  # fmt: skip
    assert state(moved) == "proposed"


def test_a_proposal_whose_usage_moved_is_not_applied_and_may_be_dropped():
    point, (register,) = metered(1000, 2000, 3000, 4000)
    found = made(point, register)
    RegisterRead.objects.filter(read_date=STARTS[2]).update(reading_wh=3_100_000)
    usage.approve(start_date=STARTS[0], end_date=STARTS[4], service_point_ids=[point.id], every_read=False)
    with pytest.raises(UsageMoved):
        corrections.apply(correction_id=found, actor=SECOND)
    corrections.drop(correction_id=found, actor=FIRST)
    assert state(found) == "dropped"
    made(point, register, key="anew")


def test_periods_of_use_follow_the_factor_and_the_whole_is_counted_once():
    point, (total, peak) = metered(100, 200, 300, registers=("total", "peak"))
    found = made(point, total)
    assert energies(total)[1:] == [300_000, 450_000]
    assert energies(peak)[1:] == [600_000, 900_000]
    assert UsageCorrection.objects.get(id=found).change_wh == 250_000


def test_a_normal_time_takes_the_place_of_what_was_counted():
    point, (register,) = metered(310, 280, 10, 0)
    made(point, register, cause=Cause.OTHER, amount=NormalUse(start_date=STARTS[0], end_date=STARTS[2]),
         since_date=date(2026, 3, 11), until_date=STARTS[4])  # fmt: skip
    march, april = energies(register)[2:]
    assert march == 10_000 - round(F(10_000 * 21, 31)) + 10_000 * 21
    assert march + april == round(10_000 - F(10_000 * 21, 31) + 10_000 * 51)


def test_the_normal_time_may_be_counted_by_another_meter():
    point, (register,) = metered(0, 0)
    register.meter.installations.all().delete()
    factories.metering.installation(of=register.meter, at=point, start_date=date(2025, 1, 1), end_date=STARTS[2])
    after = factories.metering.meter()
    factories.metering.installation(of=after, at=point, start_date=STARTS[2])
    factories.metering.usage(of=after.registers.get(), at=point, start_date=STARTS[2], end_date=STARTS[3], kwh=310)
    made(point, register, cause=Cause.OTHER, amount=NormalUse(start_date=STARTS[2], end_date=STARTS[3]),
         since_date=STARTS[0], until_date=STARTS[2])  # fmt: skip
    assert energies(register) == [310_000, 280_000]


def test_energy_that_no_register_saw_is_added_by_days_or_in_the_mix():
    point, (peak, valley) = metered(100, 100, 100, registers=("peak", "valley"))
    wanted = order(point, peak, cause=Cause.THEFT, amount=AddedEnergy(energy_wh=590_000))
    with pytest.raises(corrections.PartOfCase):
        corrections.propose(order=wanted, request_key="k", today=TODAY, actor=FIRST)
    with transaction.atomic():
        found = corrections.propose_step(order=wanted, request_key="k", today=TODAY, actor=FIRST)
        corrections.apply_step(correction_id=found, actor=SECOND)
    for alone in (
        lambda: corrections.apply(correction_id=found, actor=SECOND),
        lambda: corrections.drop(correction_id=found, actor=SECOND),
        lambda: corrections.undo(correction_id=found, reason="x", today=TODAY, actor=SECOND),
    ):
        with pytest.raises(corrections.PartOfCase):
            alone()
    one, other = energies(peak), energies(valley)
    assert sum(one[1:]) - 200_000 == round(F(590_000, 3))
    assert sum(one[1:]) + sum(other[1:]) == 600_000 + 590_000
    assert one[1] - 100_000 == round(F(590_000 * 28, 3 * 59))


def test_a_wrong_multiplier_corrects_reactive_energy_too_and_wiring_does_not():
    point, (register,) = metered(100, 200, 300)
    reactive = factories.metering.register(of=register.meter, code="reactive", quantity="reactive")
    for place, start in enumerate(STARTS[:4]):
        factories.metering.read(of=reactive, on=start, kwh=50 * place)
    usage.approve(start_date=STARTS[0], end_date=STARTS[3], service_point_ids=[point.id], every_read=False)
    first = made(point, register)
    assert energies(reactive) == [50_000] * 3
    corrections.undo(correction_id=first, reason="no", today=TODAY, actor=SECOND)
    made(point, register, key="m", cause=Cause.MULTIPLIER, amount=Scale(factor=F(2)))
    assert energies(reactive) == [50_000, 100_000, 100_000]
    assert UsageCorrection.objects.latest("id").change_wh == 500_000


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"until_date": STARTS[5]}, "no approved usage"),
        ({"until_date": TODAY + timedelta(days=1)}, "has not come"),
        ({"since_date": STARTS[3]}, "before it was wrong"),
        ({"since_date": date(2024, 1, 1)}, "did not hang there"),
        ({"evidence": " "}, "Nothing shows it"),
        ({"evidence": "x" * 5000}, "longer"),
        ({"amount": Scale(factor=F(1))}, "not 1"),
        ({"amount": Scale(factor=F(1, 10**200))}, "digits"),
        ({"amount": NormalUse(start_date=STARTS[2], end_date=STARTS[2])}, "no day"),
        ({"amount": NormalUse(start_date=STARTS[2], end_date=STARTS[4])}, "lies in the time"),
        ({"amount": NormalUse(start_date=STARTS[4], end_date=STARTS[6])}, "normal time"),
        ({"amount": AddedEnergy(energy_wh=0)}, "above 0"),
        ({"since_date": date(2026, 1, 5), "until_date": date(2026, 1, 6), "amount": Scale(factor=F(1000, 999)),
          "cause": Cause.OTHER}, "Nothing would change"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused(values, words):
    point, (register,) = metered(0, 200, 300, 400)
    with pytest.raises(BadCorrection) as refused:
        made(point, register, **values)
    assert words in refused.value.message
    assert not UsageCorrection.objects.exists()


def test_only_those_may_correct_and_what_is_not_there_is_unknown():
    point, (register,) = metered(100, 200, 300)
    with pytest.raises(NotAllowed):
        made(point, register, actor=CLERK)
    for missing in (
        lambda: corrections.undo(correction_id=99, reason="x", today=TODAY, actor=SECOND),
        lambda: queries.one(correction_id=99),
    ):
        with pytest.raises(UnknownCorrection):
            missing()


class TestCap:
    @pytest.fixture(autouse=True)
    def _british(self, settings):
        settings.PACK = "gb-example"

    def plan(self, months, **values):
        point, (register,) = metered(*[100] * 6)
        return correction_plans.plan(
            order=order(point, register, since_date=STARTS[0], until_date=STARTS[6], **values),
            today=date(2026 + months // 12, 1 + months % 12, 1),
        )

    def test_what_is_older_than_the_cap_is_not_billed(self):
        plan = self.plan(15)  # 1 April 2027: since 1 April 2026
        assert (plan.start_date, plan.is_capped) == (STARTS[3], True)
        assert plan.change_wh == 150_000

    def test_all_is_billed_to_who_is_at_fault(self):
        plan = self.plan(15, is_customer_fault=True)
        assert (plan.start_date, plan.is_capped) == (STARTS[0], False)

    def test_all_is_paid_back(self):
        assert self.plan(15, amount=Scale(factor=F(1, 2))).start_date == STARTS[0]

    def test_nothing_is_left_after_too_long(self):
        with pytest.raises(BadCorrection):
            self.plan(30)

    def test_a_place_without_the_rule_refuses_by_its_name(self):
        with pytest.raises(packs.MissingRule) as refused:
            self.plan(6, cause=Cause.FUSE)
        assert "backbill_fuse" in refused.value.message


# interval meters


def interval_metered(days=range(31 + 28 + 31), wh=100):
    (register,) = factories.metering.metered(is_interval=True, start_date=date(2025, 1, 1))
    point = register.meter.installations.get().service_point
    for day in days:
        factories.metering.interval_day(of=register, on=STARTS[0] + timedelta(days=day), values_wh=[wh] * 48)
    factories.metering.interval_day(of=register, on=date(2025, 12, 31))
    factories.metering.interval_day(of=register, on=STARTS[3])
    usage.approve(start_date=STARTS[0], end_date=STARTS[3], service_point_ids=[point.id])
    return point, register


def day_total(register, on):
    (block,) = intervals.days(register_ids=[register.id], start_date=on, end_date=on + timedelta(days=1))
    return int(block.values.sum()) * F(10) ** block.exponent


def test_interval_values_are_scaled_by_day_and_usage_follows():
    point, register = interval_metered()
    assert energies(register) == [31 * 4800, 28 * 4800, 31 * 4800]
    found = made(point, register, since_date=date(2026, 1, 11), until_date=date(2026, 2, 6))
    assert energies(register) == [10 * 4800 + 21 * 7200, 5 * 7200 + 23 * 4800, 31 * 4800]
    assert day_total(register, date(2026, 1, 20)) == 7200
    assert day_total(register, date(2026, 2, 20)) == 4800
    day = IntervalDay.objects.filter(register=register, day_date=date(2026, 1, 20)).latest("version")
    assert (day.version, day.correction_id, day.quality) == (2, found, "A")
    parts = queries.one(correction_id=found).parts
    assert [(part.before_wh, part.after_wh) for part in parts] == [(21 * 4800, 21 * 7200), (5 * 4800, 5 * 7200)]
    corrections.undo(correction_id=found, reason="no", today=TODAY, actor=SECOND)
    assert energies(register) == [31 * 4800, 28 * 4800, 31 * 4800]
    day = IntervalDay.objects.filter(register=register, day_date=date(2026, 1, 20)).latest("version")
    assert (day.version, day.correction_id, day.exponent) == (3, None, 0)


def test_undoing_takes_back_the_days_of_registers_whose_sums_stayed():
    point, register = interval_metered()
    idle = factories.metering.register(of=register.meter, code="idle", direction="export", is_interval=True)
    for row in IntervalDay.objects.filter(register=register):
        factories.metering.interval_day(of=idle, on=row.day_date, values_wh=[0] * 48)
    found = made(point, register, cause=Cause.MULTIPLIER, amount=Scale(factor=F(2)))
    corrections.undo(correction_id=found, reason="no", today=TODAY, actor=SECOND)
    for one in (register, idle):
        day = IntervalDay.objects.filter(register=one, day_date=date(2026, 2, 10)).latest("version")
        assert (day.correction_id, day.version) == (None, 3)


def test_two_corrections_of_interval_values_come_off_from_the_top():
    point, register = interval_metered()
    below = made(point, register)
    top = made(point, register, key="top", cause=Cause.MULTIPLIER, amount=Scale(factor=F(2)))
    assert energies(register)[1:] == [28 * 4800 * 3, 31 * 4800 * 3]
    with pytest.raises(CorrectedSince):
        corrections.undo(correction_id=below, reason="x", today=TODAY, actor=SECOND)
    corrections.undo(correction_id=top, reason="x", today=TODAY, actor=SECOND)
    assert energies(register)[1:] == [28 * 7200, 31 * 7200]
    corrections.undo(correction_id=below, reason="x", today=TODAY, actor=SECOND)
    assert energies(register)[1:] == [28 * 4800, 31 * 4800]


def test_a_normal_time_lends_its_profile_to_dead_days():
    point, register = interval_metered(days=range(31))
    for day in range(31, 90):
        factories.metering.interval_day(of=register, on=STARTS[0] + timedelta(days=day), values_wh=[0] * 48)
    for row in IntervalDay.objects.filter(register=register, day_date__lt=STARTS[1]):
        IntervalDay.objects.filter(register=register, day_date=row.day_date).delete()
        factories.metering.interval_day(of=register, on=row.day_date, values_wh=[200] * 24 + [0] * 24)
    usage.approve(start_date=STARTS[0], end_date=STARTS[3], service_point_ids=[point.id])
    made(point, register, cause=Cause.OTHER, amount=NormalUse(start_date=STARTS[0], end_date=STARTS[1]))
    january, february, march = energies(register)
    assert (february, march) == (round(F(january * 28, 31)), january)
    (block,) = intervals.days(register_ids=[register.id], start_date=STARTS[2], end_date=date(2026, 3, 2))
    used, idle = block.values[0, :24], block.values[0, 24:]
    assert used.max() - used.min() <= 1
    assert not idle.any()


def test_missing_interval_values_refuse_the_correction():
    point, register = interval_metered(days=[day for day in range(90) if day != 40])
    with pytest.raises(BadCorrection):
        made(point, register)


def _nem12(register, on, values):
    point = register.meter.installations.get().service_point
    header = f"200,{point.external_id},E1,E1,E1,N1,{register.meter.serial},kWh,30,"
    day = f"300,{on:%Y%m%d},{','.join(values)},A,,,20260701120000,"
    return f"100,NEM12,202607011200,MDP,RET\n{header}\n{day}\n900\n".encode()


def _deliver(content):
    return reads.import_file(source=io.BytesIO(content), name="days.csv", actor=FIRST, today=TODAY)


def test_a_delivery_does_not_undo_what_was_found():
    point, register = interval_metered()
    register.code = "E1"
    register.save()
    made(point, register)
    on = date(2026, 2, 10)
    same = _deliver(_nem12(register, on, ["0.1"] * 48))
    assert day_total(register, on) == 7200
    other = _deliver(_nem12(register, on, ["0.2"] * 48))
    assert day_total(register, on) == 7200
    assert [(row.read_file_id == other.read_file_id, row.code) for row in ReadRejection.objects.all()] == [
        (True, "corrected_day")
    ]
    assert same.unchanged == 1
