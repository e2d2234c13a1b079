"""A small URDB rate to be changed, and how to read it."""

import copy
import json
from pathlib import Path

from tariffs.domain import document
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.rate import Choices

COLLECTED = Path(__file__).parents[4] / "data" / "urdb" / "rates"
PLAIN = {
    "utility": "City Light",
    "name": "Small",
    "startdate": "2024-01-01T00:00:00.000Z",
    "source": "https://example.org/rate",
    "energyratestructure": [[{"rate": 0.1, "unit": "kWh"}], [{"rate": 0.2, "adj": 0.01, "unit": "kWh"}]],
    "energyweekdayschedule": [[0] * 16 + [1] * 5 + [0] * 3] * 12,
    "energyweekendschedule": [[0] * 24] * 12,
    "fixedchargefirstmeter": 5,
    "fixedchargeunits": "$/month",
}
OF_DEMAND = {
    "demandratestructure": [[{"rate": 1}], [{"rate": 2}]],
    "demandweekdayschedule": [[0] * 12 + [1] * 12] * 12,
    "demandweekendschedule": [[0] * 24] * 12,
}
FLAT_DEMAND = {"flatdemandstructure": [[{"rate": 3}]], "flatdemandmonths": [0] * 12}
ONE_PERIOD = {"energyweekdayschedule": [[0] * 24] * 12}


def rate(**changes):
    """The plain rate with some fields changed; None takes one away."""
    changed = copy.deepcopy(PLAIN) | changes
    return {key: value for key, value in changed.items() if value is not None}


def tiers(*rows):
    """Tiers from (rate, max) or (rate, max, unit)."""
    keys = ("rate", "max", "unit")
    return [{key: value for key, value in zip(keys, row, strict=False) if value is not None} for row in rows]


def imported(content, choices=None, **kwargs):
    text = content if isinstance(content, str) else json.dumps(content)
    return importing.documents(text=text, choices=choices or Choices(), default_code="default", **kwargs)


def plan_of(content, choices=None):
    found = imported(content, choices)
    assert [str(finding) for finding in found.findings] == []
    (written,) = found.documents
    return document.parse(text=written.text).plan


def refused(content, choices=None, **kwargs):
    """Where and why a rate is refused; nothing is written then."""
    found = imported(content, choices, **kwargs)
    assert found.documents == ()
    return [(finding.where, finding.code) for finding in found.findings]
