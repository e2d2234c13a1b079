"""What a change would mean in money: the bills that follow say the same, and nothing of the preview is kept."""

from datetime import date

import pytest
from django.db import connection

from billing.operations import change_previews
from contracts.domain.changes import Wanted
from contracts.models.change import ChangeSet
from contracts.operations import changes
from tests.db.billing.night import FEBRUARY, MARCH, bill
from tests.db.billing.test_changes_of_use import CAPACITY, DEAR, STEPS, factory, home, lines, pay, read
from tests.factories import accounts, metering, tariffs
from tests.factories.changes import CLERK, done, wanted

pytestmark = pytest.mark.django_db
MIDDLE = date(2025, 2, 11)
TODAY = date(2025, 2, 3)


@pytest.fixture(autouse=True)
def _supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


def dump():
    """Rows of all tables with the transaction that wrote them last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " ORDER BY relname"
        )
        found = {}
        for (name,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*), coalesce(sum(hashtext(t::text || t.xmin::text)::bigint), 0) FROM "{name}" t'
            )
            found[name] = cursor.fetchone()
    return found


def preview(one: Wanted, *, today=TODAY, asked_date=None):
    return change_previews.of_change(
        wanted=one, asked_date=asked_date or min(today, one.effective_date), today=today, actor=CLERK
    )


def amounts(bill_):
    return [(part.start_date.day, part.days, part.used_wh // 1_000, part.amount_minor) for part in bill_.parts]


def billed_home(source=tariffs.FLAT):
    """310 kWh in January, billed: ten a day from then on."""
    agreement = home(source)
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    return agreement


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["transfer", "move_out", "class_change"])
def test_nothing_is_written(kind):
    agreement = billed_home()
    given = {
        "transfer": {"customer_id": accounts.customer().id},
        "class_change": {"tariff_id": tariffs.version(source=DEAR).tariff.id},
    }.get(kind, {})
    before = dump()
    found = preview(wanted(kind, agreement, MIDDLE, **given))
    assert found.accounts
    assert dump() == before


def test_old_and_new_stand_side_by_side_with_their_days():
    agreement = billed_home()
    dear = tariffs.version(source=DEAR).tariff
    found = preview(wanted("class_change", agreement, MIDDLE, tariff_id=dear.id))
    (account,) = found.accounts
    this, following = account.months
    assert amounts(this.before) == [(1, 28, 280, 17_276)]
    # 10 days at 0.617 and 18 at 0.717.
    assert amounts(this.after) == [(1, 10, 100, 6_170), (11, 18, 180, 12_906)]
    assert (this.change_minor, following.change_minor) == (1_800, 3_100)
    assert [line.price for part in this.after.parts for line in part.lines] == ["0.617", "0.717"]
    assert (found.assumed_from, found.unknown) == (FEBRUARY.start, False)


def test_the_bills_that_follow_say_the_same():
    agreement = billed_home()
    dear = tariffs.version(source=DEAR).tariff
    given = {"tariff_id": dear.id, "kwh": 1_400}
    found = preview(wanted("class_change", agreement, date(2025, 2, 2), **given), today=TODAY)
    told = found.accounts[0].months[0].after
    done("class_change", agreement, date(2025, 2, 2), today=TODAY, **given)
    read_on = {"start_date": date(2025, 2, 2), "end_date": MARCH.start}
    register = agreement.service_point.installations.get().meter.registers.get()
    metering.usage(of=register, at=agreement.service_point, energy_wh=told.parts[1].used_wh, **read_on)
    bill(FEBRUARY)
    assert lines(agreement)[-2:] == [(part.start_date.day, part.amount_minor) for part in told.parts]


def test_who_moves_out_sees_the_final_bill_and_what_is_paid_back():
    agreement = billed_home()
    pay(agreement.account_id, 30_000)
    (account,) = preview(wanted("move_out", agreement, MIDDLE)).accounts
    assert account.is_final
    assert amounts(account.months[0].after) == [(1, 10, 100, 6_170)]
    assert account.months[1].after.parts == ()
    # 191.27 were billed, 300.00 paid, 61.70 are to come.
    assert (account.balance_minor, account.final_minor) == (-10_873, -4_703)


def test_a_transfer_shows_both_accounts():
    agreement = billed_home()
    pay(agreement.account_id, 19_127)
    old, new = preview(wanted("transfer", agreement, MIDDLE, customer_id=accounts.customer().id)).accounts
    assert (old.is_final, new.account_id) == (True, None)
    assert amounts(old.months[0].after) == [(1, 10, 100, 6_170)]
    assert amounts(new.months[0].after) == [(11, 18, 180, 11_106)]
    assert new.months[0].before.parts == ()


def test_days_that_were_billed_already_are_told_as_corrections():
    agreement = billed_home()
    found = preview(wanted("move_out", agreement, date(2025, 1, 11), kwh=1_100))
    (account,) = found.accounts
    assert amounts(account.months[0].before) == [(1, 31, 310, 19_127)]
    assert account.months[0].change_minor == -12_957


def test_capacity_and_steps_are_previewed_by_the_same_code():
    works = factory(CAPACITY)
    bill(account_ids=[works.account_id])
    one = wanted("suspension", works, date(2025, 2, 12), suspended_va=400_000, until_date=MARCH.start)
    (account,) = preview(one, asked_date=TODAY).accounts
    # Seventeen days, fifteen at the least. By thirtieths a whole month is 30 of them, a cut one its days: 11 and 17.
    assert account.months[0].before.parts[0].lines[-1].amount_minor == 1_000 * 3_000
    assert account.months[0].change_minor == (1_000 * 11 + 600 * 17) * 100 - 1_000 * 3_000
    steps = billed_home(STEPS)
    (account,) = preview(wanted("household", steps, FEBRUARY.start, household=5, until_date=MARCH.start)).accounts
    # 280 kWh, the steps of the year are used up: 0.80; with five persons 0.50.
    assert account.months[0].change_minor == -280 * 30


def test_a_place_that_nobody_has_used_is_told():
    agreement = billed_home()
    point = metering.service_point()
    metering.metered(at=point)
    one = wanted(
        "move_in", None, MIDDLE, customer_id=accounts.customer().id, service_point_id=point.id,
        tariff_id=agreement.terms.get().tariff_id,
    )  # fmt: skip
    found = preview(one)
    assert found.unknown
    assert not ChangeSet.objects.exists()


def test_what_cannot_be_is_refused():
    agreement = billed_home()
    with pytest.raises(changes.ChangeRefused):
        preview(wanted("resumption", agreement, MIDDLE), asked_date=TODAY)
