"""What customers are told, by which way, and what became of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import MailingState, NoticeState
from cis.platform.fields import Code, choices_of, one_of

TO_LOOK_AT = [str(one) for one in NoticeState if one not in {NoticeState.SENT, NoticeState.DELIVERED}]


class Notice(models.Model):
    """One notice by one way, with its text as sent; the same key counts once for an event and a way."""

    event = Code()
    notice_class = Code(choices=choices_of(NoticeClass))
    channel = Code(choices=choices_of(Channel))
    state = Code(choices=choices_of(NoticeState))
    key = models.CharField(max_length=200, help_text="What it is about, as payment:17; counts once.")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="notices")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="notices")
    contact_point = models.ForeignKey(
        "accounts.ContactPoint", on_delete=models.SET_NULL, null=True, related_name="notices", db_index=False
    )
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=300, help_text="Number, mailbox or postal address at that time.")
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=400)
    body = models.TextField()
    secret = models.CharField(max_length=40, default="", help_text="Not shown, and forgotten once it is sent.")
    spares = ArrayField(
        models.TextField(),
        default=list,
        help_text="Texts of later ways, until it arrives: way, address, version, subject, body.",
    )
    template_version = models.IntegerField(default=0, help_text="0: the delivered text.")
    reason = Code(default="", help_text="Why it did not go or arrive.")
    detail = models.CharField(max_length=500, default="")
    proof = models.CharField(max_length=200, default="", help_text="The gateway's own name of it.")
    resent = models.IntegerField(default=0, help_text="How often it was sent again.")
    occurred_date = models.DateField(help_text="Local date of what it tells.")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="When it arrived, bounced or failed.")
    read_at = models.DateTimeField(null=True, help_text="When it was opened in the inbox.")
    instead_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="fall_backs", db_index=False
    )
    mailing = models.ForeignKey(
        "accounts.Mailing", on_delete=models.PROTECT, null=True, related_name="notices", db_index=False
    )
    batch = models.ForeignKey(
        "accounts.PrintBatch", on_delete=models.PROTECT, null=True, related_name="notices", db_index=False
    )

    class Meta:
        constraints = [
            one_of(name="notice_class_is_known", column="notice_class", values=NoticeClass),
            one_of(name="notice_channel_is_known", column="channel", values=Channel),
            one_of(name="notice_state_is_known", column="state", values=NoticeState),
            models.UniqueConstraint(name="notice_goes_once", fields=["event", "key", "channel"]),
        ]
        # Most notices have none of these: an index of all rows would cost each of them.
        indexes = [
            *(
                models.Index(name=f"notice_by_{column}", fields=[column], condition=~models.Q(**{column: None}))
                for column in ("contact_point", "instead_of", "mailing", "batch")
            ),
            # What is looked for on the desk is what did not go well; the many that did need no index.
            models.Index(name="notice_to_look_at", fields=["state", "id"], condition=models.Q(state__in=TO_LOOK_AT)),
            models.Index(name="notice_by_proof", fields=["proof"], condition=~models.Q(proof="")),
            models.Index(
                name="notice_letters", fields=["id"], condition=models.Q(channel="post", state="queued", batch=None)
            ),
        ]


class NoticeTemplate(models.Model):
    """A text written on the desk: the highest version of an event, a way and a language is in force. Append-only."""

    event = Code()
    channel = Code(choices=choices_of(Channel))
    language = models.CharField(max_length=10)
    version = models.IntegerField()
    subject = models.CharField(max_length=150)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="template_channel_is_known", column="channel", values=Channel),
            models.UniqueConstraint(
                name="template_version_counts_once", fields=["event", "channel", "language", "version"]
            ),
        ]


class Consent(models.Model):
    """What a customer said of a class of notices and a way; what nobody said holds by law."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="consents")
    notice_class = Code(choices=choices_of(NoticeClass))
    channel = Code(choices=choices_of(Channel))
    is_given = models.BooleanField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="consent_class_is_known", column="notice_class", values=NoticeClass),
            one_of(name="consent_channel_is_known", column="channel", values=Channel),
            models.UniqueConstraint(name="consent_said_once", fields=["customer", "notice_class", "channel"]),
        ]


class PrintBatch(models.Model):
    """Letters that are printed together: a sheet of addresses and the letters, one PDF."""

    document_id = models.BigIntegerField(null=True)
    count = models.IntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    posted_at = models.DateTimeField(null=True, help_text="When the letters were handed to the post.")


class Mailing(models.Model):
    """One text to many customers: who chose whom, who let it go, how far it is."""

    event = Code()
    title = models.CharField(max_length=100)
    state = Code(choices=choices_of(MailingState))
    customer_kind = Code(default="")
    district = models.CharField(max_length=100, default="")
    tariff = Code(default="", max_length=60)
    cycle = Code(default="", max_length=60)
    facts = models.JSONField(default=dict, db_default={}, help_text="Texts by name, where the catalogue has the words.")
    segment = Code(default="")
    count = models.IntegerField(default=0)
    bound = models.IntegerField(help_text="From so many customers on a second person decides; the rule at that time.")
    job_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [one_of(name="mailing_state_is_known", column="state", values=MailingState)]


class MailingText(models.Model):
    """What a mailing says in one language; ``sms`` "" = it does not go by SMS."""

    mailing = models.ForeignKey("accounts.Mailing", on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10)
    sms = models.CharField(max_length=500, default="")
    subject = models.CharField(max_length=150)
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="mailing_text_once", fields=["mailing", "language"])]


class MailingTarget(models.Model):
    """One account that a mailing goes to, chosen when it was proposed."""

    mailing = models.ForeignKey("accounts.Mailing", on_delete=models.CASCADE, related_name="targets")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="mailings")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="mailings")
    is_done = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="mailing_reaches_once", fields=["mailing", "customer"])]
        indexes = [models.Index(name="mailing_left", fields=["mailing", "id"], condition=models.Q(is_done=False))]
