"""A consolidated bill is paid as a whole by each door: bank, code, till; and goes back as a whole."""

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.utils import timezone

from billing.operations import consolidating, proof
from billing.queries import balances, consolidated
from cashiering.domain import checkouts as domain
from cashiering.domain.checkouts import Origin, Said, Word
from cashiering.domain.tills import Means
from cashiering.models.bank import StatementLine
from cashiering.models.checkout import Checkout
from cashiering.models.till import ReceiptPart
from cashiering.operations import checkout_cases, checkout_events, checkouts, posting, receipts, statements, tills
from cashiering.operations.checkouts import Wish
from cashiering.queries import checkouts as queries
from cis.desk import till_papers
from cis.kernel.actors import SYSTEM
from cis.platform import jobs
from tests.db.billing.test_consolidated import agreed, issue, worlds
from tests.db.cashiering.test_checkouts import CASHIER as DESK
from tests.db.cashiering.test_checkouts import system
from tests.db.cashiering.test_tills import CASHIER, FLOAT, SECOND
from tests.factories import bank_files
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = date(2026, 2, 3)
WHOLE = 3 * 6_170


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel("2026-02-03T04:00:00Z", tick=False):
        yield worlds(3)


@pytest.fixture
def made(three):
    consolidation_id = agreed(three)
    issue(three)
    return consolidated.one(consolidated_bill_id=consolidating.make(consolidation_id=consolidation_id, today=NIGHT))


def _open(card):
    return consolidated.one(consolidated_bill_id=card.id).open_minor


def _post(*movements, name):
    content = bank_files.camt(list(movements), reference=name)
    statements.take(source=BytesIO(content), name=name, today=NIGHT, actor=CASHIER)
    while posting.post_chunk(today=NIGHT):
        pass


def test_a_line_of_the_bank_pays_the_whole_once_and_its_return_opens_it(made):
    came = Movement(amount_minor=WHOLE + 100, reference="R1", text=f"合并账单 {made.number}", name="连锁商店", on=NIGHT)
    _post(came, name="S1")
    _post(came, name="S2")
    assert list(StatementLine.objects.order_by("id").values_list("state", "reason")) == [
        ("booked", "consolidated_bill"), ("known", "is_known")
    ]  # fmt: skip
    assert _open(made) == 0
    assert balances.total_owed_minor() == -100
    assert proof.verify() == ()
    _post(
        Movement(amount_minor=WHOLE + 100, is_credit=False, is_reversal=True, reference="R1", on=NIGHT), name="S3"
    )  # fmt: skip
    assert (_open(made), balances.total_owed_minor()) == (WHOLE, WHOLE)
    assert proof.verify() == ()


def test_a_line_that_names_two_waits_for_a_person(made, three):
    issue(three, on=date(2026, 3, 2), start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    second = consolidating.make(consolidation_id=made.consolidation_id, today=date(2026, 3, 3))
    other = consolidated.one(consolidated_bill_id=second)
    _post(Movement(amount_minor=WHOLE, reference="R9", text=f"{made.number} {other.number}", on=NIGHT), name="S1")
    assert StatementLine.objects.get().state == "suspense"


def test_a_code_pays_the_whole_and_a_reversal_opens_it(made, three):
    wish = Wish(account_id=made.lead_account_id, provider="sandbox", origin=Origin.LINK, consolidated_bill_id=made.id)
    begun = checkouts.begin(wish=wish, at=timezone.now(), actor=SYSTEM)
    assert checkouts.begin(wish=wish, at=timezone.now(), actor=SYSTEM).reference == begun.reference
    row = Checkout.objects.get(reference=begun.reference)
    assert row.amount_minor == WHOLE
    for number, word in enumerate((Word.PENDING, Word.PAID, Word.PAID, Word.REVERSED)):
        said = Said(
            event_id=f"e{number}", reference=row.reference, word=word, amount_minor=WHOLE, currency="CNY",
            occurred_at=timezone.now(), payment="P1", reason="x",
        )  # fmt: skip
        checkout_events._keep(provider="sandbox", said=[said], body="")
        checkout_events.record(provider="sandbox", event_id=said.event_id)
        assert _open(made) == (0 if word is Word.PAID else WHOLE)
        # While it is under way, no account on it is cut off.
        accounts = [world.account.id for world in three]
        assert set(queries.under_way(accounts, at=timezone.now())) == (set(accounts) if word is Word.PENDING else set())
    assert balances.total_owed_minor() == WHOLE
    assert proof.verify() == ()


def test_another_amount_that_a_person_booked_goes_back_as_it_came(made):
    wish = Wish(account_id=made.lead_account_id, provider="sandbox", origin=Origin.LINK, consolidated_bill_id=made.id)
    row = Checkout.objects.get(reference=checkouts.begin(wish=wish, at=timezone.now(), actor=SYSTEM).reference)
    for word, open_minor in ((Word.PAID, 100), (Word.REVERSED, WHOLE)):
        said = Said(
            event_id=word.value, reference=row.reference, word=word, amount_minor=WHOLE - 100, currency="CNY",
            occurred_at=timezone.now(), payment="P1", reason="x",
        )  # fmt: skip
        checkout_events._keep(provider="sandbox", said=[said], body="")
        checkout_events.record(provider="sandbox", event_id=said.event_id)
        if word is Word.PAID:
            checkout_cases.book(checkout_id=row.id, today=NIGHT, actor=DESK)
        assert _open(made) == open_minor
    row.refresh_from_db()
    assert (row.state, balances.total_owed_minor()) == ("reversed", WHOLE)
    assert (system(domain.CASH), system(domain.transit("sandbox")), system(domain.SUSPENSE)) == (0, 0, 0)
    assert proof.verify() == ()


def test_a_till_takes_it_with_one_receipt_and_cancels_it_whole(made):
    till_id = tills.add(code="T1", name="Counter", place="", actor=SECOND)
    session_id = tills.open_session(till_id=till_id, pieces=FLOAT, today=NIGHT, actor=CASHIER)
    given = {
        "session_id": session_id, "consolidated_bill_id": made.id, "amount_minor": 10_000, "means": Means.CASH,
        "tendered_minor": 10_000, "reference": "", "form": "F1", "today": NIGHT, "actor": CASHIER,
    }  # fmt: skip
    taken = receipts.take_consolidated(**given)
    assert receipts.take_consolidated(**given).receipt_id == taken.receipt_id
    assert _open(made) == WHOLE - 10_000
    assert sorted(ReceiptPart.objects.values_list("amount_minor", flat=True)) == [3_830, 6_170]
    assert till_papers.receipt(receipt_id=taken.receipt_id, paper="roll", copy=0).startswith(b"%PDF")
    receipts.ask_cancel(receipt_id=taken.receipt_id, reason="wrong", actor=CASHIER)
    receipts.cancel(receipt_id=taken.receipt_id, today=NIGHT, actor=SECOND)
    assert _open(made) == WHOLE
    assert proof.verify() == ()
