"""Pages of usage rules: what holds and held at a place, begin, change, end, what it means, who may."""

from datetime import date

import pytest

from accounts.models.account import Account
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.rule import UsageRule
from metering.models.usage import Usage
from metering.operations import usage_rules
from tests.doors.desk.conftest import sign_in
from tests.factories import metering

pytestmark = pytest.mark.django_db

FEBRUARY = (date(2026, 2, 1), date(2026, 3, 1))
FIELDS = {
    "share": {"source", "share", "start_date", "end_date"},
    "quantity": {"source", "quantity", "per", "excess", "start_date", "end_date"},
    "submeter": {"source", "start_date", "end_date"},
    "left_out": {"meter", "start_date", "end_date"},
    "unmetered": {"source", "quantity", "per", "start_date", "end_date"},
}


@pytest.fixture
def main(billed):
    """The place of the account, whose meter counted 1,000 kWh in February 2026."""
    Usage.objects.all().delete()
    metering.usage(of=billed.register, start_date=FEBRUARY[0], end_date=FEBRUARY[1], kwh=1_000)
    return billed.agreement.service_point


@pytest.fixture
def shop(main):
    return metering.service_point()


def rules(point):
    return f"/desk/places/{point.id}/rules/"


def new(point, kind):
    return f"{rules(point)}begin/{kind}/"


def share(shop, main, percent=30, start=FEBRUARY[0], end=None):
    rule = Rule(
        kind=RuleKind.SHARE, service_point=shop.id, source=main.id, share_e6=percent * 10_000, start_date=start,
        end_date=end,
    )  # fmt: skip
    return usage_rules.begin(rule=rule, actor=SYSTEM)


@pytest.mark.parametrize("kind", FIELDS)
def test_each_kind_shows_its_fields_and_no_others(desk, shop, kind):
    page = desk.get(new(shop, kind)).content.decode()
    shown = {name for name in set().union(*FIELDS.values()) if f'name="{name}"' in page}
    assert shown == FIELDS[kind]


def test_a_share_is_shown_then_entered_and_stands_on_both_places(desk, main, shop):
    given = {"source": main.external_id, "share": "30", "start_date": "2026-03-01", "end_date": ""}
    page = desk.post(new(shop, "share"), {**given, "preview": ""}).content.decode()
    assert "Feb 2026 with it" in page
    assert "700.000" in page or "700" in page
    assert 'name="enter"' in page
    assert not UsageRule.objects.exists()
    page = desk.post(new(shop, "share"), {**given, "enter": ""}, follow=True).content.decode()
    rule = UsageRule.objects.get()
    assert (rule.share_e6, rule.source_id, rule.service_point_id) == (300_000, main.id, shop.id)
    for place in (main, shop):
        page = desk.get(rules(place)).content.decode()
        assert "Fixed share" in page
        assert "30 %" in page
        assert "Usage rule begun" in page
    assert AuditEvent.objects.filter(subject="usage_rule", action="begin").exclude(actor_id=None).exists()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("quantity", {"source": "{main}", "quantity": "300", "per": "month", "excess": "in_order"}),
        ("unmetered", {"source": "", "quantity": "12.5", "per": "day"}),
    ],
)
def test_quantities_are_entered(desk, main, shop, kind, given):
    given = {name: value.format(main=main.external_id) for name, value in given.items()}
    desk.post(new(shop, kind), {**given, "start_date": "2026-03-01", "enter": ""})
    rule = UsageRule.objects.get()
    assert (rule.kind, rule.quantity_wh, rule.per, rule.excess) == (
        kind, int(float(given["quantity"]) * 1_000), given["per"], given.get("excess", ""),
    )  # fmt: skip


def test_sub_meters_and_check_meters_are_entered(desk, main):
    sub = metering.service_point()
    (register,) = metering.metered(at=sub)
    given = {"source": main.external_id, "start_date": "2026-03-01", "enter": ""}
    desk.post(new(sub, "submeter"), given)
    desk.post(new(sub, "left_out"), {"meter": register.meter_id, "start_date": "2026-03-01", "enter": ""})
    assert set(UsageRule.objects.values_list("kind", "service_point_id")) == {
        ("submeter", sub.id),
        ("left_out", sub.id),
    }


def test_the_source_is_found_by_its_meter_and_told_when_it_is_not_one(desk, main, shop, billed):
    given = {"source": billed.register.meter.serial, "share": "30", "start_date": "2026-03-01", "enter": ""}
    desk.post(new(shop, "share"), given)
    assert UsageRule.objects.get().source_id == main.id
    page = desk.post(new(shop, "share"), {**given, "source": "nowhere at all"}).content.decode()
    assert "No place fits" in page
    address = main.premises.address
    metering.service_point(at=metering.premises(address=address))
    page = desk.post(new(shop, "share"), {**given, "source": address}).content.decode()
    assert "Several places fit" in page
    assert main.external_id in page


def test_refusals_stand_beside_their_fields(desk, main, shop):
    share(shop, main, 70)
    other = metering.service_point()
    given = {"source": main.external_id, "share": "40", "start_date": "2026-03-01", "enter": ""}
    page = desk.post(new(other, "share"), given).content.decode()
    assert 'id="id_share_error"' in page
    assert "110 % together" in page
    page = desk.post(new(other, "share"), {**given, "share": "0"}).content.decode()
    assert 'id="id_share_error"' in page
    page = desk.post(new(other, "share"), {**given, "share": "x"}).content.decode()
    assert 'id="id_share_error"' in page
    page = desk.post(new(main, "share"), {**given, "source": main.external_id}).content.decode()
    assert 'id="id_source_error"' in page
    page = desk.post(new(other, "share"), {**given, "source": shop.external_id}).content.decode()
    assert 'id="id_source_error"' in page
    assert UsageRule.objects.count() == 1


def test_a_share_is_changed_and_ended(desk, main, shop):
    rule_id = share(shop, main)
    change = f"{rules(shop)}{rule_id}/change/"
    assert 'value="30"' in desk.get(change).content.decode()
    page = desk.post(change, {"share": "30", "from_date": "2026-03-01", "enter": ""}).content.decode()
    assert 'id="id_share_error"' in page
    page = desk.post(change, {"share": "45.5", "from_date": "2026-03-01", "preview": ""}).content.decode()
    assert "455" in page
    desk.post(change, {"share": "45.5", "from_date": "2026-03-01", "enter": ""})
    second, first = UsageRule.objects.filter(retired_at=None).order_by("-period")
    assert (first.period.upper, second.share_e6) == (date(2026, 3, 1), 455_000)
    end = f"{rules(shop)}{second.id}/end/"
    page = desk.post(end, {"end_date": "2026-02-01", "enter": ""}).content.decode()
    assert 'id="id_end_date_error"' in page
    assert "Feb 2026 with it" in desk.post(end, {"end_date": "2026-03-05", "preview": ""}).content.decode()
    desk.post(end, {"end_date": "2026-03-05", "enter": ""})
    assert UsageRule.objects.get(retired_at=None, first=second).period.upper == date(2026, 3, 5)
    signed_in = int(desk.session["_auth_user_id"])
    assert set(UsageRule.objects.exclude(retired_at=None).values_list("retirer_id", flat=True)) == {signed_in}
    page = desk.get(rules(shop)).content.decode()
    assert "Rules that held" in page
    for words in ("Usage rule changed", "Usage rule ended", "45.5 %"):
        assert words in page


def test_a_day_that_is_billed_already_is_refused(desk, main, shop):
    """One person enters rules: what was billed is corrected by usage, which two decide on."""
    given = {"source": main.external_id, "share": "40", "enter": ""}
    page = desk.post(new(shop, "share"), {**given, "start_date": "2026-02-15"}).content.decode()
    assert 'id="id_start_date_error"' in page
    assert "Bills are issued up to 2026-03-01" in page
    assert not UsageRule.objects.exists()
    desk.post(new(shop, "share"), {**given, "start_date": "2026-03-01"})
    assert UsageRule.objects.count() == 1


def test_the_page_shows_what_the_rules_mean_and_is_a_file(desk, main, shop):
    share(shop, main)
    page = desk.get(rules(main)).content.decode()
    assert "What they mean: Feb 2026" in page
    rows = b"".join(desk.get(f"/desk/places/{shop.id}/rules.csv").streaming_content).decode().splitlines()
    assert rows[1].startswith(f"share,{shop.external_id},{main.external_id},,30.0000,")


def test_a_place_without_rules_says_so(desk, main):
    page = desk.get(rules(main)).content.decode()
    assert "No rule: the place is billed on what its own meters count" in page
    assert "What they mean" not in page


def test_who_looks_is_recorded_and_the_account_leads_there(desk, main, billed):
    desk.get(rules(main))
    assert AuditEvent.objects.filter(action="look", subject_id=billed.customer.id).exists()
    assert rules(main) in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()


def test_strangers_are_not_found(desk, main, shop):
    rule_id = share(shop, main)
    elsewhere = metering.service_point()
    for address in (
        "/desk/places/999999/rules/",
        "/desk/places/999999/rules.csv",
        new(shop, "no-such-kind"),
        f"{rules(elsewhere)}{rule_id}/change/",
        f"{rules(main)}{rule_id}/end/",
        f"{rules(shop)}999999/end/",
    ):
        assert desk.get(address).status_code == 404, address
    check = metering.service_point()
    (register,) = metering.metered(at=check)
    made = usage_rules.begin(
        rule=Rule(kind=RuleKind.LEFT_OUT, service_point=check.id, meter=register.meter_id, start_date=FEBRUARY[0]),
        actor=SYSTEM,
    )
    assert desk.get(f"{rules(check)}{made}/change/").status_code == 404


def test_who_may_not_write_may_look(main, shop, client):
    clerk = sign_in(client, Role.CLERK)
    page = clerk.get(rules(main))
    assert page.status_code == 200
    assert "begin/share" not in page.content.decode()
    assert clerk.get(new(shop, "share")).status_code == 403


def test_the_number_of_statements_does_not_grow_with_rules(desk, main, shop, django_assert_max_num_queries):
    share(shop, main, 10)
    desk.get(rules(main))
    with django_assert_max_num_queries(40) as few:
        desk.get(rules(main))
    for _ in range(6):
        share(metering.service_point(), main, 10)
    with django_assert_max_num_queries(len(few)):
        desk.get(rules(main))
    assert Account.objects.count() == 1
