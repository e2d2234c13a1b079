"""Four eyes on corrections: above a limit two decide, on doing and on undoing, and nobody slices a large one."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cis.kernel.workflow import IllegalMove, NotAllowed
from metering.domain.correction_factors import BadCorrection
from metering.domain.correction_orders import AddedEnergy, Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.operations import corrections, usage
from metering.queries import corrections as queries
from tests import factories
from tests.db.metering.test_corrections import (
    CLERK,
    FIRST,
    SECOND,
    STARTS,
    TODAY,
    energies,
    made,
    metered,
    order,
    state,
)

pytestmark = pytest.mark.django_db

F = Fraction


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def month(at, **more):
    """A correction of one month alone: half as much again of it."""
    return {"since_date": STARTS[at], "until_date": STARTS[at + 1], "cause": Cause.WIRING, **more}


def ask_undo(found, actor=FIRST):
    corrections.undo(correction_id=found, reason="other meter", today=TODAY, actor=actor)


# the limit counts what lies near


def test_slices_of_one_correction_count_together():
    point, (register,) = metered(800, 800, 800, 800)  # half of 800 each: two are within 1,000, the third is not
    slices = [made(point, register, key=f"k{at}", **month(at)) for at in range(3)]
    assert [state(one) for one in slices] == ["applied", "applied", "proposed"]
    assert energies(register) == [1_200_000, 1_200_000, 800_000, 800_000]
    with pytest.raises(corrections.OwnProposal):
        corrections.apply(correction_id=slices[2], actor=FIRST)


def test_another_cause_an_earlier_undo_and_another_meter_at_the_place_count_too():
    point, (register,) = metered(800, 800, 800)
    first = made(point, register, **month(0))
    ask_undo(first)
    assert state(first) == "undone"
    assert state(made(point, register, key="again", **month(0))) == "applied"
    # 400 done, undone and done again: the third act of one person on the same month is for two.
    assert state(made(point, register, key="other", **month(0, cause=Cause.FUSE, amount=Scale(factor=F(6, 5))))) == (
        "proposed"
    )
    other = factories.metering.meter()
    factories.metering.installation(of=other, at=point, start_date=date(2025, 1, 1))
    factories.metering.usage(of=other.registers.get(), at=point, start_date=STARTS[0], end_date=STARTS[1], kwh=800)
    assert state(made(point, other.registers.get(), key="meter", **month(0))) == "proposed"


def test_what_was_dropped_or_lies_far_away_does_not_count():
    point, (register,) = metered(1200, 1200, 1200)
    far = made(point, register, **month(0))
    UsageCorrection.objects.filter(id=far).update(proposed_at=timezone.now() - timedelta(days=800))
    assert state(made(point, register, key="b", **month(1))) == "applied"
    # On the same month it counts, however long ago it was proposed.
    third = made(point, register, key="c", **month(0, cause=Cause.FUSE))
    assert state(third) == "proposed"
    corrections.drop(correction_id=third, actor=FIRST)
    UsageCorrection.objects.filter(state="applied").update(proposed_at=timezone.now() - timedelta(days=800))
    assert state(made(point, register, key="d", **month(2))) == "applied"


def test_another_place_has_a_limit_of_its_own():
    for key in ("a", "b", "c"):
        point, (register,) = metered(1200)
        assert state(made(point, register, key=key, **month(0))) == "applied"


# undoing


def test_what_two_decided_on_is_undone_by_two():
    point, (register,) = metered(1000, 2000, 3000, 4000)
    found = made(point, register)
    corrections.apply(correction_id=found, actor=SECOND)
    corrected = energies(register)
    ask_undo(found)
    assert (state(found), energies(register)) == ("undoing", corrected)
    card = queries.one(correction_id=found).card
    assert (card.undo_reason, card.undone_at) == ("other meter", None)
    with pytest.raises(corrections.OwnProposal):
        corrections.confirm_undo(correction_id=found, actor=FIRST)
    with pytest.raises(NotAllowed):
        corrections.confirm_undo(correction_id=found, actor=CLERK)
    # While that is open it counts as a correction of these days.
    with pytest.raises(corrections.AlreadyCorrected):
        made(point, register, key="twice")
    corrections.confirm_undo(correction_id=found, actor=SECOND)
    assert (state(found), energies(register)) == ("undone", [1_000_000, 2_000_000, 3_000_000, 4_000_000])
    with pytest.raises(IllegalMove):
        corrections.confirm_undo(correction_id=found, actor=SECOND)


def test_a_correction_is_kept_after_all():
    point, (register,) = metered(1000, 2000, 3000, 4000)
    found = made(point, register)
    corrections.apply(correction_id=found, actor=SECOND)
    with pytest.raises(IllegalMove):
        corrections.keep(correction_id=found, actor=FIRST)
    ask_undo(found, SECOND)
    corrections.keep(correction_id=found, actor=FIRST)
    row = UsageCorrection.objects.get(id=found)
    assert (row.state, row.undo_proposer_id, row.undo_reason) == ("applied", None, "")
    ask_undo(found, SECOND)
    corrections.confirm_undo(correction_id=found, actor=FIRST)
    assert state(found) == "undone"


def test_small_ones_that_are_large_together_are_undone_by_two():
    point, (register,) = metered(800, 800, 800)
    first, second = (made(point, register, key=f"k{at}", **month(at)) for at in range(2))
    made(point, register, key="k2", **month(2))
    ask_undo(first)
    assert (state(first), state(second)) == ("undoing", "applied")
    corrections.confirm_undo(correction_id=first, actor=SECOND)
    assert energies(register)[0] == 800_000


# the database keeps it


def test_the_database_refuses_what_one_person_alone_decided():
    point, (register,) = metered(1000, 2000, 3000, 4000)
    found = made(point, register)
    row = UsageCorrection.objects.filter(id=found)
    for decider in (FIRST.id, None):
        with pytest.raises(IntegrityError, match="nobody_applies_their_own_correction"), transaction.atomic():
            row.update(state="applied", decider_id=decider)
    corrections.apply(correction_id=found, actor=SECOND)
    with pytest.raises(IntegrityError, match="nobody_undoes_a_correction_alone"), transaction.atomic():
        row.update(state="undone", undoer_id=SECOND.id)
    ask_undo(found)
    with pytest.raises(IntegrityError, match="nobody_undoes_a_correction_alone"), transaction.atomic():
        row.update(state="undone", undoer_id=FIRST.id)


# reactive energy and transformers


def with_reactive(*kwh, kvarh=500):
    point, (register,) = metered(*kwh)
    reactive = factories.metering.register(of=register.meter, code="reactive", quantity="reactive")
    for place, start in enumerate(STARTS[: len(kwh) + 1]):
        factories.metering.read(of=reactive, on=start, kwh=kvarh * place)
    last = STARTS[len(kwh)]
    usage.approve(start_date=STARTS[0], end_date=last, service_point_ids=[point.id], every_read=False)
    return point, register, reactive


def test_reactive_energy_has_a_factor_of_its_own():
    point, register, reactive = with_reactive(100, 200, 300, kvarh=100)
    found = made(point, register, amount=Scale(factor=F(3, 2), reactive_factor=F(5, 4)))
    assert energies(register) == [100_000, 300_000, 450_000]
    assert energies(reactive) == [100_000, 125_000, 125_000]
    detail = queries.one(correction_id=found)
    assert (detail.factor, detail.reactive_factor, detail.card.change_wh) == (F(3, 2), F(5, 4), 250_000)
    ask_undo(found)
    assert energies(reactive) == [100_000] * 3


def test_a_proposal_is_applied_with_its_reactive_factor():
    point, register, reactive = with_reactive(1000, 2000, 3000)
    found = made(point, register, amount=Scale(factor=F(3, 2), reactive_factor=F(1, 2)))
    assert state(found) == "proposed"
    corrections.apply(correction_id=found, actor=SECOND)
    assert energies(reactive) == [500_000, 250_000, 250_000]


def test_transformers_bear_on_every_register_over_half_the_time():
    point, register, reactive = with_reactive(100, 200, 300, 400, kvarh=100)
    made(point, register, cause=Cause.TRANSFORMER_ERROR, amount=Scale(factor=F(10, 9)), since_date=STARTS[0],
         until_date=STARTS[4])  # fmt: skip
    row = UsageCorrection.objects.get()
    assert (row.start_date, row.end_date) == (date(2026, 3, 2), STARTS[4])
    march, april = energies(reactive)[2:]
    assert march + april - 200_000 == round(100_000 * (F(30, 31) + 1) * F(1, 9))
    assert abs(energies(register)[3] - F(400_000 * 10, 9)) < 1


@pytest.mark.parametrize("reactive", [F(0), F(-1), F(2000)])
def test_a_reactive_factor_that_cannot_be_is_refused(reactive):
    point, register, _reactive = with_reactive(100, 200, 300)
    with pytest.raises(BadCorrection):
        made(point, register, amount=Scale(factor=F(3, 2), reactive_factor=reactive))


def test_a_meter_without_reactive_energy_has_none_to_correct():
    point, (register,) = metered(100, 200, 300)
    with pytest.raises(BadCorrection) as refused:
        made(point, register, amount=Scale(factor=F(3, 2), reactive_factor=F(5, 4)))
    assert "reactive" in refused.value.message


def test_a_case_of_theft_is_for_two_whatever_its_energy():
    point, (register,) = metered(100, 100, 100)
    wanted: Order = order(point, register, cause=Cause.THEFT, amount=AddedEnergy(energy_wh=1_000))
    with transaction.atomic():
        found = corrections.propose_step(order=wanted, request_key="k", today=TODAY, actor=FIRST)
    assert UsageCorrection.objects.get(id=found).needs_two
    with pytest.raises(corrections.OwnProposal), transaction.atomic():
        corrections.apply_step(correction_id=found, actor=FIRST)
