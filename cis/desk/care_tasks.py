"""What the tasks of care are called, and where they are done."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.operations import protections
from accounts.queries import protections as register
from cis.desk.words import word
from cis.platform.queues import Task

Named = dict[tuple[str, int], tuple[str, str, str]]
"""Address, what it is, and whose, by kind and id of the case."""


def named(tasks: Sequence[Task]) -> Named:
    """Return what tasks of care are called; one statement a kind of case."""
    found: Named = {}
    ids = [one.subject_id for one in tasks if one.subject == protections.SUBJECT]
    for row_id, (kind, name) in register.names_of(protection_ids=ids).items():
        url = reverse("desk:protection", args=[row_id])
        found[protections.SUBJECT, row_id] = (url, word("protection_kind", kind), name)
    return found
