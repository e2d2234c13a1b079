"""How long debts are overdue, in bands of days."""

from enum import StrEnum


class Band(StrEnum):
    """
    How many days a debt is past its due date; the due date itself and the days before it are ``not_due``.

    CREDIT  no debt at all: money of customers that pays nothing yet
    """

    NOT_DUE = "not_due"
    TO_30 = "to_30"
    TO_60 = "to_60"
    TO_90 = "to_90"
    TO_180 = "to_180"
    OVER = "over"
    CREDIT = "credit"


DEBTS = tuple(band for band in Band if band is not Band.CREDIT)
"""The bands of debts, from the youngest on."""
STARTS = (1, 31, 61, 91, 181)
"""The first day past due of each band of debts after the first."""
