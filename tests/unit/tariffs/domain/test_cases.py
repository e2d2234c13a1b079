"""Cases: written as a vector and read again they are the same; each line adds up to the total."""

import tomllib
from pathlib import Path

import pytest

from cis.kernel.errors import Refused
from tariffs.domain import cases, document
from tariffs.domain.cases import InvalidCase
from tariffs.domain.vectors import read_case

PACKS = Path(__file__).parents[4] / "cis" / "packs"
DOCUMENTS = sorted(PACKS.glob("*/tariffs/*.toml"))
NAMES = [f"{path.parts[-3]}/{path.stem}" for path in DOCUMENTS]


def read(name):
    return document.parse(
        text=(PACKS / name.replace("/", "/tariffs/")).with_suffix(".toml").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_vector_is_a_case_that_is_written_and_read_again(path):
    text = path.read_text(encoding="utf-8")
    one = document.parse(text=text)
    for vector in one.vectors:
        values = cases.written(plan=one.plan, batch=vector.batch())
        again, findings = read_case(values=values, plan=one.plan)
        assert not findings
        before, after = vector.batch(), again.batch()
        assert before.used_wh.tolist() == after.used_wh.tolist()
        assert (before.days, before.before_wh, before.household) == (after.days, after.before_wh, after.household)
        assert {need: column.tolist() for need, column in before.inputs.items()} == {
            need: column.tolist() for need, column in after.inputs.items()
        }
        rated = cases.rated(document=one, values=values)
        assert rated.total_minor == sum(
            line.amount_minor for part in rated.parts for line in part.lines if line.in_total
        )
        snippet = cases.vector_text(plan=one.plan, vector=rated.vector, values=values, name='so "it" is')
        longer = document.parse(text=f"{text}\n{snippet}")
        assert len(longer.vectors) == len(one.vectors) + 1
        assert not document.check(document=longer)


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_the_fields_of_a_plan_are_what_its_cases_need(path):
    one = document.parse(text=path.read_text(encoding="utf-8"))
    texts = {
        field.path: "1 1" if field.many > 1 else "" if field.many == 0 else "1"
        for field in cases.fields_of(plan=one.plan)
    }
    values = cases.values_of(texts=texts, plan=one.plan)
    _, findings = read_case(values=values, plan=one.plan)
    assert [str(finding) for finding in findings] == []
    required = [field.path for field in cases.fields_of(plan=one.plan) if not field.optional]
    for path_ in required:
        shorter = cases.values_of(texts={**texts, path_: " "}, plan=one.plan)
        _, findings = read_case(values=shorter, plan=one.plan)
        assert any(finding.where in (path_, path_.rpartition(".")[0]) for finding in findings), path_


def test_a_case_that_lacks_something_is_refused_by_name():
    one = read("cn-commercial/commercial-contracted-demand")
    values = {"used_kwh": {"peak": "1", "flat": "x", "valley": "1"}, "inputs": {"contract_kw": "600"}, "colour": 1}
    with pytest.raises(InvalidCase) as refused:
        cases.rated(document=one, values=values)
    found = {finding.where: finding.code for finding in refused.value.detail["findings"]}
    assert found["used_kwh.flat"] == "not_a_number"
    assert found["inputs.reactive_kvarh"] == "missing_key"
    assert found["colour"] == "unknown_key"


def test_the_complete_bill_is_told_component_by_component():
    one = read("cn-commercial/commercial-contracted-demand")
    values = tomllib.loads(one.text)["vector"][0]
    given = {key: value for key, value in values.items() if key not in {"name", "total", "lines"}}
    rated = cases.rated(document=one, values=given)
    assert rated.total_minor == 18_201_873
    parts = {part.code: part for part in rated.parts}
    assert parts["power-factor"].base_minor == 17_121_187
    (line,) = parts["line-loss"].lines
    assert (line.quantity, line.unit, line.amount_minor) == ("240000.000", "kWh", 348_187)
    assert line.exact.startswith("348186.5")
    assert parts["energy"].base_minor is None


def test_steps_tell_their_limits_and_components_that_do_not_hold_say_so():
    one = read("cn-guangdong/residential-tiered")
    values = {"days": 31, "used_kwh": "650", "household": 5, "inputs": {"month": 7}}
    parts = {part.code: part for part in cases.rated(document=one, values=values).parts}
    assert parts["summer"].limits_wh == {"": (360_000, 700_000)}
    assert parts["summer"].is_charged
    assert not parts["winter"].is_charged
    assert parts["winter"].lines == ()


def test_a_plan_whose_price_is_not_known_refuses():
    text = (
        (PACKS / "cn-shanghai/tariffs/residential-tiered.toml")
        .read_text(encoding="utf-8")
        .replace('"0.667"', '"unset"', 1)
    )
    with pytest.raises(Refused, match="has no price"):
        cases.rated(document=document.parse(text=text), values={"used_kwh": "1"})
