"""Pages of breach and theft: each kind has its form, costs are shown before anything is kept, two persons decide."""

import pytest
from django.test import Client

from cis.kernel.enums import Role
from contracts.models.agreement import AgreementTerm
from contracts.models.charge import BreachCase, OneOffCharge
from metering.models.correction import UsageCorrection
from tests.doors.desk.conftest import make_billed, sign_in
from tests.factories import tariffs

pytestmark = pytest.mark.django_db

WAYS = {
    "category": {"uses": "1", "way_0": "equipment", "power_kw_0": "5", "equipment_0": "power", "until_0": "2026-03-09"},
    "capacity": {"found_kva": "30"},
    "suspended": {"found_kva": "10", "count": "2"},
    "own-supply": {"found_kva": "5"},
    "tampering": {"is_home": "on", "count": "1"},
    "theft": {"power_kw": "2", "equipment": "light"},
    "theft-energy": {"energy_kwh": "300"},
    "theft-ratio": {"real": "120", "shown": "90"},
}
COSTS = {
    "category": ["5 kW × 12 h × 90 d = 5,400 kWh", "0.917 − 0.617 = 0.30", "5,400 kWh × 0.30 = 1,620.00", "¥4,860.00"],
    "capacity": ["30 kVA − 8 kVA = 22 kVA", "22 kW × 50.00 × 1 = 1,100.00"],
    "suspended": ["10 kW × 30.00 × 2 = 600.00"],
    "own-supply": ["5 kW × 500.00 × 1 = 2,500.00"],
    "tampering": ["500.00 × 1 = 500.00"],
    "theft": ["2 kW × 6 h × 59 d = 708 kWh", "436.83", "436.83 × 3 = 1,310.49"],
    "theft-energy": ["300 kWh", "185.10 × 3 = 555.30"],
    "theft-ratio": ["66.667 kWh", "× 3 = 123.42"],
}
SHOP = tariffs.FLAT.replace('"0.617"', '"0.917"').replace("单一电价", "商业电价").replace("One price", "Shop")
TWO_PART = (
    tariffs.FLAT.split("[[vector]]", maxsplit=1)[0]
    + """
[labels.capacity]
zh = "基本电费"
en = "Capacity"

[[component]]
kind = "capacity"
code = "capacity"
unit = "yuan/kVA"
price = "25"
proration = "thirtieths"
"""
)


@pytest.fixture
def supply(billed):
    """January and February 2026 are billed and used; there is a tariff for shops."""
    tariffs.version(source=SHOP)
    return billed


@pytest.fixture
def other(supply):
    """A second person of billing, with a browser of her own."""
    return sign_in(Client(), Role.BILLING)


def address(supply, way):
    return f"/desk/customers/{supply.account.id}/supply/{supply.agreement.id}/breach/{way}/"


def fields(desk, supply, way, **more):
    given = {"found_date": "2026-03-09", "evidence": "photos of 9 March", "request_key": "k1", **WAYS[way]}
    if way.startswith("theft"):
        given |= {"meter": str(supply.register.meter_id), "since_date": "2026-01-01", "until_date": "2026-03-01"}
    if way == "category":
        form = desk.get(address(supply, way)).context["form"]
        given["paid_0"] = form.fields["paid_0"].choices[0][0]
        given["right_0"] = form.fields["right_0"].choices[1][1][0][0]
    return {**given, **more}


def entered(desk, supply, way="tampering", **more):
    answer = desk.post(address(supply, way), {**fields(desk, supply, way, **more), "propose": ""}, follow=True)
    assert answer.redirect_chain, answer.context["form"].errors
    return BreachCase.objects.latest("id"), answer.content.decode()


def decide(browser, case, action, **more):
    page = browser.post(f"/desk/breaches/{case.id}/decide/", {"action": action, **more}, follow=True)
    case.refresh_from_db()
    return page.content.decode()


@pytest.mark.parametrize("way", WAYS)
def test_each_kind_has_its_form_and_shows_every_step_before_anything_is_kept(desk, supply, way):
    page = desk.get(address(supply, way)).content.decode()
    assert "What is known" in page
    for name in WAYS[way]:
        assert f'name="{name}"' in page
    page = desk.post(address(supply, way), {**fields(desk, supply, way), "preview": ""}).content.decode()
    for text in COSTS[way]:
        assert text in page
    assert "供电营业规则" in page
    assert 'name="propose"' in page
    assert not BreachCase.objects.exists()
    assert not UsageCorrection.objects.exists()


def test_a_form_has_the_fields_of_its_kind_alone(desk, supply):
    page = desk.get(address(supply, "tampering")).content.decode()
    for name in ("power_kw", "found_kva", "months", "since_date", "way_0", "owed"):
        assert f'name="{name}"' not in page


@pytest.mark.parametrize("way", WAYS)
def test_a_case_goes_from_the_form_to_two_persons(desk, other, supply, way):
    case, page = entered(desk, supply, way)
    assert "Waits for a second person" in page
    assert 'value="agree"' not in page
    assert "photos of 9 March" in page
    assert "Ask a second person" in decide(desk, case, "agree")
    assert case.state == "proposed"
    page = decide(other, case, "agree")
    assert case.state == "agreed"
    assert "Agreed by" in page
    assert set(OneOffCharge.objects.values_list("state", flat=True)) == {"agreed"}


def test_two_persons_cancel_with_a_reason(desk, other, supply):
    case, _ = entered(desk, supply)
    decide(other, case, "agree")
    assert "Say in a few words why" in decide(desk, case, "ask_cancel", reason="")
    page = decide(desk, case, "ask_cancel", reason="was the neighbour")
    assert (case.state, "was the neighbour" in page, 'value="cancel"' in page) == ("cancelling", True, False)
    assert "Ask a second person" in decide(desk, case, "cancel")
    decide(other, case, "keep")
    assert case.state == "agreed"
    decide(other, case, "ask_cancel", reason="was the neighbour")
    decide(desk, case, "cancel")
    assert case.state == "cancelled"


def test_one_drops_what_one_has_entered_oneself(desk, supply):
    case, _ = entered(desk, supply)
    assert "Dropped by" in decide(desk, case, "drop")
    assert case.state == "dropped"


def test_without_a_known_beginning_the_rule_says_how_many_days(desk, supply):
    """At least 180 days; the supply here is long enough, its usage is not: so the page says what is missing."""
    given = fields(desk, supply, "theft", since_date="")
    page = desk.post(address(supply, "theft"), {**given, "preview": ""}).content.decode()
    assert "There is no approved usage" in page
    assert not BreachCase.objects.exists()


def test_the_cost_of_stolen_energy_is_not_typed_but_with_a_reason(desk, supply):
    given = fields(desk, supply, "theft", given_cost="100")
    page = desk.post(address(supply, "theft"), {**given, "preview": ""}).content.decode()
    assert "Say why another cost is taken" in page
    case, page = entered(desk, supply, "theft", given_cost="100", cost_reason="court of 3 March")
    assert (case.owed_minor, case.computed_minor, case.owed_reason) == (10_000, 43_683, "court of 3 March")
    assert "court of 3 March" in page
    assert "100.00 × 3 = 300.00" in page


def test_what_the_meter_counted_is_the_energy_of_a_use(desk, supply):
    counted = {"way_0": "counted", "since_0": "2026-01-01", "until_0": "2026-03-01"}
    page = desk.post(address(supply, "category"), {**fields(desk, supply, "category", **counted), "preview": ""})
    assert "200 kWh × 0.30 = 60.00" in page.content.decode()
    counted["since_0"] = "2026-01-15"
    page = desk.post(address(supply, "category"), {**fields(desk, supply, "category", **counted), "preview": ""})
    assert "just the days" in page.content.decode()
    assert 'name="propose"' not in page.content.decode()


def test_several_uses_are_added_up_and_what_was_typed_stays(desk, supply):
    given = fields(desk, supply, "category")
    page = desk.post(address(supply, "category"), {**given, "more": "1"}).content.decode()
    assert 'name="power_kw_1"' in page
    assert 'value="5"' in page
    second = {"uses": "2", "way_1": "energy", "energy_kwh_1": "100", "equipment_1": "light"}
    second |= {"paid_1": given["paid_0"], "right_1": given["right_0"]}
    page = desk.post(address(supply, "category"), {**given, **second, "preview": ""}).content.decode()
    assert "1,620.00 + 30.00 = 1,650.00" in page
    assert "1,650.00 × 2 = 3,300.00" in page


def test_a_two_part_tariff_brings_its_fee_and_asks_for_months(desk, supply):
    AgreementTerm.objects.update(capacity_va=315_000, tariff=tariffs.version(source=TWO_PART).tariff)
    page = desk.get(address(supply, "capacity")).content.decode()
    assert "25 / kVA" in page
    given = fields(desk, supply, "capacity", found_kva="415")
    assert "months" in desk.post(address(supply, "capacity"), {**given, "preview": ""}).content.decode()
    page = desk.post(address(supply, "capacity"), {**given, "months": "3", "preview": ""}).content.decode()
    assert "415 kVA − 315 kVA = 100 kVA" in page
    assert "100 kVA × 25.00 × 3 mo = 7,500.00" in page
    assert "7,500.00 × 3 = 22,500.00" in page
    given = fields(desk, supply, "suspended", months="1")
    del given["count"]
    page = desk.post(address(supply, "suspended"), {**given, "preview": ""}).content.decode()
    assert "250.00 × 2 = 500.00" in page


@pytest.mark.parametrize(
    ("way", "wrong", "words"),
    [
        ("capacity", {"found_kva": "8"}, "not above what is agreed"),
        ("capacity", {"found_kva": "x"}, "is not a number"),
        ("tampering", {"evidence": ""}, "This field is required"),
        ("tampering", {"found_date": "2026-03-11"}, "has not come yet"),
        ("tampering", {"found_date": "2022-03-11"}, "begins on 2023-01-01 only"),
        ("theft", {"since_date": "2026-03-05"}, "number of days is not"),
        ("theft-ratio", {"shown": "120"}, "More was used than counted"),
        ("theft-energy", {"since_date": ""}, "This field is required"),
        ("category", {"power_kw_0": ""}, "needed to know the energy"),
    ],
)
def test_what_cannot_be_is_refused_in_place(desk, supply, way, wrong, words):
    answer = desk.post(address(supply, way), {**fields(desk, supply, way, **wrong), "propose": ""}, follow=True)
    assert words in answer.content.decode()
    assert not BreachCase.objects.exists()


def test_the_same_form_sent_twice_is_one_case_and_with_other_words_it_is_refused(desk, supply):
    first, _ = entered(desk, supply)
    again, _ = entered(desk, supply)
    assert first.id == again.id
    other = {**fields(desk, supply, "tampering", evidence="other photos"), "propose": ""}
    assert "has made case" in desk.post(address(supply, "tampering"), other).content.decode()
    assert BreachCase.objects.count() == 1


def test_the_list_is_filtered_and_given_as_a_file(desk, other, supply):
    assert "No case yet" in desk.get("/desk/breaches/").content.decode()
    first, _ = entered(desk, supply)
    decide(other, first, "agree")
    second, _ = entered(desk, supply, "capacity", request_key="k2")

    def listed(query):
        page = desk.get(f"/desk/breaches/?{query}").content.decode()
        return [case.id for case in (first, second) if f"/desk/breaches/{case.id}/" in page]

    assert listed("") == [first.id, second.id]
    assert listed("state=agreed") == [first.id]
    assert listed("kind=capacity") == [second.id]
    assert listed("state=waiting") == [second.id]
    assert listed(f"text={supply.account.number[:4]}") == [first.id, second.id]
    assert listed("text=999999") == []
    assert listed("state=nonsense") == [first.id, second.id]
    file = b"".join(desk.get("/desk/breaches.csv?state=agreed").streaming_content).decode("utf-8-sig")
    assert file.splitlines()[1].startswith(f"{first.id},{supply.account.number},")
    assert len(file.splitlines()) == 2


def test_what_waits_for_a_second_person_is_told_to_those_who_may_decide(desk, other, supply):
    entered(desk, supply)
    assert other.get("/").context["breaches"] == 1
    assert "state=waiting" in other.get("/").content.decode()
    assert sign_in(Client(), Role.METERING).get("/").context["breaches"] is None


def test_capacity_that_is_known_to_be_suspended_stands_in_the_form(desk, supply):
    AgreementTerm.objects.update(capacity_va=315_000, suspended_va=100_000)
    assert 'value="100"' in desk.get(address(supply, "suspended")).content.decode()


def test_the_list_is_paged(desk, supply):
    case, _ = entered(desk, supply)
    for place in range(50):
        case.pk, case.request_key = None, f"copy {place}"
        case.save(force_insert=True)
    page = desk.get("/desk/breaches/").content.decode()
    assert "page=2" in page
    assert desk.get("/desk/breaches/?page=2").content.decode().count('class="tabular shrink"') == 1


def test_the_notice_is_a_pdf_in_every_state(desk, other, supply):
    case, _ = entered(desk, supply, "theft")
    for action in ("agree", "ask_cancel", ""):
        answer = desk.get(f"/desk/breaches/{case.id}/notice.pdf")
        assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
        if action:
            decide(other, case, action, reason="x")
    assert case.state == "cancelling"


def test_the_supply_leads_to_the_form_and_strangers_are_not_found(desk, supply, client):
    page = desk.get(f"/desk/customers/{supply.account.id}/").content.decode()
    assert address(supply, "theft") in page
    assert f"/desk/breaches/?text={supply.account.number}" in page
    stranger = make_billed(name="李四")
    wrong = f"/desk/customers/{stranger.account.id}/supply/{supply.agreement.id}/breach/theft/"
    assert desk.get(wrong).status_code == 404
    assert desk.get(address(supply, "no-such-kind")).status_code == 404
    for path in ("/desk/breaches/99/", "/desk/breaches/99/notice.pdf"):
        assert desk.get(path).status_code == 404


@pytest.mark.parametrize("role", [Role.CLERK, Role.AUDITOR, Role.CASHIER, Role.ADMIN])
def test_who_may_not_neither_enters_nor_decides(desk, supply, role):
    case, _ = entered(desk, supply)
    looker = sign_in(Client(), role)
    assert looker.get(address(supply, "theft")).status_code == 403
    assert looker.post(f"/desk/breaches/{case.id}/decide/", {"action": "drop"}).status_code == 403
    page = looker.get(f"/desk/breaches/{case.id}/").content.decode()
    assert 'name="action"' not in page
    assert "Report a breach" not in looker.get(f"/desk/customers/{supply.account.id}/").content.decode()


def test_metering_enters_and_drops_but_does_not_agree(supply):
    meterer, second = sign_in(Client(), Role.METERING), sign_in(Client(), Role.METERING)
    case, _ = entered(meterer, supply)
    page = second.get(f"/desk/breaches/{case.id}/").content.decode()
    assert 'value="drop"' in page
    assert 'value="agree"' not in page
    assert "may not do the action agree" in decide(second, case, "agree")
