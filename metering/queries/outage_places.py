"""Where a supply hangs in the network, and what is known of it being dark: asked before anybody is sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import fetch
from cis.platform.packs import MissingRule
from metering.domain.outage_people import CutOff, Flags, People, Supplied
from metering.domain.outages import Answer, OutageRule
from metering.queries.places import UnknownServicePoint


class OutagesNotOffered(Refused):
    """The pack of this place has no rule on outages."""

    code = "outages_not_offered"


class _Ports:
    """Who knows of people and of supplies that were cut off; bound once by ``cis.wiring``."""

    people: People | None = None
    flags: Flags | None = None
    cut_off: CutOff | None = None


def ask(*, people: People, flags: Flags, cut_off: CutOff) -> None:
    """Bind who is asked of people, of whom to spare, and of cut supplies. To be called from ``cis.wiring`` only."""
    _Ports.people, _Ports.flags, _Ports.cut_off = people, flags, cut_off


def people(*, service_point_ids: Collection[int], on: date) -> tuple[Supplied, ...]:
    """Return who is supplied at places on a date; one statement."""
    assert _Ports.people is not None, "nobody says who is supplied; see cis/wiring_outages.py"
    return _Ports.people(service_point_ids=service_point_ids, on=on)


def flags(*, service_point_ids: Collection[int], on: date) -> Mapping[int, tuple[str, ...]]:
    """Return what is to be known of places before they are dark: important, life support, vulnerable."""
    assert _Ports.flags is not None, "nobody says who is to be spared; see cis/wiring_outages.py"
    return _Ports.flags(service_point_ids=service_point_ids, on=on)


def cut_off(*, service_point_ids: Collection[int], at: datetime) -> Mapping[int, Answer]:
    """Return of places that are cut off now why; one statement."""
    assert _Ports.cut_off is not None, "nobody says who was cut off; see cis/wiring_outages.py"
    return _Ports.cut_off(service_point_ids=service_point_ids, at=at)


def is_offered(*, at: date) -> bool:
    """Return whether outages are kept here: whether the pack says how."""
    try:
        rule(at=at)
    except OutagesNotOffered:
        return False
    return True


def rule(*, at: date) -> OutageRule:
    """
    Return the rule on outages.

    :raises OutagesNotOffered: the pack has none.
    """
    try:
        value = packs.rule("outages", at=at)
    except MissingRule as missing:
        raise OutagesNotOffered("The rules of this place have nothing on outages.") from missing
    lists = {name: tuple(value[name]) for name in ("rural", "remote")}
    return OutageRule(**{**value, **lists})


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A supply and where it hangs; None and "": not recorded."""

    service_point_id: int
    external_id: str
    premises_id: int
    address: str
    district: str
    state: str
    transformer_id: int | None
    transformer: str
    feeder_id: int | None
    feeder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What is known of a supply being dark now; the first that holds is what somebody who asks is told.

    outage_id         an open outage that it is in
    plan_id           a planned outage that is announced or on, with its time
    answer            why it is dark; None: nobody knows of anything
    """

    answer: Answer | None
    outage_id: int | None = None
    expected_back_at: datetime | None = None
    is_confirmed: bool = False
    is_crew_there: bool = False
    plan_id: int | None = None
    plan_start_at: datetime | None = None
    plan_end_at: datetime | None = None
    plan_work: str = ""


_POSITIONS = """
    SELECT s.id, s.external_id, p.id, p.address, p.district, s.state, t.id, coalesce(t.name, ''),
           f.id, coalesce(f.name, '')
    FROM metering_servicepoint s
    JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id
    LEFT JOIN metering_feeder f ON f.id = coalesce(t.feeder_id, s.feeder_id)
    WHERE s.id = ANY(%s)
"""


def positions(*, service_point_ids: Collection[int]) -> dict[int, Position]:
    """Return where supplies hang, by id; one statement."""
    rows = fetch(_POSITIONS, [list(service_point_ids)])
    return {row[0]: Position(**dict(zip(Position.__dataclass_fields__, row, strict=True))) for row in rows}


def position(*, service_point_id: int) -> Position:
    """
    Return where a supply hangs; one statement.

    :raises UnknownServicePoint: there is none.
    """
    found = positions(service_point_ids=[service_point_id]).get(service_point_id)
    if found is None:
        raise UnknownServicePoint(f"There is no service point {service_point_id}.", service_point_id=service_point_id)
    return found


def id_of_code(*, code: str) -> int:
    """
    Return the id of a supply by its code; one statement.

    :raises UnknownServicePoint: there is none.
    """
    rows = fetch("SELECT id FROM metering_servicepoint WHERE external_id = %s", [code])
    if not rows:
        raise UnknownServicePoint(f"There is no service point {code}.", service_point=code)
    return int(rows[0][0])


# A supply is in the outage by which it is dark, else in that of a fault of its own that leaves it current.
_NEWS = """
    SELECT s.id, o.id, o.expected_back_at, coalesce(o.state = 'confirmed', false), EXISTS (
               SELECT FROM metering_workorder w
               WHERE w.subject = 'outage' AND w.subject_id = o.id AND w.state = 'started'),
           l.id, l.start_at, l.end_at, coalesce(l.work, ''),
           coalesce(l.state = 'on' OR l.start_at <= %(at)s AND %(at)s < l.end_at, false)
    FROM metering_servicepoint s
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id
    LEFT JOIN metering_outagesupply x ON x.service_point_id = s.id AND x.back_at IS NULL
    LEFT JOIN LATERAL (
        SELECT * FROM metering_outage n
        WHERE n.state IN ('supposed', 'confirmed')
          AND (n.id = x.outage_id OR n.scope = 'single' AND n.service_point_id = s.id)
        ORDER BY n.id IS DISTINCT FROM x.outage_id, n.id LIMIT 1) o ON true
    LEFT JOIN LATERAL (
        SELECT * FROM metering_plannedoutage n
        WHERE (n.transformer_id = s.transformer_id OR n.feeder_id = coalesce(t.feeder_id, s.feeder_id))
          AND (n.state = 'on' OR n.state = 'announced' AND n.end_at > %(at)s)
        ORDER BY n.state = 'on' DESC, n.start_at, n.id LIMIT 1) l ON true
    WHERE s.id = ANY(%(points)s)
"""


def news(*, service_point_ids: Collection[int], at: datetime) -> dict[int, Known]:
    """Return what outages, also planned ones, say of supplies, by id; one statement, however many they are."""
    return {
        point_id: Known(
            answer=Answer.PLANNED if is_on else Answer.KNOWN if outage_id is not None else None,
            outage_id=outage_id, expected_back_at=expected_back_at, is_confirmed=is_confirmed,
            is_crew_there=is_crew_there, plan_id=plan_id, plan_start_at=start_at, plan_end_at=end_at, plan_work=work,
        )
        for (
            point_id, outage_id, expected_back_at, is_confirmed, is_crew_there, plan_id, start_at, end_at, work, is_on,
        ) in fetch(_NEWS, {"points": list(service_point_ids), "at": at})
    }  # fmt: skip


def known(*, service_point_ids: Collection[int], at: datetime) -> dict[int, Known]:
    """
    Return what is known of supplies being dark, by id; two statements, however many they are.

    A supply that was switched off stays so, whatever else is known; then counts a planned outage that is on, then an
    open outage. A planned outage that is still to come is named without being an answer.
    """
    off = cut_off(service_point_ids=service_point_ids, at=at)
    found = news(service_point_ids=service_point_ids, at=at)
    return {one: replace(said, answer=off.get(one) or said.answer) for one, said in found.items()}
