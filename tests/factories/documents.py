"""Tariff documents written by a test: values as a TOML text, without layout of their own."""

from datetime import date


def as_toml(values):
    """Return a document as keys with values in one line each, so that any change of a value is easily written."""
    return "".join(f"{key} = {_literal(value)}\n" for key, value in values.items())


def _literal(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.isoformat() if isinstance(value, date) else str(value)
