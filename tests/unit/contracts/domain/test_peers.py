"""Whom a supply is compared with."""

import pytest

from contracts.domain.peers import Peers, peers_of, read


@pytest.mark.parametrize(
    ("persons", "name", "band"),
    [(1, "residential/p1-2", (1, 2)), (2, "residential/p1-2", (1, 2)), (3, "residential/p3-4", (3, 4)),
     (4, "residential/p3-4", (3, 4)), (5, "residential/p5-", (5, None)), (99, "residential/p5-", (5, None))],
)  # fmt: skip
def test_homes_are_like_homes_of_as_many(persons, name, band):
    assert peers_of(customer_class="residential", household=persons, capacity_va=9_000) == name
    assert read(name) == Peers(customer_class="residential", persons=band)


@pytest.mark.parametrize(
    ("capacity_va", "name", "band"),
    [(None, "commercial", None), (500, "commercial/k1-2", (1, 2)), (63_999, "commercial/k32-64", (32, 64)),
     (64_000, "commercial/k64-128", (64, 128)), (127_000, "commercial/k64-128", (64, 128))],
)  # fmt: skip
def test_others_are_like_others_of_about_their_capacity(capacity_va, name, band):
    assert peers_of(customer_class="commercial", household=1, capacity_va=capacity_va) == name
    assert read(name) == Peers(customer_class="commercial", capacity_kva=band)


def test_whose_class_is_not_known_is_like_nobody():
    assert peers_of(customer_class="", household=2, capacity_va=None) == ""
