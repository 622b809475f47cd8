"""The desk's tasks, and what raises them or a birthday brings: objections, emancipation (R18, R20, R42)."""

from typing import cast

from services.consent import messages
from services.consent.api.callers import caller, located
from services.consent.commands.birthdays import (
    CorrectEmancipation,
    RecordEmancipation,
    correct_emancipation,
    record_emancipation,
)
from services.consent.commands.tasks import (
    ObjectToRepresentative,
    SettleTask,
    object_to_representative,
    settle_task,
)
from services.consent.commands.verifying import VerifyAccessAgain, verify_access_again
from services.consent.domain.record import Proof, ProofKind
from services.consent.projections import desk_tasks
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_message, instant_message, text_field, uuid_field
from shared.rpc.owning import own_patients

PROOFS = frozenset({"court_decree", "marriage_certificate", "military_service", "other"})


class Tasks:
    """Raised, listed, settled; emancipated and corrected."""

    async def ObjectToRepresentative(
        self, request: api_pb2.ObjectToRepresentativeRequest, call: Call
    ) -> api_pb2.ObjectToRepresentativeResponse:
        """A representative cannot object for the patient."""
        if call.actor.acting_as != "self":
            raise NotFound
        patient_id, _ = located(call)
        words = messages.reason_of(request.reason)
        command = ObjectToRepresentative(patient_id, uuid_field(request.person_id, "person_id"), words)
        raised = await call.perform(object_to_representative, command)
        return api_pb2.ObjectToRepresentativeResponse(task_id=str(raised.id), position=str(raised.position))

    async def ListDeskTasks(self, request: api_pb2.ListDeskTasksRequest, call: Call) -> api_pb2.ListDeskTasksResponse:
        practice_id = uuid_field(request.practice_id, "practice_id")
        keyset, size = call.page(request.page_token, request.page_size)
        own = await own_patients(call)
        async with call.rows() as rows:
            found = await desk_tasks.waiting_at(rows, practice_id, own, int(keyset or 0), size + 1)
        shown = found[:size]
        for row in shown:
            call.viewed(row.task_id, patient_id=row.patient_id, practice_id=practice_id)
        return api_pb2.ListDeskTasksResponse(
            tasks=[
                api_pb2.DeskTask(
                    task_id=str(row.task_id),
                    patient_id=str(row.patient_id),
                    kind=row.kind,
                    person_id=str(row.person_id or ""),
                    words=row.words,
                    raised_at=instant_message(row.raised_at),
                    due_on=date_message(row.due_on),
                )
                for row in shown
            ],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )

    async def SettleDeskTask(
        self, request: api_pb2.SettleDeskTaskRequest, call: Call
    ) -> api_pb2.SettleDeskTaskResponse:
        command = SettleTask(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            task_id=uuid_field(request.task_id, "task_id"),
            note=text_field(request.note, "note", most=messages.MOST_REASON_CHARACTERS, least=0),
            settled_by=caller(call),
            own=tuple(await own_patients(call)),
        )
        return api_pb2.SettleDeskTaskResponse(position=str(await call.perform(settle_task, command)))

    async def VerifyAccessAgain(
        self, request: api_pb2.VerifyAccessAgainRequest, call: Call
    ) -> api_pb2.VerifyAccessAgainResponse:
        patient_id, _ = located(call)
        command = VerifyAccessAgain(
            patient_id=patient_id,
            person_id=uuid_field(request.person_id, "person_id"),
            document=text_field(request.document, "document"),
            verified_by=caller(call),
        )
        return api_pb2.VerifyAccessAgainResponse(position=str(await call.perform(verify_access_again, command)))

    async def RecordEmancipation(
        self, request: api_pb2.RecordEmancipationRequest, call: Call
    ) -> api_pb2.RecordEmancipationResponse:
        patient_id, _ = located(call)
        kind = cast("ProofKind", choice_field(request.kind, "kind", PROOFS))
        proof = Proof(kind, uuid_field(request.scan_id, "scan_id"), caller(call))
        position = await call.perform(record_emancipation, RecordEmancipation(patient_id, proof))
        return api_pb2.RecordEmancipationResponse(position=str(position))

    async def CorrectEmancipation(
        self, request: api_pb2.CorrectEmancipationRequest, call: Call
    ) -> api_pb2.CorrectEmancipationResponse:
        patient_id, _ = located(call)
        command = CorrectEmancipation(patient_id, messages.reason_of(request.reason), caller(call))
        return api_pb2.CorrectEmancipationResponse(position=str(await call.perform(correct_emancipation, command)))
