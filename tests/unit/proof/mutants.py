"""Proofs in which one number is another: each must be found out."""

import re
from copy import deepcopy

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def places(told, path=()):
    """Yield the path of each number in a proof: integers, decimal texts, and yes or no."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from places(value, (*path, key))
    elif isinstance(told, list):
        for at, value in enumerate(told):
            yield from places(value, (*path, at))
    elif isinstance(told, bool | int) or (isinstance(told, str) and NUMBER.fullmatch(told)):
        yield path


def mutant(told, path):
    """Return the proof with one number moved by one in its last place, or a yes made a no."""
    found = deepcopy(told)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = moved(inner[path[-1]])
    return found


def moved(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    whole, _, decimals = value.partition(".")
    number = int(whole + decimals) + (-1 if value.startswith("-") else 1)
    digits = str(abs(number)).rjust(len(decimals) + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[: -len(decimals)]}.{digits[-len(decimals) :]}" if decimals else sign + digits


def name_of(path):
    """Return a path without the places in its lists: what kind of number it is."""
    return ".".join(str(key) for key in path if not isinstance(key, int))
