"""The account's own change of its e-mail address (R35): asked for with a factor, confirmed by a mailed link."""

from services.identity.api.sessions import account_of
from services.identity.commands.addresses import (
    AskAddressChange,
    ConfirmAddress,
    ask_address_change,
    confirm_address,
)
from services.identity.credentials import throttle
from services.identity.credentials.links import Purpose
from services.identity.domain.account import Account
from services.identity.domain.address_request import AddressRequest, Move
from services.identity.domain.errors import LinkGone
from services.identity.domain.practice import Practice
from services.identity.domain.values import AccountId, AddressRequestId
from services.identity.messages import email_field, link_id
from services.identity.parts import Servicer
from shared.contracts.identity.v1 import api_pb2
from shared.errors import Unauthenticated
from shared.rpc.call import Call
from shared.rpc.fields import instant_message

LINK: Purpose = "address-confirmation"


class AddressesApi(Servicer):
    async def AskAddressChange(
        self, request: api_pb2.AskAddressChangeRequest, call: Call
    ) -> api_pb2.AskAddressChangeResponse:
        email = email_field(request.email, "email", required=True)
        account = await self.parts.store.find(Account, account_of(call))
        if account is None or not account.is_open:
            raise Unauthenticated
        await self.parts.throttle.count(throttle.mails(f"address:{account.id}"))
        contacted = await self.parts.book.of_account(account)
        move = Move(contacted.email if contacted is not None else "", email)
        is_refused = await self.parts.book.would_silence(account, email, call.now)
        created = await call.perform(ask_address_change, AskAddressChange(AccountId(account.id), move, is_refused))
        return api_pb2.AskAddressChangeResponse(position=str(created.position))

    async def GetAddressConfirmation(
        self, request: api_pb2.GetAddressConfirmationRequest, call: Call
    ) -> api_pb2.GetAddressConfirmationResponse:
        """Consumes nothing: mail scanners open links (R8)."""
        found, account = await self._asked(request.request_id, request.secret)
        found.require_open(account.address_request, call.now)
        practice = await self.parts.store.find(Practice, found.practice_id)
        if practice is None:
            raise LinkGone
        return api_pb2.GetAddressConfirmationResponse(
            practice_id=str(practice.id),
            practice_name=practice.details.name,
            expires_at=instant_message(found.expires_at),
        )

    async def ConfirmAddress(
        self, request: api_pb2.ConfirmAddressRequest, call: Call
    ) -> api_pb2.ConfirmAddressResponse:
        """What is not open is left to the command: it knows whether this is a repeat of the one that used it."""
        found, account = await self._asked(request.request_id, request.secret)
        is_refused = await self.parts.book.would_silence(account, found.move.email, call.now)
        command = ConfirmAddress(AddressRequestId(found.id), is_refused)
        return api_pb2.ConfirmAddressResponse(position=str(await call.perform(confirm_address, command)))

    async def _asked(self, text: str, secret: str) -> tuple[AddressRequest, Account]:
        request_id = link_id(text)
        self.parts.links.require_genuine(LINK, request_id, secret)
        found = await self.parts.store.find(AddressRequest, request_id)
        account = await self.parts.store.find(Account, found.account_id) if found is not None else None
        if found is None or account is None or not account.is_open:
            raise LinkGone
        return found, account
