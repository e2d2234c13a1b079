"""Stretches of bills that are to be paid by other days than the bill says."""

from django.db import models
from django.db.models import F, Q

from cis.platform.fields import Code


class AgreedPart(models.Model):
    """
    A stretch of a bill and the day by which it is to be paid, where that was agreed: a plan of instalments.

    It says in which order money pays, and to whom money belongs that comes with its code; the bill's own due date and
    what is owed stay as they are. A bill with such rows is covered by them from its first unit to its last.

    low_minor, high_minor  from where to where in the bill [minor unit)
    first_date             from this day on it is paid before all else; None: never, only by its due date
    code                   on the slip of the part; "": it is on none
    ended_at               from then on it says nothing of the order; its code still names the account
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="agreed_parts")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="agreed_parts", db_constraint=False)
    code = Code(default="", blank=True)
    due_date = models.DateField()
    first_date = models.DateField(null=True)
    low_minor = models.BigIntegerField()
    high_minor = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="agreed_part_is_a_stretch", condition=Q(low_minor__gte=0, high_minor__gt=F("low_minor"))
            ),
            models.UniqueConstraint(
                name="stretches_of_a_bill_begin_apart", fields=["bill", "low_minor"], condition=Q(ended_at=None)
            ),
        ]
        indexes = [models.Index(name="agreed_part_by_code", fields=["code"], condition=~Q(code=""))]
