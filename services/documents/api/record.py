"""The health record, visible on arrival (R14), and who looked at what (R39)."""

from services.documents import messages
from services.documents.api.callers import approving_provider, is_staff, practice_of
from services.documents.commands import entries
from services.documents.projections import access_history, record_entries
from shared.access import replicas
from shared.contracts.documents.v1 import api_pb2
from shared.errors import NotFound
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, uuid_field
from shared.rpc.owning import check_not_own, own_patients

KINDS = frozenset({"", "medication", "allergy", "immunization", "problem"})


class Record:
    """What is listed without approval, and the access history."""

    def __init__(self, names: Names) -> None:
        self._history_names = names

    async def ListRecordEntries(
        self, request: api_pb2.ListRecordEntriesRequest, call: Call
    ) -> api_pb2.ListRecordEntriesResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        kind = choice_field(request.kind, "kind", KINDS)
        async with call.rows() as rows:
            wanted = record_entries.Wanted(kind, is_staff(call), int(keyset) if keyset else None, size + 1)
            found = await record_entries.page(rows, uuid_field(request.patient_id, "patient_id"), wanted)
        call.viewed(*(row.entry_id for row in found[:size]))
        answer = api_pb2.ListRecordEntriesResponse(
            entries=[messages.entry(row, staff=is_staff(call)) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def ListPendingRecordEntries(
        self, request: api_pb2.ListPendingRecordEntriesRequest, call: Call
    ) -> api_pb2.ListPendingRecordEntriesResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        own = await own_patients(call)
        async with call.rows() as rows:
            after = int(keyset) if keyset else None
            found = await record_entries.waiting(rows, practice_of(call), own, after, size + 1)
        for row in found[:size]:
            call.viewed(row.entry_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPendingRecordEntriesResponse(
            entries=[messages.entry(row, staff=True) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def RefileRecordEntry(
        self, request: api_pb2.RefileRecordEntryRequest, call: Call
    ) -> api_pb2.RefileRecordEntryResponse:
        provider_id = await approving_provider(call)
        to_patient_id = uuid_field(request.to_patient_id, "to_patient_id")
        await check_not_own(call, to_patient_id)
        async with call.rows() as rows:
            if await replicas.practice_of(rows, to_patient_id) != practice_of(call):
                raise NotFound
            to_patient_id = await replicas.record_of(rows, to_patient_id)
        command = entries.RefileRecordEntry(uuid_field(request.entry_id, "entry_id"), to_patient_id, provider_id)
        refiled = await call.perform(entries.refile_record_entry, command)
        return api_pb2.RefileRecordEntryResponse(entry_id=str(refiled.id), position=str(refiled.position))

    async def ApproveRecordEntry(
        self, request: api_pb2.ApproveRecordEntryRequest, call: Call
    ) -> api_pb2.ApproveRecordEntryResponse:
        provider_id = await approving_provider(call)
        command = entries.ApproveRecordEntry(uuid_field(request.entry_id, "entry_id"), provider_id)
        position = await call.perform(entries.approve_record_entry, command)
        return api_pb2.ApproveRecordEntryResponse(position=str(position))

    async def ListAccessHistory(
        self, request: api_pb2.ListAccessHistoryRequest, call: Call
    ) -> api_pb2.ListAccessHistoryResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        own_only = call.actor.id if call.actor.acting_as in {"representative", "executor"} else None
        scopes = await self._history_scopes(call)
        async with call.rows() as rows:
            found = await access_history.page(
                rows,
                uuid_field(request.patient_id, "patient_id"),
                own_only,
                access_history.Wanted(is_staff(call), access_history.Keyset.parse(keyset), size + 1),
            )
            few = {one for row in found[:size] if row.shows_few for one in row.object_ids}
            titles = await access_history.titles(rows, [*few], scopes)
        staff = {row.staff_id for row in found[:size] if row.staff_id is not None}
        names = await self._history_names.of(*staff) if staff else {}
        answer = api_pb2.ListAccessHistoryResponse(
            entries=[messages.access_entry(row, names, titles) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].keyset))
        return answer

    async def _history_scopes(self, call: Call) -> frozenset[str]:
        """What the caller may see of the located patient's record now; nothing for staff, who are told ids alone."""
        if is_staff(call):
            return frozenset()
        held = [window.scopes for window in await call.windows() if window.patient_id == call.patient_id]
        return frozenset().union(*held)
