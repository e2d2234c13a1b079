"""How far a customer has come in the steps of a tariff."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.steps import reached
from cis.settings import BASE_DIR
from tariffs.domain import document
from tests.factories.tariffs import FLAT

PACK = BASE_DIR / "cis" / "packs" / "cn-shanghai" / "tariffs"
TIERED = document.parse(text=(PACK / "residential-tiered.toml").read_text(encoding="utf-8")).plan
TOU = document.parse(text=(PACK / "residential-tiered-tou.toml").read_text(encoding="utf-8")).plan


def test_a_plan_without_steps_has_none():
    assert reached(plan=document.parse(text=FLAT).plan, household=3, used_wh=5_000_000) is None


@pytest.mark.parametrize(
    ("used_wh", "step", "left_wh"),
    [
        (0, 1, 3_120_000),
        (-50_000, 1, 3_170_000),
        (3_119_999, 1, 1),
        (3_120_000, 1, 0),
        (3_120_001, 2, 1_679_999),
        (4_800_000, 2, 0),
        (4_800_001, 3, None),
    ],
)
def test_energy_up_to_and_including_a_limit_is_inside_its_step(used_wh, step, left_wh):
    found = reached(plan=TOU, household=4, used_wh=used_wh)
    assert (found.step, found.steps, found.left_wh, found.is_yearly) == (step, 3, left_wh, True)


def test_five_persons_have_wider_steps():
    found = reached(plan=TOU, household=5, used_wh=4_000_000)
    assert (found.step, found.limits_wh) == (1, (4_320_000, 6_000_000))


@given(used_wh=st.integers(-(10**9), 10**10), household=st.integers(1, 12))
def test_the_drawing_stays_inside_its_frame(used_wh, household):
    found = reached(plan=TIERED, household=household, used_wh=used_wh)
    assert 0 <= found.filled_percent <= 100
    assert found.limits_percent[-1] == 100
    assert list(found.limits_percent) == sorted(found.limits_percent)
    assert (found.left_wh is None) == (found.step == found.steps)
