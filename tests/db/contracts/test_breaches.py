"""Cases of breach: proposed by one, agreed by another, dropped, cancelled; stolen energy is corrected with them."""

from datetime import date
from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events, packs
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.breach_claims import Capacity, Category, Claim, Tampering, Theft
from contracts.domain.breaches import BadBreach, BreachKind, ChargeKind, Misuse
from contracts.models.charge import BreachCase, OneOffCharge
from contracts.operations import breaches
from contracts.queries import breach_dues
from contracts.queries import breaches as queries
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.breaches import UnknownBreach
from metering.domain.announcements import CorrectionMade
from metering.domain.correction_orders import AddedEnergy, Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.models.usage import Usage
from metering.operations.corrections import KeyTaken
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db

FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
THIRD = Actor(ActorKind.STAFF, 4, "third", frozenset({Role.BILLING}))
CLERK = Actor(ActorKind.STAFF, 3, "clerk", frozenset({Role.CLERK}))
TODAY = date(2026, 7, 10)
TWO_SHOPS = Category(uses=(Misuse(energy_wh=650_000, paid_e6=50_000_000, right_e6=80_000_000),))


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def claim(world, fact=TWO_SHOPS, kind=BreachKind.CATEGORY, **values):
    values.setdefault("evidence", "photos of 9 July")
    values.setdefault("found_date", date(2026, 7, 9))
    return Claim(agreement_id=world.agreement.id, kind=kind, fact=fact, **values)


def made(claimed, *, key="k", actor=FIRST, order=None):
    request = repr((claimed, order))
    known = breaches.check_and_lock(claim=claimed, order=order, request=request, request_key=key, actor=actor)
    if known is not None:
        return known
    return breaches.propose(claim=claimed, order=order, request=request, request_key=key, today=TODAY, actor=actor)


def propose(world, *, key="k", actor=FIRST, order=None, **values):
    return made(claim(world, **values), key=key, actor=actor, order=order)


def cancelled(case_id, reason="was the neighbour"):
    breaches.ask_cancel(case_id=case_id, reason=reason, actor=FIRST)
    breaches.cancel(case_id=case_id, actor=SECOND)


def states():
    return set(BreachCase.objects.values_list("state", flat=True)), set(
        OneOffCharge.objects.values_list("state", flat=True)
    )


def test_a_case_is_owed_once_a_second_person_agrees(world, monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ChargeAgreed: [heard.append]})
    found = propose(world)
    assert states() == ({"proposed"}, {"proposed"})
    assert heard == []
    for wrong, refusal in ((FIRST, NotAllowed), (CLERK, NotAllowed)):
        with pytest.raises(refusal):
            breaches.agree(case_id=found, today=TODAY, actor=wrong)
    breaches.agree(case_id=found, today=TODAY, actor=SECOND)
    assert states() == ({"agreed"}, {"agreed"})
    assert [(one.agreement_id, one.account_id) for one in heard] == [(world.agreement.id, world.account.id)] * 2
    card = queries.one(case_id=found)
    assert {one.kind: (one.amount_minor, one.tax_minor) for one in card.charges} == {
        ChargeKind.PRICE_DIFFERENCE: (19_500, 2_243),
        ChargeKind.PENALTY: (39_000, 4_487),
    }
    assert "第一百条" in card.charges[0].legal_source
    assert (card.amount_minor, card.account_id) == (58_500, world.account.id)
    with pytest.raises(IllegalMove):
        breaches.agree(case_id=found, today=TODAY, actor=SECOND)


def test_who_proposed_does_not_agree(world):
    found = propose(world, actor=SECOND)
    with pytest.raises(breaches.OwnCase):
        breaches.agree(case_id=found, today=TODAY, actor=SECOND)
    assert states() == ({"proposed"}, {"proposed"})


def test_one_request_is_one_case_and_its_name_serves_no_other(world):
    assert propose(world) == propose(world)
    assert OneOffCharge.objects.count() == 2
    for other in ({"evidence": "other photos"}, {"fact": Tampering(is_home=True), "kind": BreachKind.TAMPERING}):
        with pytest.raises(KeyTaken):
            propose(world, **other)
    assert BreachCase.objects.count() == 1


def test_a_case_is_dropped(world):
    breaches.drop(case_id=propose(world), actor=FIRST)
    assert states() == ({"dropped"}, {"dropped"})


def test_two_persons_cancel_a_case_with_a_reason(world):
    other = propose(world)
    breaches.agree(case_id=other, today=TODAY, actor=SECOND)
    with pytest.raises(breaches.NoReason):
        breaches.ask_cancel(case_id=other, reason=" ", actor=SECOND)
    with pytest.raises(IllegalMove):
        breaches.cancel(case_id=other, actor=SECOND)
    breaches.ask_cancel(case_id=other, reason="was the neighbour", actor=SECOND)
    assert states() == ({"cancelling"}, {"agreed"})
    with pytest.raises(breaches.OwnCancellation):
        breaches.cancel(case_id=other, actor=SECOND)
    breaches.cancel(case_id=other, actor=THIRD)
    card = queries.one(case_id=other)
    assert (card.cancel_reason, card.canceller_id) == ("was the neighbour", SECOND.id)
    assert states() == ({"cancelled"}, {"cancelled"})


def test_a_case_that_one_wants_cancelled_is_kept_by_another(world):
    found = propose(world)
    breaches.agree(case_id=found, today=TODAY, actor=SECOND)
    breaches.ask_cancel(case_id=found, reason="doubt", actor=FIRST)
    breaches.keep(case_id=found, actor=SECOND)
    assert states() == ({"agreed"}, {"agreed"})
    card = queries.one(case_id=found)
    assert (card.cancel_reason, card.canceller_id, card.cancel_asked_at) == ("", None, None)


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ("state = 'agreed', decider_id = proposer_id", "nobody_agrees_to_their_own_case"),
        ("state = 'agreed', decider_id = NULL", "nobody_agrees_to_their_own_case"),
        ("state = 'cancelled', decider_id = 2, canceller_id = 3, cancel_decider_id = 3, cancel_reason = 'x'",
         "nobody_cancels_a_case_alone"),
        ("state = 'cancelled', decider_id = 2, canceller_id = 3, cancel_reason = 'x'", "nobody_cancels_a_case_alone"),
        ("state = 'cancelled', decider_id = 2, canceller_id = 3, cancel_decider_id = 2", "nobody_cancels_a_case_alone"),
        ("kind = 'theft'", "cost_of_a_theft_is_computed_or_reasoned"),
        ("kind = 'theft', owed_minor = 5", "cost_of_a_theft_is_computed_or_reasoned"),
        ("kind = 'theft', owed_minor = 5, computed_minor = 6", "cost_of_a_theft_is_computed_or_reasoned"),
        ("owed_minor = 5", "cost_of_a_theft_is_computed_or_reasoned"),
    ],
)  # fmt: skip
def test_the_database_knows_that_two_persons_decide_and_that_costs_are_reasoned(world, change, law):
    found = propose(world)
    with pytest.raises(IntegrityError, match=law), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE contracts_breachcase SET {change} WHERE id = %s", [found])


def test_every_step_is_kept_with_the_amount_that_it_leads_to(world):
    card = queries.one(case_id=propose(world))
    assert [[step.text for step in charge.steps] for charge in card.charges] == [
        ["0.80 − 0.50 = 0.30", "650 kWh × 0.30 = 195.00", "195.00 × 0.13 ÷ 1.13 ≈ 22.43"],
        ["195.00 × 2 = 390.00", "390.00 × 0.13 ÷ 1.13 ≈ 44.87"],
    ]


@pytest.mark.parametrize(
    ("kind", "fact", "amounts"),
    [
        (BreachKind.CAPACITY, Capacity(capacity_va=21_000), {ChargeKind.PENALTY: 105_000}),
        (
            BreachKind.CAPACITY,
            Capacity(capacity_va=100_000, price_e6=1_600_000_000, months_e3=3_000),
            {ChargeKind.CAPACITY_FEE: 480_000, ChargeKind.PENALTY: 1_440_000},
        ),
        (BreachKind.SUSPENDED, Capacity(capacity_va=10_000, count=2), {ChargeKind.PENALTY: 60_000}),
        (
            BreachKind.SUSPENDED,
            Capacity(capacity_va=100_000, price_e6=1_600_000_000, months_e3=1_000),
            {ChargeKind.CAPACITY_FEE: 160_000, ChargeKind.PENALTY: 320_000},
        ),
        (BreachKind.OWN_SUPPLY, Capacity(capacity_va=5_000), {ChargeKind.PENALTY: 250_000}),
        (BreachKind.TAMPERING, Tampering(is_home=True), {ChargeKind.PENALTY: 50_000}),
        (BreachKind.TAMPERING, Tampering(is_home=False, count=2), {ChargeKind.PENALTY: 1_000_000}),
    ],
)
def test_each_breach_costs_by_its_rule(world, kind, fact, amounts):
    found = breach_dues.of_claim(claim=claim(world, fact=fact, kind=kind), today=TODAY)
    assert {one.kind: one.amount_minor for one in found} == amounts
    assert {one.ledger_class for one in found} <= {"energy", "fixed", "penalty"}


def test_where_tax_comes_on_top_it_is_added(world, settings):
    settings.PACK = "au-example"
    rules = packs.load("au-example")
    cn = packs.load("cn")
    both = packs.Pack("x", "x", "x", {**cn.rules, **{key: rules.rules[key] for key in ("vat_mode", "vat_rate")}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "load", lambda _name: both)
        found = breach_dues.of_claim(claim=claim(world), today=TODAY)
    assert [(one.amount_minor, one.tax_minor) for one in found] == [(21_450, 1_950), (42_900, 3_900)]
    with pytest.raises(packs.MissingRule):
        breach_dues.of_claim(claim=claim(world), today=TODAY)


@pytest.mark.parametrize(
    "values",
    [
        {"evidence": ""},
        {"evidence": "x" * 5000},
        {"found_date": date(2026, 7, 11)},
        {"kind": BreachKind.CAPACITY},
        {"kind": BreachKind.OWN_SUPPLY, "fact": Capacity(capacity_va=1, price_e6=1, months_e3=1)},
        {"kind": BreachKind.THEFT, "fact": Theft(computed_minor=100)},
    ],
)
def test_claims_that_cannot_be_are_refused(world, values):
    with pytest.raises(BadBreach):
        propose(world, **values)
    assert not BreachCase.objects.exists()


def test_who_may_not_and_what_is_not_there(world):
    with pytest.raises(NotAllowed):
        propose(world, actor=CLERK)
    with pytest.raises(UnknownBreach):
        breaches.drop(case_id=99, actor=FIRST)
    with pytest.raises(UnknownAgreement):
        made(Claim(agreement_id=99, kind=BreachKind.CATEGORY, found_date=TODAY, fact=TWO_SHOPS, evidence="x"))


class TestTheft:
    @pytest.fixture(autouse=True)
    def _metered(self, world):
        self.world = world
        (self.register,) = metering.metered(at=world.service_point, start_date=date(2025, 1, 1))
        for month in range(1, 7):
            metering.usage(
                of=self.register, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1), kwh=100
            )

    def order(self, **values):
        given = {
            "service_point_id": self.world.service_point.id,
            "meter_id": self.register.meter_id,
            "cause": Cause.THEFT,
            "since_date": date(2026, 1, 1),
            "until_date": date(2026, 7, 1),
            "amount": AddedEnergy(energy_wh=1_810_000),
            "evidence": "lead before the meter",
        }
        return Order(**{**given, **values})

    def propose(self, **values):
        return propose(
            self.world, kind=BreachKind.THEFT, order=self.order(**values),
            fact=Theft(computed_minor=111_677, tampering=Tampering(is_home=True)),
        )  # fmt: skip

    def energies(self):
        return list(Usage.objects.filter(is_current=True).order_by("start_date").values_list("energy_wh", flat=True))

    def test_the_energy_is_corrected_when_the_case_is_agreed_and_back_when_it_is_cancelled(self):
        found = self.propose()
        assert sum(self.energies()) == 600_000
        assert UsageCorrection.objects.get().state == "proposed"
        breaches.agree(case_id=found, today=TODAY, actor=SECOND)
        assert sum(self.energies()) == 600_000 + 1_810_000
        assert self.energies()[0] == 100_000 + 310_000
        card = queries.one(case_id=found)
        assert [one.amount_minor for one in card.charges] == [335_031, 50_000]
        cancelled(found)
        assert self.energies() == [100_000] * 6
        assert UsageCorrection.objects.get().state == "undone"

    def test_a_dropped_case_drops_its_correction(self):
        breaches.drop(case_id=self.propose(), actor=FIRST)
        assert UsageCorrection.objects.get().state == "dropped"
        self.world  # noqa: B018
        propose(
            self.world, key="again", kind=BreachKind.THEFT, fact=Theft(computed_minor=1), order=self.order()
        )  # it may be proposed anew

    def test_stolen_energy_by_a_factor(self):
        """A transformer with a false plate: what was recorded, times a factor."""
        found = self.propose(amount=Scale(factor=Fraction(9, 8)))
        breaches.agree(case_id=found, today=TODAY, actor=SECOND)
        assert self.energies() == [112_500] * 6

    def test_the_meter_must_be_that_of_the_agreement(self):
        other = contracts.world()
        with pytest.raises(BadBreach):
            made(claim(other, kind=BreachKind.THEFT, fact=Theft(computed_minor=1)), order=self.order())

    def test_nobody_is_billed_for_days_before_the_supply(self):
        with pytest.raises(BadBreach):
            self.propose(since_date=date(2022, 12, 31))

    def test_another_cost_than_the_bills_say_needs_a_reason_and_both_are_kept(self):
        for fact in (Theft(computed_minor=None), Theft(computed_minor=5, given_minor=9, reason=" ")):
            with pytest.raises(BadBreach):
                propose(self.world, kind=BreachKind.THEFT, order=self.order(), fact=fact)
        given = Theft(computed_minor=5, given_minor=9, reason="court of 3 May")
        card = queries.one(case_id=propose(self.world, kind=BreachKind.THEFT, order=self.order(), fact=given))
        assert (card.owed_minor, card.computed_minor, card.owed_reason) == (9, 5, "court of 3 May")
        assert [one.amount_minor for one in card.charges] == [27]

    def test_what_is_made_of_it_is_announced(self, monkeypatch):
        heard = []
        monkeypatch.setattr(events, "LISTENERS", {CorrectionMade: [heard.append]})
        breaches.agree(case_id=self.propose(), today=TODAY, actor=SECOND)
        assert [(one.start_date, one.end_date) for one in heard] == [(date(2026, 1, 1), date(2026, 7, 1))]
