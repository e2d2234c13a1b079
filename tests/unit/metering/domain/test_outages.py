"""Reports become outages: what is near in time and in the network is one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.outages import OutageRule, Scope, Signal, gather

NIGHT = datetime(2026, 7, 1, 18, tzinfo=UTC)
RULE = OutageRule(
    group_minutes=30, group_supplies=2, feeder_branches=2, rural=("崇明区",), remote=(), momentary_minutes=5
)


def signal(place, supply, transformer, feeder=1, minute=0):
    at = NIGHT + timedelta(minutes=minute)
    return Signal(id=place, service_point_id=supply, transformer_id=transformer, feeder_id=feeder, at=at)


def said(*signals, rule=RULE):
    return [(group.scope, group.asset_id, group.signal_ids) for group in gather(signals, rule=rule)]


def test_neighbours_of_a_transformer_are_one_outage_and_one_alone_is_a_single_fault():
    assert said(signal(1, 11, 5), signal(2, 12, 5, minute=20)) == [(Scope.TRANSFORMER, 5, (1, 2))]
    assert said(signal(1, 11, 5), signal(2, 11, 5, minute=3)) == [(Scope.SINGLE, 11, (1, 2))]


def test_what_is_heard_long_after_is_something_else_but_a_chain_holds_together():
    assert said(signal(1, 11, 5), signal(2, 12, 5, minute=31)) == [(Scope.SINGLE, 11, (1,)), (Scope.SINGLE, 12, (2,))]
    chain = [signal(place, 10 + place, 5, minute=25 * place) for place in range(1, 5)]
    assert said(*chain) == [(Scope.TRANSFORMER, 5, (1, 2, 3, 4))]


def test_two_transformers_of_a_feeder_are_the_feeder_and_of_two_feeders_are_two():
    assert said(signal(1, 11, 5), signal(2, 21, 6, minute=10)) == [(Scope.FEEDER, 1, (1, 2))]
    assert said(signal(1, 11, 5), signal(2, 21, 6, feeder=2)) == [(Scope.SINGLE, 11, (1,)), (Scope.SINGLE, 21, (2,))]


def test_a_supply_on_the_feeder_itself_is_a_branch_and_one_that_hangs_nowhere_is_alone():
    assert said(signal(1, 11, 5), signal(2, 30, None, minute=1)) == [(Scope.FEEDER, 1, (1, 2))]
    assert said(signal(1, 11, None, feeder=None), signal(2, 12, None, feeder=None)) == [
        (Scope.SINGLE, 11, (1,)),
        (Scope.SINGLE, 12, (2,)),
    ]


SIGNALS = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 200)), max_size=14
).map(
    lambda rows: [
        signal(place, supply, supply % 4 or None, supply % 2 if supply < 11 else None, minute)
        for place, (supply, minute) in enumerate(rows)
    ]
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(SIGNALS, st.randoms())
def test_each_signal_is_in_one_outage_whatever_their_order_and_none_is_kept_apart_that_is_near(signals, chance):
    groups = gather(signals, rule=RULE)
    assert sorted(one for group in groups for one in group.signal_ids) == sorted(one.id for one in signals)
    shuffled = list(signals)
    chance.shuffle(shuffled)
    assert gather(shuffled, rule=RULE) == groups
    home = {one: group for group in groups for one in group.signal_ids}
    for one in signals:
        for other in signals:
            near = abs(one.at - other.at) <= timedelta(minutes=RULE.group_minutes)
            if near and one.feeder_id is not None and one.feeder_id == other.feeder_id and one.branch != other.branch:
                assert home[one.id] is home[other.id]
                assert home[one.id].scope is Scope.FEEDER
