"""Results: read by patients once released, by staff before; filed at the desk (R14, R30)."""

from google.api.httpbody_pb2 import HttpBody

from services.documents import messages
from services.documents.api.callers import is_staff, located, practice_of
from services.documents.commands import filing
from services.documents.domain.results import Report
from services.documents.projections import providers, release_policies, results
from services.documents.projections.results import ResultRow
from services.documents.result_pdf import result_pdf
from shared.access.replicas import records_of
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.names import Names
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import text_field, uuid_field
from shared.rpc.owning import own_patients


class Results:
    """Lists, one result, its PDF, and the desk's filing."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def ListResults(self, request: api_pb2.ListResultsRequest, call: Call) -> api_pb2.ListResultsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await results.page(
                rows,
                uuid_field(request.patient_id, "patient_id"),
                is_staff(call),
                messages.instant_and_id(keyset),
                size + 1,
            )
        call.viewed(*(row.result_id for row in found[:size]))
        answer = api_pb2.ListResultsResponse(
            results=[messages.summary(row, staff=is_staff(call)) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(
                messages.keyset(found[size - 1].effective_at, found[size - 1].result_id)
            )
        return answer

    async def GetResult(self, request: api_pb2.GetResultRequest, call: Call) -> api_pb2.GetResultResponse:
        async with call.rows() as rows:
            row = await visible_result(rows, request.result_id, call)
            reason = await results.retraction_reason(rows, row.result_id)
            hold = await results.hold_of(rows, row.result_id)
            trends = await results.trends(rows, row)
        call.viewed(row.result_id)
        return messages.whole(messages.Whole(row, trends, reason, hold), staff=is_staff(call))

    async def DownloadResult(self, request: api_pb2.DownloadResultRequest, call: Call) -> HttpBody:
        async with call.rows() as rows:
            row = await visible_result(rows, request.result_id, call)
        if row.state != "released":
            raise NotFound
        names = await self._names.of(row.practice_id, row.patient_id)
        call.viewed(row.result_id)
        return HttpBody(content_type="application/pdf", data=await result_pdf(row, names))

    async def ListPendingResults(
        self, request: api_pb2.ListPendingResultsRequest, call: Call
    ) -> api_pb2.ListPendingResultsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        queue = results.Queue(practice_of(call), await own_patients(call), call.now, held=request.held)
        async with call.rows() as rows:
            found = await results.waiting(rows, queue, messages.instant_and_id(keyset), size + 1)
        for row in found[:size]:
            call.viewed(row.result_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPendingResultsResponse(
            results=[messages.summary(row, staff=is_staff(call)) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(
                messages.keyset(found[size - 1].received_at, found[size - 1].result_id)
            )
        return answer

    async def FileResult(self, request: api_pb2.FileResultRequest, call: Call) -> api_pb2.FileResultResponse:
        practice_id, patient_id = located(call)
        category = messages.category(request.category)
        orderer = messages.ordering_provider(request.ordering_provider_id)
        corrected = request.corrects_result_id
        corrects_id = uuid_field(corrected, "corrects_result_id") if corrected else None
        async with call.rows() as rows:
            if orderer is not None and not await providers.belongs(rows, practice_id, orderer):
                raise InvalidField("ordering_provider_id", "expected a provider of this practice")
            if corrects_id is not None:
                corrects = await results.where(rows, corrects_id)
                if corrects is None or corrects[1] not in await records_of(rows, patient_id):
                    raise InvalidField("corrects_result_id", "expected a result of this patient")
                _, patient_id = corrects  # a correction stands in the record that it corrects
            standing_id = await release_policies.covering(rows, practice_id, category)
        report = Report(
            title=text_field(request.title, "title"),
            category=category,
            effective_at=messages.instant(request.effective_at, "effective_at"),
            values=messages.values(request.values),
            ordering_provider_id=orderer,
            corrects_id=corrects_id,
        )
        command = filing.FileResult(practice_id, patient_id, report, standing_id)
        filed = await call.perform(filing.file_result, command)
        return api_pb2.FileResultResponse(result_id=str(filed.id), position=str(filed.position))


async def visible_result(rows: Rows, result_id: str, call: Call) -> ResultRow:
    """The result, if this caller may see it: one that was not released does not exist but for staff."""
    row = await results.one(rows, uuid_field(result_id, "result_id"))
    if row is None or not (row.is_visible or is_staff(call)):
        raise NotFound
    return row
