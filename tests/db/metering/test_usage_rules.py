"""Usage rules: what may hold, what is refused and why, and that approved usage ends where shares change."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.rule import UsageRule
from metering.models.usage import Usage
from metering.operations import usage, usage_rules
from metering.operations.usage_rules import InvalidUsageRule, NothingChanges, RuleNotInForce
from metering.queries import usage_rules as queries
from metering.queries.places import UnknownServicePoint
from metering.queries.usage_rules import UnknownUsageRule
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db

JAN, MIDDLE, FEB, MAR = date(2025, 1, 1), date(2025, 1, 15), date(2025, 2, 1), date(2025, 3, 1)


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def metered_place(**values):
    point = metering.service_point()
    metering.metered(at=point, **values)
    return point.id


def place():
    return metering.service_point().id


def share(of, by, percent, start=JAN, end=None):
    rule = Rule(
        kind=RuleKind.SHARE, service_point=by, source=of, share_e6=percent * 10_000, start_date=start, end_date=end
    )
    return usage_rules.begin(rule=rule, actor=SYSTEM)


def quantity(of, by, kwh=300, excess="refuse", **values):
    given = {"per": "month", "start_date": JAN, "excess": excess, **values}
    rule = Rule(kind=RuleKind.QUANTITY, service_point=by, source=of, quantity_wh=kwh * 1000, **given)
    return usage_rules.begin(rule=rule, actor=SYSTEM)


def behind(main, sub, start=JAN, end=None):
    rule = Rule(kind=RuleKind.SUBMETER, service_point=sub, source=main, start_date=start, end_date=end)
    return usage_rules.begin(rule=rule, actor=SYSTEM)


def codes(refusal):
    return {finding.code for finding in refusal.value.detail["findings"]}


def test_a_share_is_kept_and_told_at_both_places():
    main, flat = metered_place(), place()
    rule_id = share(main, flat, 30)
    for point in (main, flat):
        (card,) = queries.at_place(service_point_id=point)
        assert (card.rule.id, card.rule.service_point, card.rule.source, card.rule.share_e6) == (
            rule_id, flat, main, 300_000,
        )  # fmt: skip
    assert AuditEvent.objects.get(subject="usage_rule").detail["share_e6"] == 300_000


def test_shares_of_a_meter_come_to_the_whole_and_not_more():
    main = metered_place()
    share(main, place(), 60)
    share(main, place(), 40)
    with pytest.raises(InvalidUsageRule) as refusal:
        share(main, place(), 1)
    assert codes(refusal) == {"shares_exceed"}
    assert UsageRule.objects.count() == 2


def test_shares_that_hold_one_after_the_other_do_not_add_up():
    main = metered_place()
    share(main, place(), 60, end=FEB)
    share(main, place(), 60, start=FEB)
    with pytest.raises(InvalidUsageRule):
        share(main, place(), 41, start=MIDDLE)


def test_a_place_has_one_rule_for_a_source_at_a_time():
    main, sub = metered_place(), metered_place()
    share(main, sub, 10, end=MAR)
    for attempt in (lambda: share(main, sub, 20, start=FEB), lambda: behind(main, sub, start=FEB)):
        with pytest.raises(InvalidUsageRule) as refusal:
            attempt()
        assert "rules_overlap" in codes(refusal)
    share(main, sub, 20, start=MAR)


def test_the_database_refuses_what_the_operation_would():
    main, flat = metered_place(), place()
    share(main, flat, 10)
    row = UsageRule.objects.get()
    for change in ({"id": None}, {"share_e6": None}, {"share_e6": 1_000_001}, {"per": "day"}, {"source_id": flat}):
        with pytest.raises(IntegrityError), transaction.atomic():
            UsageRule(**{**{f.attname: getattr(row, f.attname) for f in UsageRule._meta.fields}, **change}).save()


def test_energy_cannot_go_round_in_a_circle():
    first, second, third = metered_place(), metered_place(), metered_place()
    behind(first, second)
    behind(second, third)
    for attempt in (lambda: behind(third, first), lambda: share(third, first, 5), lambda: behind(second, first)):
        with pytest.raises(InvalidUsageRule) as refusal:
            attempt()
        assert "rules_in_a_circle" in codes(refusal)
    with pytest.raises(InvalidUsageRule) as refusal:
        behind(first, first)
    assert codes(refusal) == {"own_source"}


def test_a_share_is_not_shared_again():
    main, flat = metered_place(), place()
    share(main, flat, 50)
    metering.installation(at=metering.ServicePoint.objects.get(id=flat))
    with pytest.raises(InvalidUsageRule) as refusal:
        share(flat, place(), 50)
    assert codes(refusal) == {"shared_twice"}


def test_quantities_of_one_meter_agree_on_what_is_done_where_they_are_too_much():
    main = metered_place()
    quantity(main, place())
    with pytest.raises(InvalidUsageRule) as refusal:
        quantity(main, place(), excess="in_order")
    assert codes(refusal) == {"excess_differs"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"quantity_wh": 0}, "bad_quantity"),
        ({"per": "year"}, "bad_span"),
        ({"per": ""}, "rule_incomplete"),
        ({"excess": "as_you_like"}, "bad_excess"),
        ({"share_e6": 5}, "rule_too_much"),
        ({"source": None}, "rule_incomplete"),
        ({"end_date": JAN}, "empty_period"),
        ({"kind": RuleKind.SHARE, "quantity_wh": None, "per": "", "excess": "", "share_e6": 1_000_001}, "bad_share"),
    ],
)
def test_a_rule_has_what_its_kind_needs(values, code):
    given = {
        "kind": RuleKind.QUANTITY, "service_point": place(), "source": metered_place(), "start_date": JAN,
        "quantity_wh": 5, "per": "month", "excess": "refuse",
    }  # fmt: skip
    with pytest.raises(InvalidUsageRule) as refusal:
        usage_rules.begin(rule=Rule(**{**given, **values}), actor=SYSTEM)
    assert codes(refusal) == {code}


def test_a_meter_must_hang_where_one_counts():
    main, empty = metered_place(), place()
    for attempt in (lambda: behind(main, empty), lambda: behind(empty, main), lambda: share(empty, main, 5)):
        with pytest.raises(InvalidUsageRule) as refusal:
            attempt()
        assert codes(refusal) == {"no_meter_there"}
    with pytest.raises(UnknownServicePoint):
        share(0, main, 5)


def test_a_check_meter_is_left_out_where_it_hangs():
    point = metering.service_point()
    (register,) = metering.metered(at=point)
    elsewhere = metering.meter()
    rule = Rule(kind=RuleKind.LEFT_OUT, service_point=point.id, meter=elsewhere.id, start_date=JAN)
    with pytest.raises(InvalidUsageRule) as refusal:
        usage_rules.begin(rule=rule, actor=SYSTEM)
    assert codes(refusal) == {"not_installed"}
    meter_id = register.meter_id
    usage_rules.begin(
        rule=Rule(kind=RuleKind.LEFT_OUT, service_point=point.id, meter=meter_id, start_date=JAN), actor=SYSTEM
    )
    with pytest.raises(InvalidUsageRule):
        usage_rules.begin(
            rule=Rule(kind=RuleKind.LEFT_OUT, service_point=point.id, meter=meter_id, start_date=FEB), actor=SYSTEM
        )


def test_another_share_from_a_date_on_ends_the_one_before():
    main, flat = metered_place(), place()
    first = share(main, flat, 30, end=MAR)
    share(main, place(), 60)
    with pytest.raises(InvalidUsageRule) as refusal:
        usage_rules.change(rule_id=first, from_date=FEB, share_e6=410_000, actor=SYSTEM)
    assert codes(refusal) == {"shares_exceed"}
    second = usage_rules.change(rule_id=first, from_date=FEB, share_e6=400_000, actor=SYSTEM)
    held = {card.rule.id: card.rule for card in queries.at_place(service_point_id=flat)}
    assert [(held[one].start_date, held[one].end_date, held[one].share_e6) for one in (first, second)] == [
        (JAN, FEB, 300_000), (FEB, MAR, 400_000),
    ]  # fmt: skip
    with pytest.raises(NothingChanges):
        usage_rules.change(rule_id=second, from_date=FEB, share_e6=400_000, actor=SYSTEM)
    with pytest.raises(RuleNotInForce):
        usage_rules.change(rule_id=second, from_date=MAR, share_e6=1, actor=SYSTEM)
    with pytest.raises(InvalidUsageRule):
        usage_rules.change(rule_id=second, from_date=FEB, quantity_wh=1, per="month", actor=SYSTEM)


def test_a_rule_ends_once_and_on_its_first_day_never_held():
    main, flat = metered_place(), place()
    rule_id = share(main, flat, 30)
    usage_rules.end(rule_id=rule_id, end_date=FEB, actor=SYSTEM)
    for day in (date(2024, 12, 31), FEB, MAR):
        with pytest.raises(RuleNotInForce):
            usage_rules.end(rule_id=rule_id, end_date=day, actor=SYSTEM)
    usage_rules.end(rule_id=rule_id, end_date=JAN, actor=SYSTEM)
    assert not UsageRule.objects.filter(retired_at=None).exists()
    with pytest.raises(UnknownUsageRule):
        usage_rules.end(rule_id=rule_id, end_date=FEB, actor=SYSTEM)


def test_interval_usage_that_was_approved_ends_where_a_share_begins():
    main = metered_place(is_interval=True)
    register = Usage._meta.apps.get_model("metering", "Register").objects.get()
    days = metering.days(date(2024, 12, 31), FEB + timedelta(days=1))
    metering.interval_days(of=register, values_wh=dict.fromkeys(days))
    usage.approve(start_date=JAN, end_date=FEB)
    rule_id = share(main, place(), 30, start=MIDDLE)

    def held():
        rows = Usage.objects.filter(is_current=True).order_by("start_date")
        return list(rows.values_list("start_date", "end_date", "energy_wh"))

    cut = [(JAN, MIDDLE, 14 * 4_800), (MIDDLE, FEB, 17 * 4_800)]
    assert held() == cut
    usage.approve(start_date=JAN, end_date=FEB)
    assert held() == cut
    usage_rules.end(rule_id=rule_id, end_date=date(2025, 1, 20), actor=SYSTEM)
    assert [row[:2] for row in held()] == [(JAN, MIDDLE), (MIDDLE, date(2025, 1, 20)), (date(2025, 1, 20), FEB)]


def test_the_rules_that_bear_on_a_place_are_all_that_make_up_its_meter():
    main, sub, flat, shop, stranger = metered_place(), metered_place(), place(), place(), metered_place()
    behind(main, sub)
    share(main, flat, 30)
    quantity(main, shop)
    share(stranger, place(), 5)
    check = metering.meter()
    metering.installation(of=check, at=metering.ServicePoint.objects.get(id=sub))
    usage_rules.begin(
        rule=Rule(kind=RuleKind.LEFT_OUT, service_point=sub, meter=check.id, start_date=JAN), actor=SYSTEM
    )
    for point in (main, flat, shop):
        book = queries.bearing_on(service_point_ids=[point], start_date=JAN, end_date=FEB)
        assert [rule.kind for rule in book.rules] == ["submeter", "share", "quantity", "left_out"]
        assert {register.service_point_id for register in book.registers} == {main, sub}
    book = queries.bearing_on(service_point_ids=[sub], start_date=JAN, end_date=FEB)
    assert [rule.kind for rule in book.rules] == ["submeter", "left_out"]


def test_asking_for_rules_costs_one_statement_where_there_are_none(django_assert_num_queries):
    with django_assert_num_queries(1):
        queries.bearing_on(service_point_ids=[metering_free()], start_date=JAN, end_date=FEB)


def metering_free():
    return 0


def test_rows_are_retired_and_never_changed():
    main, flat = metered_place(), place()
    rule_id = share(main, flat, 30)
    entered = UsageRule.objects.get()
    later = usage_rules.change(rule_id=rule_id, from_date=FEB, share_e6=200_000, actor=SYSTEM)
    usage_rules.end(rule_id=rule_id, end_date=MIDDLE, actor=SYSTEM)
    usage_rules.end(rule_id=later, end_date=FEB, actor=SYSTEM)
    kept = UsageRule.objects.get(id=rule_id)
    assert (kept.period, kept.share_e6, kept.created_at) == (entered.period, 300_000, entered.created_at)
    assert kept.retired_at is not None
    (card,) = queries.at_place(service_point_id=flat)
    assert (card.rule.id, card.rule.start_date, card.rule.end_date) == (rule_id, JAN, MIDDLE)
    assert queries.card(rule_id=rule_id).rule.end_date == MIDDLE
    with pytest.raises(UnknownUsageRule):
        queries.card(rule_id=later)
    now = {"service_point_ids": [flat], "start_date": JAN, "end_date": MAR}
    assert [rule.end_date for rule in queries.bearing_on(**now).rules] == [MIDDLE]
    seen = [row.created_at for row in UsageRule.objects.order_by("created_at", "id")]
    ends = {at: [rule.end_date for rule in queries.bearing_on(**now, known_at=at).rules] for at in dict.fromkeys(seen)}
    assert list(ends.values()) == [[None], [FEB], [FEB, None], [MIDDLE, None]]


def test_rules_that_were_cut_short_keep_their_place_in_the_order():
    main, first, second = metered_place(), place(), place()
    one = quantity(main, first, excess="in_order")
    two = quantity(main, second, excess="in_order")
    usage_rules.end(rule_id=one, end_date=FEB, actor=SYSTEM)
    assert [rule.id for rule in queries.touching(service_point_ids=[main])] == [one, two]
    book = queries.bearing_on(service_point_ids=[main], start_date=JAN, end_date=FEB)
    assert [rule.id for rule in book.rules] == [one, two]
    assert queries.near(service_point_ids=[second]) == tuple(sorted((main, first, second)))


def test_a_rule_that_never_held_connects_nothing_any_more():
    main, flat = metered_place(), place()
    usage_rules.end(rule_id=share(main, flat, 30), end_date=JAN, actor=SYSTEM)
    assert queries.near(service_point_ids=[flat]) == (flat,)
    assert queries.split_days(service_point_ids=[main]) == ()
    assert share(main, flat, 40)
