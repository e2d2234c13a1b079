"""Programmes: published once, offered to whom they are for, signed with their text, taken back, settled and ended."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models.notice import Notice
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain.agreements import Agreed
from contracts.domain.lease import BadSchedule
from contracts.domain.programs import EnrollmentState, InvalidProgram, ProgramKind, Terms
from contracts.models.charge import OneOffCharge
from contracts.models.lease import EquipmentLease, ScheduleRow
from contracts.models.program import Enrollment
from contracts.operations import agreements, enrollment_offers, equipment, program_nights, programs
from contracts.operations.green_terms import GreenAlready, NoGreenPrice, OtherTariffComes
from contracts.queries import agreements as agreement_queries
from contracts.queries import enrollments
from contracts.queries import programs as queries
from tests.factories import accounts, contracts, tariffs
from tests.factories.programs import CLERK, GREEN, GREEN_TARIFF, LEASE, SALE, joined, new, published

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
AUDITOR = Actor(ActorKind.STAFF, 9, "auditor", frozenset({Role.AUDITOR}))


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world(source=GREEN_TARIFF)


def owed(account):
    rows = OneOffCharge.objects.filter(account=account, state="agreed").order_by("id")
    return [(row.kind, row.amount_minor) for row in rows]


def terms_of(world):
    card = agreement_queries.card(agreement_id=world.agreement.id)
    return [(one.start_date, one.end_date, one.agreed.green_blocks, one.agreed.features) for one in card.terms]


def state(enrollment_id):
    return Enrollment.objects.get(id=enrollment_id).state


# ---- the book of programmes ------------------------------------------------------------------------------------------


def test_a_programme_is_published_once_by_who_may(world):
    card = published(LEASE, code="pump")
    assert (card.kind, card.terms, card.is_open_on(TODAY)) == (ProgramKind.LEASE, LEASE, True)
    with pytest.raises(programs.ProgramCodeTaken):
        programs.publish(program=new(LEASE, code="pump"), actor=SYSTEM)
    with pytest.raises(NotAllowed):
        programs.publish(program=new(LEASE), actor=CLERK)
    programs.withdraw_program(program_id=card.id, actor=SYSTEM)
    assert not queries.one(program_id=card.id).is_open_on(TODAY)
    with pytest.raises(IllegalMove):
        programs.withdraw_program(program_id=card.id, actor=SYSTEM)


@pytest.mark.parametrize(
    ("terms", "values"),
    [
        (Terms(kind=ProgramKind.LEASE, months=12), {}),
        (Terms(kind=ProgramKind.LEASE, months=0, rent_minor=5), {}),
        (Terms(kind=ProgramKind.GREEN, months=12, rent_minor=5), {}),
        (Terms(kind=ProgramKind.LEASE, months=12, rent_minor=5, green_blocks=1), {}),
        (Terms(kind=ProgramKind.LEASE, months=12, rent_minor=5, is_financed=True), {}),
        (Terms(kind=ProgramKind.INSTALMENT_SALE, months=12, price_minor=5), {}),
        (LEASE, {"code": "Not A Code"}),
        (LEASE, {"text_zh": " "}),
        (LEASE, {"name_en": ""}),
        (LEASE, {"device_en": ""}),
        (LEASE, {"valid_until": date(2019, 1, 1)}),
    ],
)
def test_what_cannot_be_offered_is_refused(world, terms, values):
    with pytest.raises(InvalidProgram):
        programs.publish(program=new(terms, **values), actor=SYSTEM)


def test_a_programme_is_open_to_those_it_is_for(world):
    everyone = published(LEASE)
    works = published(LEASE, customer_classes=("industrial",))
    mine = published(GREEN, tariffs=(world.tariff.code,))
    gone = published(LEASE, valid_until=TODAY)
    found = {one.program.id: one.agreement for one in queries.open_to(account_id=world.account.id, day=TODAY)}
    assert found.keys() == {everyone.id, mine.id}
    assert found[mine.id].id == world.agreement.id
    for other in (works, gone):
        with pytest.raises(enrollment_offers.NotOpenToAccount):
            joined(other, account_id=world.account.id, start=TODAY)
    joined(everyone, account_id=world.account.id, start=TODAY)
    assert [one.program.id for one in queries.open_to(account_id=world.account.id, day=TODAY)] == [mine.id]


# ---- offering and signing --------------------------------------------------------------------------------------------


def test_an_offer_owes_nothing_until_it_is_signed(world):
    card = published(SALE)
    given = {
        "program_id": card.id, "account_id": world.account.id, "start_date": TODAY, "request_key": "one",
        "today": TODAY, "actor": CLERK,
    }  # fmt: skip
    made = programs.offer(**given)
    assert programs.offer(**given) == made
    with pytest.raises(enrollment_offers.EnrollmentKeyTaken):
        programs.offer(**given | {"start_date": TODAY + timedelta(days=1)})
    assert (state(made), ScheduleRow.objects.count(), owed(world.account)) == ("offered", 0, [])
    signing = {"enrollment_id": made, "signed_name": "张三", "signed_by": "desk", "today": TODAY, "actor": CLERK}
    with pytest.raises(enrollment_offers.TextNotAccepted):
        programs.sign(accepted_sha256="0" * 64, **signing)
    with pytest.raises(enrollment_offers.TextNotAccepted):
        programs.sign(accepted_sha256=card.sha256, **signing | {"signed_name": " "})
    with pytest.raises(NotAllowed):
        programs.sign(accepted_sha256=card.sha256, **signing | {"actor": AUDITOR})
    programs.sign(accepted_sha256=card.sha256, **signing)
    with pytest.raises(IllegalMove):
        programs.sign(accepted_sha256=card.sha256, **signing)
    found = enrollments.one(enrollment_id=made)
    assert found.card.state is EnrollmentState.RUNNING
    assert (found.card.signed_sha256, found.card.signed_name) == (card.sha256, "张三")
    assert found.card.cancel_until == date(2026, 3, 17)
    assert sum(one.row.principal_minor for one in found.rows) == SALE.price_minor
    assert found.equipment.device == "空气源热泵"


def test_an_offer_that_lies_too_long_is_not_signed(world):
    card = published(LEASE)
    made = programs.offer(
        program_id=card.id, account_id=world.account.id, start_date=TODAY, request_key="k", today=TODAY, actor=CLERK
    )
    signing = {"enrollment_id": made, "accepted_sha256": card.sha256, "signed_name": "x", "signed_by": "desk"}
    with pytest.raises(enrollment_offers.BadStart):
        programs.sign(**signing, today=TODAY + timedelta(days=1), actor=CLERK)
    programs.withdraw_program(program_id=card.id, actor=SYSTEM)
    with pytest.raises(enrollment_offers.NotOpenToAccount):
        programs.sign(**signing, today=TODAY, actor=CLERK)
    programs.cancel(enrollment_id=made, reason="no interest", today=TODAY, actor=CLERK)
    assert state(made) == "cancelled"


@pytest.mark.parametrize("start", [TODAY - timedelta(days=1), TODAY + timedelta(days=400)])
def test_it_begins_today_or_within_a_year(world, start):
    with pytest.raises(enrollment_offers.BadStart):
        joined(published(LEASE), account_id=world.account.id, start=start, today=TODAY)


def test_a_programme_is_joined_once_at_a_time(world):
    card = published(LEASE)
    joined(card, account_id=world.account.id, start=TODAY)
    with pytest.raises(enrollment_offers.EnrolledAlready):
        joined(card, account_id=world.account.id, start=TODAY + timedelta(days=60), today=TODAY)


def test_two_offers_of_one_programme_are_not_both_signed(world):
    card = published(LEASE)
    made = [
        programs.offer(
            program_id=card.id, account_id=world.account.id, start_date=TODAY, request_key=key, today=TODAY, actor=CLERK
        )
        for key in "ab"
    ]
    signing = {"accepted_sha256": card.sha256, "signed_name": "x", "signed_by": "desk", "today": TODAY, "actor": CLERK}
    programs.sign(enrollment_id=made[0], **signing)
    with pytest.raises(enrollment_offers.EnrolledAlready):
        programs.sign(enrollment_id=made[1], **signing)


def test_a_closed_account_joins_nothing(world):
    closed = accounts.account(closed_date=date(2024, 1, 1))
    with pytest.raises(agreements.AccountNotOpen):
        joined(published(LEASE), account_id=closed.id, start=TODAY)
    assert queries.open_to(account_id=closed.id, day=TODAY) == ()


# ---- green packages --------------------------------------------------------------------------------------------------


def test_a_green_package_holds_for_its_months_and_what_was_before_holds_again(world):
    joined(published(GREEN), account_id=world.account.id, start=date(2026, 4, 1), today=TODAY)
    assert terms_of(world) == [
        (contracts.START, date(2026, 4, 1), 0, ()),
        (date(2026, 4, 1), date(2027, 4, 1), 2, ()),
        (date(2027, 4, 1), None, 0, ()),
    ]


def test_it_is_laid_over_terms_that_are_agreed_for_later_and_taken_off_again(world):
    agreements.change_term(
        agreement_id=world.agreement.id, from_date=date(2026, 8, 1), household=5,
        agreed=Agreed(green_blocks=1, features=("x",)), actor=SYSTEM,
    )  # fmt: skip
    made = joined(published(GREEN), account_id=world.account.id, start=date(2026, 4, 1), today=TODAY)
    assert terms_of(world)[1:] == [
        (date(2026, 4, 1), date(2026, 8, 1), 2, ()),
        (date(2026, 8, 1), date(2027, 4, 1), 3, ("x",)),
        (date(2027, 4, 1), None, 1, ("x",)),
    ]
    program_nights.day(today=date(2026, 4, 1))
    programs.end(enrollment_id=made, on_date=date(2026, 6, 16), today=date(2026, 6, 16), actor=CLERK)
    assert terms_of(world)[1:] == [
        (date(2026, 4, 1), date(2026, 6, 16), 2, ()),
        (date(2026, 6, 16), date(2026, 8, 1), 0, ()),
        (date(2026, 8, 1), date(2027, 4, 1), 1, ("x",)),
        (date(2027, 4, 1), None, 1, ("x",)),
    ]
    assert state(made) == "ended"
    card = agreement_queries.card(agreement_id=world.agreement.id)
    assert [term.household for term in card.terms] == [1, 1, 1, 5, 5]


def test_cancelled_it_was_never_there(world):
    made = joined(published(GREEN), account_id=world.account.id, start=TODAY)
    program_nights.day(today=TODAY)
    assert owed(world.account) == [("green_package", 500)]
    programs.cancel(enrollment_id=made, reason="changed my mind", today=date(2026, 3, 17), actor=CLERK)
    assert {blocks for *_, blocks, _ in terms_of(world)} == {0}
    assert (owed(world.account), state(made)) == ([], "cancelled")
    program_nights.day(today=date(2026, 12, 1))
    assert owed(world.account) == []


def test_after_the_cooling_off_days_nothing_is_taken_back(world):
    made = joined(published(GREEN), account_id=world.account.id, start=TODAY)
    with pytest.raises(programs.CoolingOffOver):
        programs.cancel(enrollment_id=made, reason="late", today=date(2026, 3, 18), actor=CLERK)
    with pytest.raises(programs.NoReasonGiven):
        programs.cancel(enrollment_id=made, reason=" ", today=TODAY, actor=CLERK)


def test_green_energy_without_a_price_is_not_given_away():
    accounts.supplier()
    plain = contracts.world()
    for terms in ({}, {"green_blocks": 0, "feature": "green-50"}):
        with pytest.raises(NoGreenPrice):
            joined(published(GREEN, changed=terms), account_id=plain.account.id, start=TODAY)
    assert Enrollment.objects.count() == 0


def test_a_package_may_bring_its_own_tariff(world):
    own = tariffs.version(source=GREEN_TARIFF).tariff
    card = published(GREEN, changed={"tariff": own.code})
    plain = contracts.world()
    made = joined(card, account_id=plain.account.id, start=date(2026, 4, 1), today=TODAY)
    found = agreement_queries.card(agreement_id=plain.agreement.id).terms
    assert [one.tariff_id for one in found] == [plain.tariff.id, own.id, plain.tariff.id]
    program_nights.day(today=date(2026, 4, 1))
    programs.end(enrollment_id=made, on_date=date(2026, 5, 1), today=date(2026, 4, 20), actor=CLERK)
    found = agreement_queries.card(agreement_id=plain.agreement.id).terms
    assert [(one.tariff_id, one.start_date) for one in found if one.tariff_id == own.id] == [(own.id, date(2026, 4, 1))]
    assert state(made) == "running"
    program_nights.day(today=date(2026, 5, 1))
    assert state(made) == "ended"
    agreements.change_term(
        agreement_id=plain.agreement.id, from_date=date(2026, 9, 1), tariff_id=world.tariff.id, actor=SYSTEM
    )
    with pytest.raises(OtherTariffComes):
        joined(card, account_id=plain.account.id, start=date(2026, 8, 1), today=date(2026, 7, 1))


def test_a_feature_that_is_there_already_is_not_sold_again(world):
    feature = GREEN_TARIFF.replace('beyond_use = "charge"', 'beyond_use = "charge"\nonly_for = ["eco"]')
    other = contracts.world(source=feature.replace('code = "green"\nname', 'code = "eco"\nname'))
    card = published(GREEN, changed={"green_blocks": 0, "feature": "eco"})
    joined(card, account_id=other.account.id, start=TODAY)
    again = published(GREEN, changed={"green_blocks": 0, "feature": "eco"})
    with pytest.raises(GreenAlready):
        joined(again, account_id=other.account.id, start=TODAY)


def test_a_package_ends_with_its_supply(world, monkeypatch):
    made = joined(published(GREEN), account_id=world.account.id, start=TODAY)
    program_nights.day(today=date(2026, 4, 10))
    agreements.end(agreement_id=world.agreement.id, end_date=date(2026, 4, 25), actor=SYSTEM)
    row = Enrollment.objects.get(id=made)
    assert row.period.upper == date(2026, 4, 25)
    # 15 of the 30 days from 10 April to 10 May; of the months after it nothing.
    rows = ScheduleRow.objects.filter(enrollment=row, is_waived=False).order_by("seq")
    assert [one.principal_minor for one in rows] == [500, 250]
    assert owed(world.account) == [("green_package", 500), ("green_package", 250)]


LEAVING = {"leave_e6": 100_000}
"""A tenth of what is to come is owed for leaving."""


def test_who_moves_out_before_the_day_on_which_a_package_was_to_end_pays_for_that_day_once(world):
    made = joined(published(GREEN, changed=LEAVING), account_id=world.account.id, start=TODAY)
    program_nights.day(today=date(2026, 4, 12))
    programs.end(enrollment_id=made, on_date=date(2026, 9, 10), today=date(2026, 4, 12), actor=CLERK)
    # Six months of 5.00 are to come: 3.00 for leaving.
    assert owed(world.account) == [("green_package", 500), ("green_package", 500), ("early_termination", 300)]
    agreements.end(agreement_id=world.agreement.id, end_date=date(2026, 4, 25), actor=SYSTEM)
    row = Enrollment.objects.get(id=made)
    assert row.period.upper == date(2026, 4, 25)
    # Half of the second month, and a tenth of the ten and a half that are to come.
    assert owed(world.account) == [("green_package", 500), ("green_package", 250), ("early_termination", 525)]
    program_nights.day(today=date(2027, 4, 1))
    assert [amount for _, amount in owed(world.account)] == [500, 250, 525]


def test_a_package_may_be_ended_on_an_earlier_day_yet(world):
    made = joined(published(GREEN, changed=LEAVING), account_id=world.account.id, start=TODAY)
    program_nights.day(today=date(2026, 4, 12))
    for day in (date(2026, 4, 29), date(2026, 4, 25), date(2026, 4, 20)):
        programs.end(enrollment_id=made, on_date=day, today=date(2026, 4, 12), actor=CLERK)
    # Ten of the thirty days of the second month, in both cases of which the charge was made before.
    assert owed(world.account) == [("green_package", 500), ("green_package", 167), ("early_termination", 533)]
    assert terms_of(world)[1] == (TODAY, date(2026, 4, 20), 2, ())
    assert {blocks for *_, blocks, _ in terms_of(world)[2:]} == {0}
    told = Notice.objects.filter(event="program_ended", channel="inbox")
    assert told.count() == 3
    with pytest.raises(programs.BadEnd):
        programs.end(enrollment_id=made, on_date=date(2026, 4, 22), today=date(2026, 4, 12), actor=CLERK)


def test_what_is_taken_back_owes_nothing_for_leaving(world):
    made = joined(published(GREEN, changed=LEAVING), account_id=world.account.id, start=TODAY)
    programs.end(enrollment_id=made, on_date=date(2026, 9, 10), today=TODAY, actor=CLERK)
    assert owed(world.account) == [("early_termination", 300)]
    programs.cancel(enrollment_id=made, reason="changed my mind", today=TODAY, actor=CLERK)
    assert (owed(world.account), state(made)) == ([], "cancelled")


def test_a_package_whose_supply_ended_before_it_began_never_was(world):
    made = joined(published(GREEN, changed=LEAVING), account_id=world.account.id, start=TODAY)
    program_nights.day(today=TODAY)
    assert state(made) == "running"
    agreements.end(agreement_id=world.agreement.id, end_date=TODAY, actor=SYSTEM)
    assert (state(made), owed(world.account)) == ("cancelled", [])
    assert terms_of(world)[-1][1] == TODAY


def test_a_supply_that_goes_on_after_all_goes_on_without_the_package_and_may_join_anew(world):
    card = published(GREEN)
    made = joined(card, account_id=world.account.id, start=TODAY)
    end = date(2026, 3, 25)
    agreements.end(agreement_id=world.agreement.id, end_date=end, actor=SYSTEM)
    program_nights.day(today=end)
    assert state(made) == "ended"
    with transaction.atomic():
        agreements.reopen_step(agreement_id=world.agreement.id, actor=SYSTEM)
        programs.keep_green_off_step(agreement_id=world.agreement.id, since=end, actor=SYSTEM)
    terms = agreement_queries.card(agreement_id=world.agreement.id).terms
    assert [(one.start_date, one.agreed.green_blocks) for one in terms][-2:] == [(TODAY, 2), (end, 0)]
    assert terms[-1].end_date is None
    again = joined(card, account_id=world.account.id, start=date(2026, 3, 26))
    assert (state(made), state(again)) == ("ended", "running")


# ---- settled early ---------------------------------------------------------------------------------------------------


def test_a_sale_is_settled_on_a_day_and_all_of_it_comes_to_the_known_total(world):
    made = joined(published(SALE), account_id=world.account.id, start=TODAY)
    program_nights.day(today=date(2026, 5, 25))
    rows = SALE.rows(TODAY)
    assert owed(world.account) == [("instalment", row.amount_minor) for row in rows[:3]]
    before = enrollments.preview(detail=enrollments.one(enrollment_id=made), on=date(2026, 5, 25))
    found = programs.settle_early(enrollment_id=made, on_date=date(2026, 5, 25), today=date(2026, 5, 25), actor=CLERK)
    assert before.settlement == found
    assert (before.back_minor, before.due_minor) == (0, found.amount_minor)
    assert owed(world.account)[-1] == ("early_settlement", found.amount_minor)
    assert sum(amount for _, amount in owed(world.account)) == found.total_minor
    # 15 of the 31 days from 10 May to 10 June, on what is left of the price.
    left = SALE.price_minor - sum(row.principal_minor for row in rows[:3])
    assert found.interest_minor == int(Fraction(left * 6 * 15, 100 * 12 * 31) + Fraction(1, 2))
    assert state(made) == "settled"
    program_nights.day(today=date(2027, 12, 1))
    assert sum(amount for _, amount in owed(world.account)) == found.total_minor
    with pytest.raises(IllegalMove):
        programs.settle_early(enrollment_id=made, on_date=TODAY, today=date(2026, 5, 26), actor=CLERK)


def test_a_lease_ends_on_the_day_the_device_came_back(world):
    made = joined(published(LEASE), account_id=world.account.id, start=TODAY)
    program_nights.day(today=date(2026, 5, 12))
    assert owed(world.account) == [("lease_rent", 19_900)] * 3
    found = programs.settle_early(enrollment_id=made, on_date=date(2026, 4, 25), today=date(2026, 5, 12), actor=CLERK)
    # March whole, 15 of 30 days of April; the rent of May is taken back; a tenth of what is left for leaving.
    assert (found.kept_minor, found.principal_minor) == (19_900, 9_950)
    assert found.fee_minor == (12 * 19_900 - 29_850) // 10
    assert owed(world.account) == [
        ("lease_rent", 19_900), ("lease_rent", 9_950), ("early_termination", found.fee_minor)
    ]  # fmt: skip
    assert sum(amount for _, amount in owed(world.account)) == found.total_minor
    assert Enrollment.objects.get(id=made).period.upper == date(2026, 4, 25)


@pytest.mark.parametrize("on", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
def test_it_is_settled_on_a_day_since_its_start_up_to_today(world, on):
    made = joined(published(LEASE), account_id=world.account.id, start=TODAY)
    with pytest.raises(programs.BadEnd):
        programs.settle_early(enrollment_id=made, on_date=on, today=TODAY, actor=CLERK)


def test_each_kind_ends_in_its_own_way(world):
    lease = joined(published(LEASE), account_id=world.account.id, start=TODAY)
    green = joined(published(GREEN), account_id=world.account.id, start=TODAY)
    with pytest.raises(programs.WrongProgramKind):
        programs.end(enrollment_id=lease, on_date=TODAY, today=TODAY, actor=CLERK)
    with pytest.raises(programs.WrongProgramKind):
        programs.settle_early(enrollment_id=green, on_date=TODAY, today=TODAY, actor=CLERK)
    with pytest.raises(programs.BadEnd):
        programs.end(enrollment_id=green, on_date=TODAY, today=TODAY, actor=CLERK)
    with pytest.raises(NotAllowed):
        programs.end(enrollment_id=green, on_date=date(2026, 5, 1), today=TODAY, actor=AUDITOR)
    with pytest.raises(enrollments.UnknownEnrollment):
        programs.end(enrollment_id=10**9, on_date=TODAY, today=TODAY, actor=CLERK)


# ---- equipment -------------------------------------------------------------------------------------------------------


def test_the_cooling_off_days_of_equipment_count_from_its_receipt(world):
    made = joined(published(LEASE), account_id=world.account.id, start=TODAY)
    late = date(2026, 4, 1)
    assert enrollments.one(enrollment_id=made).last_cancel_day > late
    signed = timezone.localdate(Enrollment.objects.get(id=made).signed_at)
    handed = max(late, signed)
    equipment.hand_over(enrollment_id=made, serial="HP-1", on_date=handed, today=handed, actor=CLERK)
    last = handed + timedelta(days=7)
    assert enrollments.one(enrollment_id=made).last_cancel_day == last
    with pytest.raises(equipment.BadHandOver):
        equipment.hand_over(enrollment_id=made, serial="HP-2", on_date=handed, today=handed, actor=CLERK)
    with pytest.raises(programs.CoolingOffOver):
        programs.cancel(enrollment_id=made, reason="late", today=last + timedelta(days=1), actor=CLERK)
    programs.cancel(enrollment_id=made, reason="in time", today=last, actor=CLERK)
    equipment.take_back(enrollment_id=made, on_date=last, today=last, actor=CLERK)
    row = EquipmentLease.objects.get()
    assert (row.serial, row.handed_over_date, row.returned_date) == ("HP-1", handed, last)
    with pytest.raises(equipment.BadHandOver):
        equipment.take_back(enrollment_id=made, on_date=last, today=last, actor=CLERK)


def test_who_hands_nothing_over_notes_nothing(world):
    made = joined(published(LEASE), account_id=world.account.id, start=TODAY)
    with pytest.raises(NotAllowed):
        equipment.hand_over(enrollment_id=made, serial="HP-1", on_date=TODAY, today=TODAY, actor=AUDITOR)


# ---- laws of the tables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "law"),
    [
        ("UPDATE contracts_program SET price_minor = 5", "program_numbers_are_of_its_kind"),
        ("UPDATE contracts_program SET green_blocks = 1", "only_green_programs_change_energy"),
        ("UPDATE contracts_enrollment SET signed_sha256 = ''", "who_is_in_has_signed"),
        ("UPDATE contracts_enrollment SET state = 'lost'", "enrollment_state_is_known"),
        ("UPDATE contracts_schedulerow SET principal_minor = 0", "schedule_row_is_an_amount"),
    ],
)
def test_the_database_knows_it_too(world, statement, law):
    joined(published(LEASE), account_id=world.account.id, start=TODAY)
    with pytest.raises(IntegrityError, match=law), transaction.atomic():
        connection.cursor().execute(statement)


def test_terms_that_nobody_can_pay_by_name_their_field(world):
    with pytest.raises(InvalidProgram) as refusal:
        programs.publish(program=new(Terms(kind=SALE.kind, months=24, price_minor=20)), actor=SYSTEM)
    assert {one.code for one in refusal.value.detail["findings"]} == {BadSchedule.code}
