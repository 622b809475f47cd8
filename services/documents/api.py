"""What patients and staff ask of documents: message in, command or query, message out."""

from datetime import UTC, datetime
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody

from services.documents import commands, messages
from services.documents.domain.errors import ProviderNotTakingPart
from services.documents.domain.results import Report
from services.documents.projections import access_history, providers, record_entries, results
from services.documents.projections.results import ResultRow
from services.documents.result_pdf import result_pdf
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.names import Names
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, text_field, uuid_field

KINDS = frozenset({"", "medication", "allergy", "immunization", "problem"})


class DocumentsApi:
    """The API port's servicer; policies have been applied before a method is called."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def ListResults(self, request: api_pb2.ListResultsRequest, call: Call) -> api_pb2.ListResultsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await results.page(
                rows, uuid_field(request.patient_id, "patient_id"), is_staff(call), _instant_and_id(keyset), size + 1
            )
        call.viewed(*(row.result_id for row in found[:size]))
        answer = api_pb2.ListResultsResponse(results=[messages.summary(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(_keyset(found[size - 1].effective_at, found[size - 1].result_id))
        return answer

    async def GetResult(self, request: api_pb2.GetResultRequest, call: Call) -> api_pb2.GetResultResponse:
        async with call.rows() as rows:
            row = await visible_result(rows, request.result_id, call)
            retracted = row.state == "retracted"
            reason = await results.retraction_reason(rows, row.result_id) if retracted else ""
            trends = {} if retracted and not is_staff(call) else await results.trends(rows, row)
        call.viewed(row.result_id)
        return messages.whole(row, trends, reason, with_values=not retracted or is_staff(call))

    async def DownloadResult(self, request: api_pb2.DownloadResultRequest, call: Call) -> HttpBody:
        async with call.rows() as rows:
            row = await visible_result(rows, request.result_id, call)
        if row.state != "released":
            raise NotFound
        names = await self._names.of(row.practice_id, row.patient_id)
        call.viewed(row.result_id)
        return HttpBody(content_type="application/pdf", data=await result_pdf(row, names))

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
        answer = api_pb2.ListAccessHistoryResponse(entries=[messages.access_entry(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].keyset))
        return answer

    async def ListPendingResults(
        self, request: api_pb2.ListPendingResultsRequest, call: Call
    ) -> api_pb2.ListPendingResultsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        practice_id, own = uuid_field(request.practice_id, "practice_id"), await own_patients(call)
        async with call.rows() as rows:
            found = await results.waiting(rows, practice_id, own, _instant_and_id(keyset), size + 1)
        for row in found[:size]:
            call.viewed(row.result_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPendingResultsResponse(results=[messages.summary(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(_keyset(found[size - 1].received_at, found[size - 1].result_id))
        return answer

    async def FileResult(self, request: api_pb2.FileResultRequest, call: Call) -> api_pb2.FileResultResponse:
        practice_id, patient_id = located(call)
        orderer = messages.ordering_provider(request.ordering_provider_id)
        if orderer is not None:
            async with call.rows() as rows:
                if not await providers.belongs(rows, practice_id, orderer):
                    raise InvalidField("ordering_provider_id", "expected a provider of this practice")
        report = Report(
            title=text_field(request.title, "title"),
            category=messages.category(request.category),
            effective_at=messages.instant(request.effective_at, "effective_at"),
            values=messages.values(request.values),
            ordering_provider_id=orderer,
        )
        filed = await call.perform(commands.file_result, commands.FileResult(practice_id, patient_id, report))
        return api_pb2.FileResultResponse(result_id=str(filed.id), position=str(filed.position))

    async def ReleaseResult(self, request: api_pb2.ReleaseResultRequest, call: Call) -> api_pb2.ReleaseResultResponse:
        provider_id = await approving_provider(call)
        command = commands.ReleaseResult(uuid_field(request.result_id, "result_id"), provider_id)
        position = await call.perform(commands.release_result, command)
        return api_pb2.ReleaseResultResponse(position=str(position))

    async def RetractResult(self, request: api_pb2.RetractResultRequest, call: Call) -> api_pb2.RetractResultResponse:
        provider_id = await approving_provider(call)
        command = commands.RetractResult(
            uuid_field(request.result_id, "result_id"), provider_id, text_field(request.reason, "reason", most=500)
        )
        position = await call.perform(commands.retract_result, command)
        return api_pb2.RetractResultResponse(position=str(position))


def is_staff(call: Call) -> bool:
    return call.actor.kind == "staff"


async def own_patients(call: Call) -> list[UUID]:
    """The patients whom the caller is or represents: nobody acts as staff on these, or meets them in a queue (R43)."""
    return [window.patient_id for window in await call.windows()]


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient that the policy found; an RPC of this service always concerns both."""
    if call.practice_id is None or call.patient_id is None:
        raise NotFound
    return call.practice_id, call.patient_id


async def visible_result(rows: Rows, result_id: str, call: Call) -> ResultRow:
    """The result, if this caller may see it: a waiting one does not exist but for staff."""
    row = await results.one(rows, uuid_field(result_id, "result_id"))
    if row is None or (row.state == "waiting" and not is_staff(call)):
        raise NotFound
    return row


async def approving_provider(call: Call) -> UUID:
    """The caller as a provider who takes part at the located practice; ProviderNotTakingPart otherwise (R14)."""
    practice_id, _ = located(call)
    if call.actor.provider_id is None:
        raise ProviderNotTakingPart
    async with call.rows() as rows:
        if not await providers.takes_part(rows, practice_id, call.actor.provider_id):
            raise ProviderNotTakingPart
    return call.actor.provider_id


def _keyset(at: datetime, id_: UUID) -> str:
    return f"{at.astimezone(UTC).isoformat()}/{id_}"


def _instant_and_id(keyset: str) -> tuple[datetime, UUID] | None:
    if not keyset:
        return None
    at, _, id_ = keyset.partition("/")
    return datetime.fromisoformat(at), UUID(id_)
