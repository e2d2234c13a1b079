"""What must agree between the lines of a supplier's files, and with the installation."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from cis.kernel.calendar import UnknownZone, local_clock
from cis.kernel.errors import Findings
from cis.loading.tables import Row

CODE_MOST = 20
TEXT_MOST = 200
CURRENCY_LETTERS = 3
DESCRIBED = ("kind", "name", "id_number", "mobile", "email", "language")
Lines = Sequence[tuple[int, Row]]


def check_supplier(lines: Lines, *, findings: Findings) -> None:
    """Note what is wrong with supplier.csv: one line, of this installation's pack, a real zone, texts that fit."""
    for line, row in lines:
        where = f"supplier.csv:{line}"
        if line != lines[0][0]:
            findings.add(where, "second_supplier", "An installation serves one supplier.", "Keep one line.")
        if row["pack"] != settings.PACK:
            message = f"The pack is {row['pack']}, but this installation runs with {settings.PACK}."
            findings.add(where, "other_pack", message, "Set WATTLINE_PACK, or correct the line.")
        currency = str(row["currency"])
        if len(currency) != CURRENCY_LETTERS or not currency.isupper():
            findings.add(where, "bad_currency", f"{currency!r} is no ISO 4217 code.", "Write it like CNY.")
        try:
            local_clock(str(row["time_zone"]))
        except UnknownZone:
            findings.add(
                where, "unknown_zone", f"{row['time_zone']!r} is no time zone.", "Write it like Asia/Shanghai."
            )
        for name, value in row.items():
            most = CODE_MOST if name == "code" else TEXT_MOST
            if len(str(value)) > most:
                findings.add(where, "too_long", f"Column {name} has more than {most} characters.", "Shorten it.")


def check_customers(lines: Lines, *, findings: Findings) -> None:
    """Note cycles whose code does not fit, and customers that two lines describe differently."""
    first: dict[object, tuple[int, Row]] = {}
    for line, row in lines:
        where = f"customers.csv:{line}"
        if len(str(row["cycle"])) > CODE_MOST:
            findings.add(where, "too_long", f"Column cycle has more than {CODE_MOST} characters.", "Shorten it.")
        other, known = first.setdefault(row["customer"], (line, row))
        differing = [name for name in DESCRIBED if known[name] != row[name]]
        if differing:
            message = f"Customer {row['customer']} is described otherwise on line {other}: {', '.join(differing)}."
            findings.add(where, "described_twice", message, "Describe a customer the same way on each of its lines.")


def check_agreements(
    lines: Lines, *, opened: dict[str, date], prices_since: dict[str, date], findings: Findings
) -> None:
    """
    Note agreements that begin before their account was opened, or before their tariff has a price.

    :param opened: account -> day it was opened.
    :param prices_since: tariff -> first day with a published price.
    """
    for line, row in lines:
        where = f"agreements.csv:{line}"
        start = row["start_date"]
        assert isinstance(start, date)
        since = opened.get(str(row["account"]))
        if since is not None and start < since:
            message = f"The agreement begins on {start}, before its account was opened on {since}."
            findings.add(where, "before_account", message, "Correct start_date, or opened_date in customers.csv.")
        priced = prices_since.get(str(row["tariff"]))
        if priced is not None and start < priced:
            message = f"The tariff {row['tariff']} has no price before {priced}."
            findings.add(where, "before_price", message, "Correct start_date, or load the older tariff version.")
