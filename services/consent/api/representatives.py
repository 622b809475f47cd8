"""Authorizations of representatives, the documents behind them, and suspended pairs."""

from uuid import UUID

from services.consent import messages
from services.consent.api.callers import is_own, is_staff
from services.consent.commands.authorizations import (
    GrantAuthorization,
    LiftSuspension,
    RecordDocument,
    RevokeAuthorization,
    RevokeDocument,
    SignAuthorization,
    SuspendPair,
    VerifyDocuments,
    grant_authorization,
    lift_suspension,
    record_document,
    revoke_authorization,
    revoke_document,
    sign_authorization,
    suspend_pair,
    verify_documents,
)
from services.consent.decisions import Decisions
from services.consent.projections.authorizations import authorizations_of
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field


class Representatives:
    """Granted, signed, documented, revoked, suspended, listed."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def GrantAuthorization(
        self, request: api_pb2.GrantAuthorizationRequest, call: Call
    ) -> api_pb2.GrantAuthorizationResponse:
        patient_id = uuid_field(request.patient_id, "patient_id")
        command = GrantAuthorization(
            patient_id=patient_id,
            person_id=uuid_field(request.person_id, "person_id"),
            terms=messages.terms_of(request),
            signed_by=messages.signatories_of(request),
            heard=await self._decisions.ahead_of_events(patient_id),
        )
        granted = await call.perform(grant_authorization, command)
        return api_pb2.GrantAuthorizationResponse(authorization_id=str(granted.id), position=str(granted.position))

    async def SignAuthorization(
        self, request: api_pb2.SignAuthorizationRequest, call: Call
    ) -> api_pb2.SignAuthorizationResponse:
        command = SignAuthorization(*authorization_of(request), messages.signatory_of(request.signed_by))
        return api_pb2.SignAuthorizationResponse(position=str(await call.perform(sign_authorization, command)))

    async def RecordDocument(
        self, request: api_pb2.RecordDocumentRequest, call: Call
    ) -> api_pb2.RecordDocumentResponse:
        kind = messages.document_kind_of(request.kind)
        scan_id = uuid_field(request.scan_id, "scan_id")
        command = RecordDocument(*authorization_of(request), kind, scan_id, call.actor.id)
        recorded = await call.perform(record_document, command)
        return api_pb2.RecordDocumentResponse(document_id=str(recorded.id), position=str(recorded.position))

    async def VerifyDocuments(
        self, request: api_pb2.VerifyDocumentsRequest, call: Call
    ) -> api_pb2.VerifyDocumentsResponse:
        has_end = request.HasField("expires_on")
        command = VerifyDocuments(
            *authorization_of(request),
            document_id=uuid_field(request.document_id, "document_id"),
            expires_on=messages.day_of(request.expires_on, "expires_on") if has_end else None,
            verified_by=call.actor.id,
        )
        return api_pb2.VerifyDocumentsResponse(position=str(await call.perform(verify_documents, command)))

    async def RevokeDocument(
        self, request: api_pb2.RevokeDocumentRequest, call: Call
    ) -> api_pb2.RevokeDocumentResponse:
        command = RevokeDocument(
            *authorization_of(request),
            document_id=uuid_field(request.document_id, "document_id"),
            reason=messages.reason_of(request.reason),
            revoked_by=call.actor.id,
        )
        return api_pb2.RevokeDocumentResponse(position=str(await call.perform(revoke_document, command)))

    async def RevokeAuthorization(
        self, request: api_pb2.RevokeAuthorizationRequest, call: Call
    ) -> api_pb2.RevokeAuthorizationResponse:
        by_staff = is_staff(call)
        if not is_own(call):
            raise NotFound
        command = RevokeAuthorization(
            *authorization_of(request),
            reason=messages.reason_of(request.reason, required=by_staff),
            revoked_by=call.actor.id,
            by_patient=not by_staff,
        )
        return api_pb2.RevokeAuthorizationResponse(position=str(await call.perform(revoke_authorization, command)))

    async def SuspendPair(self, request: api_pb2.SuspendPairRequest, call: Call) -> api_pb2.SuspendPairResponse:
        command = SuspendPair(*pair_of(request), messages.reason_of(request.reason), call.actor.id)
        return api_pb2.SuspendPairResponse(position=str(await call.perform(suspend_pair, command)))

    async def LiftSuspension(
        self, request: api_pb2.LiftSuspensionRequest, call: Call
    ) -> api_pb2.LiftSuspensionResponse:
        command = LiftSuspension(*pair_of(request), messages.reason_of(request.reason), call.actor.id)
        return api_pb2.LiftSuspensionResponse(position=str(await call.perform(lift_suspension, command)))

    async def ListAuthorizations(
        self, request: api_pb2.ListAuthorizationsRequest, call: Call
    ) -> api_pb2.ListAuthorizationsResponse:
        patient_id = uuid_field(request.patient_id, "patient_id")
        keyset, size = call.page(request.page_token, request.page_size)
        own = None
        if not is_own(call):
            own = frozenset(w.person_id for w in await call.windows() if w.patient_id == patient_id)
        async with call.rows() as rows:
            found = await authorizations_of(rows, patient_id, own, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        call.viewed(*(row.authorization_id for row in shown))
        return api_pb2.ListAuthorizationsResponse(
            authorizations=[messages.authorization_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )


def authorization_of(
    request: api_pb2.SignAuthorizationRequest
    | api_pb2.RecordDocumentRequest
    | api_pb2.VerifyDocumentsRequest
    | api_pb2.RevokeDocumentRequest
    | api_pb2.RevokeAuthorizationRequest,
) -> tuple[UUID, UUID]:
    """Patient and authorization, as the request names them."""
    return uuid_field(request.patient_id, "patient_id"), uuid_field(request.authorization_id, "authorization_id")


def pair_of(request: api_pb2.SuspendPairRequest | api_pb2.LiftSuspensionRequest) -> tuple[UUID, UUID]:
    """Patient and representative, as the request names them."""
    return uuid_field(request.patient_id, "patient_id"), uuid_field(request.person_id, "person_id")
