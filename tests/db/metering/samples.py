"""Real NEM12 and NEM13 files, and a world in which everything they name exists."""

import io
import json
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

from metering.domain.formats.faults import FileRefused
from metering.domain.formats.files import read_file
from metering.models.place import ServicePoint
from tests import factories

TODAY = date(2026, 7, 31)
FOLDER = Path(__file__).resolve().parents[2] / "data" / "nem12"
ENERGY = {"Wh": "active", "varh": "reactive"}


def expected() -> list[dict]:
    return json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


def data_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def build_world(data: bytes, *, name: str) -> None:
    """Make the service points, meters and registers that a file names, wide and strong enough for whatever it says."""
    named: dict[str, dict[str, dict]] = defaultdict(dict)
    try:
        for batch in read_file(io.BytesIO(data), name=name, today=TODAY):
            for channel in batch.days.channels:
                quantity = ENERGY.get(channel.unit, "active")
                named[channel.nmi][channel.suffix] = {"quantity": quantity, "is_interval": True}
            for place, nmi in enumerate(batch.spans.nmi):
                named[nmi][batch.spans.suffix[place]] = {
                    "quantity": ENERGY[batch.spans.unit[place]],
                    "direction": "export" if batch.spans.direction[place] == "I" else "import",
                    "digits": max(3, int(batch.spans.previous_digits[place]), int(batch.spans.current_digits[place])),
                }
    except FileRefused:
        pass
    for nmi, registers in named.items():
        if ServicePoint.objects.filter(external_id=nmi).exists():
            continue
        hung = factories.metering.installation(
            of=factories.metering.meter(registers=()),
            at=factories.metering.service_point(external_id=nmi, capacity_w=10_000_000),
            start_date=date(1990, 1, 1),
        )
        for code, facts in registers.items():
            factories.metering.register(of=hung.meter, code=code, **facts)


def is_there() -> bool:
    return os.access(FOLDER / "expected.json", os.R_OK)
