"""Refills, as both sides ask."""

from services.messaging import messages
from services.messaging.api.callers import located, patient_author, staff_of
from services.messaging.api.fields import reason_of
from services.messaging.commands import refills as commands
from services.messaging.domain.refill import Prescription
from services.messaging.keysets import Keyset
from services.messaging.projections import medications, providers, refills
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, text_field, uuid_field
from shared.rpc.owning import own_patients

STATES = frozenset({"waiting", "all"})


class Refills:
    """The patient's side."""

    async def RequestRefill(self, request: api_pb2.RequestRefillRequest, call: Call) -> api_pb2.RequestRefillResponse:
        practice_id, patient_id = located(call)
        if not (request.entry_id or request.medication.strip()):
            raise InvalidField("medication", "expected an entry_id or a medication")
        provider_id = uuid_field(request.provider_id, "provider_id") if request.provider_id else None
        entry_id = uuid_field(request.entry_id, "entry_id") if request.entry_id else None
        async with call.rows() as rows:
            takes_part = provider_id is not None and await providers.takes_part(rows, practice_id, provider_id)
            is_on_list = entry_id is not None and await medications.is_on_list(rows, patient_id, entry_id)
        prescription = Prescription(
            author=await patient_author(call, "refills"),
            provider_id=provider_id,
            entry_id=entry_id,
            medication=text_field(request.medication, "medication", least=0),
            note=reason_of(request.note, "note", least=0),
        )
        command = commands.RequestRefill(practice_id, patient_id, prescription, takes_part, is_on_list)
        created = await call.perform(commands.request_refill, command)
        return api_pb2.RequestRefillResponse(refill_id=str(created.id), position=str(created.position))

    async def ListRefills(self, request: api_pb2.ListRefillsRequest, call: Call) -> api_pb2.ListRefillsResponse:
        _, patient_id = located(call)
        token, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await refills.of_patient(rows, patient_id, Keyset.parse(token), size + 1)
        call.viewed(*(row.refill_id for row in found[:size]))
        answer = api_pb2.ListRefillsResponse(refills=[messages.refill(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(
                str(Keyset(found[size - 1].requested_at, found[size - 1].refill_id))
            )
        return answer


class PracticeRefills:
    """The practice's side."""

    async def ListPracticeRefills(
        self, request: api_pb2.ListPracticeRefillsRequest, call: Call
    ) -> api_pb2.ListPracticeRefillsResponse:
        if call.practice_id is None:
            raise NotFound
        state = choice_field(request.state or "waiting", "state", STATES)
        token, size = call.page(request.page_token, request.page_size)
        only = refills.Filter(call.practice_id, call.patient_id, await own_patients(call), waiting=state == "waiting")
        async with call.rows() as rows:
            found = await refills.of_practice(rows, only, Keyset.parse(token), size + 1)
        for row in found[:size]:
            call.viewed(row.refill_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPracticeRefillsResponse(refills=[messages.refill(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(
                str(Keyset(found[size - 1].requested_at, found[size - 1].refill_id))
            )
        return answer

    async def ApproveRefill(self, request: api_pb2.ApproveRefillRequest, call: Call) -> api_pb2.ApproveRefillResponse:
        command = commands.ApproveRefill(uuid_field(request.refill_id, "refill_id"), staff_of(call))
        return api_pb2.ApproveRefillResponse(position=str(await call.perform(commands.approve_refill, command)))

    async def DeclineRefill(self, request: api_pb2.DeclineRefillRequest, call: Call) -> api_pb2.DeclineRefillResponse:
        refill_id = uuid_field(request.refill_id, "refill_id")
        command = commands.DeclineRefill(refill_id, staff_of(call), reason_of(request.reason))
        return api_pb2.DeclineRefillResponse(position=str(await call.perform(commands.decline_refill, command)))

    async def SendRefillToPharmacy(
        self, request: api_pb2.SendRefillToPharmacyRequest, call: Call
    ) -> api_pb2.SendRefillToPharmacyResponse:
        command = commands.SendRefillToPharmacy(uuid_field(request.refill_id, "refill_id"), staff_of(call))
        position = await call.perform(commands.send_refill_to_pharmacy, command)
        return api_pb2.SendRefillToPharmacyResponse(position=str(position))
