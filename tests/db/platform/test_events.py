"""Announcements reach their listeners at once, inside the use case."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from cis.kernel.actors import SYSTEM
from cis.platform import audit, events
from cis.platform.db import NoTransaction
from cis.platform.models import AuditEvent
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Moved:
    number: int


@dataclass(frozen=True)
class MovedFar(Moved):
    pass


@pytest.fixture(autouse=True)
def _no_listeners(monkeypatch):
    monkeypatch.setattr(events, "LISTENERS", {})


def test_listeners_are_called_in_order_and_only_for_their_kind():
    heard = []
    events.listen(Moved, lambda event: heard.append(("first", event.number)))
    events.listen(Moved, lambda event: heard.append(("second", event.number)))
    with transaction.atomic():
        events.announce(Moved(7))
        events.announce(MovedFar(8))
    assert heard == [("first", 7), ("second", 7)]


def test_a_listener_bound_twice_is_called_once():
    heard = []
    events.listen(Moved, heard.append)
    events.listen(Moved, heard.append)
    with transaction.atomic():
        events.announce(Moved(1))
    assert heard == [Moved(1)]


def test_nothing_is_announced_outside_a_use_case():
    with pytest.raises(NoTransaction):
        events.announce(Moved(1))


def test_what_a_listener_raises_undoes_the_use_case_with_its_audit_events():
    def refuse(_: Moved) -> None:
        raise RuntimeError("no")

    events.listen(Moved, refuse)

    def move():
        audit.record(SYSTEM, "move", "meter", 1)
        events.announce(Moved(1))

    with pytest.raises(RuntimeError):
        transaction.atomic(move)()
    assert not AuditEvent.objects.exists()


def test_an_announcement_must_be_a_dataclass():
    with pytest.raises(TypeError):
        events.listen(int, print)


@dataclass(frozen=True)
class Paid:
    account_ids: tuple[int, ...]


def test_who_looks_at_some_accounts_hears_of_these_alone(django_assert_num_queries):
    first, other = (accounts.account(number=number).id for number in ("3100000025", "3100000033"))
    heard = []
    open_ones = events.Accounts("(SELECT id AS account_id, state FROM accounts_account)", "t.state = 'open'")
    none = events.Accounts("(SELECT id AS account_id FROM accounts_account)", "false")
    events.listen(Paid, lambda event: heard.append(("some", event.account_ids)), of=open_ones)
    events.listen(Paid, lambda event: heard.append(("nobody", event.account_ids)), of=none)
    events.listen(Paid, lambda event: heard.append(("all", event.account_ids)))
    with transaction.atomic(), django_assert_num_queries(1):
        events.announce(Paid((other, 0, first)))
    assert heard == [("some", (other, first)), ("all", (other, 0, first))]


def test_who_speaks_of_no_accounts_is_not_heard_of_some():
    with pytest.raises(TypeError, match="about no accounts"):
        events.listen(Moved, print, of=events.Accounts("accounts_account", "true"))
