"""Programmes, one of each kind, and enrolments by the real operations."""

from dataclasses import replace
from datetime import date
from itertools import count

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.programs import NewProgram, ProgramKind, Terms
from contracts.operations import programs
from contracts.queries import programs as queries
from tests.factories import tariffs

CLERK = Actor(ActorKind.STAFF, 5, "clerk", frozenset({Role.CLERK}))
LEASE = Terms(kind=ProgramKind.LEASE, months=12, rent_minor=19_900, is_by_calendar_month=False, leave_e6=100_000)
SALE = Terms(kind=ProgramKind.INSTALMENT_SALE, months=12, price_minor=240_000, down_minor=40_000, rate_e6=60_000)
GREEN = Terms(kind=ProgramKind.GREEN, months=12, rent_minor=500, green_blocks=2)
GREEN_TARIFF = tariffs.FLAT.replace('"flat"', '"green"').replace(
    "[[vector]]",
    '[proration]\nusage = "days"\nsource = "x"\n[labels.green]\nzh = "绿电"\nen = "Green"\n[[component]]\n'
    'kind = "green_premium"\ncode = "green"\nunit = "yuan/kWh"\nprice = "0.03"\nblock_kwh = "50"\n'
    'beyond_use = "charge"\n[[vector]]\ninputs = { green_blocks = 0 }',
)
_serial = count(1)


def new(terms: Terms, **values) -> NewProgram:
    """A programme to be published; its code is its own."""
    given = {
        "code": f"program-{next(_serial)}",
        "name_zh": "示范项目",
        "name_en": "Sample programme",
        "text_zh": "双方约定如下。",
        "text_en": "The parties agree as follows.",
        "terms": terms,
        "valid_from": date(2020, 1, 1),
        "device_zh": "" if terms.kind is ProgramKind.GREEN else "空气源热泵",
        "device_en": "" if terms.kind is ProgramKind.GREEN else "Heat pump",
    }
    return NewProgram(**given | values)


def published(terms: Terms, *, changed: dict | None = None, **values) -> queries.ProgramCard:
    """A programme that may be joined; ``changed``: other numbers."""
    made = programs.publish(program=new(replace(terms, **changed or {}), **values), actor=SYSTEM)
    return queries.one(program_id=made)


def joined(
    program: queries.ProgramCard,
    *,
    account_id: int,
    start: date,
    today: date | None = None,
    agreement_id: int | None = None,
    actor: Actor = CLERK,
) -> int:
    """An enrolment that is signed on ``today``, by default the day on which it begins."""
    return programs.join(
        program_id=program.id,
        account_id=account_id,
        agreement_id=agreement_id,
        start_date=start,
        request_key=f"key-{next(_serial)}",
        accepted_sha256=program.sha256,
        signed_name="张三",
        signed_by="desk",
        today=today or start,
        actor=actor,
    )
