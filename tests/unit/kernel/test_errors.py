import pickle

import pytest

from cis.kernel.errors import Finding, Findings, Refused


class TooLate(Refused):
    """A refusal to test with."""

    code = "too_late"


def test_a_refusal_carries_code_message_advice_and_detail():
    refusal = TooLate("It is closed.", advice="Come tomorrow.", hour=19)
    assert str(refusal) == refusal.message == "It is closed."
    assert (refusal.code, refusal.advice, refusal.detail) == ("too_late", "Come tomorrow.", {"hour": 19})
    assert (TooLate("x").advice, TooLate("x").detail) == ("", {})


def test_a_refusal_comes_whole_out_of_another_process():
    refusal = pickle.loads(pickle.dumps(TooLate("It is closed.", advice="Come tomorrow.", hour=19)))
    assert type(refusal) is TooLate
    assert (refusal.message, refusal.advice, refusal.detail) == ("It is closed.", "Come tomorrow.", {"hour": 19})


def test_findings_are_reported_all_at_once_in_order():
    findings = Findings()
    findings.raise_if_any(TooLate)
    assert not findings
    findings.add("line 3", "no_price", "The price is missing.", "Add it.")
    others = Findings()
    others.add("", "no_name", "There is no name.")
    findings.extend(others)
    assert findings
    assert len(findings) == 2
    with pytest.raises(TooLate) as refusal:
        findings.raise_if_any(TooLate)
    assert refusal.value.message == "line 3: The price is missing. Add it.\nThere is no name."
    assert refusal.value.detail["findings"] == tuple(findings)
    assert next(iter(findings)) == Finding("line 3", "no_price", "The price is missing.", "Add it.")
