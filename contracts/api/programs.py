"""Programmes and enrolments for other programs."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent
from contracts.api import program_contracts as contract
from contracts.domain.programs import ProgramKind, Terms
from contracts.models.program import Program
from contracts.operations import programs as operations
from contracts.queries import agreements, enrollments, programs
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.enrollments import EnrollmentDetail, RowCard
from contracts.queries.programs import ProgramCard

PROGRAMS_READ = api.scope("programs:read", "Read programmes and enrolments.", roles={Role.CLERK, Role.AUDITOR})
PROGRAMS_WRITE = api.scope("programs:write", "Enrol customers in programmes.", roles={Role.CLERK})
PERCENT_PLACES = 4


@api.needs(GET=PROGRAMS_READ)
class ProgramList(APIView):
    """Programmes, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_programs",
        summary="List programmes",
        tags=["Programmes"],
        parameters=[contract.ProgramQuery],
        responses={200: contract.ProgramPage, **problems(422)},
    )
    def get(self, request: Request) -> Response:
        """List what customers may sign: green packages, leases, sales by instalments."""
        given = asked(contract.ProgramQuery, request)
        rows = Program.objects.only("id")
        day = given.get("open_on")
        if day is not None:
            rows = rows.filter(state="published", period__contains=day)
        page, reply = api.page_of(self, request, rows)
        cards = programs.cards(program_ids=[row.id for row in page])
        currency = supplier.current().currency
        return reply([_program(cards[row.id], currency) for row in page])


@api.needs(POST=PROGRAMS_WRITE)
class EnrolmentList(APIView):
    """Enrolments."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="enrol",
        summary="Enrol a customer in a programme",
        tags=["Programmes"],
        request=contract.EnrolmentNew,
        parameters=[
            key_parameter("enrolment"),
        ],
        responses={201: contract.EnrolmentShown, **problems(400, 403, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Enrol a customer who has read and accepted the text of the programme at your door."""
        given = contract.EnrolmentNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        account_id = accounts.id_of_number(values["account"])
        made = operations.join(
            program_id=programs.of_code(values["program"]).id,
            account_id=account_id,
            agreement_id=_agreement(values["supply"], account_id) if "supply" in values else None,
            start_date=values["start_date"],
            request_key=uuid4().hex,
            accepted_sha256=values["accepted_sha256"],
            signed_name=values["signed_name"],
            signed_by="api",
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        found = enrollments.one(enrollment_id=made)
        place = reverse("api_enrolment", args=[made])
        return Response(_enrolment(found, supplier.current().currency), status=201, headers={"Location": place})


@api.needs(GET=PROGRAMS_READ)
class EnrolmentOne(APIView):
    """One enrolment."""

    @extend_schema(
        operation_id="get_enrolment",
        summary="One enrolment",
        tags=["Programmes"],
        parameters=[OpenApiParameter("enrollment_id", int, OpenApiParameter.PATH)],
        responses={200: contract.EnrolmentShown, **problems(404)},
    )
    def get(self, request: Request, enrollment_id: int) -> Response:  # noqa: ARG002
        """Return an enrolment with its schedule."""
        return Response(_enrolment(enrollments.one(enrollment_id=enrollment_id), supplier.current().currency))


def _agreement(external_id: str, account_id: int) -> int:
    found = agreements.ids_by_external_id([external_id]).get(external_id)
    if found is None or agreements.card(agreement_id=found).account_id != account_id:
        raise UnknownAgreement(f"The account has no agreement {external_id}.")
    return found


def _program(card: ProgramCard, currency: str) -> dict[str, Any]:
    terms = card.terms
    return {
        "code": card.code,
        "kind": card.kind,
        "state": card.state,
        "names": card.names,
        "device": card.devices,
        "texts": card.texts,
        "months": terms.months,
        "monthly": money(terms.monthly_minor, currency),
        "price": money(terms.price_minor, currency) if terms.price_minor else None,
        "down_payment": money(terms.down_minor, currency) if terms.down_minor else None,
        "interest_percent": fixed.to_text(terms.rate_e6, places=PERCENT_PLACES),
        "green_blocks": terms.green_blocks,
        "events": _events(terms, currency) if card.kind is ProgramKind.DEMAND_RESPONSE else None,
        "valid_from": card.valid_from,
        "valid_until": card.valid_until,
        "customer_classes": card.customer_classes,
        "tariffs": card.tariffs,
        "sha256": card.sha256,
    }


def _events(terms: Terms, currency: str) -> dict[str, Any]:
    return {
        "credit_a_kwh": money(terms.credit_minor, currency),
        "limit_w": terms.limit_w,
        "notice_minutes": terms.notice_minutes,
        "opt_out_minutes": terms.opt_out_minutes,
        "events_most": terms.events_most,
    }


def _enrolment(detail: EnrollmentDetail, currency: str) -> dict[str, Any]:
    card = detail.card
    return {
        "id": card.id,
        "program": card.program.code,
        "account": card.account_number,
        "state": card.state,
        "start_date": card.start_date,
        "end_date": card.end_date,
        "cancel_until": detail.last_cancel_day,
        "signed_at": card.signed_at,
        "serial": detail.equipment.serial if detail.equipment else "",
        "financing": detail.financing.state if detail.financing else None,
        "schedule": [_row(one, currency) for one in detail.rows],
    }


def _row(one: RowCard, currency: str) -> dict[str, Any]:
    return {
        "seq": one.row.seq,
        "due_date": one.row.due_date,
        "amount": money(one.row.amount_minor, currency),
        "interest": money(one.row.interest_minor, currency),
        "is_ours": one.is_ours,
        "is_waived": one.is_waived,
        "is_charged": one.charge_id is not None,
    }
