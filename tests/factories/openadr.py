"""OpenADR: clients with keys of our own, their doors, and VENs whose resources answer for enrolments."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.test import Client

from cis.api import openadr_urls  # noqa: F401 (names the rights)
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import api, keys
from contracts.domain.openadr import SCOPES
from contracts.models.openadr import OpenAdrObject
from contracts.models.program import Enrollment
from contracts.operations import openadr_vens
from tests.factories.demand import NOW

BASE = "/openadr3/3.1.0"
BUSINESS = tuple(SCOPES)
VEN = ("read_targets", "read_ven_objects", "write_reports", "write_subscriptions", "write_vens")
ADMIN = Actor(ActorKind.STAFF, 81, "admin", frozenset({Role.ADMIN}))
_serial = count(1)


@dataclass
class Caller:
    """A program at the doors of OpenADR."""

    rights: tuple[str, ...] = VEN
    name: str = field(default_factory=lambda: f"ven client {next(_serial)}")
    bearer: str = ""

    def __post_init__(self) -> None:
        if self.rights:
            scopes = [f"openadr:{right}" for right in self.rights]
            self.bearer = keys.create(name=self.name, scopes=scopes, known_scopes=api.known_scopes(), actor=SYSTEM)
        self._client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str):
        """Send a request."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.bearer}", **headers} if self.bearer else headers
        return self._client.generic(method, f"{BASE}/{path}", data, content_type="application/json", headers=headers)

    def get(self, path: str):
        """Read, and return what was answered."""
        reply = self.ask("GET", path)
        assert reply.status_code == 200, reply.content
        return reply.json()

    def post(self, path: str, body: Any):
        """Make an object, and return it."""
        reply = self.ask("POST", path, body)
        assert reply.status_code == 201, reply.content
        return reply.json()

    def with_resource(self, name: str = "charger", *, enrollment_id: int | None = None) -> dict:
        """Make a VEN with a resource that answers for an enrolment, and return the resource."""
        ven = self.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": f"{self.name} ven"})
        made = self.post("resources", {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": name, "venID": ven["id"]})
        if enrollment_id is not None:
            linked(made["id"], enrollment_id=enrollment_id)
        return self.get(f"resources/{made['id']}")


def business() -> Caller:
    """Business logic, which may do all."""
    return Caller(BUSINESS)


def linked(object_id: str, *, enrollment_id: int) -> None:
    """Let a resource answer for an enrolment, by an administrator."""
    row = OpenAdrObject.objects.get(object_id=object_id)
    openadr_vens.link(resource_id=row.id, enrollment_id=enrollment_id, at=NOW, actor=ADMIN)


def enrolment_of(world) -> int:
    """The enrolment of a home."""
    return Enrollment.objects.get(account=world.account).id


def state_report(event_id: str, resource: str, state: str) -> dict:
    """A report that says in which state a resource is."""
    payload = {"type": "OPERATING_STATE", "values": [state]}
    return {
        "eventID": event_id, "clientName": "me",
        "resources": [{"resourceName": resource, "intervals": [{"id": 0, "payloads": [payload]}]}],
    }  # fmt: skip
