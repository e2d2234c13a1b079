"""Supply contracts: their terms, their text, and how they were signed."""

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, SearchGrams, choices_of, one_of, search_index
from contracts.domain.contract_workflow import ContractState, SigningWay
from contracts.models.offer import SupplyTerms

_WITH_NUMBER = (
    ContractState.ISSUED.value, ContractState.SIGNED.value, ContractState.REPLACED.value, ContractState.ENDED.value,
)  # fmt: skip
_AGREED = """
    number, version, amends_id, customer_id, subject, subject_id, offer_id, address, use_class, voltage,
    supply_mode, metering_side, capacity_va, boundary_zh, boundary_en, tariff_id, start_date, end_date, renew_months,
    cycle_months, payment_days, special, content_sha256, issued_at, verify_token, created_at
"""
_SIGNED = "signed_at, signed_way, signed_by, signer_id, scan_id"


def _of(row: str, columns: str) -> str:
    return ", ".join(f"{row}.{name.strip()}" for name in columns.split(","))


class SupplyContract(SupplyTerms):
    """
    One version of a supply contract. Its number is given when it is issued, without gaps; versions share it.

    What was issued does not change any more, and what was signed stays signed: a trigger refuses it, whoever asks.
    """

    number = models.CharField(max_length=20, null=True)  # noqa: DJ001 (a draft has none)
    version = models.SmallIntegerField(default=1)
    amends = models.ForeignKey("contracts.SupplyContract", on_delete=models.PROTECT, null=True, related_name="amended")
    state = Code(choices=choices_of(ContractState), default=ContractState.DRAFT.value)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="contracts")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="contracts")
    subject = Code(default="", help_text="What it follows from: application, change; empty: made at the desk.")
    subject_id = models.BigIntegerField(null=True)
    offer = models.ForeignKey("contracts.Offer", on_delete=models.PROTECT, null=True, related_name="contracts")
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="contracts")
    start_date = models.DateField()
    end_date = models.DateField(null=True, help_text="First day without it; None: until further notice.")
    renew_months = models.SmallIntegerField(default=0, help_text="Months by which it goes on each time; 0: it ends.")
    cycle_months = models.SmallIntegerField()
    payment_days = models.SmallIntegerField()
    special = models.TextField(default="", blank=True)
    content_sha256 = models.CharField(max_length=64, default="")
    verify_token = models.CharField(max_length=43, unique=True)
    search_text = models.TextField(default="")
    search_grams = SearchGrams()
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    issued_at = models.DateTimeField(null=True)
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signed_way = Code(choices=choices_of(SigningWay), default="", blank=True)
    signed_by = models.CharField(max_length=200, default="", help_text="Name of who signed.")
    signer_id = models.BigIntegerField(null=True)
    scan = models.ForeignKey("platform.Document", on_delete=models.PROTECT, null=True, related_name="+")
    extended_to_date = models.DateField(null=True, help_text="End after the last renewal.")
    ended_date = models.DateField(null=True)
    end_reason = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [
            one_of(name="contract_state_is_known", column="state", values=ContractState),
            models.UniqueConstraint(name="contract_version_is_once", fields=["number", "version"]),
            models.UniqueConstraint(
                name="one_contract_version_is_in_force",
                fields=["number"],
                condition=models.Q(state=ContractState.SIGNED.value),
            ),
            models.CheckConstraint(
                name="issued_contract_has_number_and_text",
                condition=~models.Q(state__in=_WITH_NUMBER)
                | models.Q(number__isnull=False, issued_at__isnull=False) & ~models.Q(content_sha256=""),
            ),
            models.CheckConstraint(
                name="signed_contract_has_signer_and_paper",
                condition=models.Q(signed_at=None) & ~models.Q(state__in=("signed", "replaced", "ended"))
                | models.Q(signed_at__isnull=False, document__isnull=False)
                & ~models.Q(signed_by="")
                & (models.Q(signed_way="portal", scan=None) | models.Q(signed_way="paper", scan__isnull=False)),
            ),
            models.CheckConstraint(
                name="contract_ends_after_it_begins",
                condition=models.Q(end_date=None, renew_months=0) | models.Q(end_date__gt=models.F("start_date")),
            ),
            models.CheckConstraint(
                name="ended_contract_says_when_and_why",
                condition=~models.Q(state=ContractState.ENDED.value)
                | models.Q(ended_date__isnull=False) & ~models.Q(end_reason=""),
            ),
        ]
        indexes = [
            search_index("contract_search"),
            models.Index(OpClass("number", name="text_pattern_ops"), name="contract_by_number_prefix"),
            models.Index(name="contract_by_subject", fields=["subject", "subject_id"]),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="issued_contract_is_frozen",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func=f"""
                    IF OLD.state <> 'draft' AND (
                        TG_OP = 'DELETE'
                        OR ({_of("NEW", _AGREED)}) IS DISTINCT FROM ({_of("OLD", _AGREED)})
                    ) THEN
                        RAISE EXCEPTION 'supply contract % is issued and frozen', OLD.id;
                    END IF;
                    IF TG_OP = 'UPDATE' AND (
                        OLD.account_id IS NOT NULL AND NEW.account_id IS DISTINCT FROM OLD.account_id
                        OR OLD.document_id IS NOT NULL AND NEW.document_id IS DISTINCT FROM OLD.document_id
                    ) THEN
                        RAISE EXCEPTION 'supply contract % has its account and its paper', OLD.id;
                    END IF;
                    IF OLD.signed_at IS NOT NULL AND TG_OP = 'UPDATE'
                        AND ({_of("NEW", _SIGNED)}) IS DISTINCT FROM ({_of("OLD", _SIGNED)})
                    THEN
                        RAISE EXCEPTION 'supply contract % is signed and frozen', OLD.id;
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
        ]


class ContractPoint(models.Model):
    """A supply that a contract is about; one without any is linked to none yet, and no change of use reaches it."""

    contract = models.ForeignKey("contracts.SupplyContract", on_delete=models.PROTECT, related_name="points")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="contract_names_a_supply_once", fields=["contract", "service_point"]),
        ]


class ContractClause(models.Model):
    """One clause of a contract with everything filled in: what was read is what was signed."""

    contract = models.ForeignKey("contracts.SupplyContract", on_delete=models.PROTECT, related_name="clauses")
    number = models.SmallIntegerField()
    code = models.CharField(max_length=40)
    version = models.SmallIntegerField()
    covers = models.CharField(max_length=200, default="", help_text="Key points, with blanks between them.")
    title_zh = models.TextField()
    title_en = models.TextField()
    body_zh = models.TextField()
    body_en = models.TextField()
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="clause_has_one_place", fields=["contract", "number"]),
        ]
        triggers = [
            pgtrigger.Protect(name="clauses_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class SigningCode(models.Model):
    """A one-time code by which a customer signs in the portal; only a hash of it is kept."""

    contract = models.ForeignKey("contracts.SupplyContract", on_delete=models.PROTECT, null=True, related_name="codes")
    enrollment = models.ForeignKey("contracts.Enrollment", on_delete=models.PROTECT, null=True, related_name="codes")
    subject = Code(default="", db_default="", help_text="What is signed in a room above, as mandate.")
    subject_id = models.BigIntegerField(null=True)
    code_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="signing_code_attempts_count", condition=models.Q(attempts__gte=0)),
            models.CheckConstraint(
                name="signing_code_is_for_one_paper",
                condition=models.Q(contract=None, enrollment__isnull=False, subject="", subject_id=None)
                | models.Q(contract__isnull=False, enrollment=None, subject="", subject_id=None)
                | models.Q(contract=None, enrollment=None, subject_id__isnull=False) & ~models.Q(subject=""),
            ),
        ]
        indexes = [
            models.Index(name="signing_code_by_contract", fields=["contract", "-id"]),
            models.Index(
                name="signing_code_by_subject",
                fields=["subject", "subject_id", "-id"],
                condition=models.Q(subject_id__isnull=False),
            ),
        ]
