"""Care of customers for other programs: who they are, protections, points, follow-up visits, plans, segments."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import care_contracts as contract
from accounts.api.endpoints import NUMBER
from accounts.domain.privacy import LookPurpose
from accounts.domain.protections import ProtectionKind
from accounts.domain.visits import NextStep, Outcome
from accounts.models.care import FollowUpVisit, PointsEntry
from accounts.operations import care_plans as plan_operations
from accounts.operations import customers as customer_operations
from accounts.operations import points as point_operations
from accounts.operations import protections as protection_operations
from accounts.operations import visits as visit_operations
from accounts.operations.points import NewRedemption
from accounts.operations.protections import NewProtection
from accounts.operations.visits import Result
from accounts.queries import accounts, care_plans, care_rules, customer_segments, customers, points, protections, visits
from accounts.queries.accounts import AccountOverview, UnknownAccount
from accounts.queries.care_plans import CarePlanCard, WantedPlans
from accounts.queries.customers import UnknownCustomer
from accounts.queries.protections import ProtectionCard, WantedProtections
from accounts.queries.visits import VisitCard
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent

READ = api.scope(
    "care:read",
    "Read who customers are, and how they are cared for.",
    roles={Role.CLERK, Role.SUPERVISOR, Role.AUDITOR},
)
PROTECT = api.scope(
    "protections:write", "Register protections, and end those that hold no supply.",
    roles={Role.CLERK, Role.BILLING, Role.SUPERVISOR},
)  # fmt: skip
REDEEM = api.scope("points:write", "Redeem loyalty points on a bill.", roles={Role.CLERK, Role.SUPERVISOR})
VISIT = api.scope(
    "visits:write",
    "Enter what came of follow-up visits.",
    roles={Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR},
)
REVIEW = api.scope("care-plans:write", "Review service plans.", roles={Role.CLERK, Role.SUPERVISOR})
CUSTOMER = OpenApiParameter("customer", str, OpenApiParameter.PATH, description="External id of the customer.")
PROTECTION_ID = OpenApiParameter("protection_id", int, OpenApiParameter.PATH)
VISIT_ID = OpenApiParameter("visit_id", int, OpenApiParameter.PATH)
PLAN_ID = OpenApiParameter("plan_id", int, OpenApiParameter.PATH)
EXTERNAL_MOST = 64
TAGS = ["Care"]


@api.needs(GET=READ)
class CustomerOne(APIView):
    """One customer."""

    @extend_schema(
        operation_id="get_customer", summary="One customer", tags=TAGS, parameters=[CUSTOMER],
        responses={200: contract.CustomerShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, customer: str) -> Response:
        """Return a customer by the external id; of one who was merged into another one, that one, and say so."""
        found = customers.ids_by_external_id([customer[:EXTERNAL_MOST]])
        if customer not in found:
            raise UnknownCustomer("There is no such customer.")
        customer_id = found[customer]
        card = customers.card(customer_id=customer_id)
        customer_operations.record_look(customer_id=customer_id, actor=actor_of(request), purpose=LookPurpose.CARE)
        held = {span.account_number for span in accounts.held_by(customer_id=customer_id) if span.end_date is None}
        return Response({
            "customer": card.external_id, "asked": customer, "is_merged": card.external_id != customer,
            "name": card.name, "kind": card.kind, "accounts": sorted(held),
            "segment": customer_segments.of_customer(customer_id=customer_id),
        })  # fmt: skip


@api.needs(GET=READ)
class SegmentList(APIView):
    """The segments of the place."""

    @extend_schema(
        operation_id="list_segments", summary="Segments of customers", tags=TAGS,
        responses={200: contract.CustomerSegmentsShown, **problems()},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return what segments there are, in the order of the rules."""
        names = care_rules.segment_names(at=timezone.localdate(), language=request.LANGUAGE_CODE)
        return Response({"segments": [{"code": code, "name": name} for code, name in names.items()]})


@api.needs(GET=READ)
class AccountSegment(APIView):
    """The segment of an account's holder."""

    @extend_schema(
        operation_id="get_segment", summary="Segment of the holder of an account", tags=TAGS, parameters=[NUMBER],
        responses={200: contract.CustomerSegmentShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return the segment that the last night gave."""
        held = _looked_at(number, request)
        segment = customer_segments.of_customer(customer_id=held.holder.id)
        return Response({"account": held.number, "segment": segment})


@api.needs(GET=READ, POST=PROTECT)
class AccountProtections(APIView):
    """Protections of an account's holder."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_protections", summary="Protections of an account", tags=TAGS,
        parameters=[NUMBER, contract.ProtectionQuery],
        responses={200: contract.ProtectionsShown, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return what protects the holder with this account, the latest first."""
        given, held = asked(contract.ProtectionQuery, request), _looked_at(number, request)
        wanted = WantedProtections(state=given.get("state", ""), customer_id=held.holder.id, account_id=held.id)
        found = protections.listed(wanted=wanted, today=timezone.localdate(), most=200)
        return Response({"protections": [_protection(one) for one in found]})

    @extend_schema(
        operation_id="register_protection", summary="Register a protection", tags=TAGS,
        parameters=[NUMBER, key_parameter("protection")], request=contract.ProtectionNew,
        responses={201: contract.ProtectionShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Register what somebody told of; it holds at once, and its papers get a deadline."""
        values = _given(contract.ProtectionNew, request)
        new = NewProtection(
            account_id=_account(number).id, kind=ProtectionKind(values["kind"]), told=values["told"],
            person=values["person"],
        )  # fmt: skip
        made = protection_operations.register(new=new, at=timezone.now(), actor=actor_of(request))
        return Response(_protection(protections.one(protection_id=made, today=timezone.localdate())), status=201)


@api.needs(POST=PROTECT)
class EndProtection(APIView):
    """The end of a protection."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="end_protection", summary="End a protection", tags=TAGS,
        parameters=[PROTECTION_ID, key_parameter("end")], request=contract.ReasonNew,
        responses={200: contract.EndShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, protection_id: int) -> Response:
        """End a protection. What keeps a supply on is ended by two people, never by a program."""
        reason = _given(contract.ReasonNew, request)["reason"]
        is_ended = protection_operations.end(
            protection_id=protection_id, reason=reason, at=timezone.now(), actor=actor_of(request)
        )
        return Response({"protection": protection_id, "is_ended": is_ended})


@api.needs(GET=READ)
class AccountPoints(APIView):
    """Loyalty points of an account's holder."""

    @extend_schema(
        operation_id="get_points", summary="Loyalty points of the holder of an account", tags=TAGS,
        parameters=[NUMBER], responses={200: contract.PointsShown, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return how many points there are, and which go soon."""
        held, today = _looked_at(number, request), timezone.localdate()
        points.rule(at=today)
        found = points.standing(customer_id=held.holder.id, today=today)
        return Response({
            "account": held.number, "balance": found.balance, "short": found.short, "expiring": found.expiring,
            "expiring_from": found.expiring_date,
        })  # fmt: skip


@api.needs(GET=READ)
class PointsEntries(APIView):
    """Entries of points."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_points", summary="What points came and went", tags=TAGS,
        parameters=[NUMBER, contract.PageQuery], responses={200: contract.PointsEntryPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return the entries of the holder's points, the latest first."""
        asked(contract.PageQuery, request)
        rows = PointsEntry.objects.filter(customer_id=_looked_at(number, request).holder.id).select_related("account")
        page, reply = api.page_of(self, request, rows)
        return reply([
            {"id": row.id, "day": row.day, "kind": row.kind, "source": row.source, "points": row.points,
             "account": row.account.number, "expires": row.expires_date}
            for row in page
        ])  # fmt: skip


@api.needs(POST=REDEEM)
class PointsRedemptions(APIView):
    """Redemptions of points."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="redeem_points", summary="Redeem points on the bill", tags=TAGS,
        parameters=[NUMBER, key_parameter("redemption")], request=contract.RedemptionNew,
        responses={201: contract.RedemptionShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Let points pay what the account owes; the same reference is one redemption."""
        values, actor, today = _given(contract.RedemptionNew, request), actor_of(request), timezone.localdate()
        held = _account(number)
        new = NewRedemption(
            customer_id=held.holder.id, account_id=held.id, points=values["points"],
            key=f"api:{actor.kind}:{actor.id}:{values['reference']}",
            text=_("Loyalty points redeemed: %(points)s") % {"points": values["points"]},
        )  # fmt: skip
        made = point_operations.redeem(new=new, today=today, actor=actor)
        left = points.standing(customer_id=held.holder.id, today=today).balance
        return Response({"id": made, "account": held.number, "points": values["points"], "balance": left}, status=201)


@api.needs(GET=READ)
class VisitList(APIView):
    """Follow-up visits."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_visits", summary="Follow-up visits", tags=TAGS, parameters=[contract.VisitQuery],
        responses={200: contract.VisitPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return visits, the latest planned first; of an account those of its holder."""
        given, rows = asked(contract.VisitQuery, request), FollowUpVisit.objects.only("id")
        if "account" in given:
            rows = rows.filter(customer_id=_looked_at(given["account"], request).holder.id)
        if "state" in given:
            rows = rows.filter(state=given["state"])
        page, reply = api.page_of(self, request, rows)
        found = visits.by_ids(visit_ids=[row.id for row in page], today=timezone.localdate())
        return reply([_visit(found[row.id]) for row in page])


@api.needs(POST=VISIT)
class VisitResult(APIView):
    """What came of a visit."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="enter_visit_result", summary="Enter what came of a visit", tags=TAGS,
        parameters=[VISIT_ID, key_parameter("result")], request=contract.ResultNew,
        responses={200: contract.VisitShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, visit_id: int) -> Response:
        """Enter what the customer said. Whom nobody reached is called again, as often as the plan says."""
        values = _given(contract.ResultNew, request)
        result = Result(
            outcome=Outcome(values["outcome"]), note=values["note"], next_step=NextStep(values["next_step"]),
            next_date=values["next_date"],
        )  # fmt: skip
        visit_operations.finish(visit_id=visit_id, result=result, at=timezone.now(), actor=actor_of(request))
        return Response(_visit(visits.one(visit_id=visit_id, today=timezone.localdate())))


@api.needs(GET=READ)
class AccountCarePlans(APIView):
    """Service plans of an account's holder."""

    @extend_schema(
        operation_id="list_care_plans", summary="Service plans of the holder of an account", tags=TAGS,
        parameters=[NUMBER], responses={200: contract.CarePlansShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return the service plans of the holder, running ones first."""
        wanted = WantedPlans(state="all", customer_id=_looked_at(number, request).holder.id)
        found = care_plans.listed(wanted=wanted, today=timezone.localdate(), most=200)
        return Response({"plans": [_plan(one) for one in found]})


@api.needs(POST=REVIEW)
class CarePlanReview(APIView):
    """The review of a service plan."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="review_care_plan", summary="Review a service plan", tags=TAGS,
        parameters=[PLAN_ID, key_parameter("review")], request=contract.ReviewNew,
        responses={200: contract.CarePlanShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """Note how a plan stands, and when it is looked at again."""
        values = _given(contract.ReviewNew, request)
        plan_operations.review(
            plan_id=plan_id, note=values["note"], next_date=values["next_date"], at=timezone.now(),
            actor=actor_of(request),
        )  # fmt: skip
        return Response(_plan(care_plans.one(plan_id=plan_id, today=timezone.localdate())))


def _account(number: str) -> AccountOverview:
    if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
        raise UnknownAccount("There is none of this number.", advice="A number has digits only.")
    return accounts.overview(account_id=accounts.id_of_number(number), at_date=timezone.localdate())


def _looked_at(number: str, request: Request) -> AccountOverview:
    """Return an account, and note that its holder was looked at."""
    held = _account(number)
    customer_operations.record_look(customer_id=held.holder.id, actor=actor_of(request), purpose=LookPurpose.CARE)
    return held


def _given(form: type[contract.Strict], request: Request) -> dict[str, Any]:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _protection(card: ProtectionCard) -> dict[str, object]:
    return {
        "id": card.id, "account": card.account_number if card.account_id else "", "kind": card.kind,
        "state": card.state.value, "since": card.since_date, "until": card.until_date, "review": card.review_date,
        "is_held": card.is_held, "is_end_asked": bool(card.asked_reason),
    }  # fmt: skip


def _visit(card: VisitCard) -> dict[str, object]:
    return {
        "id": card.id, "account": card.account_number, "plan": card.plan, "reason": card.reason, "way": card.way,
        "state": card.state, "start": card.start_date, "due": card.due_date, "tries": card.tries,
        "outcome": card.outcome, "note": card.note, "next_step": card.next_step, "done": card.done_date,
        "score": card.score,
    }  # fmt: skip


def _plan(card: CarePlanCard) -> dict[str, object]:
    return {
        "id": card.id, "account": card.account_number, "title": card.title, "goal": card.goal, "state": card.state,
        "responsible": card.responsible_name, "start": card.start_date, "review": card.review_date,
        "ended": card.ended_date, "measures": card.measures, "done": card.done,
    }  # fmt: skip
