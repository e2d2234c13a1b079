"""The file of a round comes back: each line is a use case of its own, and is answered by itself."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from metering.domain import round_files
from metering.domain.round_files import Row
from metering.operations import read_rounds
from metering.operations.read_rounds import NotOnRound
from metering.queries import routes as queries
from metering.queries.routes import Line


class BadLine(Refused):
    """A date or a number of the line cannot be read."""

    code = "bad_line"


class AskedFirst(Refused):
    """The value is possible, but unlikely: somebody must say that it is right."""

    code = "unlikely_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line that was not taken, and why; ``line`` as the file counts, its first line being 1."""

    line: int
    serial: str
    register: str
    code: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a file: ``unchanged`` are values that were there, ``missed`` counters that could not be read."""

    read: int
    unchanged: int
    missed: int
    refused: tuple[Refusal, ...]


def take(*, round_id: int, data: bytes, take_unlikely: bool = False, actor: Actor, today: date) -> Taken:
    """
    Take in the file of a round. Lines that are wrong are answered and the others kept; the same file again is no harm.

    Several use cases, one a line: who stops in the middle goes on with the same file.

    :param take_unlikely: values that ``vee_entry.of_read`` asks about are taken; else they are answered.
    :raises UnknownRound: there is none.
    :raises BadRoundFile: it is no such file; nothing was taken.
    """
    card = queries.one_round(round_id=round_id, today=today)
    rows = round_files.parse(data)
    lines = {(one.serial, one.code): one for one in queries.lines(card=card, today=today)}
    last = min(today, date.fromordinal(card.end_date.toordinal() - 1))
    read, unchanged, missed, refused = 0, 0, 0, []
    for row in rows:
        try:
            line = _line(lines, row)
            if row.reading_wh is None:
                missed += read_rounds.miss(
                    round_id=round_id, register_id=line.register_id, reason=row.missed, note=row.note, actor=actor,
                    today=today,
                )  # fmt: skip
                continue
            day = row.read_date or last
            _ask(line, row.reading_wh, day, take_unlikely=take_unlikely)
            entered = read_rounds.enter(
                round_id=round_id, register_id=line.register_id, read_date=day, reading_wh=row.reading_wh, actor=actor,
                today=today,
            )  # fmt: skip
        except Refused as refusal:
            refused.append(
                Refusal(
                    line=row.line, serial=row.serial, register=row.register, code=refusal.code,
                    message=refusal.message, advice=refusal.advice,
                )
            )  # fmt: skip
        else:
            read, unchanged = read + entered.is_new, unchanged + (not entered.is_new)
    return Taken(read=read, unchanged=unchanged, missed=missed, refused=tuple(refused))


def _line(lines: dict[tuple[str, str], Line], row: Row) -> Line:
    if row.fault:
        raise BadLine("A date or a number of the line cannot be read.", advice="Write 2026-03-10 and 1234.5.")
    found = lines.get((row.serial, row.register))
    if found is None:
        raise NotOnRound("This counter hangs at no place of the route.", advice="Check the meter's number.")
    return found


def _ask(line: Line, reading_wh: int, day: date, *, take_unlikely: bool) -> None:
    doubt = None if take_unlikely else line.doubt(reading_wh=reading_wh, on=day)
    if doubt is not None:
        raise AskedFirst(doubt.message, advice="Compare it with the meter, then enter it in the grid.")
