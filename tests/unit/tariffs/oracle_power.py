"""
What is paid for power, by school arithmetic in fractions: one function for each rule, sharing no code with the kernel.

Power is in kW or kVA, energy in kWh and kvarh, money in minor units, all exact.
"""

from fractions import Fraction
from itertools import pairwise
from math import floor


def half_up(number, step=Fraction(1)):
    return floor(Fraction(number) / step + Fraction(1, 2)) * step


def cent(amount):
    """A half is rounded away from zero."""
    return half_up(amount) if amount >= 0 else -half_up(-amount)


def counts_of(days, months_e9):
    """Other counts of a segment, made to differ from its days and months."""
    return {"even_days": max(days - 1, 0), "cycle_months_e9": months_e9 // 2}


def months_paid(proration, days, months):
    other = counts_of(days, int(months * 10**9))
    if proration == "thirty_day_months":
        return Fraction(other["even_days"], 30)
    if proration == "cycle_days":
        return Fraction(other["cycle_months_e9"], 10**9)
    if proration == "whole":
        return Fraction(1)
    if proration == "days":
        return Fraction(days)
    if proration == "calendar_days":
        return months
    return months if months.denominator == 1 and months > 0 else Fraction(days, 30)


def contracted(contract, measured, capacity, *, excess, tolerance, floor_part):
    """Billed kW: the contract, or more if more than 105 % of it was taken."""
    contract = max(contract, half_up(capacity * floor_part, Fraction(1, 1000)))
    limit = half_up(contract * tolerance, Fraction(1, 1000))
    if measured <= limit:
        return contract
    if excess == "measured_plus_excess":
        return measured + (measured - limit)
    return contract + 2 * (measured - limit)


def price_factor(kwh, kva, months, threshold, factor):
    return factor if kva > 0 and kwh / kva >= threshold * months else Fraction(1)


def largest(measured, least, past, month, ratchets):
    """
    The demand that is billed before it is rounded.

    past      peaks of the months before, the latest first
    ratchets  (part, months, how many months back)
    """
    found = [measured, least, Fraction(0)]
    for part, months, back in ratchets:
        for ago, peak in enumerate(past[:back], start=1):
            calendar_month = (month - ago - 1) % 12 + 1
            if not months or calendar_month in months:
                found.append(half_up(peak * part, Fraction(1, 1000)))
    return max(found)


def inside(until, since, limits):
    """The kW of each step from ``since`` to ``until``, none if until is lower."""
    edges = [Fraction(0), *limits, max([until, since, *limits]) + 1]
    return [max(min(until, top) - max(since, bottom), Fraction(0)) for bottom, top in pairwise(edges)]


def power_factor(kwh, kvarh):
    """cos phi to two decimals, rounded half up, found by trying all hundred values from above."""
    active, reactive = Fraction(kwh), Fraction(kvarh)
    if active == 0 and reactive == 0:
        return None
    apparent_squared = active**2 + reactive**2
    return next(
        Fraction(h, 100)
        for h in range(100, -1, -1)
        if h == 0 or (Fraction(2 * h - 1, 200) ** 2) * apparent_squared <= active**2
    )


def schedule_1983(standard, factor):
    """Percent of the bill, walked down or up from the standard one hundredth at a time."""
    points, percent = round((factor - standard) * 100), Fraction(0)
    last = {Fraction(90, 100): 95, Fraction(85, 100): 94, Fraction(80, 100): 92}[standard]
    at = round(standard * 100)
    for _ in range(max(points, 0)):
        at += 1
        if at <= last:
            percent -= Fraction(10, 100) if at <= 90 else Fraction(15, 100)
    for step in range(1, -points + 1):
        percent += Fraction(1, 2) if step <= 20 else 1 if step <= 25 else 2
    return percent
