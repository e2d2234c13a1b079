"""The log of looks at customers, for programs of auditors."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.domain.privacy import LookPurpose
from accounts.queries import accounts, merges
from cis.kernel.enums import Role
from cis.platform import api, looks
from cis.platform.access import actor_of
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import NUMBER_MOST, Strict, asked, problems

READ = api.scope("access_log:read", "Read who looked at which customer, and why.", roles={Role.AUDITOR})
CURSOR_MOST = 500


class LookQuery(Strict):
    """Which looks."""

    account = serializers.CharField(required=False, max_length=NUMBER_MOST, help_text="Number of an account.")
    purpose = serializers.ChoiceField([str(one) for one in LookPurpose], required=False)
    from_date = serializers.DateField(required=False)
    to_date = serializers.DateField(required=False, help_text="Included.")
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class LookShown(serializers.Serializer):
    """One look at a customer."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    customer_id = serializers.IntegerField()
    actor_kind = serializers.CharField(help_text="staff, customer, client or system")
    actor_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    purpose = serializers.ChoiceField([str(one) for one in LookPurpose])


class LookPage(serializers.Serializer):
    """A page of looks."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LookShown(many=True)


@api.needs(GET=READ)
class AccessLog(APIView):
    """Who looked at which customer."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_looks",
        summary="Looks at customers",
        tags=["Access log"],
        parameters=[LookQuery],
        responses={200: LookPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List looks at personal data, the latest first. What a case led to that is kept from you is not in it."""
        given = asked(LookQuery, request)
        wanted = looks.Wanted(
            customer_ids=merges.family(customer_id=_customer(given["account"])) if "account" in given else None,
            purpose=given.get("purpose", ""),
            from_date=given.get("from_date"),
            to_date=given.get("to_date"),
        )
        page, reply = api.page_of(self, request, looks.rows_of(wanted=wanted, actor=actor_of(request)))
        return reply([LookShown(one).data for one in looks.shown(page)])


def _customer(number: str) -> int:
    """Return the customer who held an account last."""
    account_id = accounts.id_of_number(number)
    return max(accounts.holders(account_ids=[account_id]), key=lambda span: span.start_date).customer_id
