"""The contract archive for other programs."""

import pytest

from contracts.models.supply_contract import SupplyContract
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import contracts, papers_signed

pytestmark = pytest.mark.django_db
READ = "contracts:read"


def test_contracts_are_listed_found_and_shown_with_their_clauses(world):
    row = papers_signed.signed(world, special="charging pile")
    other = papers_signed.issued(contracts.world())
    papers_signed.draft(world)
    caller = Caller(READ)
    listed = lambda query: [one["number"] for one in caller.get(f"contracts{query}").json()["results"]]  # noqa: E731
    assert listed("") == [other.number, row.number]
    assert listed("?text=charging pile") == [row.number]
    assert listed(f"?account={world.account.number}&state=signed") == [row.number]
    assert listed("?state=ended") == []
    body = caller.get(f"contracts/{row.number}").json()
    assert (body["version"], body["state"], body["account"]) == (1, "signed", world.account.number)
    assert [one["number"] for one in body["clauses"]] == list(range(1, len(body["clauses"]) + 1))
    assert body["content_sha256"] == row.content_sha256
    assert len(body["paper_sha256"]) == 64
    assert caller.get(f"contracts/{row.number}/pdf").content.startswith(b"%PDF-")


def test_pages_follow_each_other_by_cursor(world):
    numbers = [papers_signed.issued(world).number for _ in range(5)]
    caller, seen, path = Caller(READ), [], "contracts?page_size=2"
    while path:
        page = caller.get(path).json()
        seen += [one["number"] for one in page["results"]]
        path = page["next"] and page["next"].split("/api/v1/")[1]
    assert seen == numbers[::-1]


@pytest.mark.parametrize("path", ["contracts/9999999999", "contracts/abc", "contracts/9999999999/pdf"])
def test_what_is_not_there_is_a_problem(world, path):
    assert_problem(Caller(READ).get(path), 404, "unknown_contract")


def test_a_key_without_the_scope_reads_nothing(world):
    row = papers_signed.issued(world)
    for path in ("contracts", f"contracts/{row.number}", f"contracts/{row.number}/pdf"):
        assert Caller("bills:read").get(path).status_code == 403
    assert SupplyContract.objects.count() == 1
