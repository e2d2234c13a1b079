"""Late fees of bills that are debited: a customer does not pay for the days that our debit took."""

from datetime import date, timedelta
from types import MappingProxyType

import pytest
import time_machine

from arrears.models.late_fee import LateFee
from arrears.operations import late_fees
from arrears.queries import late_fee_rules
from arrears.queries import late_fees as queries
from billing.domain.channels import PaymentChannel
from billing.operations import payments
from cashiering.models.debit import Debit
from cashiering.operations import debits
from cis.kernel.actors import SYSTEM
from cis.platform import packs
from tests.factories import accounts, billing, contracts
from tests.factories.debits import CLERK, at, listen, night, signed

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
SIGNED, NIGHT, SENT = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 14)
DUE = date(2026, 2, 21)  # a Saturday in the holidays of the Spring Festival
COLLECTED = date(2026, 2, 24)
PLAIN, BOUNCING = 1_000, 60  # kWh of bills of 617.00 and 37.02; the sandbox's bank takes the second one back


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def debited(world, kwh):
    with time_machine.travel(at(SIGNED, 1), tick=False):
        bill = billing.issued(world=world, kwh=kwh)
    signed(world, on=SIGNED)
    night(NIGHT)
    night(SENT)
    return bill


def accrued(world, on):
    return queries.accrued_minor(account_id=world.account.id, today=on)


def charge(world, on):
    return late_fees.charge(account_ids=[world.account.id], today=on, actor=SYSTEM)


def test_a_bill_that_we_collect_after_its_due_date_bears_none(world):
    debited(world, PLAIN)
    assert accrued(world, DUE + 2 * DAY) == 0
    assert charge(world, date(2026, 3, 2)).charged == 0, "not at the end of the month either, while it is under way"
    listen(COLLECTED + DAY)
    assert accrued(world, COLLECTED + 2 * DAY) == 0
    assert charge(world, COLLECTED + 2 * DAY).charged == 0


def test_where_the_pack_does_not_spare_them_the_days_of_a_debit_count(world, monkeypatch):
    _pack_says(monkeypatch, spares_debits=False)
    debited(world, PLAIN)
    assert accrued(world, DUE + 2 * DAY) == 123  # 2 x 0.617 = 1.234
    listen(COLLECTED + DAY)
    charge(world, COLLECTED + 2 * DAY)
    assert LateFee.objects.get().amount_minor == 185  # 3 x 0.617 = 1.851


def test_a_debit_that_comes_back_spares_nothing_but_the_days_of_the_next_try(world):
    debited(world, BOUNCING)
    listen(COLLECTED + DAY)
    assert accrued(world, COLLECTED + DAY) == 0
    back = COLLECTED + 10 * DAY
    listen(back)
    (found,) = queries.of_accounts(account_ids=[world.account.id], today=back)
    first = next(step.day for step in found.debt.steps if step.open_minor == 3_702)
    assert (first, found.open_minor) == (DUE, 3_702), "it was never paid in time"
    fee = accrued(world, back)
    assert fee > 0
    night(back)  # a second try is under way from now on
    found = queries.of_accounts(account_ids=[world.account.id], today=back + 3 * DAY)[0]
    assert (accrued(world, back + 3 * DAY), found.open_minor) == (fee, 3_702), "what is open is still shown"


def held(world):
    """A bill of 617.00 whose debit is held since the night."""
    with time_machine.travel(at(SIGNED, 1), tick=False):
        billing.issued(world=world, kwh=PLAIN)
    signed(world, on=SIGNED, limit_minor=1)
    night(NIGHT)
    return Debit.objects.get()


@pytest.mark.parametrize("spares", [True, False])
def test_nobody_pays_for_days_on_which_we_held_a_debit_whatever_became_of_it(world, monkeypatch, spares):
    _pack_says(monkeypatch, spares_debits=spares)
    debit = held(world)
    looked = DUE + 20 * DAY
    assert (accrued(world, looked), charge(world, looked).charged) == (0, 0)
    with time_machine.travel(at(looked, 10), tick=False):
        debits.drop(debit_id=debit.id, actor=CLERK)
    assert accrued(world, looked) == 0
    assert accrued(world, looked + 3 * DAY) == 185  # 3 x 0.617 = 1.851
    charge(world, looked.replace(month=4, day=1))
    assert LateFee.objects.get().amount_minor == 1_111  # 14 to 31 March: 18 x 0.617 = 11.106


def test_a_fee_that_was_charged_is_taken_back_when_the_money_turns_out_to_have_come_in_time(world):
    with time_machine.travel(at(SIGNED, 1), tick=False):
        billing.issued(world=world, kwh=PLAIN)
    april = date(2026, 4, 1)
    assert charge(world, april).charged == 1
    payments.receive(
        account_id=world.account.id, amount_minor=61_700, channel=PaymentChannel.BANK, reference="late",
        received_date=DUE, today=april, actor=SYSTEM,
    )  # fmt: skip
    assert charge(world, april + DAY).taken_back == 1
    assert accrued(world, april + DAY) == 0


def _pack_says(monkeypatch, **values):
    text_of = packs.text_of
    monkeypatch.setattr(
        packs,
        "text_of",
        lambda key, *, at: (
            text_of(key, at=at)
            if key != "late_fee"
            else packs.RuleText(MappingProxyType({**text_of(key, at=at).value, **values}), "test", date(2000, 1, 1))
        ),
    )
    late_fee_rules._terms.cache_clear()
    monkeypatch.setattr(late_fee_rules, "_terms", late_fee_rules._terms.__wrapped__)
