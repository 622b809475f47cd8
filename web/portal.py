"""The portal's services as the pages call them: their API ports with the user's token, identity's peer port as web."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.contracts.billing.v1.api_pb2_grpc import BillingApiStub
from shared.contracts.consent.v1.api_pb2_grpc import ConsentApiStub
from shared.contracts.documents.v1.api_pb2_grpc import DocumentsApiStub
from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiStub
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.contracts.messaging.v1.api_pb2_grpc import MessagingApiStub
from shared.names import Names
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from shared.settings import Addresses, SharedSettings

if TYPE_CHECKING:  # these classes exist in the stubs' types only
    from shared.contracts.billing.v1.api_pb2_grpc import BillingApiAsyncStub
    from shared.contracts.consent.v1.api_pb2_grpc import ConsentApiAsyncStub
    from shared.contracts.documents.v1.api_pb2_grpc import DocumentsApiAsyncStub
    from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiAsyncStub
    from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersAsyncStub
    from shared.contracts.messaging.v1.api_pb2_grpc import MessagingApiAsyncStub


class Portal:
    """One stub a service; channels are opened when first used."""

    def __init__(self, settings: SharedSettings) -> None:
        certificates = Certificates(settings.certificates, "web")
        self._api = ApiChannel(certificates, _target(lambda addresses: addresses.api))
        self._peers = ApiChannel(certificates, _target(lambda addresses: addresses.peers))

    async def close(self) -> None:
        await self._api.close()
        await self._peers.close()

    @cached_property
    def identity(self) -> "IdentityApiAsyncStub":
        return IdentityApiStub(self._api.channel("identity"))

    @cached_property
    def consent(self) -> "ConsentApiAsyncStub":
        return ConsentApiStub(self._api.channel("consent"))

    @cached_property
    def messaging(self) -> "MessagingApiAsyncStub":
        return MessagingApiStub(self._api.channel("messaging"))

    @cached_property
    def documents(self) -> "DocumentsApiAsyncStub":
        return DocumentsApiStub(self._api.channel("documents"))

    @cached_property
    def billing(self) -> "BillingApiAsyncStub":
        return BillingApiStub(self._api.channel("billing"))

    @cached_property
    def sessions(self) -> "IdentityPeersAsyncStub":
        """Sessions of browsers: peer RPCs that only web may call."""
        return IdentityPeersStub(self._peers.channel("identity"))

    @cached_property
    def names(self) -> Names:
        return Names(self._peers.channel("identity"))


def _target(port: Callable[[Addresses], str]) -> Callable[[str], str]:
    return lambda service: port(Addresses.of(service))
