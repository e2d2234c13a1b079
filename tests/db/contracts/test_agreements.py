"""Agreements: start, end, change of term, load, and the columns that billing reads."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.queries.accounts import UnknownAccount
from cis.kernel.actors import SYSTEM
from cis.platform import events
from contracts.domain.agreements import NOT_AGREED, Agreed, NewAgreement
from contracts.domain.announcements import AgreementEnded, AgreementStarted, TermChanged
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.operations import agreement_loads, agreements
from contracts.operations.agreement_loads import InvalidLoad
from contracts.operations.agreements import (
    AccountNotOpen,
    AlreadyEnded,
    BadHousehold,
    NothingChanges,
    OutsideAgreement,
    ServicePointTaken,
    UnknownServicePoint,
)
from contracts.queries import agreements as queries
from contracts.queries.agreements import UnknownAgreement
from tariffs.queries.plans import NoPrice
from tests import factories

JAN, FEB, MAR, APR, MAY = (date(2024, month, 1) for month in (1, 2, 3, 4, 5))


HEARD = []


@pytest.fixture
def announced():
    for kind in (AgreementStarted, AgreementEnded, TermChanged):
        events.listen(kind, HEARD.append)
    HEARD.clear()
    return HEARD


@pytest.fixture
def place(transactional_db, announced):
    """What it takes to start an agreement."""
    return {
        "account_id": factories.accounts.account(opened_date=date(2023, 1, 1)).id,
        "service_point_id": factories.contracts.service_point().id,
        "tariff_id": factories.tariffs.version().tariff_id,
        "actor": SYSTEM,
    }


def spans(agreement_id):
    card = queries.card(agreement_id=agreement_id)
    return [(term.tariff_id, term.household, term.start_date, term.end_date) for term in card.terms]


def test_a_started_agreement_has_one_term_until_further_notice(place, announced):
    agreement_id = agreements.start(start_date=JAN, household=5, **place)

    card = queries.of_account(account_id=place["account_id"])[0]
    assert (card.id, card.start_date, card.end_date) == (agreement_id, JAN, None)
    assert spans(agreement_id) == [(place["tariff_id"], 5, JAN, None)]
    assert announced == [
        AgreementStarted(
            agreement_id=agreement_id,
            account_id=place["account_id"],
            service_point_id=place["service_point_id"],
            start_date=JAN,
        )
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"account_id": 999_999}, UnknownAccount),
        ({"service_point_id": 999_999}, UnknownServicePoint),
        ({"tariff_id": 999_999}, NoPrice),
        ({"start_date": date(2022, 12, 31)}, AccountNotOpen),
        ({"household": 0}, BadHousehold),
        ({"household": 100}, BadHousehold),
    ],
)
def test_what_cannot_be_supplied_is_refused(place, announced, change, refusal):
    with pytest.raises(refusal):
        agreements.start(**{"start_date": JAN, **place, **change})
    assert announced == []
    assert not ServiceAgreement.objects.exists()


def test_a_tariff_without_a_price_on_the_first_day_is_refused(place):
    draft = factories.tariffs.version(state="draft")
    later = factories.tariffs.version(start_date=FEB)
    for version in (draft, later):
        with pytest.raises(NoPrice):
            agreements.start(start_date=JAN, **{**place, "tariff_id": version.tariff_id})


def test_a_service_point_has_one_agreement_at_a_time(place):
    first = agreements.start(start_date=JAN, **place)
    with pytest.raises(ServicePointTaken):
        agreements.start(start_date=FEB, **place)

    agreements.end(agreement_id=first, end_date=MAR, actor=SYSTEM)
    with pytest.raises(ServicePointTaken):
        agreements.start(start_date=MAR - timedelta(days=1), **place)
    agreements.start(start_date=MAR, **place)


def test_an_end_closes_the_term_and_drops_what_was_agreed_for_later(place, announced):
    agreement_id = agreements.start(start_date=JAN, **place)
    agreements.change_term(agreement_id=agreement_id, from_date=APR, household=6, actor=SYSTEM)

    agreements.end(agreement_id=agreement_id, end_date=MAR, actor=SYSTEM)

    assert queries.card(agreement_id=agreement_id).end_date == MAR
    assert spans(agreement_id) == [(place["tariff_id"], 1, JAN, MAR)]
    assert announced[-1] == AgreementEnded(
        agreement_id=agreement_id,
        account_id=place["account_id"],
        service_point_id=place["service_point_id"],
        end_date=MAR,
    )


def test_an_end_may_come_earlier_but_not_later_and_not_before_the_start(place):
    agreement_id = agreements.start(start_date=JAN, **place)
    agreements.end(agreement_id=agreement_id, end_date=MAR, actor=SYSTEM)
    agreements.end(agreement_id=agreement_id, end_date=FEB, actor=SYSTEM)
    assert queries.card(agreement_id=agreement_id).end_date == FEB

    for end_date, refusal in ((FEB, AlreadyEnded), (MAR, AlreadyEnded), (JAN, OutsideAgreement)):
        with pytest.raises(refusal):
            agreements.end(agreement_id=agreement_id, end_date=end_date, actor=SYSTEM)
    with pytest.raises(UnknownAgreement):
        agreements.end(agreement_id=999_999, end_date=MAR, actor=SYSTEM)


def test_a_change_of_term_closes_one_and_opens_the_next(place, announced):
    agreement_id = agreements.start(start_date=JAN, **place)
    other = factories.tariffs.version().tariff_id

    agreements.change_term(agreement_id=agreement_id, from_date=MAR, household=5, actor=SYSTEM)
    agreements.change_term(agreement_id=agreement_id, from_date=FEB, tariff_id=other, actor=SYSTEM)

    assert spans(agreement_id) == [
        (place["tariff_id"], 1, JAN, FEB),
        (other, 1, FEB, MAR),
        (place["tariff_id"], 5, MAR, None),
    ]
    assert announced[-1] == TermChanged(agreement_id=agreement_id, account_id=place["account_id"], from_date=FEB)


def test_a_change_on_the_first_day_of_a_term_replaces_it(place):
    agreement_id = agreements.start(start_date=JAN, **place)
    agreements.change_term(agreement_id=agreement_id, from_date=JAN, household=5, actor=SYSTEM)
    assert spans(agreement_id) == [(place["tariff_id"], 5, JAN, None)]


def test_a_change_that_cannot_be_is_refused(place, announced):
    agreement_id = agreements.start(start_date=JAN, **place)
    said = len(announced)
    for values, refusal in (
        ({"from_date": FEB}, NothingChanges),
        ({"from_date": FEB, "household": 1}, NothingChanges),
        ({"from_date": date(2023, 12, 31), "household": 2}, OutsideAgreement),
        ({"from_date": FEB, "household": 0}, BadHousehold),
        ({"from_date": FEB, "tariff_id": 999_999}, NoPrice),
    ):
        with pytest.raises(refusal):
            agreements.change_term(agreement_id=agreement_id, actor=SYSTEM, **values)
    assert spans(agreement_id) == [(place["tariff_id"], 1, JAN, None)]
    assert len(announced) == said


def rows(columns):
    return [
        (*row[:5], date.fromordinal(row[-2]), date.fromordinal(row[-1]))
        for row in zip(*(getattr(columns, name).tolist() for name in queries.FIELDS), strict=True)
    ]


def test_agreed_facts_hold_from_their_day_and_stand_in_the_columns(place):
    agreement_id = agreements.start(
        **place, start_date=JAN, agreed=Agreed(capacity_va=800_000, features=("relief", "green", "green"))
    )
    agreements.change_term(
        agreement_id=agreement_id, from_date=FEB, agreed=Agreed(contract_w=600_000, green_blocks=2), actor=SYSTEM
    )
    columns = queries.in_force(account_ids=[place["account_id"]], start_date=JAN, end_date=MAR)
    assert columns.capacity_va.tolist() == [800_000, NOT_AGREED]
    assert columns.contract_w.tolist() == [NOT_AGREED, 600_000]
    assert columns.green_blocks.tolist() == [0, 2]
    assert [columns.feature_sets[place] for place in columns.features] == [("green", "relief"), ()]
    assert queries.card(agreement_id=agreement_id).term_on(JAN).agreed.features == ("green", "relief")
    with pytest.raises(agreements.NothingChanges):
        agreements.change_term(
            agreement_id=agreement_id, from_date=FEB, agreed=Agreed(contract_w=600_000, green_blocks=2), actor=SYSTEM
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity_va": 0},
        {"contract_w": 10**11},
        {"green_blocks": -1},
        {"features": ("Green!",)},
        {"suspended_va": 1},
        {"capacity_va": 5, "suspended_va": 6},
        {"capacity_va": 5, "suspended_va": -1},
    ],
)
def test_facts_that_cannot_be_are_refused(place, wrong):
    with pytest.raises(agreements.BadFacts):
        agreements.start(**place, start_date=JAN, agreed=Agreed(**wrong))


def test_suspended_capacity_stands_in_the_columns_and_in_times_of_its_own(place):
    agreement_id = agreements.start(**place, start_date=JAN, agreed=Agreed(capacity_va=800))
    for day, suspended in ((FEB, 300), (MAR, 800)):
        agreements.change_term(
            agreement_id=agreement_id, from_date=day, agreed=Agreed(capacity_va=800, suspended_va=suspended),
            actor=SYSTEM,
        )  # fmt: skip
    columns = queries.in_force(account_ids=[place["account_id"]], start_date=JAN, end_date=MAR)
    assert columns.suspended_va.tolist() == [0, 300]
    found = np.stack(queries.suspensions(agreement_ids=[agreement_id])).T.tolist()
    far = date.max.toordinal()
    assert found == [
        [agreement_id, FEB.toordinal(), MAR.toordinal(), 300], [agreement_id, MAR.toordinal(), far, 800],
    ]  # fmt: skip


@pytest.mark.django_db
def test_columns_in_force_are_clipped_to_the_period_and_sorted(django_assert_num_queries):
    world = factories.contracts.world(start_date=JAN)
    world.agreement.terms.update(period=(JAN, MAR))
    large = factories.contracts.term(of=world.agreement, tariff=world.tariff, household=5, start_date=MAR)
    ended = factories.contracts.agreement(account=world.account, start_date=JAN, end_date=FEB)
    other = factories.contracts.world()
    wanted = [world.account.id, other.account.id]

    with django_assert_num_queries(1):
        columns = queries.in_force(account_ids=np.array(wanted), start_date=FEB, end_date=APR)

    def row(agreement, household, start, end):
        term = agreement.terms.first()
        ids = (agreement.account_id, agreement.id, agreement.service_point_id, term.tariff_id)
        return (*ids, household, start, end)

    assert rows(columns) == [
        row(world.agreement, 1, FEB, MAR),
        row(world.agreement, large.household, MAR, APR),
        row(other.agreement, 1, FEB, APR),
    ]
    january = queries.in_force(account_ids=wanted[:1], start_date=JAN, end_date=FEB)
    assert sorted(set(january.agreement_id.tolist())) == sorted([world.agreement.id, ended.id])


@pytest.mark.django_db
def test_nothing_in_force_gives_columns_without_rows():
    world = factories.contracts.world(start_date=MAR)
    assert len(queries.in_force(account_ids=[world.account.id], start_date=JAN, end_date=MAR)) == 0
    assert len(queries.in_force(account_ids=[], start_date=JAN, end_date=MAR)) == 0


@pytest.mark.django_db
@settings(max_examples=25)
@given(cuts=st.sets(st.integers(1, 364), max_size=6), first=st.integers(-30, 395), days=st.integers(1, 200))
def test_the_pieces_in_force_fill_the_period_without_gap_or_overlap(cuts, first, days):
    start = date(2024, 1, 1)
    agreement = factories.contracts.agreement(start_date=start, end_date=date(2024, 12, 31))
    agreement.terms.all().delete()
    edges = [0, *sorted(cuts), 365]
    for low, high in pairwise(edges):
        factories.contracts.term(
            of=agreement, start_date=start + timedelta(days=low), end_date=start + timedelta(days=high)
        )
    asked = start + timedelta(days=first)

    columns = queries.in_force(
        account_ids=[agreement.account_id], start_date=asked, end_date=asked + timedelta(days=days)
    )

    covered = [day for low, high in zip(columns.start_day, columns.end_day, strict=True) for day in range(low, high)]
    low = max(asked, start).toordinal()
    high = min(asked.toordinal() + days, date(2024, 12, 31).toordinal())
    assert covered == list(range(low, max(low, high)))


@pytest.mark.django_db
def test_accounts_in_force_are_those_with_an_agreement_in_the_period():
    inside = factories.contracts.world(start_date=FEB)
    factories.contracts.world(start_date=MAR)
    factories.contracts.world(start_date=JAN, end_date=FEB)
    found = queries.account_ids_in_force(start_date=FEB, end_date=MAR)
    assert found.dtype == np.int64
    assert found.tolist() == [inside.account.id]


@pytest.mark.django_db
def test_agreements_of_an_account_are_two_statements(django_assert_num_queries):
    world = factories.contracts.world()
    for _ in range(3):
        factories.contracts.agreement(account=world.account)
    with django_assert_num_queries(2):
        cards = queries.of_account(account_id=world.account.id)
    assert len(cards) == 4
    assert cards[0].term_on(factories.contracts.START).household == 1
    assert cards[0].term_on(date(2000, 1, 1)) is None


def delivery(count, **values):
    tariff = factories.tariffs.version().tariff
    places = [factories.contracts.service_point() for _ in range(count)]
    holders = [factories.accounts.account() for _ in range(count)]
    rows = [
        NewAgreement(
            external_id=f"G{line}",
            account=account.external_id,
            service_point=point.external_id,
            tariff=tariff.code,
            start_date=JAN,
            household=5,
            where=f"agreements.csv:{line}",
            **values,
        )
        for line, (account, point) in enumerate(zip(holders, places, strict=True), start=2)
    ]
    return rows, {row.external_id: row.id for row in holders}, {row.external_id: row.id for row in places}


@pytest.mark.django_db
def test_a_delivery_is_loaded_whole():
    given_rows, accounts, points = delivery(5)
    prepared = agreement_loads.prepare(agreements=given_rows, accounts=accounts, service_points=points)

    ids = agreement_loads.load(prepared=prepared, account_ids=accounts, service_point_ids=points, actor=SYSTEM)

    assert set(ids) == {f"G{line}" for line in range(2, 7)}
    columns = queries.in_force(account_ids=list(accounts.values()), start_date=JAN, end_date=FEB)
    assert sorted(columns.agreement_id.tolist()) == sorted(ids.values())
    assert set(columns.household.tolist()) == {5}


@pytest.mark.django_db
def test_a_delivery_with_findings_names_all_of_them_and_writes_nothing():
    given_rows, accounts, points = delivery(3)
    taken = next(iter(points))
    factories.contracts.agreement(
        external_id="G3", service_point=factories.contracts.ServicePoint.objects.get(id=points[taken])
    )
    prepared = agreement_loads.prepare(
        agreements=[*given_rows[:2], NewAgreement(
            external_id="G2", account="nobody", service_point="nowhere", tariff="none", start_date=FEB, end_date=JAN,
            where="agreements.csv:4",
        )],
        accounts=accounts,
        service_points=points,
    )  # fmt: skip

    assert [(finding.where, finding.code) for finding in prepared.findings] == [
        ("agreements.csv:3: external_id", "external_id_taken"),
        ("agreements.csv:4: end_date", "empty_period"),
        ("agreements.csv:4: external_id", "external_id_twice"),
        ("agreements.csv:4: account", "unknown_account"),
        ("agreements.csv:4: service_point", "unknown_service_point"),
        ("agreements.csv:4: tariff", "unknown_tariff"),
        ("agreements.csv:2: service_point", "service_point_taken"),
    ]
    with pytest.raises(InvalidLoad), transaction.atomic():
        agreement_loads.load(prepared=prepared, account_ids=accounts, service_point_ids=points, actor=SYSTEM)
    assert AgreementTerm.objects.count() == 1
