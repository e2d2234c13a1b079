"""Who signs and is contacted."""

from django.db import models
from django.utils import timezone

from accounts.domain.identity import CustomerKind
from cis.platform.fields import Code, ExternalId, SearchGrams, choices_of, one_of, search_index


class PlainName(models.Func):
    """A name as it is compared: width, case, blanks and signs do not count (``accounts.queries.customers``)."""

    template = "lower(regexp_replace(normalize(%(expressions)s, NFKC), '[^[:alnum:]]', '', 'g'))"
    output_field = models.TextField()


class Customer(models.Model):
    """A person or body that signs contracts and is contacted."""

    external_id = ExternalId()
    kind = Code(choices=choices_of(CustomerKind))
    name = models.CharField(max_length=200)
    name_pinyin = models.CharField(max_length=400, help_text="Sort key: names sort by it.")
    id_number = models.CharField(max_length=40, default="", blank=True, help_text="Resident ID or company number.")
    language = models.CharField(max_length=10, default="zh-hans")
    note = models.TextField(default="", blank=True)
    search_grams = SearchGrams()
    created_at = models.DateTimeField(default=timezone.now)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="merged_from",
        help_text="The customer who stands in the place of this one; never one who is merged themselves.",
    )  # fmt: skip
    version = models.IntegerField(default=1, help_text="Guards an edit against a lost update.")
    erased_at = models.DateTimeField(null=True, help_text="When the personal data were overwritten.")

    class Meta:
        constraints = [one_of(name="customer_kind_is_known", column="kind", values=CustomerKind)]
        indexes = [
            search_index("customer_search"),
            models.Index(name="customer_by_name", fields=["name_pinyin", "id"]),
            models.Index(PlainName("name"), name="customer_by_plain_name"),
            models.Index(name="customer_by_id_number", fields=["id_number"], condition=~models.Q(id_number="")),
        ]
