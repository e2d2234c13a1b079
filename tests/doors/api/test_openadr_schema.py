"""All operations of the specification, with made-up requests: described by its own yaml, never an error of ours."""

import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import schemathesis
import yaml
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from cis.platform import jobs
from cis.wsgi import application
from tests.factories import accounts
from tests.factories.openadr import BASE, business

pytestmark = pytest.mark.django_db
TEXT = Path("tests/data/openadr/openadr3_3.1.0.yaml").read_text(encoding="utf-8")
YAML = json.loads(json.dumps(yaml.load(TEXT, Loader=yaml.CSafeLoader), default=str))
FEW = 2
EXAMPLES = 100 if os.environ.get("WATTLINE_PROOF") else FEW
METHODS = ("get", "post", "put", "delete")
OPERATIONS = [(path, name.upper()) for path, item in YAML["paths"].items() for name in METHODS if name in item]
GROUPS = sorted({path.split("/")[1] for path in YAML["paths"]})
checks.load_all_checks()
NOT_A_SERVER_ERROR = checks.CHECKS.get_one("not_a_server_error")
AS_DESCRIBED = checks.CHECKS.get_one("response_schema_conformance")
UNSATISFIABLE = ("/vens", "/resources")
"""Their answers are described as VEN and as BL_VEN_REQUEST at once, which no answer is."""


@pytest.fixture
def caller(monkeypatch):
    """Requests keep the test's connection, as with Django's own test client."""
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield business()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@cache
def described():
    """Once for all operations; the server is ours."""
    raw = {**YAML, "servers": [{"url": f"http://testserver{BASE}"}]}
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = application
    return schema


def test_there_are_forty_five_operations():
    assert (len(YAML["paths"]), len(OPERATIONS)) == (27, 45)


@pytest.mark.parametrize("group", GROUPS)
def test_each_operation_never_fails(caller, group):
    """
    Nor for requests that break the description; what is answered where it says so looks as it says.

    More of both with WATTLINE_PROOF=1.
    """
    for path, method in OPERATIONS:
        if path.split("/")[1] == group:
            for mode in GenerationMode:
                _try(caller, path, method, mode)


def _try(caller, path, method, mode):
    is_positive = mode is GenerationMode.POSITIVE
    is_heavy = path.startswith("/reports") and method in {"POST", "PUT"}
    if not is_positive and EXAMPLES == FEW and not path.startswith(("/programs", "/auth")):
        return  # it takes seconds to think of broken reports, and one door is as the others
    checked = [NOT_A_SERVER_ERROR]
    if is_positive and not path.startswith(UNSATISFIABLE):
        checked.append(AS_DESCRIBED)

    @settings(
        max_examples=1 if is_heavy and EXAMPLES == FEW else EXAMPLES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=described()[path][method].as_strategy(generation_mode=mode))
    def check(case):
        case.validate_response(case.call(headers={"Authorization": f"Bearer {caller.bearer}"}), checks=checked)

    with suppress(Unsatisfiable):  # nothing can be broken where nothing is given
        check()
