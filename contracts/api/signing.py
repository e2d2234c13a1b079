"""Contracts that other programs enter as signed on paper, and the check of a paper against the text that is kept."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import problems
from contracts.api import archive_contracts as contract
from contracts.api.archive import CONTRACTS_READ, NUMBER, contract_shown, id_of
from contracts.operations import contract_signing
from contracts.operations import supply_contracts as operations
from contracts.queries import supply_contracts

CONTRACTS_WRITE = api.scope("contracts:write", "Enter contracts that were signed on paper.", roles={Role.CLERK})


@api.needs(POST=CONTRACTS_WRITE)
class SignContract(APIView):
    """A signature on paper."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="sign_contract",
        summary="Enter a signature on paper",
        tags=["Contracts"],
        request={"multipart/form-data": contract.SignatureNew},
        parameters=[NUMBER],
        responses={200: contract.ContractWhole, **problems(404, 409, 415, 422)},
    )
    def post(self, request: Request, number: str) -> Response:
        """
        Enter that an issued contract was signed, with its scan; the account is opened and the fees are agreed.

        A customer who signs by code does so in the portal. A contract that is signed is not signed again (409).
        """
        given = contract.SignatureNew(data=request.data)
        given.is_valid(raise_exception=True)
        contract_id, scan, actor = id_of(number), given.validated_data["scan"], actor_of(request)
        operations.paper(contract_id=contract_id, actor=actor)
        contract_signing.sign_on_paper(
            contract_id=contract_id,
            scan=scan.read(contract_signing.SCAN_MOST + 1),
            name=scan.name,
            signed_by=given.validated_data["signed_by"],
            today=timezone.localdate(),
            actor=actor,
        )
        return Response(contract_shown(contract_id))


@api.needs(GET=CONTRACTS_READ)
class ContractVerification(APIView):
    """Whether a paper is what is kept."""

    @extend_schema(
        operation_id="verify_contract",
        summary="Check a paper by its hash",
        tags=["Contracts"],
        parameters=[
            NUMBER,
            OpenApiParameter(
                "sha256", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, required=True,
                description="Of the text, as printed; or of the PDF file.",
            ),
        ],
        responses={200: contract.Verification, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Say whether a hash is that of the text or of the paper that is kept, and whether the kept text is intact."""
        wanted = contract.VerificationQuery(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data["sha256"].lower()
        found = supply_contracts.verified_by_id(contract_id=id_of(number))
        return Response(
            {
                "number": found.number,
                "version": found.version,
                "state": found.state.value,
                "is_intact": found.is_intact,
                "fits_text": found.is_intact and given == found.content_sha256,
                "fits_paper": bool(found.paper_sha256) and given == found.paper_sha256,
            }
        )
