"""Names that files of others give to streams: which formats may have them, and how long they are."""

from metering.domain.formats.batches import Format

NAME_MOST = 64
NAMED_FORMATS = tuple(one for one in Format if one not in (Format.ENTRY, Format.HEAD_END, Format.XLSX))
"""Formats of files; readings typed in and what a head-end sends are called as here, a workbook is as its lines are."""
