"""Reference-data pages of the room, read-only; nobody sees here what is kept from them elsewhere."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cis.platform.access import actor_of
from cis.platform.admin import ReadOnlyAdmin
from complaints.models.case import Assignment, Case, CaseMove
from complaints.models.suggestion import CaseSuggestion, ClassModel
from complaints.models.work import CallBack, CaseDeed, CaseLink, CasePhoto, CaseReply, Finding
from complaints.queries.sight import visible_to


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """Cases."""

    search_fields = ("number__startswith",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the cases that the administrator may know of."""
        return visible_to(actor_of(request))


@admin.register(CaseMove, Assignment, Finding, CaseReply, CallBack, CasePhoto, CaseLink, CaseDeed, CaseSuggestion)
class OfCaseAdmin(ReadOnlyAdmin):
    """What belongs to cases."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what belongs to the cases that the administrator may know of."""
        seen = visible_to(actor_of(request)).values("id")
        return super().get_queryset(request).filter(case_id__in=seen)


@admin.register(ClassModel)
class ClassModelAdmin(ReadOnlyAdmin):
    """Models that suggest classes."""

    exclude = ("content",)
