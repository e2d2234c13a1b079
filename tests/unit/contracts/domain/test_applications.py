"""What is checked of an application before it is kept, which papers it lacks, which capacity fits its load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.identity import CustomerKind
from cis.kernel.errors import Findings
from contracts.domain import applications as rules
from contracts.domain.applications import Agent, Applicant, CapacityRule, Item, Load, NewApplication

RESIDENT = Applicant(kind="resident", name="王芳", id_number="11010519491231002X", phone="13812345678")
COMPANY = Applicant(kind="company", name="上海某某制造有限公司", id_number="913100006073780407", phone="021-62345678")
RULE = CapacityRule(residential_percent=60, other_percent=80, sizes_w=(4_000, 8_000, 12_000, 315_000))
REQUIRED = {
    "resident": ("identity", "premises_right"),
    "company": ("business_licence", "identity"),
    "agency": ("identity",),
    "agent": ("agent_identity", "power_of_attorney"),
}


def codes(**values):
    values.setdefault("applicant", RESIDENT)
    values.setdefault("address", "愚园路1号")
    values.setdefault("items", (Item(capacity_w=8_000),))
    findings = Findings()
    rules.check(NewApplication(**values), country="cn", findings=findings)
    return {(one.where, one.code) for one in findings}


def test_a_whole_application_has_no_findings():
    assert codes() == set()
    assert codes(applicant=COMPANY, agent=Agent(name="李强", id_number="11010519491231002X", scope="sign")) == set()


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ({"applicant": Applicant(kind="resident", name="王芳", id_number="110105194912310021")}, ("applicant.id_number", "bad_id_number")),
        ({"applicant": Applicant(kind="company", name="某某", id_number="913100006073780401", phone="13812345678")}, ("applicant.id_number", "bad_id_number")),
        ({"applicant": Applicant(kind="resident", name="王芳", id_number="")}, ("applicant.id_number", "id_number_missing")),
        ({"applicant": Applicant(kind="ghost", name="王芳", id_number="1")}, ("applicant.kind", "unknown_kind")),
        ({"applicant": Applicant(kind="company", name="某某", id_number="913100006073780407")}, ("applicant.phone", "bad_contact")),
        ({"agent": Agent(name="李强", id_number="1")}, ("agent.id_number", "bad_id_number")),
        ({"agent": Agent(name="李强", id_number="11010519491231002X", scope="all")}, ("agent.scope", "unknown_kind")),
        ({"address": " "}, ("address", "bad_address")),
        ({"items": ()}, ("items", "bad_items")),
        ({"items": (Item(capacity_w=0),)}, ("items[0].capacity", "bad_capacity")),
        ({"items": (Item(capacity_w=1, voltage="1V"),)}, ("items[0].voltage", "unknown_voltage")),
        ({"items": (Item(capacity_w=1, unit=" 1-101"), Item(capacity_w=1, unit="1-101"))}, ("items[1]", "item_twice")),
        ({"kind": "existing_point"}, ("items[0].service_point", "service_point_missing")),
        ({"items": (Item(capacity_w=1, service_point="S1"),)}, ("items[0].service_point", "service_point_given")),
        ({"loads": (Load(name="空调", power_w=0),)}, ("loads[0].power", "bad_capacity")),
        ({"loads": (Load(name="", power_w=1),)}, ("loads[0].name", "bad_name")),
    ],
)  # fmt: skip
def test_each_fault_is_named_at_its_place(values, finding):
    assert finding in codes(**values)


def test_missing_papers_depend_on_who_applies():
    def missing(kind, given=(), has_agent=False):
        return rules.missing_papers(required=REQUIRED, kind=CustomerKind(kind), has_agent=has_agent, given=given)

    assert missing("resident") == ("identity", "premises_right")
    assert missing("resident", given=["identity", "premises_right", "other"]) == ()
    assert missing("company", given=["identity"], has_agent=True) == (
        "business_licence", "agent_identity", "power_of_attorney",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "voltages", "is_dual", "expected"),
    [
        ({"residential"}, {"220V"}, False, "home"),
        ({"residential", "commercial"}, {"220V", "380V"}, False, "low"),
        ({"industrial"}, {"380V", "10kV"}, False, "high"),
        ({"industrial"}, {"10kV"}, True, "high_dual"),
        ({"residential"}, {"220V"}, True, "home"),
    ],
)
def test_the_most_demanding_supply_says_which_standards_hold(classes, voltages, is_dual, expected):
    assert rules.standard_class(use_classes=classes, voltages=voltages, is_dual=is_dual) == expected


def test_a_capacity_follows_from_the_load_that_runs_at_once():
    loads = (Load(name="空调", power_w=3_000, count=3), Load(name="灯", power_w=40, count=20))
    assert rules.suggested_w(loads=loads, use_class="residential", rule=RULE) == 8_000  # 9.8 kW x 60 % = 5.88
    assert rules.suggested_w(loads=loads, use_class="commercial", rule=RULE) == 8_000  # 7.84
    assert rules.suggested_w(loads=(), use_class="commercial", rule=RULE) == 0
    big = (Load(name="冲床", power_w=500_001),)
    assert rules.suggested_w(loads=big, use_class="industrial", rule=RULE) == 401_000


@given(
    st.lists(st.builds(Load, name=st.just("x"), power_w=st.integers(1, 10**6), count=st.integers(1, 50)), min_size=1),
    st.sampled_from(["residential", "industrial"]),
)
def test_a_suggested_capacity_carries_the_load_and_no_smaller_size_would(loads, use_class):
    percent = 60 if use_class == "residential" else 80
    found = rules.suggested_w(loads=loads, use_class=use_class, rule=RULE)
    total = sum(load.power_w * load.count for load in loads)
    assert found * 100 >= total * percent
    smaller = [size for size in RULE.sizes_w if size < found]
    assert all(size * 100 < total * percent for size in smaller)


def test_what_may_be_applied_for_once_depends_on_the_kind():
    def key(kind, place="静安区愚园路1号", **values):
        return rules.conflict_key(kind=kind, place=place, item=Item(**values))

    assert key("new_point", unit="1-101") == key("new_point", unit=" 1-101 ")
    assert key("new_point", unit="1-101") != key("new_point", unit="1-102")
    assert key("new_point") != key("temporary")
    assert key("existing_point", service_point="S1") == key("existing_point", "elsewhere", service_point="S1")


def test_addresses_are_compared_without_blanks_and_marks():
    assert rules.plain_address("愚园路 1 号, (A座)") == rules.plain_address("愚园路1号（a座）")
