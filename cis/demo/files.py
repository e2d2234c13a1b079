"""The files of the made-up supplier: its data as CSV, read sheets and NEM12 deliveries."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol, TextIO

import numpy as np

from cis.demo.names import DISTRICTS
from cis.demo.readings import UNITS, CounterValue, counter_values, metering_days, registers_of
from cis.demo.world import DIGITS, FLAT, INTERVAL, SPLIT, WORKS, WORKS_CAPACITY_KVA, Household, Scale, households
from cis.kernel import fixed


class CsvWriter(Protocol):
    """What csv.writer() returns."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one line."""


SUPPLIER = {
    "code": "DEMO",
    "name_zh": "申明电力有限公司",
    "name_en": "Shenming Electric Power Co., Ltd.",
    "tax_number": "91310000000000000X",
    "address": "上海市浦东新区示范路1号",
    "phone": "95598",
    "website": "https://wattline.example",
    "bank_name": "示范银行上海分行",
    "bank_account": "6200 0000 0000 0000",
    "pack": "cn-shanghai",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
}
CYCLE = "01"
FEEDER_KVA = 8_000
BANK_KVA = (100, 200, 315, 400)
ROUTE_PLACES = 200
ROUTE_DAY, ROUTE_SINCE = 1, date(2020, 1, 1)
ACCOUNTS_A_BANK = 300
"""Accounts of all districts that share a transformer in each district."""
NO_DATE = ""


@dataclass(frozen=True, slots=True)
class Written:
    """Paths of what was written, in the order in which it is to be loaded."""

    supplier: Path
    read_files: tuple[Path, ...]


def write(folder: Path, scale: Scale) -> Written:
    """Write the whole supplier below ``folder``; memory does not grow with the number of accounts."""
    supplier = folder / "supplier"
    reads = folder / "reads"
    for needed in (supplier, reads):
        needed.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        tables = _Tables(stack, supplier)
        sheets = _Sheets(stack, reads, scale)
        for household in households(scale):
            tables.add(household)
            sheets.add(household)
        sheets.close()
        return Written(supplier=supplier, read_files=tuple(sheets.paths))


class _Tables:
    """The supplier's data, one CSV a kind, as `manage.py load_supplier` reads it."""

    HEADS = {
        "supplier": tuple(SUPPLIER),
        "customers": (
            "customer", "account", "kind", "name", "id_number", "mobile", "email", "language", "cycle", "opened_date",
            "paper_bill",
        ),
        "feeders": ("feeder", "name", "substation", "voltage", "capacity_kva"),
        "transformers": ("transformer", "name", "feeder", "district", "address", "voltage", "capacity_kva"),
        "premises": (
            "service_point", "premises", "address", "district", "postcode", "voltage", "capacity_w", "transformer",
            "feeder",
        ),
        "meters": (
            "meter", "serial", "model", "service_point", "installed_date", "removed_date", "multiplier", "register",
            "quantity", "direction", "period_of_use", "digits", "is_interval", "resets",
        ),
        "agreements": (
            "agreement", "account", "service_point", "tariff", "household", "start_date", "end_date", "capacity_kva",
        ),
        "routes": ("route", "name", "days", "first_month", "service_point", "access_note"),
    }  # fmt: skip

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._writers = {name: _writer(stack, folder / f"{name}.csv", head) for name, head in self.HEADS.items()}
        self._writers["supplier"].writerow(SUPPLIER.values())
        self._known: set[str] = set()
        self._walked: Counter[str] = Counter()

    def add(self, household: Household) -> None:
        """Write the rows of one account."""
        number, person = household.number, household.person
        customer, account, place = f"C{household.customer:08d}", account_of(number), f"P{number:08d}"
        point = service_point_of(household)
        self._writers["customers"].writerow((
            customer, account, "company" if household.is_company else "resident", person.name, person.id_number,
            person.mobile, person.email, "zh-hans" if household.customer % 20 else "en", CYCLE,
            household.start, "yes" if number % 10 == 0 else "no",
        ))  # fmt: skip
        self._writers["premises"].writerow((
            point, place, household.address, household.district, household.postcode,
            *_connection(household), *self._hang(household),
        ))  # fmt: skip
        for row in _meter_rows(household, point):
            self._writers["meters"].writerow(row)
        if household.metering in {FLAT, SPLIT}:
            self._walk(household, point)
        self._writers["agreements"].writerow(
            (f"G{number:08d}", account, point, household.tariff, household.persons, household.start, NO_DATE,
             WORKS_CAPACITY_KVA if household.metering == WORKS else "")
        )  # fmt: skip

    def _walk(self, household: Household, point: str) -> None:
        """Put the place of a meter that is read by value on a route of its district."""
        district = household.district
        number = self._walked[district] // ROUTE_PLACES + 1
        self._walked[district] += 1
        self._writers["routes"].writerow((
            f"R{_place_of(district):02d}{number:03d}", f"{district}{number}线", ROUTE_DAY, ROUTE_SINCE, point,
            "表箱在楼道 in the stairwell" if household.number % 7 == 0 else "",
        ))  # fmt: skip

    def _hang(self, household: Household) -> tuple[str, str]:
        """Return transformer and feeder of an account; write each of them when it is first named."""
        place = _place_of(household.district)
        feeder, district = f"F{place:02d}", household.district
        if feeder not in self._known:
            self._known.add(feeder)
            line = (feeder, f"{district.removesuffix('区')}{place}线", f"{district}变电站", "10kV", FEEDER_KVA)
            self._writers["feeders"].writerow(line)
        if household.metering == WORKS:
            return "", feeder
        bank = household.number // ACCOUNTS_A_BANK
        transformer = f"T{place:02d}{bank:04d}"
        if transformer not in self._known:
            self._known.add(transformer)
            lane = f"{household.address.split('弄')[0]}弄"
            name = f"{lane.removeprefix('上海市').removeprefix(district)}{bank + 1}号变"
            capacity_kva = BANK_KVA[(bank + place) % len(BANK_KVA)]
            row = (transformer, name, feeder, district, lane, "380V", capacity_kva)
            self._writers["transformers"].writerow(row)
        return transformer, ""


def _place_of(district: str) -> int:
    """Return the number of a district, from 1."""
    return next(n for n, (name, *_) in enumerate(DISTRICTS, start=1) if name == district)


def _connection(household: Household) -> tuple[str, int]:
    """Return voltage and capacity of the service point. [W]"""
    if household.metering == WORKS:
        return "10kV", WORKS_CAPACITY_KVA * 1_000
    return ("380V", 60_000) if household.is_company else ("220V", 8_000)


def account_of(number: int) -> str:
    """Return the external id of an account."""
    return f"A{number:08d}"


def service_point_of(household: Household) -> str:
    """Return the external id of the service point; a smart meter's is the NMI of its NEM12 files."""
    prefix = "SHNEM" if household.metering == INTERVAL else "SHSPT"
    return f"{prefix}{household.number:05d}"


def _meter_rows(household: Household, point: str) -> Iterator[tuple[object, ...]]:
    exchange = household.exchange_date or NO_DATE
    spans = [(household.start, exchange), (exchange, NO_DATE)]
    for serial, (installed, removed) in zip(household.meter_serials, spans, strict=False):
        for register in registers_of(household):
            period_of_use = register if register in {"peak", "flat", "valley"} else ""
            quantity = register if register in UNITS else "active"
            yield (
                f"M-{serial}", serial, "DDZY-30" if household.metering == INTERVAL else "DDS-1", point, installed,
                removed, household.multiplier, register, quantity, "import", period_of_use, DIGITS,
                "yes" if household.metering == INTERVAL else "no", "month" if quantity == "demand" else "",
            )  # fmt: skip


class _Sheets:
    """Read sheets as CSV and smart-meter deliveries as NEM12, one file a month."""

    def __init__(self, stack: ExitStack, folder: Path, scale: Scale) -> None:
        self._scale = scale
        self.paths: list[Path] = []
        self._sheets = {month.end: self._sheet(stack, folder, month.end) for month in scale.months}
        self._nem12 = {month.end: self._delivery(stack, folder, month.end) for month in scale.months}

    def add(self, household: Household) -> None:
        """Write what one household's meters report."""
        for value in counter_values(household, scale=self._scale):
            self._sheets[self._month_end(value)].writerow(_sheet_row(value))
        for month_end, days in self._by_month(metering_days(household, scale=self._scale)):
            _write_block(self._nem12[month_end], household, days)

    def close(self) -> None:
        """Write the lines that such files have in real life and that must be refused, and the end records."""
        last = self._sheets[self._scale.end]
        wrong = ((99_999_999, 0, "1200.00"), (1, 0, "１２３４"), (2, 0, "NaN"), (3, 4_000, "88.00"))
        for number, after, reading in wrong:
            read_date = self._scale.end + timedelta(days=after)
            last.writerow((f"SH{number:08d}", "total", read_date, reading, "kWh", "actual"))
        for file in self._nem12.values():
            file.write("900\n")

    def _sheet(self, stack: ExitStack, folder: Path, month_end: date) -> CsvWriter:
        path = folder / f"reads-{month_end:%Y-%m-%d}.csv"
        self.paths.append(path)
        return _writer(stack, path, ("meter", "register", "read_at", "reading", "unit", "kind"))

    def _delivery(self, stack: ExitStack, folder: Path, month_end: date) -> TextIO:
        path = folder / f"intervals-{month_end:%Y-%m-%d}.nem12.csv"
        self.paths.append(path)
        file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        file.write(f"100,NEM12,{month_end:%Y%m%d}0200,DEMOMDP,DEMO\n")
        return file

    def _month_end(self, value: CounterValue) -> date:
        return next(month.end for month in self._scale.months if value.read_date <= month.end)

    def _by_month(
        self, days: Iterable[tuple[date, np.ndarray]]
    ) -> Iterator[tuple[date, list[tuple[date, np.ndarray]]]]:
        rest = list(days)
        for month in self._scale.months:
            is_last = month.end == self._scale.end
            # The metering day of the month's end holds the last two local hours, so it comes with this month.
            inside = [(day, values) for day, values in rest if month.start < day <= month.end]
            if month.start == self._scale.start:
                inside = [(day, values) for day, values in rest if day <= month.end]
            if inside or is_last:
                yield month.end, inside


def _writer(stack: ExitStack, path: Path, head: Iterable[str]) -> CsvWriter:
    file = stack.enter_context(path.open("w", encoding="utf-8-sig", newline=""))
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    return writer


def _sheet_row(value: CounterValue) -> tuple[object, ...]:
    reading = fixed.to_text(value.reading_wh, places=3)
    return value.serial, value.register, value.read_date, reading, value.unit, value.kind


def _write_block(file: TextIO, household: Household, days: list[tuple[date, np.ndarray]]) -> None:
    """Write one 200 block; values in kWh with three decimals."""
    point, serial = service_point_of(household), household.meter_serials[0]
    file.write(f"200,{point},E1,1,E1,N1,{serial},kWh,30,\n")
    for day, values in days:
        cells = ",".join(f"{value // 1000}.{value % 1000:03d}" for value in values.tolist())
        file.write(f"300,{day:%Y%m%d},{cells},A,,,{day + timedelta(days=1):%Y%m%d}003000,\n")
