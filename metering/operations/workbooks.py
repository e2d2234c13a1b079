"""Meter files that come as workbooks: their first sheet is read as the CSV that it would be saved as."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from cis.platform import sheets
from metering.domain.formats.container import label_of
from metering.domain.formats.faults import Fault, FileRefused


@contextmanager
def as_text(stream: BinaryIO, *, name: str) -> Iterator[tuple[BinaryIO, bool]]:
    """
    Yield what is to be read of a delivery, and whether it is a workbook; lines are then the rows of its first sheet.

    :raises FileRefused: the workbook is damaged or hostile.
    """
    if not sheets.is_workbook(stream):
        yield stream, False
        return
    try:
        text = sheets.as_csv(stream)
    except sheets.SheetRefused as refusal:
        raise FileRefused(refusal.message, fault=Fault(refusal.code), member=label_of(name)) from refusal
    with text:
        yield cast("BinaryIO", text), True
