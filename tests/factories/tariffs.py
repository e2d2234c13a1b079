"""Tariffs and their versions, written without the checks of publishing."""

import hashlib
import tomllib
from datetime import date
from itertools import count

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tariffs.models.tariff import Tariff, TariffVersion

START = date(2020, 1, 1)
FLAT = """
schema = 1
code = "flat"
name_zh = "单一电价"
name_en = "One price"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "bill"

[labels.energy]
zh = "电度电费"
en = "Energy"

[[component]]
kind = "energy"
code = "energy"
unit = "yuan/kWh"
price = "0.617"

[[vector]]
name = "a hundred kilowatt-hours"
used_kwh = "100"
total = "61.70"
"""
_serial = count(1)

TAXED = FLAT.replace(
    "[[vector]]",
    """[labels.vat]
zh = "增值税"
en = "VAT"

[[component]]
kind = "tax"
code = "vat"
rate = "0.13"
mode = "inside"
on = ["energy"]

[[vector]]""",
)
"""The same with the VAT that its price contains."""


def tariff(*, code: str = "", name_zh: str = "居民阶梯电价", name_en: str = "Residential, tiers") -> Tariff:
    return Tariff.objects.create(code=code or f"tariff-{next(_serial)}", name_zh=name_zh, name_en=name_en)


def version(
    *,
    of: Tariff | None = None,
    source: str = FLAT,
    start_date: date = START,
    end_date: date | None = None,
    state: str = "published",
    **values,
) -> TariffVersion:
    """A version with any text; ``source`` must be a real document where the test compiles it."""
    return TariffVersion.objects.create(
        tariff=of or tariff(),
        state=state,
        period=DateRange(start_date, end_date),
        source=source,
        sha256=hashlib.sha256(source.encode()).hexdigest(),
        legal_source="test",
        published_at=timezone.now() if state == "published" else None,
        **values,
    )


def from_pack(code: str = "residential-tiered", *, pack: str = "cn-shanghai") -> TariffVersion:
    """A published version of a tariff that ships with a pack."""
    source = (settings.BASE_DIR / "cis" / "packs" / pack / "tariffs" / f"{code}.toml").read_text(encoding="utf-8")
    head = tomllib.loads(source)
    entry = tariff(code=head["code"], name_zh=head["name_zh"], name_en=head["name_en"])
    return version(of=entry, source=source, start_date=head["valid_from"], end_date=head.get("valid_to"))
