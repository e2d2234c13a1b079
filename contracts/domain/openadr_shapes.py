"""
What documents of OpenADR must look like: required fields, kinds of values, lengths. [source: openadr3.yaml 3.1.0]

A VTN refuses what lacks required fields, and may ignore what no schema describes [source: Definition, Message
validation]: fields that are not named here are kept. Where the examples of the User Guide do not keep to the schema,
they are accepted: payload descriptors without ``objectType``, report descriptors without ``payloadType``, and times
that are not of RFC 3339 ("0001-01-01", "17:35:55").
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cis.kernel.errors import Findings, Refused
from contracts.domain.openadr import ObjectKind

Check = Callable[[Any, str, Findings], None]
INT32_MOST: Final = 2**31 - 1
ITEMS_MOST: Final = 10_000
CALLBACKS_MOST: Final = 10
NAME_MOST: Final = 128
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_DURATION: Final = re.compile(
    r"-?P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+[DW])?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?", re.ASCII
)


class BadObject(Refused):
    """A document does not look as the specification says; ``detail["findings"]`` names what is wrong."""

    code = "bad_openadr_object"


def text(most: int = NAME_MOST, *, least: int = 1) -> Check:
    """Return what asks for a text of a length."""

    def check(value: Any, where: str, findings: Findings) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            findings.add(where, "bad_text", f"This is a text of {least} to {most} characters.")

    return check


def _matching(form: re.Pattern[str], meaning: str) -> Check:
    """Return what asks for a text of a form."""

    def check(value: Any, where: str, findings: Findings) -> None:
        if not isinstance(value, str) or form.fullmatch(value) is None:
            findings.add(where, "bad_form", f"This is {meaning}.")

    return check


def one_of(*values: str) -> Check:
    """Return what asks for one of some texts."""

    def check(value: Any, where: str, findings: Findings) -> None:
        if value not in values or not isinstance(value, str):
            findings.add(where, "bad_choice", f"This is one of {', '.join(values)}.")

    return check


def _whole(least: int = -INT32_MOST - 1, most: int = INT32_MOST) -> Check:
    """Return what asks for a whole number."""

    def check(value: Any, where: str, findings: Findings) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 or not least <= value <= most:
            findings.add(where, "bad_number", f"This is a whole number from {least} to {most}.")

    return check


def _number(value: Any, where: str, findings: Findings) -> None:
    """Ask for a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        findings.add(where, "bad_number", "This is a number.")


def _flag(value: Any, where: str, findings: Findings) -> None:
    """Ask for true or false."""
    if not isinstance(value, bool):
        findings.add(where, "bad_flag", "This is true or false.")


def nullable(check: Check) -> Check:
    """Return what lets null through."""

    def checked(value: Any, where: str, findings: Findings) -> None:
        if value is not None:
            check(value, where, findings)

    return checked


def many(check: Check, *, most: int = ITEMS_MOST) -> Check:
    """Return what asks for a list."""

    def checked(value: Any, where: str, findings: Findings) -> None:
        if not isinstance(value, list) or len(value) > most:
            findings.add(where, "bad_list", f"This is a list of at most {most}.")
            return
        for place, one in enumerate(value):
            check(one, f"{where}[{place}]", findings)

    return checked


def record(required: Mapping[str, Check] | None = None, **optional: Check) -> Check:
    """Return what asks for an object with fields; what it has beside them is kept."""
    needed = dict(required or {})

    def checked(value: Any, where: str, findings: Findings) -> None:
        if not isinstance(value, dict):
            findings.add(where, "bad_object", "This is an object.")
            return
        for name, check in {**needed, **optional}.items():
            place = f"{where}.{name}".lstrip(".")
            if name in value:
                check(value[name], place, findings)
            elif name in needed:
                findings.add(place, "missing", "This is required.")

    return checked


def _value(value: Any, where: str, findings: Findings) -> None:
    if isinstance(value, dict):
        _point(value, where, findings)
    elif not isinstance(value, bool | int | float | str):
        findings.add(where, "bad_value", "A value is a number, a text, true, false or a point.")


def _url(value: Any, where: str, findings: Findings) -> None:
    text(8_000, least=2)(value, where, findings)


_point = record({"x": _number, "y": _number})
_object_id = _matching(_ID, "an id: letters, digits, - and _")
_duration = _matching(_DURATION, "a duration of ISO 8601, as PT1H")
_time = text(64)
_name = text()
_targets = nullable(many(text()))
_values_map = record({"type": _name, "values": many(_value)})
_values = nullable(many(_values_map))
_period = record(start=_time, duration=_duration, randomizeStart=_duration)
_interval = record({"id": _whole(), "payloads": many(_values_map)}, intervalPeriod=_period)
_units = nullable(text())
_descriptor = record(
    {"payloadType": _name},
    objectType=_name, units=_units, currency=nullable(text(least=0)), readingType=nullable(text()),
    accuracy=nullable(_number), confidence=nullable(_whole(0, 100)),
)  # fmt: skip
_report_descriptor = record(
    payloadType=_name, readingType=nullable(text()), units=_units, targets=_targets, aggregate=_flag,
    startInterval=_whole(), numIntervals=_whole(), historical=_flag, frequency=_whole(), repeat=_whole(),
    reportIntervals=one_of("INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"),
)  # fmt: skip
_any_text = nullable(text(1_000, least=0))
_object_types = one_of(*(kind.type_name for kind in ObjectKind))
_ven = {"venName": _name, "objectType": one_of("BL_VEN_REQUEST", "VEN_VEN_REQUEST", "VEN")}
_resource = {
    "resourceName": _name, "venID": _object_id,
    "objectType": one_of("BL_RESOURCE_REQUEST", "VEN_RESOURCE_REQUEST", "RESOURCE"),
}  # fmt: skip

SHAPES: Final[Mapping[ObjectKind, Check]] = {
    ObjectKind.PROGRAM: record(
        {"programName": _name},
        intervalPeriod=_period, programDescriptions=nullable(many(record({"URL": _url}))),
        payloadDescriptors=nullable(many(_descriptor)), attributes=_values, targets=_targets,
    ),
    ObjectKind.EVENT: record(
        {"programID": _object_id},
        eventName=_any_text, duration=_duration, priority=nullable(_whole(0)), targets=_targets,
        reportDescriptors=nullable(many(_report_descriptor)), payloadDescriptors=nullable(many(_descriptor)),
        intervalPeriod=_period, intervals=many(_interval),
    ),
    ObjectKind.REPORT: record(
        {
            "eventID": _object_id, "clientName": _name,
            "resources": many(
                record({"resourceName": _name, "intervals": many(_interval)}, intervalPeriod=_period)
            ),
        },
        reportName=_any_text, payloadDescriptors=nullable(many(_descriptor)),
    ),
    ObjectKind.SUBSCRIPTION: record(
        {
            "clientName": _name,
            "objectOperations": many(
                record(
                    {
                        "objects": many(_object_types),
                        "operations": many(one_of("READ", "CREATE", "UPDATE", "DELETE")),
                        "callbackUrl": _url,
                    },
                    bearerToken=nullable(text(8_000, least=0)),
                ),
                most=CALLBACKS_MOST,
            ),
        },
        programID=nullable(_object_id), targets=_targets,
    ),
    ObjectKind.VEN: record(_ven, clientID=_name, targets=_targets, attributes=_values),
    ObjectKind.RESOURCE: record(_resource, clientID=_name, targets=_targets, attributes=_values),
}  # fmt: skip


def check(document: Mapping[str, Any], *, kind: ObjectKind) -> None:
    """
    Do nothing where a document looks as the specification says.

    :raises BadObject: it does not.
    """
    findings = Findings()
    SHAPES[kind](document, "", findings)
    findings.raise_if_any(BadObject)
