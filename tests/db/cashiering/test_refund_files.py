"""Approved refunds go to the bank in a file; its statements confirm them or bring them back, each once."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from lxml import etree

from accounts.models.supplier import Supplier
from accounts.queries import supplier
from billing.domain.refunds import RefundState
from billing.models.settlement import Refund
from billing.operations import proof
from billing.operations.refunds import OwnRefund
from billing.queries import balances, refunds
from cashiering.domain.refund_files import refund_name
from cashiering.models.bank import BankStatement, StatementLine
from cashiering.models.refund_file import RefundFile
from cashiering.operations import posting, refund_files, statements
from cashiering.operations.refund_files import NothingToPay
from cashiering.queries import bank
from cashiering.queries import refund_files as queries
from cis.platform import documents
from tests.factories import accounts, bank_files, contracts
from tests.factories.bank_files import Movement
from tests.factories.refunds import APPROVER, ASKER, approved, asked, paid_in

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)


@pytest.fixture
def made(settings, tmp_path):
    """Three refunds of 10.00, 20.00 and 30.00, approved."""
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    Supplier.objects.update(bank_account="1001000000001234567")
    supplier.forget()
    ids = []
    for amount in (1_000, 2_000, 3_000):
        world = contracts.world()
        paid_in(world.account.id, amount, on=TODAY)
        ids.append(approved(world.account.id, amount, today=TODAY, key=f"k{amount}"))
    yield ids
    supplier.forget()


def _lines(*movements, reference="S1"):
    statements.take(
        source=BytesIO(bank_files.camt(list(movements), reference=reference)), name=f"{reference}.xml", today=TODAY,
        actor=ASKER,
    )  # fmt: skip
    while posting.post_chunk(today=TODAY):
        pass
    for row in BankStatement.objects.all():
        assert bank.reconcile(statement_id=row.id).difference_minor == 0
    assert proof.verify() == ()
    return list(StatementLine.objects.order_by("id").values_list("state", flat=True))


def _out(amount, text, **changes):
    return Movement(amount_minor=amount, is_credit=False, end_to_end=text, on=TODAY, **changes)


def _states(ids):
    return [refunds.one(refund_id=refund_id).state for refund_id in ids]


def test_a_file_pays_them_all_and_statements_say_what_became_of_each(made):
    refund_file_id = refund_files.make(refund_ids=made, today=TODAY, actor=ASKER)
    with pytest.raises(NothingToPay):
        refund_files.make(refund_ids=made[:1], today=TODAY, actor=ASKER)
    _name, document_id = queries.document(refund_file_id=refund_file_id)
    with documents.open(document_id) as stream:
        root = etree.fromstring(stream.read())
    assert [node.text for node in root.iterfind(".//{*}EndToEndId")] == [refund_name(one) for one in made]
    assert [node.text for node in root.iterfind(".//{*}CtrlSum")] == ["60.00", "60.00"]
    assert [node.text for node in root.iterfind(".//{*}DbtrAcct/{*}Id/{*}Othr/{*}Id")] == ["1001000000001234567"]
    first, second, third = (refund_name(one) for one in made)
    # The second line of the first refund is money that left for nothing; one of another amount is looked at.
    states = _lines(_out(1_000, first), _out(1_000, first), _out(1_999, second), _out(3_000, third, reference="E3"))
    assert states == ["settled", "suspense", "suspense", "settled"]
    assert _states(made) == [RefundState.CONFIRMED, RefundState.SENT, RefundState.CONFIRMED]
    back = Movement(amount_minor=3_000, end_to_end=third, on=TODAY, reason="AC04", reference="E9")
    # One that would have come back before it was sent is looked at, and stops no other line.
    too_early = Movement(amount_minor=2_000, end_to_end=second, on=TODAY - timedelta(days=1), reason="AC04")
    assert _lines(too_early, back, reference="S2")[-2:] == ["suspense", "taken_back"]
    account_id = Refund.objects.get(id=made[2]).account_id
    assert balances.of_account(account_id=account_id, today=TODAY).balance_minor == -3_000
    (card,) = queries.listed()
    assert (card.waiting, card.returned, card.amount_minor) == (1, 1, 6_000)


def test_a_bank_that_books_the_file_as_one_sum_confirms_all_of_it_once(made):
    refund_files.make(refund_ids=made, today=TODAY, actor=ASKER)
    name = RefundFile.objects.get().message_id
    assert _lines(_out(6_000, name), reference="S1") == ["settled"]
    assert set(_states(made)) == {RefundState.CONFIRMED}
    assert _lines(_out(6_000, name, reference="again"), reference="S2") == ["settled", "suspense"]


def test_all_or_none_is_put_into_a_file(made):
    world = contracts.world()
    paid_in(world.account.id, 500, on=TODAY)
    waiting = asked(world.account.id, 500, today=TODAY, key="w")
    for ids, wrong in (([], NothingToPay), ([*made, waiting], NothingToPay)):
        with pytest.raises(wrong):
            refund_files.make(refund_ids=ids, today=TODAY, actor=ASKER)
    with pytest.raises(OwnRefund):
        refund_files.make(refund_ids=made, today=TODAY, actor=APPROVER)
    assert set(_states(made)) == {RefundState.APPROVED}
    assert not RefundFile.objects.exists()


def test_who_paid_from_an_account_is_known_again(made):
    world = contracts.world()
    number = world.account.number
    _lines(
        Movement(amount_minor=900, text=f"户号 {number}", account="6222 0212 3456 7890 123", on=TODAY), reference="S9"
    )
    offer = refunds.offer(account_id=world.account.id, today=TODAY)
    assert offer.payer_accounts == ({"6222021234567890123"} if offer.credit.credit_minor else frozenset())
