"""What binds one customer in the place of two, and numbers that lead to one customer alone."""

from datetime import time

from django.conf import settings

from accounts.domain.announcements import NumberEnded
from accounts.operations import duplicates, following, merge_rows, merges
from arrears.operations import following as arrears_rows
from billing.operations import following as billing_rows
from cashiering.operations import following as cashiering_rows
from cis.platform import events, jobs
from cis.platform.schedules import Daily
from complaints.operations import following as complaints_rows
from contracts.operations import following as contracts_rows
from contracts.operations import signing_codes

PEOPLE_AT = time(4, 30)
"""When it is looked who may be one customer, before customers get their segments."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    for room in (following, contracts_rows, billing_rows, cashiering_rows, arrears_rows, complaints_rows):
        merge_rows.follow_by(*room.FOLLOWS)
    jobs.register(merges.WORK, merges.night, schedule=Daily(PEOPLE_AT, settings.TIME_ZONE))
    jobs.register(duplicates.WORK, duplicates.night, schedule=Daily(PEOPLE_AT, settings.TIME_ZONE))
    events.listen(NumberEnded, _note_number)


def _note_number(ended: NumberEnded) -> None:
    signing_codes.end_step(customer_id=ended.customer_id)
