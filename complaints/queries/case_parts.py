"""What belongs to a case that somebody may know of: what it is about, and its pictures."""

from collections.abc import Sequence

from complaints.models.work import CaseLink, CasePhoto


def links(*, case_id: int) -> Sequence[CaseLink]:
    """Return what a case is about, in the order in which it was said; one statement."""
    return tuple(CaseLink.objects.filter(case_id=case_id).select_related("bill", "application").order_by("id"))


def photos(*, case_id: int) -> Sequence[CasePhoto]:
    """Return the pictures of a case, the first first; one statement."""
    return tuple(CasePhoto.objects.filter(case_id=case_id).order_by("id"))
