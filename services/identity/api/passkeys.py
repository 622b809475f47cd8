"""Passkeys: adding, listing, removing, and signing in with one (R36). The app is always offered beside."""

from services.identity.api.sessions import API_CLIENT, account_of
from services.identity.commands.passkeys import AddPasskey, PasskeyFactors, RemovePasskey
from services.identity.domain.account import Account
from services.identity.domain.values import AccountId, PasskeyId
from services.identity.parts import Servicer
from shared.clock import machine_now
from shared.contracts.identity.v1 import api_pb2
from shared.errors import Unauthenticated
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, text_field, uuid_field


class PasskeysApi(Servicer):
    async def BeginPasskey(self, request: api_pb2.BeginPasskeyRequest, call: Call) -> api_pb2.BeginPasskeyResponse:
        account = await self._passkeys_holder(call)
        return api_pb2.BeginPasskeyResponse(options=await self.parts.passkeys.begin(account.id, account.user_name))

    async def AddPasskey(self, request: api_pb2.AddPasskeyRequest, call: Call) -> api_pb2.AddPasskeyResponse:
        name = text_field(request.name, "name", most=60)
        command = AddPasskey(AccountId(account_of(call)), request.credential, name)
        created = await call.perform(PasskeyFactors(self.parts.passkeys).add_passkey, command)
        return api_pb2.AddPasskeyResponse(passkey_id=str(created.id), position=str(created.position))

    async def ListPasskeys(self, request: api_pb2.ListPasskeysRequest, call: Call) -> api_pb2.ListPasskeysResponse:
        account = await self._passkeys_holder(call)
        return api_pb2.ListPasskeysResponse(
            passkeys=[
                api_pb2.Passkey(
                    passkey_id=str(one.passkey_id),
                    name=one.name,
                    added_at=instant_message(one.added_at),
                    used_at=instant_message(one.used_at) if one.used_at is not None else None,
                )
                for one in await self.parts.passkeys.of_account(account.id)
                if one.passkey_id in account.passkeys
            ]
        )

    async def RemovePasskey(self, request: api_pb2.RemovePasskeyRequest, call: Call) -> api_pb2.RemovePasskeyResponse:
        command = RemovePasskey(AccountId(account_of(call)), PasskeyId(uuid_field(request.passkey_id, "passkey_id")))
        position = await call.perform(PasskeyFactors(self.parts.passkeys).remove_passkey, command)
        return api_pb2.RemovePasskeyResponse(position=str(position))

    async def BeginPasskeySignIn(
        self, request: api_pb2.BeginPasskeySignInRequest, call: Call
    ) -> api_pb2.BeginPasskeySignInResponse:
        return api_pb2.BeginPasskeySignInResponse(options=await self.parts.sign_in.begin_passkey(call.client_address))

    async def SignInWithPasskey(
        self, request: api_pb2.SignInWithPasskeyRequest, call: Call
    ) -> api_pb2.SignInWithPasskeyResponse:
        signed_in = await self.parts.sign_in.check_passkey(request.credential, call.client_address)
        opened = await self.parts.sessions.open_for_tokens(
            signed_in.account_id, is_staff=signed_in.is_staff, client=API_CLIENT
        )
        token = self.parts.signer.sign(opened.session, machine_now())
        return api_pb2.SignInWithPasskeyResponse(
            access_token=token.text,
            expires_at=instant_message(token.expires_at),
            refresh_token=opened.secret,
            account_id=str(signed_in.account_id),
            session_id=str(opened.session.session_id),
            device=signed_in.device,
        )

    async def _passkeys_holder(self, call: Call) -> Account:
        account = await self.parts.store.find(Account, account_of(call))
        if account is None or not account.is_open:
            raise Unauthenticated
        return account
