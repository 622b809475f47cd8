"""Portal consent forms and their signatures."""

from services.consent import messages
from services.consent.api.callers import caller, is_staff
from services.consent.commands.consents import (
    SignConsent,
    SignOwnConsent,
    WithdrawConsent,
    sign_consent,
    sign_own_consent,
    withdraw_consent,
)
from services.consent.commands.forms import PublishForm, publish_form
from services.consent.decisions import Decisions
from services.consent.projections.consents import consents_of
from services.consent.projections.forms import form_of
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field


class Consents:
    """Published, signed, withdrawn, listed."""

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
        by_staff = is_staff(call)
        command = WithdrawConsent(
            patient_id=uuid_field(request.patient_id, "patient_id"),
            consent_id=uuid_field(request.consent_id, "consent_id"),
            reason=messages.reason_of(request.reason, required=by_staff),
            withdrawn_by=call.actor.id,
            own_only=None if by_staff else caller(call),
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
