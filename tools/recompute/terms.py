"""The text of a tariff version, read as far as charges need it; a word that is not known here stops the reading."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recompute.numbers import CannotTell, number, times

MAJOR = {"yuan", "dollar", "euro", "pound", "rupee", "yen"}
MINOR = {"fen", "cent", "penny", "paisa", "minor"}
UNSET = "unset"
WHOLE_TIME = "any"
ROOT = """
    schema code name_zh name_en legal_source valid_from valid_to labels vector currency decimals rounding
    time_of_use demand tier_cycle proration suspension component customer_class area choice
"""


@dataclass
class Keys:
    """A table of the text; ``only`` stops at a key that is not known."""

    values: dict[str, Any]
    where: str

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def need(self, key: str) -> Any:
        if key not in self.values:
            raise CannotTell(f"{self.where} has no {key}")
        return self.get(key)

    def has(self, key: str) -> bool:
        return key in self.values

    def table(self, key: str) -> "Keys":
        return Keys(self.get(key) or {}, f"{self.where}.{key}")

    def tables(self, key: str) -> list["Keys"]:
        found = self.get(key) or []
        return [Keys(one, f"{self.where}.{key}[{place}]") for place, one in enumerate(found)]

    def word(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        value = self.get(key, default)
        if value not in known:
            raise CannotTell(f"{self.where}.{key} is {value!r}, which is not one of {', '.join(known)}")
        return str(value)

    def whole(self, key: str, factor: int, default: str = "0") -> int:
        """Return a written quantity in the smaller unit, as kWh in Wh."""
        return times(self.get(key, default), factor)

    def wholes(self, key: str, factor: int) -> list[int]:
        return [times(text, factor) for text in self.get(key) or []]

    def percent(self, key: str, default: str = "0") -> Fraction:
        return number(self.get(key, default)) / 100

    def only(self, words: str) -> "Keys":
        """Return the table itself if it has no other keys than these."""
        rest = sorted(set(self.values) - set(words.split()))
        if rest:
            raise CannotTell(f"{self.where} has {', '.join(rest)}, which is not known here")
        return self


@dataclass
class Tariff:
    """What all components of a version share; ``periods`` is () where energy is of all hours."""

    code: str
    currency: str
    decimals: int
    by_line: bool
    periods: tuple[str, ...]
    demand_periods: tuple[str, ...]
    window_minutes: int
    cycle: Keys
    usage_split: str
    usage_profile: str
    calendar: Keys
    demand_calendar: Keys
    components: list[Keys]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the periods of use; "total" stands for all hours."""
        return self.periods or ("total",)

    def price(self, keys: Keys, key: str = "price") -> Fraction:
        """Return the price at a key, in minor units per what it is per."""
        return self.priced(keys, keys.need(key))

    def priced(self, keys: Keys, text: str) -> Fraction:
        if text == UNSET:
            raise CannotTell(f"{keys.where} leaves a price open")
        money = keys.need("unit").partition("/")[0]
        if money not in MAJOR | MINOR | {self.currency}:
            raise CannotTell(f"{keys.where} is priced in {money}")
        return number(text) * (1 if money in MINOR else 10**self.decimals)

    def prices(self, keys: Keys, key: str = "prices") -> list[Fraction]:
        """Return a list of prices."""
        return [self.priced(keys, text) for text in keys.need(key)]

    def by_period(self, keys: Keys, key: str = "prices") -> dict[str, Fraction]:
        """Return a price for each period of use: that of its name, or one for all."""
        if key == "prices" and not keys.has("prices"):
            return dict.fromkeys(self.names, self.price(keys))
        table = keys.need(key)
        return {name: self.priced(keys, table[name]) for name in self.periods}

    def per(self, keys: Keys, known: tuple[str, ...]) -> str:
        """Return what a price is per."""
        unit = str(keys.need("unit")).partition("/")[2]
        if unit not in known:
            raise CannotTell(f"{keys.where} is priced per {unit}")
        return unit


def hash_of(text: str) -> str:
    """Return the hash of what a text says, whatever its layout."""
    said = json.dumps(tomllib.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def read(text: str) -> Tariff:
    """Return the tariff of a text."""
    root = Keys(tomllib.loads(text), "the tariff").only(ROOT)
    use = root.table("time_of_use").only("periods season event")
    demand = root.table("demand").only("window_minutes periods season event several_feeds")
    cycle = root.table("tier_cycle").only("every start_month seasons restarts_at")
    proration = root.table("proration").only("usage profile source")
    return Tariff(
        code=root.need("code"),
        currency=root.need("currency"),
        decimals=root.need("decimals"),
        by_line=root.word("rounding", ("line", "bill")) == "line",
        periods=tuple(use.get("periods") or ()),
        demand_periods=(WHOLE_TIME, *(demand.get("periods") or ())),
        window_minutes=demand.get("window_minutes", 15),
        cycle=cycle,
        usage_split=proration.get("usage", "read"),
        usage_profile=proration.get("profile", ""),
        calendar=use,
        demand_calendar=demand,
        components=root.tables("component"),
    )


def head(text: str) -> dict[str, Any]:
    """Return what a proof repeats of a text: its names and its legal source."""
    root = tomllib.loads(text)
    names = {language: root[f"name_{language}"].strip() for language in ("zh", "en")}
    told = {key: root[key].strip() for key in ("code", "legal_source", "rounding")}
    return {**told, "names": names}
