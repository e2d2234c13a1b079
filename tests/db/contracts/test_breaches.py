"""Cases of breach: proposed by one, agreed by another, dropped, cancelled; stolen energy is corrected with them."""

from datetime import date
from fractions import Fraction

import pytest

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
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db

FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
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


def propose(world, *, key="k", actor=FIRST, order=None, **values):
    return breaches.propose(claim=claim(world, **values), request_key=key, today=TODAY, actor=actor, order=order)


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


def test_one_request_is_one_case(world):
    assert propose(world) == propose(world)
    assert OneOffCharge.objects.count() == 2


def test_a_case_is_dropped_or_cancelled_with_a_reason(world):
    dropped = propose(world)
    breaches.drop(case_id=dropped, actor=FIRST)
    assert states() == ({"dropped"}, {"dropped"})
    other = propose(world, key="other")
    breaches.agree(case_id=other, today=TODAY, actor=SECOND)
    with pytest.raises(breaches.NoReason):
        breaches.cancel(case_id=other, reason=" ", actor=SECOND)
    breaches.cancel(case_id=other, reason="was the neighbour", actor=SECOND)
    assert queries.one(case_id=other).cancel_reason == "was the neighbour"
    assert set(OneOffCharge.objects.filter(case_id=other).values_list("state", flat=True)) == {"cancelled"}


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
        {"kind": BreachKind.THEFT, "fact": Theft(owed_minor=100)},
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
        breaches.propose(
            claim=Claim(agreement_id=99, kind=BreachKind.CATEGORY, found_date=TODAY, fact=TWO_SHOPS, evidence="x"),
            request_key="z", today=TODAY, actor=FIRST,
        )  # fmt: skip


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
            fact=Theft(owed_minor=111_677, tampering=Tampering(is_home=True)),
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
        breaches.cancel(case_id=found, reason="not his", actor=SECOND)
        assert self.energies() == [100_000] * 6
        assert UsageCorrection.objects.get().state == "undone"

    def test_a_dropped_case_drops_its_correction(self):
        breaches.drop(case_id=self.propose(), actor=FIRST)
        assert UsageCorrection.objects.get().state == "dropped"
        self.world  # noqa: B018
        propose(
            self.world, key="again", kind=BreachKind.THEFT, fact=Theft(owed_minor=1), order=self.order()
        )  # it may be proposed anew

    def test_stolen_energy_by_a_factor(self):
        """A transformer with a false plate: what was recorded, times a factor."""
        found = self.propose(amount=Scale(factor=Fraction(9, 8)))
        breaches.agree(case_id=found, today=TODAY, actor=SECOND)
        assert self.energies() == [112_500] * 6

    def test_the_meter_must_be_that_of_the_agreement(self):
        other = contracts.world()
        with pytest.raises(BadBreach):
            breaches.propose(
                claim=claim(other, kind=BreachKind.THEFT, fact=Theft(owed_minor=1)), request_key="z", today=TODAY,
                actor=FIRST, order=self.order(),
            )  # fmt: skip

    def test_what_is_made_of_it_is_announced(self, monkeypatch):
        heard = []
        monkeypatch.setattr(events, "LISTENERS", {CorrectionMade: [heard.append]})
        breaches.agree(case_id=self.propose(), today=TODAY, actor=SECOND)
        assert [(one.start_date, one.end_date) for one in heard] == [(date(2026, 1, 1), date(2026, 7, 1))]
