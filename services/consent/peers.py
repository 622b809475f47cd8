"""What peers ask of consent: whom to ask about, and the decision itself."""

from uuid import UUID

from services.consent.decisions import Decisions
from services.consent.messages import peer_window
from shared.contracts.consent.v1 import peers_pb2
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field


class ConsentPeers:
    """Answers from consent's own store; AccessUndecided where identity does not answer within its lease."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def AccessHead(self, request: peers_pb2.AccessHeadRequest, call: Call) -> peers_pb2.AccessHeadResponse:
        """Patients decided beyond what the caller has applied, or whose facts at identity are newer."""
        patients = await self._decisions.head(request.applied)
        if patients is None:
            return peers_pb2.AccessHeadResponse(ask_for_all=True)
        return peers_pb2.AccessHeadResponse(patient_ids=sorted(str(patient_id) for patient_id in patients))

    async def Decide(self, request: peers_pb2.DecideRequest, call: Call) -> peers_pb2.DecideResponse:
        """The windows of one account that hold or will hold, on one patient or on all."""
        account_id = uuid_field(request.account_id, "account_id")
        patient_id: UUID | None = uuid_field(request.patient_id, "patient_id") if request.patient_id else None
        found = await self._decisions.decide(account_id, patient_id)
        return peers_pb2.DecideResponse(
            windows=[peer_window(window, await self._decisions.event_ids(window.because)) for window in found]
        )
