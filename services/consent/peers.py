"""What peers ask of consent: whom to ask about, and the decision itself."""

from uuid import UUID

from services.consent.commands.signing import secret_of
from services.consent.decisions import Decisions
from services.consent.domain import signing
from services.consent.messages import peer_window
from shared.contracts.consent.v1 import peers_pb2
from shared.envelope import Position
from shared.errors import InvalidField, NotFound
from shared.eventstore.store import EventStore
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field


class ConsentPeers:
    """Answers from consent's own store; AccessUndecided where identity does not answer within its lease."""

    def __init__(self, decisions: Decisions, store: EventStore, public_url: str) -> None:
        self._decisions, self._store, self._public_url = decisions, store, public_url

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

    async def SigningLink(self, request: peers_pb2.SigningLinkRequest, call: Call) -> peers_pb2.SigningLinkResponse:
        """NotFound unless that event issued the link that is open now."""
        link = await self._store.find(signing.SigningLink, uuid_field(request.link_id, "link_id"))
        if link is None or not link.is_open(call.now) or not await self._issued_by(link, request.cause):
            raise NotFound
        call.viewed(link.id, patient_id=link.patient_id, practice_id=link.practice_id)
        return peers_pb2.SigningLinkResponse(url=f"{self._public_url}/sign/{link.id}/{secret_of(self._store, link)}")

    async def _issued_by(self, link: signing.SigningLink, cause: str) -> bool:
        """Whether the event that the peer names as its cause is the one that issued the present link."""
        try:
            named = Position.parse(cause)
        except ValueError:
            raise InvalidField("cause", "expected <service>:<number>") from None
        issues = (signing.SigningLink.Issued, signing.SigningLink.IssuedAgain)
        return named.service == self._store.service and any(
            isinstance(recorded.event, issues)
            and recorded.position == named.number
            and recorded.event.issue.number == link.issue.number
            for recorded in await self._store.stream(link.id)
        )
