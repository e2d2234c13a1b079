"""Reference-data pages: tables to look at, for the role admin only. What changes goes through operations."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest

from cis.kernel.enums import Role
from cis.platform import concealed
from cis.platform.access import actor_of
from cis.platform.fields import SearchGrams
from cis.platform.models import ApiKey, AuditEvent, Document, Job, OutboxMessage, Sequence

ROWS = 50


class ReadOnlyAdmin(admin.ModelAdmin):
    """
    A table that can be looked at, and nothing else.

    ``hidden`` names fields that are not shown: secrets, and personal data that no reference page needs.
    """

    hidden: ClassVar[tuple[str, ...]] = ()
    actions = None
    list_per_page = ROWS
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the room in the index to the role admin only."""
        return is_admin(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002
        """Let the role admin look."""
        return is_admin(request)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002
        """Let nobody add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002
        """Let nobody change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002
        """Let nobody delete."""
        return False

    def get_list_display(self, request: HttpRequest) -> Any:  # noqa: ARG002
        """Show all short columns."""
        long = (models.TextField, models.JSONField, ArrayField, models.BinaryField)
        return [f.attname for f in self.opts.concrete_fields if f.name not in self.hidden and not isinstance(f, long)]

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:  # noqa: ARG002
        """Show all fields of a row but the hidden ones and search pieces."""
        shown = [f for f in self.opts.concrete_fields if not isinstance(f, SearchGrams)]
        return [f.name for f in shown if f.name not in self.hidden]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002
        """Show the latest rows first."""
        return ("-pk",)


def is_admin(request: HttpRequest) -> bool:
    """Return whether the request comes from somebody with the role admin."""
    user: Any = request.user
    return bool(user.is_authenticated and user.is_active and Role.ADMIN in user.roles)


@admin.register(Job, OutboxMessage, Document, Sequence)
class PlatformAdmin(ReadOnlyAdmin):
    """Work, messages, files and counters."""


@admin.register(AuditEvent)
class AuditAdmin(ReadOnlyAdmin):
    """The audit trail, without what is kept from whoever looks."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the events that the administrator may know of."""
        rows = super().get_queryset(request)
        for subject, ids in concealed.hidden_from(actor_of(request)).items():
            rows = rows.exclude(subject=subject, subject_id__in=ids)
        return rows


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Clients of the API, without their secrets."""

    hidden = ("secret_sha256",)
