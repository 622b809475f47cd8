"""Display names, asked of identity when something is about to be shown to a person; never kept."""

from uuid import UUID

from grpc.aio import Channel

from shared.contracts.identity.v1 import peers_pb2, peers_pb2_grpc


class Names:
    """Names of practices, providers, staff, patients and persons by id."""

    def __init__(self, identity: Channel) -> None:
        self._identity = peers_pb2_grpc.IdentityPeersStub(identity)

    async def of(self, *ids: UUID) -> dict[UUID, str]:
        """Id → display name; unknown ids are absent. Raises Unavailable where identity does not answer."""
        answer = await self._identity.NamesOf(peers_pb2.NamesOfRequest(ids=[str(one) for one in ids]))
        return {UUID(one): name for one, name in answer.names.items()}
