"""The health record, visible on arrival (R14), and who looked at what (R39)."""

from services.documents import messages
from services.documents.api.callers import is_staff
from services.documents.projections import access_history, record_entries
from shared.contracts.documents.v1 import api_pb2
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, uuid_field

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
            found = await record_entries.page(
                rows, uuid_field(request.patient_id, "patient_id"), kind, int(keyset) if keyset else None, size + 1
            )
        call.viewed(*(row.entry_id for row in found[:size]))
        answer = api_pb2.ListRecordEntriesResponse(entries=[messages.entry(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def ListAccessHistory(
        self, request: api_pb2.ListAccessHistoryRequest, call: Call
    ) -> api_pb2.ListAccessHistoryResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        own_only = call.actor.id if call.actor.acting_as in {"representative", "executor"} else None
        async with call.rows() as rows:
            found = await access_history.page(
                rows,
                uuid_field(request.patient_id, "patient_id"),
                own_only,
                access_history.Wanted(is_staff(call), access_history.Keyset.parse(keyset), size + 1),
            )
        staff = {row.staff_id for row in found[:size] if row.staff_id is not None}
        names = await self._history_names.of(*staff) if staff else {}
        answer = api_pb2.ListAccessHistoryResponse(entries=[messages.access_entry(row, names) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].keyset))
        return answer
