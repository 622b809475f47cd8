"""What staff decide of results that wait, and whose task these have become (R14, R15, R44)."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from services.documents import messages
from services.documents.api.callers import (
    account_of,
    approving_provider,
    practice_of,
)
from services.documents.commands import reviewing
from services.documents.domain.results import Result
from services.documents.projections import documents, providers, results, review_tasks
from shared.access import replicas
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import text_field, uuid_field
from shared.rpc.owning import check_not_own, own_patients

MOST_ITEMS = 100
"""Results and documents that are approved at once."""


class Review:
    """Releases, approvals, holds, retractions, tasks."""

    async def ReleaseResult(self, request: api_pb2.ReleaseResultRequest, call: Call) -> api_pb2.ReleaseResultResponse:
        provider_id = await approving_provider(call)
        position = await call.perform(reviewing.release, reviewing.Release(_item(request, call), provider_id))
        return api_pb2.ReleaseResultResponse(position=str(position))

    async def RetractResult(self, request: api_pb2.RetractResultRequest, call: Call) -> api_pb2.RetractResultResponse:
        provider_id = await approving_provider(call)
        reason = text_field(request.reason, "reason", most=500)
        position = await call.perform(reviewing.retract, reviewing.Retract(_item(request, call), provider_id, reason))
        return api_pb2.RetractResultResponse(position=str(position))

    async def ApproveResults(
        self, request: api_pb2.ApproveResultsRequest, call: Call
    ) -> api_pb2.ApproveResultsResponse:
        provider_id = await approving_provider(call)
        command = reviewing.ApproveResults(await _several(request, call), provider_id)
        position = await call.perform(reviewing.approve_results, command)
        return api_pb2.ApproveResultsResponse(position=str(position))

    async def UndoApproval(self, request: api_pb2.UndoApprovalRequest, call: Call) -> api_pb2.UndoApprovalResponse:
        command = reviewing.UndoApproval(await _several(request, call))
        position = await call.perform(reviewing.undo_approval, command)
        return api_pb2.UndoApprovalResponse(position=str(position))

    async def HoldResult(self, request: api_pb2.HoldResultRequest, call: Call) -> api_pb2.HoldResultResponse:
        command = reviewing.Hold(
            item=_item(request, call),
            author_id=account_of(call),
            reason=text_field(request.reason, "reason", most=500),
            until=messages.instant(request.until, "until"),
        )
        return api_pb2.HoldResultResponse(position=str(await call.perform(reviewing.hold, command)))

    async def LiftHold(self, request: api_pb2.LiftHoldRequest, call: Call) -> api_pb2.LiftHoldResponse:
        position = await call.perform(reviewing.lift_hold, reviewing.LiftHold(_item(request, call)))
        return api_pb2.LiftHoldResponse(position=str(position))

    async def RefileResult(self, request: api_pb2.RefileResultRequest, call: Call) -> api_pb2.RefileResultResponse:
        provider_id = await approving_provider(call)
        to_patient_id = uuid_field(request.to_patient_id, "to_patient_id")
        await check_not_own(call, to_patient_id)
        async with call.rows() as rows:
            if await replicas.practice_of(rows, to_patient_id) != practice_of(call):
                raise NotFound
            to_patient_id = await replicas.record_of(rows, to_patient_id)
        command = reviewing.RefileResult(uuid_field(request.result_id, "result_id"), to_patient_id, provider_id)
        refiled = await call.perform(reviewing.refile_result, command)
        return api_pb2.RefileResultResponse(result_id=str(refiled.id), position=str(refiled.position))

    async def ListReviewTasks(
        self, request: api_pb2.ListReviewTasksRequest, call: Call
    ) -> api_pb2.ListReviewTasksResponse:
        practice_id, own = practice_of(call), set(await own_patients(call))
        async with call.rows() as rows:
            zone = await replicas.time_zone_of(rows, practice_id)
            taking_part = await providers.taking_part(rows, practice_id)
            found = await review_tasks.tasks(rows, practice_id, call.now, ZoneInfo(zone or "UTC"))
        answer = api_pb2.ListReviewTasksResponse()
        me = call.actor.provider_id
        for each in found:
            if each.patient_id in own:
                continue
            if me in taking_part and me is not None and each.concerns(me, each.ordering_provider_id in taking_part):
                answer.tasks.append(messages.task(each, clinical=True))
            elif "admin" in call.actor.roles and each.concerns_admin:
                answer.tasks.append(messages.task(each, clinical=False))
        return answer


def _item(
    request: api_pb2.ReleaseResultRequest
    | api_pb2.RetractResultRequest
    | api_pb2.HoldResultRequest
    | api_pb2.LiftHoldRequest,
    call: Call,
) -> reviewing.Item:
    """The result that the request names; the policy has found it to be of this patient."""
    return reviewing.Item(Result, uuid_field(request.result_id, "result_id"), call.patient_id)


async def _several(
    request: api_pb2.ApproveResultsRequest | api_pb2.UndoApprovalRequest, call: Call
) -> reviewing.Several:
    """The named items; NotFound where one is not of the practice, NotAllowed where one is the caller's own."""
    if not 1 <= len(request.result_ids) + len(request.document_ids) <= MOST_ITEMS:
        raise InvalidField("result_ids", f"expected 1 to {MOST_ITEMS} results and documents")
    result_ids = _each_once(request.result_ids, "result_ids")
    document_ids = _each_once(request.document_ids, "document_ids")
    async with call.rows() as rows:
        patients = await results.patients_of(rows, practice_of(call), result_ids)
        patients |= await documents.patients_of(rows, practice_of(call), document_ids)
        joined = {one: await replicas.record_of(rows, one) for one in set(patients.values())}
    if len(patients) < len(result_ids) + len(document_ids):
        raise NotFound
    await check_not_own(call, *patients.values())
    return reviewing.Several(practice_of(call), result_ids, document_ids, joined)


def _each_once(given: Sequence[str], field: str) -> tuple[UUID, ...]:
    ids = tuple(uuid_field(text, field) for text in given)
    if len(set(ids)) < len(ids):
        raise InvalidField(field, "expected each once")
    return ids
