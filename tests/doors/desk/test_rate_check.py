"""The rate check: the form asks for what a version needs, the result tells each line, nothing is written."""

from urllib.parse import urlencode

import pytest

from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import sign_in
from tests.factories import tariffs

pytestmark = pytest.mark.django_db
MARCH = {"from_date": "2026-03-01", "to_date": "2026-04-01"}


def page(desk, version, **values):
    answer = desk.get(f"/desk/tariffs/check/?{urlencode({'version': version.id, **values})}")
    assert answer.status_code == 200
    return answer.content.decode()


def names(shown):
    """Return the fields of usage by label."""
    found = {}
    for part in shown.split('<label for="id_v')[1:]:
        number, _, rest = part.partition('">')
        if number.isdigit():
            found[rest.partition("<")[0].strip()] = f"v{number}"
    return found


def test_a_version_is_chosen_first(desk, supplier):
    tariffs.from_pack()
    assert "Choose a version" in desk.get("/desk/tariffs/check/").content.decode()


def test_usage_across_a_step_is_rated_line_by_line_and_written_as_a_vector(desk, supplier):
    version = tariffs.from_pack()
    fields = names(page(desk, version))
    assert set(fields) == {
        "Energy used (kWh)", "Counted before in the cycle of the steps (kWh)", "Persons in the household"
    }  # fmt: skip
    given = dict(zip(fields.values(), ("400", "3000", "3"), strict=True))
    shown = page(desk, version, **MARCH, **given)
    for text in ("¥260.80", "¥74.04", "¥186.76", "steps end at 3,120 / 4,800 kWh", "3,000 kWh were counted before",
                 "charged on ¥260.80", "7404.000000000"):  # fmt: skip
        assert text in shown
    assert "total = &quot;260.80&quot;" in shown
    assert "style=" not in shown.split("<main")[1]


def test_a_span_at_which_a_bill_is_cut_is_told(desk, supplier):
    version = tariffs.from_pack()
    shown = page(desk, version, from_date="2025-12-01", to_date="2026-02-01", v0="400")
    assert "A bill would be cut here" in shown
    assert "1 Jan 2026" in shown


def test_what_is_missing_stands_beside_its_field(desk, supplier):
    version = tariffs.from_pack("commercial-capacity", pack="cn-commercial")
    fields = names(page(desk, version))
    assert {"Capacity (kVA)", "Reactive energy (kvarh)", "Energy used (kWh), Peak"} <= set(fields)
    shown = page(desk, version, **MARCH, **{fields["Energy used (kWh), Peak"]: "1,5"})
    assert f'id="id_{fields["Capacity (kVA)"]}_error"' in shown
    assert f'id="id_{fields["Energy used (kWh), Peak"]}_error"' in shown
    assert "No result yet" in shown


def test_energy_may_be_spread_evenly_over_the_hours(desk, supplier):
    version = tariffs.from_pack("residential-tiered-tou")
    shown = page(desk, version, **MARCH, spread_kwh="240")
    # 16 of 24 hours are peak.
    assert "160.000" in shown
    assert "80.000" in shown


def test_the_month_is_that_of_the_first_day(desk, supplier):
    version = tariffs.from_pack("residential-tiered", pack="cn-guangdong")
    july = page(desk, version, from_date="2026-07-01", to_date="2026-08-01", v0="650")
    assert "¥448.00" in july
    assert "does not hold in this month" in july


@pytest.mark.parametrize(
    "span",
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("x", "2026-03-01"),
        ("9999-12-01", "9999-12-31"),
        ("0001-01-01", "0001-02-01"),
    ],
)
def test_a_span_without_days_is_refused(desk, supplier, span):
    version = tariffs.from_pack()
    shown = page(desk, version, from_date=span[0], to_date=span[1], v0="1")
    assert "error-summary" in shown


def test_drafts_are_rated_too_and_all_staff_may_try(client, supplier):
    sign_in(client, Role.FIELD)
    version = tariffs.version(source=tariffs.FLAT, state="draft")
    assert "¥61.70" in page(client, version, **MARCH, v0="100")


def test_a_bill_is_tried_on_another_version(desk, billed):
    bill = billed.bills[0]
    shown = desk.get(f"/desk/bills/{bill.id}/").content.decode()
    segment = bill.segments.get()
    assert f"version={segment.tariff_version_id}&amp;segment={segment.id}" in shown
    other = tariffs.from_pack("residential-tiered-tou")
    looks = AuditEvent.objects.filter(action="look").count()
    begun = page(desk, other, segment=segment.id)
    assert AuditEvent.objects.filter(action="look").count() == looks + 1
    assert f'value="{segment.start_date.isoformat()}"' in begun
    assert desk.get(f"/desk/tariffs/check/?version={other.id}&segment=999999").status_code == 404
