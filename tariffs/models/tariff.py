"""The price book."""

import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from tariffs.domain.workflow import VersionState


class Tariff(models.Model):
    """One entry of the price book; its prices stand in its versions."""

    code = models.CharField(max_length=60, unique=True)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)


class TariffVersion(models.Model):
    """
    The dated text of a tariff, frozen once published.

    ``source`` is the TOML document, ``sha256`` the hash of what it says, whatever its layout; its vectors passed when
    it was published. The compiled Plan is made from it. Four eyes: ``actor_id`` wrote it, ``approver_id`` published or
    rejected it; either is empty for the system.
    """

    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="versions")
    state = Code(choices=choices_of(VersionState), default=VersionState.DRAFT.value)
    period = DateRangeField(help_text="Local dates for which the prices hold, half-open.")
    source = models.TextField()
    sha256 = models.CharField(max_length=64)
    legal_source = models.TextField()
    customer_class = Code(default="", blank=True, help_text="Class of customers; empty: the document names none.")
    area = models.CharField(max_length=100, default="", blank=True)
    published_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)
    approver_id = models.BigIntegerField(null=True)
    reason = models.TextField(default="", blank=True, help_text="Why it was rejected.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="tariff_version_state_is_known", column="state", values=VersionState),
            # A draft overlaps the version that it will replace.
            no_overlap(
                name="tariff_has_one_version_at_a_time", owner="tariff_id", condition=models.Q(state="published")
            ),
            models.UniqueConstraint(name="tariff_document_kept_once", fields=["tariff", "sha256"]),
            models.CheckConstraint(
                name="nobody_publishes_their_own_draft",
                condition=~models.Q(state="published")
                | models.Q(approver_id=None)
                | models.Q(actor_id=None)
                | ~models.Q(approver_id=models.F("actor_id")),
            ),
            models.CheckConstraint(
                name="a_rejected_version_has_a_reason", condition=~models.Q(state="rejected") | ~models.Q(reason="")
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_version_is_frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                # Only the end of its validity may still be set, when a successor is published.
                func="""
                    IF OLD.state = 'published' AND (
                        TG_OP = 'DELETE'
                        OR (NEW.tariff_id, NEW.state, NEW.source, NEW.sha256, NEW.legal_source, NEW.customer_class,
                            NEW.area, NEW.published_at, NEW.actor_id, NEW.approver_id, lower(NEW.period))
                        IS DISTINCT FROM
                        (OLD.tariff_id, OLD.state, OLD.source, OLD.sha256, OLD.legal_source, OLD.customer_class,
                         OLD.area, OLD.published_at, OLD.actor_id, OLD.approver_id, lower(OLD.period))
                    ) THEN
                        RAISE EXCEPTION 'tariff version % is published and frozen', OLD.id;
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
        ]
