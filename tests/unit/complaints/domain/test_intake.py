"""What is taken in: refusals by field, and nothing kept of who wants to stay unknown."""

import pytest

from complaints.domain.intake import BadCase, NewCase, checked, number_of
from complaints.domain.kinds import CaseChannel, CaseKind


def new(**values):
    given = {
        "kind": CaseKind.REPORT,
        "channel": CaseChannel.PHONE,
        "title": "",
        "text": "A neighbour bypasses a meter.",
    }
    return NewCase(**{**given, **values})


def test_of_an_anonymous_caller_nothing_is_kept():
    kept = checked(new(is_anonymous=True, caller_name="王芳", caller_phone="13812345678", caller_email="a@b.cn"))
    assert (kept.caller_name, kept.caller_phone, kept.caller_email) == ("", "", "")
    assert kept.title == "A neighbour bypasses a meter."


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "  "}, "text"),
        ({"title": "x" * 121}, "title"),
        ({"authority": "12398"}, "authority"),
        ({"channel": CaseChannel.REGULATOR}, "authority"),
        ({"is_anonymous": True, "account_id": 3}, "is_anonymous"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(values, field):
    with pytest.raises(BadCase) as refused:
        checked(new(**values))
    assert [one.where for one in refused.value.detail["findings"]] == [field]


def test_numbers_sort_by_year_and_serial():
    assert number_of(17, year=2026) == "K20260000017"
