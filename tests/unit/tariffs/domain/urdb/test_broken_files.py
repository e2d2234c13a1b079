"""Files with something broken in them: refused with findings or billed, never a fault of the program."""

import json
import os
from random import Random

import pytest

from tests.unit.tariffs.domain.urdb.rates import COLLECTED, imported

TRIES = 400 if os.environ.get("WATTLINE_PROOF") == "1" else 20
STRANGE = (
    None,
    True,
    -1,
    0,
    1,
    13,
    25,
    1e38,
    10**40,
    0.1234567891,
    "",
    "x",
    "1e400",
    "1_0",
    "kWh",
    [],
    [[]],
    {},
    [0] * 12,
    {"rate": 1},
)
EXTRA = (
    "lookbackpercent",
    "lookbackmonths",
    "lookbackrange",
    "demandwindow",
    "mincharge",
    "annualmincharge",
    "enddate",
)


def paths(node, at=()):
    """All places of a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from paths(value, (*at, key))


def broken(document, chance):
    """The document with one to three of its values replaced or taken away, or with a field too many."""
    for _ in range(chance.randint(1, 3)):
        *way, last = chance.choice(list(paths(document)))
        if chance.random() < 0.2:
            document[chance.choice(EXTRA)] = chance.choice(STRANGE)
            continue
        node = document
        for key in way:
            node = node[key]
        if chance.random() < 0.3:
            del node[last]
        else:
            node[last] = chance.choice(STRANGE)
    return document


@pytest.mark.parametrize("path", sorted(COLLECTED.glob("*.json")), ids=lambda path: path.stem)
def test_a_broken_file_is_refused_or_billed(path):
    for seed in range(TRIES):
        document = broken(json.loads(path.read_text("utf-8")), Random(f"{path.stem} {seed}"))
        found = imported(document)
        assert bool(found.documents) != bool(found.findings), seed
        assert all(finding.message for finding in found.findings)
