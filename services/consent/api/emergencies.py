"""Emergency access of staff: declared, shown to the patient, reviewed by the admin (R43)."""

from typing import cast

from services.consent.api.callers import caller, is_own, located
from services.consent.commands.emergencies import (
    DeclareEmergency,
    ReviewEmergency,
    declare_emergency,
    review_emergency,
)
from services.consent.domain.emergency import DURATION, Finding
from services.consent.messages import MOST_REASON_CHARACTERS
from services.consent.projections import emergencies
from services.consent.projections.emergencies import EmergencyRow
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, instant_message, text_field, uuid_field
from shared.rpc.owning import own_patients

FINDINGS = frozenset({"justified", "unjustified"})
LEAST_REASON_CHARACTERS = 10
"""A typed reason, not a dot."""


class Emergencies:
    """Declared, listed, reviewed."""

    async def DeclareEmergencyAccess(
        self, request: api_pb2.DeclareEmergencyAccessRequest, call: Call
    ) -> api_pb2.DeclareEmergencyAccessResponse:
        patient_id, _ = located(call)
        reason = text_field(request.reason, "reason", least=LEAST_REASON_CHARACTERS, most=MOST_REASON_CHARACTERS)
        if call.actor.staff_id is None:
            raise NotFound
        command = DeclareEmergency(patient_id, caller(call), call.actor.staff_id, reason)
        declared = await call.perform(declare_emergency, command)
        call.viewed(declared.id)
        return api_pb2.DeclareEmergencyAccessResponse(
            emergency_id=str(declared.id), position=str(declared.position), minutes=int(DURATION.total_seconds()) // 60
        )

    async def ReviewEmergencyAccess(
        self, request: api_pb2.ReviewEmergencyAccessRequest, call: Call
    ) -> api_pb2.ReviewEmergencyAccessResponse:
        command = ReviewEmergency(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            emergency_id=uuid_field(request.emergency_id, "emergency_id"),
            finding=cast("Finding", choice_field(request.finding, "finding", FINDINGS)),
            note=text_field(request.note, "note", most=MOST_REASON_CHARACTERS, least=0),
            reviewed_by=caller(call),
            own=tuple(await own_patients(call)),
        )
        return api_pb2.ReviewEmergencyAccessResponse(position=str(await call.perform(review_emergency, command)))

    async def ListEmergencyAccess(
        self, request: api_pb2.ListEmergencyAccessRequest, call: Call
    ) -> api_pb2.ListEmergencyAccessResponse:
        practice_id = uuid_field(request.practice_id, "practice_id")
        keyset, size = call.page(request.page_token, request.page_size)
        asked = emergencies.Asked(practice_id, await own_patients(call), waiting=request.waiting_only)
        async with call.rows() as rows:
            found = await emergencies.of_practice(rows, asked, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        for row in shown:
            call.viewed(row.emergency_id, patient_id=row.patient_id, practice_id=row.practice_id)
        return api_pb2.ListEmergencyAccessResponse(
            emergencies=[emergency_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )

    async def ListEmergencyAccessOfPatient(
        self, request: api_pb2.ListEmergencyAccessOfPatientRequest, call: Call
    ) -> api_pb2.ListEmergencyAccessOfPatientResponse:
        if not is_own(call):
            raise NotFound
        patient_id, _ = located(call)
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await emergencies.of_patient(rows, patient_id, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        return api_pb2.ListEmergencyAccessOfPatientResponse(
            emergencies=[emergency_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )


def emergency_message(row: EmergencyRow) -> api_pb2.EmergencyAccess:
    message = api_pb2.EmergencyAccess(
        emergency_id=str(row.emergency_id),
        patient_id=str(row.patient_id),
        staff_id=str(row.staff_id),
        reason=row.reason,
        declared_at=instant_message(row.declared_at),
        until=instant_message(row.until),
        finding=row.finding,
    )
    if row.reviewed_at is not None:
        message.reviewed_at.CopyFrom(instant_message(row.reviewed_at))
    return message
