"""Duplicate records (R44): proposing to join or part two, what waits, confirming, withdrawing, what is joined."""

from uuid import UUID

from services.identity.api.patients import FIRST
from services.identity.api.seconding import staff_of
from services.identity.commands.duplicates import (
    ConfirmJoiningProposal,
    ProposeJoining,
    ProposeParting,
    WithdrawJoiningProposal,
    confirm_joining_proposal,
    propose_joining,
    propose_parting,
    withdraw_joining_proposal,
)
from services.identity.domain.duplicates import JoiningProposal
from services.identity.domain.values import JoiningProposalId, PatientId
from services.identity.parts import Servicer
from services.identity.projections import duplicates
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, text_field, uuid_field
from shared.rpc.owning import check_not_own

MOST_REASON_CHARACTERS = 500


class DuplicatesApi(Servicer):
    """Requests name a record by its own id here: the duplicate stays where it is, only nothing new belongs to it."""

    async def ProposeJoining(
        self, request: api_pb2.ProposeJoiningRequest, call: Call
    ) -> api_pb2.ProposeJoiningResponse:
        duplicate_id = _record(request.patient_id, "patient_id")
        survivor_id = _record(request.survivor_id, "survivor_id")
        if survivor_id == duplicate_id:
            raise InvalidField("survivor_id", "expected another record than patient_id's")
        await check_not_own(call, survivor_id)
        command = ProposeJoining(duplicate_id, survivor_id, _reason(request.reason), staff_of(call))
        made = await call.perform(propose_joining, command)
        return api_pb2.ProposeJoiningResponse(proposal_id=str(made.id), position=str(made.position))

    async def ProposeParting(
        self, request: api_pb2.ProposePartingRequest, call: Call
    ) -> api_pb2.ProposePartingResponse:
        command = ProposeParting(_record(request.patient_id, "patient_id"), _reason(request.reason), staff_of(call))
        made = await call.perform(propose_parting, command)
        return api_pb2.ProposePartingResponse(proposal_id=str(made.id), position=str(made.position))

    async def ListJoiningProposals(
        self, request: api_pb2.ListJoiningProposalsRequest, call: Call
    ) -> api_pb2.ListJoiningProposalsResponse:
        async with call.rows() as rows:
            found = await duplicates.open_proposals(rows, UUID(request.practice_id), call.now)
        return api_pb2.ListJoiningProposalsResponse(
            proposals=[
                api_pb2.JoiningProposal(
                    proposal_id=str(row["proposal_id"]),
                    act=row["act"],
                    duplicate_id=str(row["duplicate_id"]),
                    survivor_id=str(row["survivor_id"]),
                    reason=row["reason"],
                    proposed_by=str(row["proposed_by"]),
                    own=row["proposed_by"] == call.actor.staff_id,
                    expires_at=instant_message(row["expires_at"]),
                )
                for row in found
            ]
        )

    async def ConfirmJoiningProposal(
        self, request: api_pb2.ConfirmJoiningProposalRequest, call: Call
    ) -> api_pb2.ConfirmJoiningProposalResponse:
        command = ConfirmJoiningProposal(
            _record(request.patient_id, "patient_id"), _proposed(request.proposal_id), staff_of(call)
        )
        proposal = await self.parts.store.find(JoiningProposal, command.proposal_id)
        if proposal is not None:  # the path names one of the two records only
            await check_not_own(call, proposal.intent.pair.duplicate_id, proposal.intent.pair.survivor_id)
        position = await call.perform(confirm_joining_proposal, command)
        return api_pb2.ConfirmJoiningProposalResponse(position=str(position))

    async def WithdrawJoiningProposal(
        self, request: api_pb2.WithdrawJoiningProposalRequest, call: Call
    ) -> api_pb2.WithdrawJoiningProposalResponse:
        command = WithdrawJoiningProposal(
            _record(request.patient_id, "patient_id"), _proposed(request.proposal_id), staff_of(call)
        )
        position = await call.perform(withdraw_joining_proposal, command)
        return api_pb2.WithdrawJoiningProposalResponse(position=str(position))

    async def ListJoinedRecords(
        self, request: api_pb2.ListJoinedRecordsRequest, call: Call
    ) -> api_pb2.ListJoinedRecordsResponse:
        after, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await duplicates.joined_at(
                rows, UUID(request.practice_id), UUID(after) if after else FIRST, size + 1
            )
        shown = found[:size]
        return api_pb2.ListJoinedRecordsResponse(
            records=[
                api_pb2.JoinedRecord(
                    duplicate_id=str(row["duplicate_id"]),
                    survivor_id=str(row["survivor_id"]),
                    joined_at=instant_message(row["joined_at"]),
                )
                for row in shown
            ],
            next_page_token=call.next_page(str(shown[-1]["duplicate_id"])) if len(found) > size else "",
        )


def _record(text: str, field: str) -> PatientId:
    return PatientId(uuid_field(text, field))


def _proposed(text: str) -> JoiningProposalId:
    return JoiningProposalId(uuid_field(text, "proposal_id"))


def _reason(text: str) -> str:
    return text_field(text, "reason", most=MOST_REASON_CHARACTERS)
