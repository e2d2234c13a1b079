"""The price book on the desk: list, version, comparison, documents, drafts and the second person."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string

from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tariffs.domain import document
from tariffs.models.tariff import TariffVersion
from tariffs.operations import tariffs as operations
from tests.db.tariffs.test_tariffs import text
from tests.doors.desk.conftest import sign_in
from tests.factories import tariffs
from tests.factories.tariffs import FLAT

pytestmark = pytest.mark.django_db


@pytest.fixture
def flat(supplier):
    """A published version that the system loaded."""
    version_id = operations.draft(text=FLAT, actor=SYSTEM)
    operations.publish(version_id=version_id, actor=SYSTEM)
    return TariffVersion.objects.get(id=version_id)


def page(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(answer):
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    return lines[0], lines[1:]


# ---- the list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(supplier):
    made = {}
    for code, start, end, state in [
        ("now", date(2020, 1, 1), date(2026, 7, 1), "published"),
        ("now", date(2026, 7, 1), None, "published"),
        ("past", date(2019, 1, 1), date(2020, 1, 1), "published"),
        ("idea", date(2027, 1, 1), None, "draft"),
    ]:
        tariff = made.get(code) or tariffs.tariff(code=code, name_en=f"Tariff {code}")
        made[code] = tariff
        version = tariffs.version(
            of=tariff, source=f"{FLAT}# {code} {start}\n", start_date=start, end_date=end, state=state
        )
        TariffVersion.objects.filter(id=version.id, state="draft").update(customer_class="commercial", area="上海")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["idea", "now", "now"]),
        ("?standing=all", ["idea", "now", "now", "past"]),
        ("?standing=ended", ["past"]),
        ("?standing=coming", ["now"]),
        ("?text=IDE", ["idea"]),
        ("?customer_class=commercial", ["idea"]),
        ("?customer_class=residential", []),
        ("?area=上海", ["idea"]),
        ("?standing=all&on=2019-06-01", ["past"]),
        ("?on=2026-07-01&standing=all", ["now"]),
    ],
)
def test_the_list_shows_what_fits_the_filters_and_so_does_its_file(desk, book, query, codes):
    shown = page(desk, f"/desk/tariffs/{query}")
    assert [code for code in ("idea", "now", "past") if f">{code}</td>" in shown] == sorted(set(codes))
    header, lines = rows(desk.get(f"/desk/tariffs.csv{query}"))
    assert header == 'Code,Name,State,Class of customers,Area,From,"To, not included",Legal source'
    assert [line.split(",")[0] for line in lines] == codes


def test_an_empty_book_and_filters_that_nothing_fits_say_so(desk, book):
    assert "No version fits these filters" in page(desk, "/desk/tariffs/?text=zzz")
    TariffVersion.objects.filter(state="draft").delete()


def test_an_empty_book_says_how_to_begin(desk, supplier):
    assert "The price book is empty" in page(desk, "/desk/tariffs/")


def test_who_may_not_price_sees_no_button(client, flat):
    sign_in(client, Role.CLERK)
    assert "/desk/tariffs/new/" not in page(client, "/desk/tariffs/")
    shown = page(client, f"/desk/tariffs/{flat.tariff_id}/")
    for name in ("edit", "prices/", "decide"):
        assert f"versions/{flat.id}/{name}" not in shown


# ---- one version ------------------------------------------------------------------------------------------------------


def test_a_version_shows_prices_maps_and_cases(desk, supplier):
    version = tariffs.from_pack("commercial-tou", pack="cn-guangdong")
    shown = page(desk, f"/desk/tariffs/{version.tariff_id}/")
    assert shown.count('class="heat"') == 2
    assert "All days with the event heat" in shown
    assert "<title>Jul, 11:00–12:00: Critical 1.16875 CNY/kWh</title>" in shown
    assert "<title>Jun, 10:00–12:00: Peak 0.935 CNY/kWh</title>" in shown
    assert "1.16875 <span" in shown
    assert "all right" in shown
    assert "style=" not in shown.split("<main")[1]


def test_a_seasonal_tariff_says_its_prices_by_months(desk, supplier):
    version = tariffs.from_pack("residential-tiered", pack="cn-guangdong")
    shown = page(desk, f"/desk/tariffs/{version.tariff_id}/")
    assert "step 2 above 260 up to 600 kWh a month" in shown
    assert "only for: flat-choice" in shown


def test_a_tariff_billed_on_registers_says_that_it_has_no_hours(desk, supplier):
    version = tariffs.from_pack("residential-tiered-tou", pack="cn-zhejiang")
    assert "it is billed on the registers of the meter" in page(desk, f"/desk/tariffs/{version.tariff_id}/")


def test_what_a_component_is_charged_on_is_told_by_its_label(desk, supplier):
    version = tariffs.from_pack("commercial-measured-demand", pack="cn-commercial")
    shown = page(desk, f"/desk/tariffs/{version.tariff_id}/")
    assert "charged on: Energy, Losses of the grid, System operation, Demand" in shown
    assert "charged on: everything before it" in shown


def test_the_version_in_force_is_shown_first_and_any_other_by_its_address(desk, flat):
    draft = operations.draft(text=text("2027-01-01", "0.7", "70.00"), actor=SYSTEM)
    shown = page(desk, f"/desk/tariffs/{flat.tariff_id}/")
    assert "0.617 <span" in shown
    other = page(desk, f"/desk/tariffs/{flat.tariff_id}/?version={draft}")
    assert "0.70 <span" in other
    assert f"before={flat.id}&amp;after={draft}" in other


def test_documents_and_prices_are_given_as_files(desk, flat):
    answer = desk.get(f"/desk/tariffs/versions/{flat.id}/tariff.toml")
    assert answer.content.decode() == FLAT
    assert answer["Content-Disposition"] == 'attachment; filename="flat@2020-01-01.toml"'
    assert rows(desk.get(f"/desk/tariffs/{flat.tariff_id}/prices.csv")) == (
        "What,Step,Period of use,Price,Unit", ["Energy,,,0.617,CNY/kWh"]
    )  # fmt: skip


def test_two_versions_are_compared_on_the_page_and_as_a_file(desk, flat):
    draft = operations.draft(text=text("2027-01-01", "0.7", "70.00"), actor=SYSTEM)
    query = f"?before={flat.id}&after={draft}"
    shown = page(desk, f"/desk/tariffs/compare/{query}")
    assert "Energy: 0.617 → 0.70 CNY/kWh (+13.5 %)" in shown
    header, lines = rows(desk.get(f"/desk/tariffs/compare.csv{query}"))
    assert header == "Part,Change"
    assert "Prices and steps,Energy: 0.617 → 0.70 CNY/kWh (+13.5 %)" in lines
    desk.cookies["django_language"] = "zh-hans"
    assert "电度电费：0.617 → 0.70 CNY/kWh（+13.5 %）" in page(desk, f"/desk/tariffs/compare/{query}")
    desk.cookies["django_language"] = "en"
    assert "They say the same" in page(desk, f"/desk/tariffs/compare/?before={flat.id}&after={flat.id}")
    assert desk.get("/desk/tariffs/compare.csv?before=1").status_code == 404
    assert "error-summary" in page(desk, f"/desk/tariffs/compare/?before={flat.id}&after=999999")


# ---- drafts -----------------------------------------------------------------------------------------------------------


def test_the_example_for_a_new_tariff_is_right(supplier):
    read = document.parse(text=render_to_string("desk/tariffs/new.toml", {"today": "2026-03-10"}))
    assert not document.check(document=read)


def test_a_document_is_checked_and_findings_stand_at_their_lines(desk, supplier):
    broken = FLAT.replace('price = "0.617"', "price = 0.617")
    answer = desk.post("/desk/tariffs/new/", {"text": broken, "do": "check"}).content.decode()
    line = broken.splitlines().index("price = 0.617") + 1
    assert f'data-line="{line}"' in answer
    assert "component[0].price" in answer
    assert "A number is given as text." in answer
    assert not TariffVersion.objects.exists()
    desk.post("/desk/tariffs/new/", {"text": broken, "do": "save"})
    assert not TariffVersion.objects.exists()
    desk.cookies["django_language"] = "zh-hans"
    assert "此处应为带引号的文本" in desk.post("/desk/tariffs/new/", {"text": broken, "do": "check"}).content.decode()


def test_a_red_document_may_be_saved_as_a_draft(desk, supplier):
    red = text(total="61.71")
    answer = desk.post("/desk/tariffs/new/", {"text": red, "do": "check"}).content.decode()
    assert f'data-line="{red.splitlines().index(chr(116) + "otal = " + chr(34) + "61.71" + chr(34)) + 1}"' in answer
    assert "not published before all test cases are right" in answer
    answer = desk.post("/desk/tariffs/new/", {"text": red, "do": "save"}, follow=True).content.decode()
    assert "differs" in answer
    assert TariffVersion.objects.get().state == "draft"


def test_a_document_is_uploaded(desk, supplier):
    file = SimpleUploadedFile("t.toml", ("\ufeff" + FLAT).encode())
    desk.post("/desk/tariffs/new/", {"text": "ignored", "file": file, "do": "save"})
    version = TariffVersion.objects.get()
    assert (version.state, version.source) == ("draft", FLAT)
    latin = SimpleUploadedFile("t.toml", "电".encode("gb18030"))
    assert "The file is not UTF-8" in desk.post("/desk/tariffs/new/", {"file": latin, "do": "save"}).content.decode()


def test_nothing_typed_is_asked_for(desk, supplier):
    assert "error-summary" in desk.post("/desk/tariffs/new/", {"text": "  ", "do": "check"}).content.decode()


def test_editing_a_published_version_makes_a_draft_and_editing_the_draft_replaces_it(desk, flat):
    next_year = text("2027-01-01", "0.7", "70.00")
    answer = desk.post(f"/desk/tariffs/versions/{flat.id}/edit/", {"text": next_year, "do": "check"}).content.decode()
    assert "Energy: 0.617 → 0.70 CNY/kWh" in answer
    desk.post(f"/desk/tariffs/versions/{flat.id}/edit/", {"text": next_year.replace("\n", "\r\n"), "do": "save"})
    draft = TariffVersion.objects.exclude(id=flat.id).get()
    assert (draft.state, draft.source) == ("draft", next_year)
    desk.post(f"/desk/tariffs/versions/{draft.id}/edit/", {"text": text("2027-01-01", "0.8", "80.00"), "do": "save"})
    assert list(TariffVersion.objects.order_by("id").values_list("state", flat=True)) == [
        "published",
        "replaced",
        "draft",
    ]


def test_a_draft_is_not_replaced_by_one_of_another_tariff(desk, supplier):
    draft = operations.draft(text=FLAT, actor=SYSTEM)
    other = FLAT.replace('code = "flat"', 'code = "other"')
    answer = desk.post(f"/desk/tariffs/versions/{draft}/edit/", {"text": other, "do": "save"}).content.decode()
    assert "error-summary" in answer
    assert TariffVersion.objects.get().state == "draft"


def prices(**values):
    return {"from_date": "2027-01-01", "legal_source": "", "v0": "0.617", **values}


def test_new_prices_make_a_draft_that_differs_in_them_alone(desk, flat):
    url = f"/desk/tariffs/versions/{flat.id}/prices/"
    assert "Energy (yuan/kWh)" in page(desk, url)
    desk.post(url, prices(v0="0.7", legal_source="Order 5", renew="on"))
    draft = TariffVersion.objects.exclude(id=flat.id).get()
    assert 'price = "0.7"' in draft.source
    assert 'total = "70.00"  # computed anew; compare it with the order' in draft.source
    assert (draft.period.lower, draft.legal_source) == (date(2027, 1, 1), "Order 5")
    assert not document.check(document=document.parse(text=draft.source))


def test_without_new_cases_the_draft_is_red(desk, flat):
    desk.post(f"/desk/tariffs/versions/{flat.id}/prices/", prices(v0="0.7"))
    draft = TariffVersion.objects.exclude(id=flat.id).get()
    assert document.check(document=document.parse(text=draft.source))


def test_a_price_that_is_none_is_shown_beside_its_field(desk, flat):
    answer = desk.post(f"/desk/tariffs/versions/{flat.id}/prices/", prices(v0="0,7")).content.decode()
    assert 'id="id_v0_error"' in answer
    assert TariffVersion.objects.count() == 1


# ---- four eyes --------------------------------------------------------------------------------------------------------


@pytest.fixture
def drafted(client, flat):
    """A draft of somebody of billing, who is signed in."""
    sign_in(client, Role.BILLING)
    client.post(f"/desk/tariffs/versions/{flat.id}/prices/", prices(v0="0.7", renew="on"))
    return TariffVersion.objects.exclude(id=flat.id).get()


def decide(client, version, do, **values):
    return client.post(
        f"/desk/tariffs/versions/{version.id}/decide/", {"do": do, **values}, follow=True
    ).content.decode()


def test_an_author_may_not_publish_but_another_person_may(client, flat, drafted):
    shown = page(client, f"/desk/tariffs/versions/{drafted.id}/decide/")
    assert "You wrote this draft" in shown
    assert 'value="publish" disabled' in shown
    assert "Whoever wrote" in decide(client, drafted, "publish") or "does not publish it" in decide(
        client, drafted, "publish"
    )
    drafted.refresh_from_db()
    assert drafted.state == "draft"

    sign_in(client, Role.SUPERVISOR)
    shown = page(client, f"/desk/tariffs/versions/{drafted.id}/decide/")
    assert "Energy: 0.617 → 0.70 CNY/kWh (+13.5 %)" in shown
    assert "1 Jan 2027 is the first day without it" in shown
    assert 'value="publish" disabled' not in shown
    assert "The version is published" in decide(client, drafted, "publish")
    drafted.refresh_from_db()
    flat.refresh_from_db()
    assert (drafted.state, flat.period.upper) == ("published", date(2027, 1, 1))
    assert list(
        AuditEvent.objects.filter(subject_id=drafted.id, subject="tariff_version")
        .order_by("id")
        .values_list("action", flat=True)
    ) == ["draft", "publish"]
    assert "there is nothing to decide" in page(client, f"/desk/tariffs/versions/{drafted.id}/decide/")


def test_a_draft_is_rejected_with_a_reason_that_its_author_sees(client, drafted):
    sign_in(client, Role.SUPERVISOR)
    assert "error-summary" in decide(client, drafted, "reject", reason=" ")
    assert "The draft is rejected" in decide(client, drafted, "reject", reason="The order says 0.68.")
    drafted.refresh_from_db()
    assert (drafted.state, drafted.reason) == ("rejected", "The order says 0.68.")
    shown = page(client, f"/desk/tariffs/{drafted.tariff_id}/?version={drafted.id}")
    assert "The order says 0.68." in shown
    assert f"versions/{drafted.id}/decide" not in shown


def test_a_red_draft_shows_line_by_line_what_differs_and_is_not_published(client, flat):
    sign_in(client, Role.BILLING)
    red = operations.draft(text=text("2027-01-01", total="61.71"), actor=SYSTEM)
    version = TariffVersion.objects.get(id=red)
    shown = page(client, f"/desk/tariffs/versions/{red}/decide/")
    assert 'value="publish" disabled' in shown
    assert ">61.71</td>" in shown
    assert ">61.70</td>" in shown
    decide(client, version, "publish")
    version.refresh_from_db()
    assert version.state == "draft"


def test_a_version_that_begins_in_the_past_is_told(client, flat):
    sign_in(client, Role.BILLING)
    draft = operations.draft(text=text("2021-01-01", "0.7", "70.00"), actor=SYSTEM)
    assert "It begins in the past" in page(client, f"/desk/tariffs/versions/{draft}/decide/")


def test_the_first_version_of_a_tariff_shows_its_prices(client, supplier):
    sign_in(client, Role.BILLING)
    draft = operations.draft(text=FLAT, actor=SYSTEM)
    shown = page(client, f"/desk/tariffs/versions/{draft}/decide/")
    assert "The first version of this tariff" in shown
    assert "0.617" in shown
