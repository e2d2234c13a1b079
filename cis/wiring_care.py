"""What binds the care of customers: who holds protected accounts, what is looked at each night."""

from datetime import time

from django.conf import settings

from accounts.domain.announcements import HolderChanged
from accounts.operations import protections
from arrears.operations import holds
from cis.platform import events, jobs
from cis.platform.schedules import Daily

CARE_AT = time(6, 30)
"""When it is looked what is due for customers, before the desk opens."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    protections.hold_by(hold=holds.protect_step, lift=holds.unprotect_step, keep=holds.keep_step)
    events.listen(HolderChanged, protections.note_holder)
    jobs.register(protections.WORK, protections.night, schedule=Daily(CARE_AT, settings.TIME_ZONE))
