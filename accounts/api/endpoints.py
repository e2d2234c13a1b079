"""Notices and consent for other programs."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import contracts as contract
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.models.notice import Notice
from accounts.operations import consents
from accounts.queries import accounts, notices
from accounts.queries import consents as consent_queries
from accounts.queries.accounts import UnknownAccount
from cis.kernel.enums import Role
from cis.platform import api, concealed
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, JsonParser, asked, problems

NOTICES_READ = api.scope("notices:read", "Read what customers were told.", roles={Role.CLERK, Role.AUDITOR})
CONSENT_READ = api.scope("consent:read", "Read by which ways customers are told.", roles={Role.CLERK, Role.AUDITOR})
CONSENT_WRITE = api.scope("consent:write", "Write down by which ways customers are told.", roles={Role.CLERK})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number of the account, as printed.")


@api.needs(GET=NOTICES_READ)
class AccountNotices(APIView):
    """What the holder of an account was told about it."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_notices",
        summary="Notices of an account",
        tags=["Notices"],
        parameters=[NUMBER, contract.NoticeQuery],
        responses={200: contract.NoticePage, **problems(404, 422)},
    )
    def get(self, request: Request, number: str) -> Response:
        """List notices about an account, one row a way, with their texts as sent, the latest first."""
        given = asked(contract.NoticeQuery, request)
        rows = Notice.objects.filter(account_id=_account(number)).only("id")
        for kind, ids in concealed.hidden_from(actor_of(request)).items():
            # Notices about cases are few beside all others, and those that are kept from a program fewer.
            rows = rows.exclude(id__in=notices.about(kind=kind, ids=ids))
        for name in ("channel", "state"):
            if name in given:
                rows = rows.filter(**{name: given[name]})
        page, reply = api.page_of(self, request, rows)
        found = notices.with_texts(notice_ids=[row.id for row in page])
        return reply([contract.NoticeShown(one).data for one in found])


@api.needs(GET=CONSENT_READ, PUT=CONSENT_WRITE)
class AccountConsent(APIView):
    """By which ways the holder of an account is told."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_consent",
        summary="Consent of the holder of an account",
        tags=["Notices"],
        parameters=[NUMBER],
        responses={200: contract.ConsentShown, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return what holds for each class of notices and each way."""
        return Response(_consent(number, _holder(number)))

    @extend_schema(
        operation_id="put_consent",
        summary="Write down consent",
        tags=["Notices"],
        parameters=[NUMBER],
        request=contract.ConsentNew,
        responses={200: contract.ConsentShown, **problems(400, 404, 415, 422)},
    )
    def put(self, request: Request, number: str) -> Response:
        """Write down what the holder of an account says; the same again changes nothing."""
        given = contract.ConsentNew(data=request.data)
        given.is_valid(raise_exception=True)
        customer_id = _holder(number)
        choices = {
            (NoticeClass(one["notice_class"]), Channel(one["channel"])): bool(one["is_on"])
            for one in given.validated_data["choices"]
        }
        consents.change(customer_id=customer_id, choices=choices, actor=actor_of(request))
        return Response(_consent(number, customer_id))


def _account(number: str) -> int:
    if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
        raise UnknownAccount("There is none of this number.", advice="A number has digits only.")
    return accounts.id_of_number(number)


def _holder(number: str) -> int:
    overview = accounts.overview(account_id=_account(number), at_date=timezone.localdate())
    return overview.holder.id


def _consent(number: str, customer_id: int) -> dict[str, Any]:
    choices = consent_queries.of_customer(customer_id=customer_id)
    return {"account": number, "choices": [contract.ChoiceShown(one).data for one in choices]}
