"""For every day the energy of a place is in exactly one state, whatever its story; what must not be is named."""

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.completeness import (
    NEVER,
    OWN_LOAD,
    Billed,
    DayState,
    Facts,
    Hole,
    Measured,
    Spans,
    Supplies,
    classify,
)
from billing.domain.completeness import (
    Given as GivenDays,
)

A, B, C = 7, 8, 9
START, DAYS = 1_000, 60
MONTH = (START, START + 30)


def columns(kind, rows):
    """Return rows of (place, start, end, ...) as columns."""
    names = tuple(kind.__dataclass_fields__)
    table = np.array(rows, dtype=np.int64).reshape(-1, len(names))
    return kind(**{name: table[:, place].copy() for place, name in enumerate(names)})


def facts(**told):
    kinds = {
        "supplies": Supplies, "hung": Measured, "usage": Measured, "segments": Billed, "given": GivenDays,
        "ruled": Spans, "held": Spans, "doubted": Spans, "waits": Spans,
    }  # fmt: skip
    rows = {name: columns(kind, told.get(name, ())) for name, kind in kinds.items()}
    return Facts(count=told.get("count", 1), start_day=START, days=DAYS, **rows)


def a_month(**more):
    """One place over sixty days: a counter hangs, the first month is used and billed, the second only agreed."""
    first, end = MONTH
    return {
        "supplies": [(0, first, NEVER, START, 1)],
        "hung": [(0, first, NEVER, A, 1, 0)],
        "usage": [(0, first, end, A, 1, 30_000)],
        "segments": [(0, first, end, first, end, 30_000)],
    } | more


def states_of(told):
    return classify(facts(**told)).states[0].tolist()


def holes_of(told):
    found = classify(facts(**told))
    return {hole.value: int(mask.sum()) for hole, mask in found.holes.items() if mask.any()}


def test_a_month_that_is_billed_and_one_that_nobody_read():
    assert states_of(a_month()) == [DayState.BILLED] * 30 + [DayState.MISSING] * 30
    assert holes_of(a_month()) == {}


def test_what_is_used_and_on_no_bill_is_to_bill_or_held():
    told = a_month(usage=[(0, START, START + 30, A, 1, 30_000), (0, START + 30, START + 60, A, 1, 7)])
    assert states_of(told)[30:] == [DayState.TO_BILL] * 30
    assert states_of(told | {"held": [(0, START + 30, START + 60)]})[30:] == [DayState.HELD] * 30


def test_what_is_measured_and_doubted_is_held_and_not_missing():
    told = a_month(doubted=[(0, START + 50, START + 50)])
    assert states_of(told)[30:] == [DayState.HELD] * 20 + [DayState.MISSING] * 10


def test_days_without_agreement_are_idle_or_idle_with_usage():
    told = a_month(supplies=[], segments=[])
    assert states_of(told) == [DayState.IDLE_USED] * 30 + [DayState.IDLE] * 30


def test_an_exchange_in_mid_month_needs_both_meters():
    hung = [(0, START, START + 10, A, 1, 0), (0, START + 10, NEVER, B, 1, 0)]
    old, new = (0, START, START + 10, A, 1, 10_000), (0, START + 10, START + 30, B, 1, 20_000)
    assert states_of(a_month(hung=hung, usage=[old, new], segments=[]))[:30] == [DayState.TO_BILL] * 30
    half = states_of(a_month(hung=hung, usage=[new], segments=[]))[:30]
    assert half == [DayState.MISSING] * 10 + [DayState.TO_BILL] * 20


def test_registers_of_periods_of_use_are_needed_all():
    hung = [(0, START, NEVER, A, 0, 0), (0, START, NEVER, B, 0, 0)]
    one, other = ((0, START, START + 30, register, 0, 5) for register in (A, B))
    assert states_of(a_month(hung=hung, usage=[one], segments=[]))[0] == DayState.MISSING
    both = classify(facts(**a_month(hung=hung, usage=[one, other], segments=[])))
    assert both.states[0, 0] == DayState.TO_BILL
    assert both.measured_wh.sum() == 10


def test_a_register_that_is_missing_hides_none_that_is_doubled():
    hung = [(0, START, NEVER, A, 0, 0), (0, START, NEVER, B, 0, 0)]
    told = a_month(hung=hung, usage=[(0, START, START + 30, A, 0, 5)] * 2, segments=[])
    assert holes_of(told) == {"measured_twice": 30}
    assert set(states_of(told)) == {DayState.MISSING}


def test_registers_of_a_place_whose_meter_does_not_hang_are_not_doubled():
    usage = [(0, START, START + 30, register, 0, 5) for register in (A, B)]
    assert holes_of(a_month(hung=[], usage=usage, segments=[])) == {}


def test_a_place_with_a_share_is_known_when_its_source_is():
    told = {
        "count": 2,
        "supplies": [(0, START, NEVER, START, 1)],
        "hung": [(1, START, NEVER, A, 1, 0)],
        "usage": [(1, START, START + 30, A, 1, 9)],
        "given": [(0, START, START + 60, 1)],
    }
    found = classify(facts(**told)).states
    assert found[0].tolist() == [DayState.TO_BILL] * 30 + [DayState.MISSING] * 30
    assert set(found[1].tolist()) == {DayState.IDLE}
    told |= {"given": [(0, START, START + 60, OWN_LOAD)]}
    assert set(classify(facts(**told)).states[0].tolist()) == {DayState.TO_BILL}


@pytest.mark.parametrize(
    ("hole", "changed"),
    [
        ("billed_twice", {"segments": [(0, *MONTH, *MONTH, 15_000)] * 2}),
        ("measured_twice", {"usage": [(0, *MONTH, A, 1, 15_000)] * 2}),
        ("billed_idle", {"supplies": [(0, START - 9, START, NEVER, 1)]}),
        ("no_cycle", {"segments": [], "supplies": [(0, START, NEVER, NEVER, 0)]}),
        ("forgotten", {"segments": [], "supplies": [(0, START, NEVER, START + 30, 1)]}),
        ("differs", {"segments": [(0, *MONTH, *MONTH, 29_999)], "supplies": [(0, START, NEVER, START + 30, 1)]}),
    ],
)
def test_one_planted_hole_of_each_kind_is_named(hole, changed):
    assert holes_of(a_month(**changed)) == {hole: 30}


def test_what_somebody_decides_on_is_no_hole():
    told = a_month(segments=[(0, *MONTH, *MONTH, 1)], supplies=[(0, START, NEVER, START + 30, 1)])
    assert holes_of(told | {"waits": [(0, START, NEVER)]}) == {}
    assert holes_of(told | {"supplies": [(0, START, NEVER, START, 1)]}) == {}  # the next run looks at it
    assert holes_of(told | {"ruled": [(0, START, NEVER)]}) == {}  # billed on other than its meters


def test_a_span_over_the_edge_of_a_bill_tells_nothing():
    told = a_month(
        usage=[(0, START, START + 45, A, 1, 45_001)], supplies=[(0, START, NEVER, START + 60, 1)],
    )  # fmt: skip
    assert "differs" not in holes_of(told)


def _cuts(draw, *, most=4):
    """Return spans between some days, which may reach beyond the days that are looked at."""
    days = sorted(draw(st.sets(st.integers(START - 20, START + DAYS + 20), min_size=2, max_size=most)))
    return [span for span in pairwise(days) if draw(st.booleans())]


@st.composite
def stories(draw):
    """Agreements of three places, exchanges, spans that were read or not, bills that were issued or cancelled."""
    told = {
        name: [] for name in ("supplies", "hung", "usage", "segments", "given", "ruled", "held", "doubted", "waits")
    }
    for place in range(3):
        told["supplies"] += [
            (place, *span, draw(st.integers(START, START + DAYS)), draw(st.integers(0, 1))) for span in _cuts(draw)
        ]
        for register, all_hours in ((A, 1), (B, 0), (C, 0)):
            told["hung"] += [(place, *span, register, all_hours, 0) for span in _cuts(draw)]
            told["usage"] += [
                (place, *span, register, all_hours, draw(st.integers(0, 10**9)))
                for _twice in range(draw(st.integers(1, 2)))
                for span in _cuts(draw)
            ]
        told["segments"] += [(place, *span, *span, draw(st.integers(0, 10**9))) for span in _cuts(draw)]
        told["given"] += [(place, *span, draw(st.sampled_from((OWN_LOAD, 0, 1, 2)))) for span in _cuts(draw, most=2)]
        for name in ("ruled", "held", "doubted", "waits"):
            told[name] += [(place, *span) for span in _cuts(draw, most=3)]
    return told | {"count": 3}


def _over(rows, place, day):
    return [row for row in rows if row[0] == place and row[1] <= day < row[2]]


def _is_known(told, place, day):
    for all_hours in (1, 0):
        hung = {row[3] for row in _over(told["hung"], place, day) if row[4] == all_hours}
        if hung and hung <= {row[3] for row in _over(told["usage"], place, day)}:
            return True
    return False


def _state(told, place, day):
    """Return the state of one day by asking one question after the other."""
    if _over(told["segments"], place, day):
        return "billed"
    own, is_hung = _is_known(told, place, day), bool(_over(told["hung"], place, day))
    given = _over(told["given"], place, day)
    known = own
    if given:
        known = all(row[3] == OWN_LOAD or _is_known(told, row[3], day) for row in given) and (own or not is_hung)
    if not _over(told["supplies"], place, day):
        return "idle"
    if known:
        return "held" if _over(told["held"], place, day) else "to_bill"
    return "unknown"


@settings(max_examples=2_000 if os.environ.get("WATTLINE_PROOF") else 30, deadline=None)
@given(told=stories())
def test_any_story_gives_exactly_one_state_for_each_day_and_loses_no_energy(told):
    found = classify(facts(**told))
    assert not found.lawless.any()
    for place in range(3):
        for at, state in enumerate(found.states[place].tolist()):
            name = DayState(state).name.lower()
            read = [row[3] for row in _over(told["usage"], place, START + at)]
            assert found.holes[Hole.MEASURED_TWICE][place, at] == (len(read) > len(set(read)))
            wanted = _state(told, place, START + at)
            assert {"idle": "idle", "idle_used": "idle", "missing": "unknown"}.get(name, name) == wanted or (
                name == "held" and wanted == "unknown"
            )
    inside = [row for row in told["segments"] if row[1] >= START and row[2] <= START + DAYS]
    if len(inside) == len(told["segments"]):
        assert found.billed_wh.sum() == sum(row[5] for row in inside)
