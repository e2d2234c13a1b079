"""How files of others call registers."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.formats.batches import Format
from metering.domain.stream_names import NAME_MOST


class StreamName(models.Model):
    """
    A stream of a format that is called otherwise than its register here.

    ``place`` is what the format calls the service point, or where it has none the meter; ``code`` what it calls the
    register, empty where it says none. Besides, what is called as here is found without a name.
    """

    format = Code(choices=choices_of(Format))
    place = models.CharField(max_length=NAME_MOST)
    code = models.CharField(max_length=NAME_MOST, default="", blank=True)
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="stream_names")
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="stream_is_named_once", fields=["format", "place", "code"]),
            one_of(name="stream_format_is_known", column="format", values=Format),
        ]
