"""Which work the clock wakes each night, and in which order: what one finds is what the one before has left."""

from datetime import time

from arrears.operations import dunning, late_fees, plan_looks
from billing.operations import budget_nights, deposit_nights, prepaid_nights, proof, telling, write_off_batches
from billing.tasks import NIGHT
from cashiering.operations import debit_batches, debits, mandates
from cis.platform import jobs
from cis.platform.schedules import Daily
from metering.operations import arrivals


def at(name):
    schedule = jobs.REGISTRY[name].schedule
    assert isinstance(schedule, Daily), f"{name} is not done each day"
    assert schedule.zone_name == "Asia/Shanghai"
    return schedule.at


def test_the_nights_of_money_are_bound_and_follow_each_other():
    """Usage is approved before it is billed; a debit is planned for what is owed, and a plan is looked at before dunning."""
    order = [
        arrivals.WORK, NIGHT, prepaid_nights.WORK, late_fees.WORK, budget_nights.WORK, mandates.LAPSE,
        deposit_nights.WORK, debits.WORK, debit_batches.WORK, write_off_batches.NIGHT, proof.WORK, plan_looks.WORK,
        dunning.NIGHT, telling.REMIND,
    ]  # fmt: skip
    times = [at(name) for name in order]
    assert times == sorted(set(times))
    assert at(telling.REMIND) >= time(8, 0), "nobody is told at night"
    assert at(dunning.NIGHT) >= time(8, 0)


def test_each_night_does_its_own_work():
    bound = {name: jobs.REGISTRY[name].do for name in (debits.WORK, debit_batches.WORK, late_fees.WORK, dunning.NIGHT)}
    assert bound == {
        debits.WORK: debits.plan,
        debit_batches.WORK: debit_batches.work,
        late_fees.WORK: late_fees.night,
        dunning.NIGHT: dunning.night,
    }
