"""A file of the bank to posted money: once, whole or not at all, and every line accounted for."""

from datetime import date
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Payment, PaymentReturn
from billing.operations import proof
from billing.queries import balances, bills
from cashiering.domain.bank_lines import Outcome, transfer_name
from cashiering.domain.statements import StatementRefused
from cashiering.models.bank import BankStatement, StatementFile, StatementLine
from cashiering.operations import posting, statements, suspense
from cashiering.operations.suspense import NotInSuspense, SamePerson, Share
from cashiering.queries import bank
from cis.kernel.actors import Actor, ActorKind
from cis.platform import jobs
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
CLERK = Actor(kind=ActorKind.STAFF, id=11, name="Clerk")
SECOND = Actor(kind=ActorKind.STAFF, id=12, name="Second")


@pytest.fixture
def world():
    accounts.supplier()
    made = contracts.world()
    billing.issued(world=made)  # 61.70 are open
    return made


def _take(content, name="bank.xml", post=True):
    taken = statements.take(source=BytesIO(content), name=name, today=TODAY, actor=CLERK)
    while post and posting.post_chunk(today=TODAY):
        pass
    return taken


def _states():
    return list(StatementLine.objects.order_by("id").values_list("state", "reason"))


def _system(code):
    """What the ledger says of a system account: debits less credits."""
    account = LedgerAccount.objects.filter(code=code).first()
    moved = Transfer.objects.values_list("debit_id", "credit_id", "amount_minor")
    return (
        sum(amount * ((debit == account.id) - (credit == account.id)) for debit, credit, amount in moved)
        if account
        else 0
    )


def _sound():
    """The laws hold: no statement has a difference, the bank's money is ours to the cent, the books are proved."""
    moved = 0
    for row in BankStatement.objects.all():
        found = bank.reconcile(statement_id=row.id)
        assert found.difference_minor == 0
        moved += row.moved_minor - found.known_minor
    assert _system("cash.bank") == moved
    open_minor = bank.sums(wanted=bank.LinesWanted(only_open=True))[1]
    assert -_system("liability.suspense") == open_minor
    assert proof.verify() == ()


def _bill(world):
    (card,) = bills.of_account(account_id=world.account.id)
    return card


def test_a_line_that_names_its_bill_pays_it(world):
    text = f"电费 {_bill(world).number}"
    _take(bank_files.camt([Movement(amount_minor=6_170, reference="R1", text=text)]))
    assert _states() == [("booked", "bill_and_amount")]
    assert _bill(world).open_minor == 0
    assert Payment.objects.get().received_date == date(2026, 3, 5)
    _sound()


def test_a_line_of_mt940_pays_once_and_the_same_number_of_another_day_is_another_statement(world):
    movement = Movement(amount_minor=6_170, reference="M1", text=f"BILL {_bill(world).number}")
    for _ in range(2):
        _take(bank_files.mt940([movement]), name="bank.sta")
    assert _states() == [("booked", "bill_and_amount")]
    assert _bill(world).open_minor == 0
    _sound()
    more = Movement(amount_minor=500, reference="M2", text=world.account.number, name=world.customer.name)
    later = bank_files.mt940([more], opening=106_170).replace(b"260305CNY", b"260306CNY")
    _take(later, name="next.sta")
    assert [row.reference[-10:] for row in BankStatement.objects.order_by("id")] == [
        "2026-03-05", "2026-03-06",
    ]  # fmt: skip
    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [500, 6_170]
    _sound()


@pytest.mark.parametrize("is_camt_first", [True, False])
def test_the_same_lines_in_two_formats_that_name_the_account_in_their_own_way_count_once(world, is_camt_first):
    """camt writes the IBAN, MT940 its parts; the name of the entry is the bank's own in both."""
    movement = Movement(amount_minor=6_170, reference="R1", text=_bill(world).number)
    files = [("a.xml", bank_files.camt([movement])), ("a.sta", bank_files.mt940([movement]))]
    for name, content in files if is_camt_first else reversed(files):
        _take(content, name=name)
    assert _states() == [("booked", "bill_and_amount"), ("known", "is_known")]
    assert len(set(BankStatement.objects.values_list("bank_account", flat=True))) == 1
    assert Payment.objects.count() == 1


def test_statements_of_one_file_that_call_their_account_with_and_without_its_currency_are_of_one(world):
    pages = [
        bank_files.mt940([Movement(amount_minor=100, reference=f"R{page}")], number=f"0000{page}/001")
        for page in range(3)
    ]
    pages[1:] = [page.replace(b"10000/1234567", b"10000/1234567CNY") for page in pages[1:]]
    with CaptureQueriesContext(connection) as asked:
        _take(b"\r\n".join(pages), name="a.sta", post=False)
    assert set(BankStatement.objects.values_list("bank_account", flat=True)) == {"10000/1234567"}
    assert sum("SELECT DISTINCT" in one["sql"] for one in asked) == 1
    _take(bank_files.camt([Movement(amount_minor=100, reference="R9")]))
    assert len(set(BankStatement.objects.values_list("bank_account", flat=True))) == 1


def test_what_is_woken_when_a_statement_came_posts_it(world):
    """Work with a schedule does nothing when it is woken and not due: the lines would wait for its time."""
    _take(bank_files.camt([Movement(amount_minor=6_170, text="nobody")]), post=False)
    assert _states() == [("new", "")]
    jobs.run(posting.WORK)
    assert StatementLine.objects.get().state != "new"


def test_the_payer_and_the_exact_amount_are_enough(world):
    _take(bank_files.camt([Movement(amount_minor=6_170, reference="R1", name=f" {world.customer.name} ")]))
    assert _states() == [("booked", "amount_and_name")]
    _sound()


def test_money_of_nobody_known_stands_in_suspense_and_is_shared_out(world):
    other = contracts.world()
    _take(bank_files.camt([Movement(amount_minor=10_000, reference="R1", text="thank you", name="Nobody")]))
    line = StatementLine.objects.get()
    assert (line.state, line.reason, line.suspense_minor) == ("suspense", "nothing_found", 10_000)
    _sound()
    left = suspense.assign(
        line_id=line.id,
        shares=[Share(world.account.id, 6_170), Share(other.account.id, 1_000)],
        today=TODAY,
        actor=CLERK,
    )
    assert left == 2_830
    _sound()
    assert suspense.assign(line_id=line.id, shares=[Share(world.account.id, left)], today=TODAY, actor=CLERK) == 0
    assert _bill(world).open_minor == 0
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == -2_830
    assert _states() == [("booked", "nothing_found")]
    with pytest.raises(NotInSuspense):
        suspense.assign(line_id=line.id, shares=[Share(world.account.id, 1)], today=TODAY, actor=CLERK)
    _sound()


def test_text_with_numbers_of_two_accounts_waits_with_both_as_suggestions(world):
    other = contracts.world()
    text = f"{world.account.number} and {other.account.number}"
    _take(bank_files.camt([Movement(amount_minor=6_170, reference="R1", text=text)]))
    card = bank.line(line_id=StatementLine.objects.get().id)
    assert (card.state, card.reason) == ("suspense", "several")
    assert {one.account_id for one in card.suggestions} == {world.account.id, other.account.id}
    assert {one.owed_minor for one in card.suggestions} == {6_170, 0}


def test_the_same_file_the_same_statement_and_the_same_entry_count_once(world):
    paid = Movement(amount_minor=6_170, reference="R1", text=_bill(world).number)
    notice = bank_files.camt([paid], kind="054", reference="N1")
    first = _take(notice)
    assert _take(notice) == type(first)(first.file_id, first.statement_ids, 0, is_known=True)
    again = _take(notice.replace(b"T01:00:00", b"T02:00:00"))
    assert (again.statement_ids, again.known, again.is_known) == ((), 1, False)
    _take(bank_files.camt([paid, Movement(amount_minor=100, reference="R2")], reference="S1"))
    assert _states() == [("booked", "bill_and_amount"), ("known", "is_known"), ("suspense", "nothing_found")]
    assert Payment.objects.count() == 1
    _sound()


def test_an_entry_without_a_name_that_looks_like_another_waits_for_a_person(world):
    paid = Movement(amount_minor=6_170, text=_bill(world).number)
    _take(bank_files.camt([paid], kind="054", reference="N1"))
    _take(bank_files.camt([paid], reference="S1"))
    assert _states() == [("booked", "bill_and_amount"), ("suspense", "perhaps_known")]
    _sound()
    suspense.know(line_id=StatementLine.objects.last().id, today=TODAY, actor=CLERK)
    assert _states()[1] == ("known", "perhaps_known")
    _sound()


def test_two_equal_payments_in_one_statement_are_two(world):
    paid = Movement(amount_minor=100, text=world.account.number, name=world.customer.name)
    _take(bank_files.camt([paid, paid]))
    assert Payment.objects.count() == 2
    _sound()


def test_a_statement_that_says_something_else_now_is_refused_and_leaves_nothing(world):
    _take(bank_files.camt([Movement(amount_minor=100, reference="R1")]))
    with pytest.raises(StatementRefused, match="said something else"):
        _take(bank_files.camt([Movement(amount_minor=101, reference="R1")]))
    assert StatementFile.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bank_files.camt([Movement(amount_minor=100)], closing=100_099), "do not make the closing balance"),
        (bank_files.camt([Movement(amount_minor=100)], currency="EUR"), "kept in EUR"),
        (bank_files.camt([Movement(amount_minor=100, on=date(2026, 3, 11))]), "still to come"),
        (bank_files.mt940([Movement(amount_minor=100)], closing=1), "do not make the closing balance"),
    ],
)
def test_a_wrong_file_is_refused_whole(world, content, words):
    with pytest.raises(StatementRefused, match=words):
        _take(content)
    assert (StatementFile.objects.count(), BankStatement.objects.count(), StatementLine.objects.count()) == (0, 0, 0)


def test_a_return_takes_the_payment_back(world):
    paid = Movement(amount_minor=6_170, reference="R1", end_to_end="E1", text=_bill(world).number)
    back = Movement(amount_minor=6_170, is_credit=False, reference="R2", end_to_end="E1", reason="AC04")
    _take(bank_files.camt([paid, back], version=8))
    assert _states() == [("taken_back", "bill_and_amount"), ("taken_back", "return")]
    assert PaymentReturn.objects.get().reason == "AC04"
    assert _bill(world).open_minor == 6_170
    _sound()


def test_a_reversal_of_money_in_suspense_takes_it_off(world):
    unknown = Movement(amount_minor=500, reference="R1", text="?")
    _take(bank_files.camt([unknown], reference="S1"))
    back = Movement(amount_minor=500, is_credit=False, is_reversal=True, reference="R1")
    paid = Movement(amount_minor=6_170, reference="R2", text=_bill(world).number)
    _take(bank_files.camt([paid, back], reference="S2"), post=False)
    with CaptureQueriesContext(connection) as asked:
        assert posting.post_chunk(today=TODAY) == 2
    assert [state for state, _reason in _states()] == ["taken_back", "booked", "taken_back"]
    _sound()
    # A clerk who assigns the money in suspense holds its line, and then wants the account.
    locks = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"]]
    places = [
        next(place for place, sql in enumerate(locks) if what in sql) for what in ("o.bank_account", "ledgeraccount")
    ]
    assert places == sorted(places)


def test_who_shares_money_out_locks_the_accounts_at_once_and_in_order(world):
    more = contracts.world()
    _take(bank_files.camt([Movement(amount_minor=500, reference="R1", text="?")]))
    line = StatementLine.objects.get()
    with CaptureQueriesContext(connection) as asked:
        shares = [Share(more.account.id, 200), Share(world.account.id, 300)]
        assert suspense.assign(line_id=line.id, shares=shares, today=TODAY, actor=CLERK) == 0
    first = next(one["sql"] for one in asked if "billing_ledgeraccount" in one["sql"] and "FOR UPDATE" in one["sql"])
    assert str(world.account.id) in first
    assert str(more.account.id) in first
    _sound()


def test_a_return_of_nothing_known_waits_and_never_takes_a_likely_payment(world):
    paid = Movement(amount_minor=6_170, end_to_end="E1", text=world.account.number, name=world.customer.name)
    back = Movement(amount_minor=6_170, is_credit=False, end_to_end="E1", reason="AC04")
    _take(bank_files.camt([paid, paid, back], version=8))  # two may be meant
    assert [state for state, _reason in _states()] == ["booked", "booked", "suspense"]
    _sound()


def test_money_goes_back_to_its_payer_with_two_persons_above_the_bound(world):
    _take(
        bank_files.camt([Movement(amount_minor=100_000, reference="R1"), Movement(amount_minor=99_999, reference="R2")])
    )
    large, small = StatementLine.objects.order_by("id")
    assert suspense.send_back(line_id=small.id, reason="not ours", today=TODAY, actor=CLERK) is True
    assert suspense.send_back(line_id=large.id, reason="not ours", today=TODAY, actor=CLERK) is False
    _sound()
    with pytest.raises(SamePerson):
        suspense.agree(line_id=large.id, today=TODAY, actor=CLERK)
    suspense.drop(line_id=large.id, actor=SECOND)
    suspense.send_back(line_id=large.id, reason="not ours", today=TODAY, actor=CLERK)
    suspense.agree(line_id=large.id, today=TODAY, actor=SECOND)
    assert _system("liability.outgoing") == -199_999
    _sound()
    sent = Movement(amount_minor=100_000, is_credit=False, reference="R3", end_to_end=transfer_name(large.id))
    _take(bank_files.camt([sent], reference="S2"))
    assert _states()[-1] == ("settled", "transfer_out")
    assert _system("liability.outgoing") == -99_999
    _sound()


def test_money_that_went_out_is_settled_as_a_fee_or_as_known(world):
    _take(bank_files.camt([Movement(amount_minor=n, is_credit=False, reference=f"R{n}") for n in (1, 2)]))
    fee, refund = StatementLine.objects.order_by("id")
    suspense.settle(line_id=fee.id, outcome=Outcome.FEE, reason="fee", today=TODAY, actor=CLERK)
    assert _system("expense.bank_fees") == 1
    _sound()
    suspense.settle(line_id=refund.id, outcome=Outcome.ENTERED, reason="refund 7", today=TODAY, actor=CLERK)
    # What was entered elsewhere has left cash.bank there, so this line moves it no more.
    assert (_system("cash.bank"), _system("liability.suspense")) == (-1, 0)
    assert proof.verify() == ()


def test_a_chunk_takes_a_constant_number_of_statements(world):
    def counted(size, name):
        rows = [
            Movement(amount_minor=100, reference=f"{name}{n}", text=world.account.number, name=world.customer.name)
            for n in range(size)
        ]
        rows += [Movement(amount_minor=100, reference=f"{name}x{n}", name="?") for n in range(size)]
        _take(bank_files.camt(rows, reference=name), post=False)
        with CaptureQueriesContext(connection) as queries:
            assert posting.post_chunk(today=TODAY) == 2 * size
        return len(queries)

    assert counted(1, "a") == counted(40, "b") < 45
    assert Payment.objects.count() == 41
    _sound()
