"""What takes two admins: lists of what waits, confirming, declining, and asking for an erasure (R43)."""

from services.identity.commands.seconding import (
    ConfirmAdmin,
    ConfirmErasure,
    DeclineAdmin,
    RequestErasure,
    WithdrawErasure,
    confirm_admin,
    confirm_erasure,
    decline_admin,
    request_erasure,
    withdraw_erasure,
)
from services.identity.domain.values import ErasureRequestId, PatientId, PracticeId, ProposalId, StaffId
from services.identity.parts import Servicer
from services.identity.projections import seconding
from shared.contracts.identity.v1 import api_pb2
from shared.errors import NotAllowed
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field


class SecondingApi(Servicer):
    async def ListAdminProposals(
        self, request: api_pb2.ListAdminProposalsRequest, call: Call
    ) -> api_pb2.ListAdminProposalsResponse:
        async with call.rows() as rows:
            found = await seconding.open_proposals(rows, uuid_field(request.practice_id, "practice_id"), call.now)
        return api_pb2.ListAdminProposalsResponse(
            proposals=[
                api_pb2.AdminProposal(
                    proposal_id=str(row["proposal_id"]),
                    staff_id=str(row["staff_id"]),
                    name=api_pb2.PersonName(given=row["given"], family=row["family"]),
                    email=row["email"],
                    roles=row["roles"],
                    proposed_by=str(row["proposed_by"]),
                    own=row["proposed_by"] == call.actor.staff_id,
                    expires_at=instant_message(row["expires_at"]),
                )
                for row in found
            ]
        )

    async def ConfirmAdmin(self, request: api_pb2.ConfirmAdminRequest, call: Call) -> api_pb2.ConfirmAdminResponse:
        command = ConfirmAdmin(_practice(request.practice_id), _proposal(request.proposal_id), staff_of(call))
        return api_pb2.ConfirmAdminResponse(position=str(await call.perform(confirm_admin, command)))

    async def DeclineAdmin(self, request: api_pb2.DeclineAdminRequest, call: Call) -> api_pb2.DeclineAdminResponse:
        command = DeclineAdmin(_practice(request.practice_id), _proposal(request.proposal_id), staff_of(call))
        return api_pb2.DeclineAdminResponse(position=str(await call.perform(decline_admin, command)))

    async def ListErasureRequests(
        self, request: api_pb2.ListErasureRequestsRequest, call: Call
    ) -> api_pb2.ListErasureRequestsResponse:
        async with call.rows() as rows:
            found = await seconding.open_requests(rows, uuid_field(request.practice_id, "practice_id"), call.now)
        return api_pb2.ListErasureRequestsResponse(
            requests=[
                api_pb2.ErasureRequest(
                    request_id=str(row["request_id"]),
                    patient_id=str(row["patient_id"]),
                    requested_by=str(row["requested_by"]),
                    own=row["requested_by"] == call.actor.staff_id,
                    expires_at=instant_message(row["expires_at"]),
                )
                for row in found
            ]
        )

    async def RequestErasure(
        self, request: api_pb2.RequestErasureRequest, call: Call
    ) -> api_pb2.RequestErasureResponse:
        command = RequestErasure(_patient(request.patient_id), staff_of(call))
        created = await call.perform(request_erasure, command)
        return api_pb2.RequestErasureResponse(request_id=str(created.id), position=str(created.position))

    async def ConfirmErasure(
        self, request: api_pb2.ConfirmErasureRequest, call: Call
    ) -> api_pb2.ConfirmErasureResponse:
        command = ConfirmErasure(_patient(request.patient_id), _erasure(request.request_id), staff_of(call))
        return api_pb2.ConfirmErasureResponse(position=str(await call.perform(confirm_erasure, command)))

    async def WithdrawErasure(
        self, request: api_pb2.WithdrawErasureRequest, call: Call
    ) -> api_pb2.WithdrawErasureResponse:
        command = WithdrawErasure(_patient(request.patient_id), _erasure(request.request_id), staff_of(call))
        return api_pb2.WithdrawErasureResponse(position=str(await call.perform(withdraw_erasure, command)))


def staff_of(call: Call) -> StaffId:
    """The calling member of staff."""
    if call.actor.staff_id is None:
        raise NotAllowed
    return StaffId(call.actor.staff_id)


def _practice(text: str) -> PracticeId:
    return PracticeId(uuid_field(text, "practice_id"))


def _proposal(text: str) -> ProposalId:
    return ProposalId(uuid_field(text, "proposal_id"))


def _patient(text: str) -> PatientId:
    return PatientId(uuid_field(text, "patient_id"))


def _erasure(text: str) -> ErasureRequestId:
    return ErasureRequestId(uuid_field(text, "request_id"))
