"""Words of a meter in any order: what a supply is left with is what they say together."""

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.meter_alarms import SLACK, AlarmKind, Spell, settle, spells

NIGHT = datetime(2026, 7, 1, 18, tzinfo=UTC)
OFF, ON = AlarmKind.POWER_OFF, AlarmKind.POWER_ON


def at(minute):
    return NIGHT + timedelta(minutes=minute)


def words(*said):
    return [(at(minute), kind) for minute, kind in said]


def heard_by(batches):
    """What is known of a supply after alarms were heard batch by batch, as ``operations.meter_alarms`` keeps it."""
    said, rows = set(), []
    for batch in batches:
        said |= set(batch)
        off_at, back_at = rows[-1] if rows else (None, None)
        since = min([when for when, _kind in batch] + ([off_at] if rows and back_at is None else []))
        left = settle([one for one in said if one[0] >= since], off_at=off_at, back_at=back_at)
        if rows:
            rows[-1] = left.off_at, left.back_at
            rows += [(one.gone_at, one.back_at) for one in left.more]
        if left.since is not None and not (rows and rows[-1][1] is None):
            rows.append((left.since, None))
    return rows


SAID = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([OFF, ON])), min_size=1, max_size=8, unique=True)


@settings(max_examples=5_000 if os.environ.get("WATTLINE_PROOF") else 60, deadline=None)
@given(SAID, st.randoms())
def test_whatever_the_order_and_the_batches_a_supply_is_left_with_the_same(said, chance):
    alarms = words(*said)
    chance.shuffle(alarms)
    batches = []
    for one in alarms:
        if batches and chance.random() < 0.4:
            batches[-1].append(one)
        else:
            batches.append([one])
    truth, rows = spells(alarms), heard_by(batches)
    assert spells(alarms[::-1]) == truth
    if truth and truth[-1].back_at is None:
        assert rows[-1] == (truth[-1].gone_at, None), "dark since then"
    assert all(back_at is not None for _off_at, back_at in rows[:-1])
    assert all(one[1] <= other[0] for one, other in pairwise(rows)), "never dark twice at once"
    if rows and not (truth and truth[-1].back_at is None):
        assert Spell(*rows[-1]) in truth, "what ended, ended when the meter says so"


def test_of_the_same_instant_current_flows():
    assert spells(words((5, ON), (5, OFF))) == [Spell(at(5), at(5))]
    assert heard_by([words((5, ON)), words((5, OFF))]) == []
    assert heard_by([words((5, OFF)), words((5, ON))]) == [(at(5), at(5))]


def test_what_a_person_ended_began_no_sooner_than_a_little_before_it_was_reported():
    reported, restored = at(60), at(90)
    near, far = reported - SLACK, reported - SLACK - timedelta(seconds=1)
    for gone, off_at in ((near, near), (far, reported)):
        left = settle([(gone, OFF)], off_at=reported, back_at=restored)
        assert (left.off_at, left.back_at, left.since) == (off_at, restored, None)
        assert settle([(gone, OFF)], off_at=reported).off_at == gone, "while it lasts the meter knows better"
        assert settle([(gone, OFF), (at(80), ON)], off_at=reported, back_at=restored).off_at == gone
    again = settle([(far, OFF), (at(95), OFF)], off_at=reported, back_at=restored)
    assert (again.off_at, again.more, again.since) == (reported, (), at(95)), "a person says that it was back"
