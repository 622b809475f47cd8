"""Consent's API: message in, command or question, message out."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.consent import messages
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
from services.consent.commands.consents import (
    SignConsent,
    SignOwnConsent,
    WithdrawConsent,
    sign_consent,
    sign_own_consent,
    withdraw_consent,
)
from services.consent.commands.forms import PublishForm, publish_form
from services.consent.decisions import Decisions, held
from services.consent.domain.identifiers import consent_id
from services.consent.projections.authorizations import authorizations_of
from services.consent.projections.consents import consents_of
from services.consent.projections.forms import form_of
from shared.access.windows import HeldWindow, holding
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field


class ConsentApi:
    """One method an RPC of ``portal.consent.v1.ConsentApi``."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def PublishForm(self, request: api_pb2.PublishFormRequest, call: Call) -> api_pb2.PublishFormResponse:
        practice_id = uuid_field(request.practice_id, "practice_id")
        published = await call.perform(publish_form, PublishForm(practice_id, messages.texts_of(request)))
        return api_pb2.PublishFormResponse(form_version=published.version, position=str(published.position))

    async def GetForm(self, request: api_pb2.GetFormRequest, call: Call) -> api_pb2.GetFormResponse:
        practice_id = uuid_field(request.practice_id, "practice_id")
        async with call.rows() as rows:
            form = await form_of(rows, practice_id, request.form_version)
        if form is None:
            raise NotFound
        return api_pb2.GetFormResponse(
            form_version=form.form_version,
            texts=[api_pb2.FormText(language=text.language, text=text.text) for text in form.texts],
            published_at=instant_message(form.published_at),
        )

    async def SignConsent(self, request: api_pb2.SignConsentRequest, call: Call) -> api_pb2.SignConsentResponse:
        patient_id = uuid_field(request.patient_id, "patient_id")
        signer_id = uuid_field(request.signer_id, "signer_id") if request.signer_id else patient_id
        method, scan_id = messages.method_of(request)
        command = SignConsent(
            patient_id=patient_id,
            signer_id=signer_id,
            form_version=messages.version_of(request.form_version),
            method=method,
            scan_id=scan_id,
            recorded_by=call.actor.id,
            heard=await self._decisions.ahead_of_events(patient_id),
        )
        signed = await call.perform(sign_consent, command)
        return api_pb2.SignConsentResponse(consent_id=str(signed.id), position=str(signed.position))

    async def SignOwnConsent(
        self, request: api_pb2.SignOwnConsentRequest, call: Call
    ) -> api_pb2.SignOwnConsentResponse:
        patient_id = uuid_field(request.for_patient_id, "for_patient_id")
        command = SignOwnConsent(patient_id, caller(call), messages.version_of(request.form_version))
        signed = await call.perform(sign_own_consent, command)
        return api_pb2.SignOwnConsentResponse(consent_id=str(signed.id), position=str(signed.position))

    async def WithdrawConsent(
        self, request: api_pb2.WithdrawConsentRequest, call: Call
    ) -> api_pb2.WithdrawConsentResponse:
        is_staff = call.actor.kind == "staff"
        command = WithdrawConsent(
            patient_id=uuid_field(request.patient_id, "patient_id"),
            consent_id=uuid_field(request.consent_id, "consent_id"),
            reason=messages.reason_of(request.reason, required=is_staff),
            withdrawn_by=call.actor.id,
            own_only=None if is_staff else caller(call),
        )
        position = await call.perform(withdraw_consent, command)
        return api_pb2.WithdrawConsentResponse(position=str(position))

    async def ListConsents(self, request: api_pb2.ListConsentsRequest, call: Call) -> api_pb2.ListConsentsResponse:
        patient_id = uuid_field(request.patient_id, "patient_id")
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await consents_of(rows, patient_id, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        call.viewed(*(row.consent_id for row in shown))
        return api_pb2.ListConsentsResponse(
            consents=[messages.consent_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )

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
        is_staff = call.actor.kind == "staff"
        if not is_staff and call.actor.acting_as != "self":
            raise NotFound
        command = RevokeAuthorization(
            *authorization_of(request),
            reason=messages.reason_of(request.reason, required=is_staff),
            revoked_by=call.actor.id,
            by_patient=not is_staff,
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
        if call.actor.kind != "staff" and call.actor.acting_as != "self":
            own = frozenset(w.person_id for w in await call.windows() if w.patient_id == patient_id)
        async with call.rows() as rows:
            found = await authorizations_of(rows, patient_id, own, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        call.viewed(*(row.authorization_id for row in shown))
        return api_pb2.ListAuthorizationsResponse(
            authorizations=[messages.authorization_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )

    async def MyAccess(self, request: api_pb2.MyAccessRequest, call: Call) -> api_pb2.MyAccessResponse:
        by_patient: dict[UUID, list[HeldWindow]] = {}
        for window in holding(await self._decisions.decide(caller(call), None), call.now):
            by_patient.setdefault(window.patient_id, []).append(window)
        return api_pb2.MyAccessResponse(
            to_sign=[
                api_pb2.FormToSign(
                    patient_id=str(one.patient_id),
                    practice_id=str(one.practice_id),
                    form_version=one.form_version,
                )
                for one in await self._decisions.to_sign(caller(call))
            ],
            patients=[
                api_pb2.PatientAccess(
                    patient_id=str(patient_id),
                    practice_id=str(windows[0].practice_id),
                    acting_as=windows[0].acting_as,
                    scopes=messages.all_scopes(window.scopes for window in windows),
                    windows=await self._explained(windows),
                    person_id=str(windows[0].person_id),
                    consent_id=str(consent_id(patient_id, windows[0].person_id)),
                )
                for patient_id, windows in sorted(by_patient.items())
            ],
        )

    async def WhoCanSee(self, request: api_pb2.WhoCanSeeRequest, call: Call) -> api_pb2.WhoCanSeeResponse:
        patient_id, practice_id = located(call)
        at = messages.past_of(request.at, call.now) if request.HasField("at") else None
        viewers = await self._decisions.viewers(patient_id, at)
        if call.actor.kind != "staff" and call.actor.acting_as != "self":
            viewers = [viewer for viewer in viewers if viewer.account_id == call.actor.id]
        answer = api_pb2.WhoCanSeeResponse(at=instant_message(at or call.now))
        for viewer in viewers:
            windows = [held(window, patient_id, practice_id) for window in viewer.windows]
            answer.viewers.add(
                account_id=str(viewer.account_id),
                acting_as=windows[0].acting_as,
                person_id=str(windows[0].person_id),
                scopes=messages.all_scopes(window.scopes for window in windows),
                windows=await self._explained(windows),
            )
        return answer

    async def ExplainAccess(self, request: api_pb2.ExplainAccessRequest, call: Call) -> api_pb2.ExplainAccessResponse:
        patient_id, practice_id = located(call)
        account_id = uuid_field(request.account_id, "account_id")
        if call.actor.kind != "staff" and call.actor.acting_as != "self" and account_id != call.actor.id:
            raise NotFound
        at = messages.past_of(request.at, call.now) if request.HasField("at") else call.now
        explained = await self._decisions.explain(account_id, patient_id, at)
        then, now = (
            [held(window, patient_id, practice_id) for window in windows]
            for windows in (explained.known_then, explained.known_now)
        )
        return api_pb2.ExplainAccessResponse(
            at=instant_message(at),
            known_then=await self._explained(then),
            known_now=await self._explained(now),
            missing=explained.missing,
        )

    async def _explained(self, windows: Iterable[HeldWindow]) -> Sequence[api_pb2.ExplainedWindow]:
        return [
            api_pb2.ExplainedWindow(
                acting_as=window.acting_as,
                person_id=str(window.person_id),
                scopes=sorted(window.scopes),
                since=instant_message(window.since),
                until=None if window.until is None else instant_message(window.until),
                rule=window.rule,
                because=await self._decisions.event_ids(window.because),
            )
            for window in windows
        ]


def caller(call: Call) -> UUID:
    """The account that calls; policies let nobody else through."""
    if call.actor.id is None:
        raise NotFound
    return call.actor.id


def located(call: Call) -> tuple[UUID, UUID]:
    """The patient and practice that the policy found."""
    if call.patient_id is None or call.practice_id is None:
        raise NotFound
    return call.patient_id, call.practice_id


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
