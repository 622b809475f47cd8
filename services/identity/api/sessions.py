"""Signing in and out, refreshing, proving presence, and the list of one's sessions."""

from uuid import UUID

from services.identity.credentials.sessions import Session
from services.identity.credentials.tokens import Signed
from services.identity.domain.account import Account
from services.identity.parts import Servicer
from services.identity.sign_in import Attempt, FactorRequired
from shared.clock import machine_now
from shared.contracts.identity.v1 import api_pb2
from shared.errors import Unauthenticated
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field

API_CLIENT = "API"


class SessionsApi(Servicer):
    async def SignIn(self, request: api_pb2.SignInRequest, call: Call) -> api_pb2.SignInResponse:
        attempt = Attempt(request.user_name, request.password, request.code, request.device, call.client_address)
        try:
            signed_in = await self.parts.sign_in.check(attempt)
        except FactorRequired:
            return api_pb2.SignInResponse(factor_required=True)
        opened = await self.parts.sessions.open_for_tokens(
            signed_in.account_id, is_staff=signed_in.is_staff, client=API_CLIENT
        )
        token = self._sign(opened.session)
        return api_pb2.SignInResponse(
            access_token=token.text,
            expires_at=instant_message(token.expires_at),
            refresh_token=opened.secret,
            account_id=str(signed_in.account_id),
            session_id=str(opened.session.session_id),
            device=signed_in.device,
        )

    async def Refresh(self, request: api_pb2.RefreshRequest, call: Call) -> api_pb2.RefreshResponse:
        opened = await self.parts.sessions.refresh(request.refresh_token)
        account = await self.parts.store.find(Account, opened.session.account_id)
        if account is None or not account.is_open:
            await self.parts.sessions.end([opened.session.session_id])
            raise Unauthenticated
        token = self._sign(opened.session)
        return api_pb2.RefreshResponse(
            access_token=token.text, expires_at=instant_message(token.expires_at), refresh_token=opened.secret
        )

    async def SignOut(self, request: api_pb2.SignOutRequest, call: Call) -> api_pb2.SignOutResponse:
        await self.parts.sessions.end([session_of(call)])
        return api_pb2.SignOutResponse()

    async def StepUp(self, request: api_pb2.StepUpRequest, call: Call) -> api_pb2.StepUpResponse:
        await self.parts.sign_in.prove(account_of(call), request.password, request.code)
        token = self._sign(await self.parts.sessions.prove(session_of(call)))
        return api_pb2.StepUpResponse(access_token=token.text, expires_at=instant_message(token.expires_at))

    async def ListSessions(self, request: api_pb2.ListSessionsRequest, call: Call) -> api_pb2.ListSessionsResponse:
        found = await self.parts.sessions.of_account(account_of(call))
        return api_pb2.ListSessionsResponse(
            sessions=[
                api_pb2.Session(
                    session_id=str(session.session_id),
                    client=session.client,
                    opened_at=instant_message(session.opened_at),
                    seen_at=instant_message(session.seen_at),
                    ends_at=instant_message(session.ends_at),
                    current=session.session_id == call.actor.session_id,
                )
                for session in found
            ]
        )

    async def EndOwnSession(self, request: api_pb2.EndOwnSessionRequest, call: Call) -> api_pb2.EndOwnSessionResponse:
        session_id = uuid_field(request.session_id, "session_id")
        await self.parts.sessions.end([session_id], account_of(call))
        return api_pb2.EndOwnSessionResponse()

    def _sign(self, session: Session) -> Signed:
        return self.parts.signer.sign(session, machine_now())


def account_of(call: Call) -> UUID:
    """The signed-in account."""
    if call.actor.id is None:
        raise Unauthenticated
    return call.actor.id


def session_of(call: Call) -> UUID:
    """The session that the token names."""
    if call.actor.session_id is None:
        raise Unauthenticated
    return call.actor.session_id
