"""Mails that came into the inbox, each once, whatever became of it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from complaints.domain.mail_fates import MailFate, MailReason
from complaints.models.case import Case


class CaseMail(models.Model):
    """
    One mail; with its case it is kept from those from whom the case is kept.

    key           its Message-ID, or what it says as a hash where it has none: the same one is taken once
    digest        hash of who wrote what
    mailbox, uid_validity, uid  where it lay
    left_out      names of what came with it and is not kept
    settled_at    a person looked at what waited for one
    """

    key = models.CharField(max_length=300, unique=True)
    digest = models.CharField(max_length=64)
    mailbox = models.CharField(max_length=200)
    uid_validity = models.BigIntegerField()
    uid = models.CharField(max_length=100)
    taken_at = models.DateTimeField(default=timezone.now)
    sender_name = models.CharField(max_length=200, default="", blank=True)
    sender_address = models.CharField(max_length=254, default="", blank=True)
    subject = models.CharField(max_length=300, default="", blank=True)
    text = models.TextField(default="", blank=True)
    left_out = models.CharField(max_length=500, default="", blank=True)
    fate = Code(choices=choices_of(MailFate))
    reason = Code(choices=choices_of(MailReason), default="", blank=True)
    detail = models.CharField(max_length=300, default="", blank=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="mails")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="case_mails")
    settled_at = models.DateTimeField(null=True)
    settled_name = models.CharField(max_length=150, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="mail_fate_is_known", column="fate", values=MailFate),
            models.CheckConstraint(
                name="mail_reason_is_known", condition=Q(reason__in=["", *(one.value for one in MailReason)])
            ),
            models.CheckConstraint(
                name="mail_with_a_case_names_it",
                condition=~Q(fate__in=[MailFate.CASE.value, MailFate.ADDED.value]) | Q(case__isnull=False),
            ),
            models.CheckConstraint(
                name="mail_without_a_case_says_why",
                condition=Q(fate__in=[MailFate.CASE.value, MailFate.ADDED.value]) | ~Q(reason=""),
            ),
            models.UniqueConstraint(name="mail_lay_in_one_place", fields=["mailbox", "uid_validity", "uid"]),
        ]
        indexes = [
            models.Index(name="mails_of_a_sender", fields=["sender_address", "taken_at"]),
            models.Index(
                name="mails_to_look_at", fields=["id"], condition=Q(fate=MailFate.TASK.value, settled_at=None)
            ),
        ]
