"""Lines of each kind of component are recomputed from the text of their tariff, apart from the kernel."""

import os
import random
from pathlib import Path

import pytest
from recompute.pricing import KINDS

from tariffs.domain import document
from tariffs.domain.parts.readers import READERS
from tests.unit.proof import tool
from tests.unit.proof.random_tariffs import case_of

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("cis/packs/*/tariffs/*.toml"), *ROOT.glob("tests/golden/tariffs/*.toml")])
CASES = 20_000 if os.environ.get("WATTLINE_PROOF") else 400


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_vector_of_packs_and_golden_bills_is_recomputed(path):
    text = path.read_text("utf-8")
    read = document.parse(text=text)
    assert tool.terms.hash_of(text) == read.text_hash
    for vector in read.vectors:
        told = tool.proven(text=text, plan=read.plan, batch=vector.batch())
        assert tool.differences(told, text) == [], vector.name


def test_the_program_knows_every_kind_of_component():
    assert set(KINDS) == set(READERS)


@pytest.mark.parametrize("part", range(4))
def test_random_tariffs_and_segments_are_recomputed(part):
    for number in range(CASES // 4):
        seed = 4 * number + part
        text, read, batch = case_of(random.Random(seed))
        told = tool.proven(text=text, plan=read.plan, batch=batch)
        assert tool.differences(told, text) == [], seed


@pytest.mark.parametrize("kind", sorted(READERS))
def test_each_kind_alone_beside_a_flat_price(kind):
    for seed in range(12):
        text, read, batch = case_of(random.Random(f"{kind} {seed}"), ["energy", "fixed", kind])
        told = tool.proven(text=text, plan=read.plan, batch=batch)
        assert tool.differences(told, text) == [], seed
