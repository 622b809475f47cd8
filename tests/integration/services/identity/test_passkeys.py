"""R36 over gRPC: passkeys, with an authenticator in software, and how one would forge, replay or clone one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.credentials.passkeys import CHALLENGE_LIFETIME, Passkeys
from services.identity.domain.account import Account
from services.identity.domain.errors import WrongCredentials, WrongPasskey
from shared.clock import machine_now
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotFound, PortalError, StepUpRequired
from shared.rpc.metadata import calling
from tests.integration.services.identity.authenticators import PRESENT, SoftAuthenticator
from tests.integration.services.identity.conftest import House, Someone, new_key
from tests.integration.services.identity.test_recovery import patients


async def begin(house: House, someone: Someone) -> str:
    with calling(token=someone.token):
        return (await house.api.BeginPasskey(api_pb2.BeginPasskeyRequest())).options


async def add(house: House, someone: Someone, credential: str, name: str = "My phone") -> str:
    with calling(token=someone.token, idempotency_key=new_key()):
        return (await house.api.AddPasskey(api_pb2.AddPasskeyRequest(credential=credential, name=name))).passkey_id


async def begin_sign_in(house: House) -> str:
    return (await house.api.BeginPasskeySignIn(api_pb2.BeginPasskeySignInRequest())).options


async def sign_in(house: House, credential: str) -> str:
    """The account, or the slug of the refusal."""
    try:
        return (await house.api.SignInWithPasskey(api_pb2.SignInWithPasskeyRequest(credential=credential))).account_id
    except PortalError as refusal:
        return refusal.slug


async def names(house: House, someone: Someone) -> list[str]:
    with calling(token=someone.token):
        return [one.name for one in (await house.api.ListPasskeys(api_pb2.ListPasskeysRequest())).passkeys]


async def test_r36_a_passkey_is_added_signs_in_and_is_removed(house: House) -> None:
    _, admin, _, pat = await patients(house)
    phone = SoftAuthenticator()
    session = (await house.parts.sessions.of_account(UUID(pat.account_id)))[0]
    stale = replace(session, factor_at=session.opened_at - timedelta(minutes=6))
    with pytest.raises(StepUpRequired):
        await begin(house, Someone(pat.account_id, house.parts.signer.sign(stale, session.opened_at).text))
    request = api_pb2.AddPasskeyRequest(credential=phone.make(await begin(house, pat)), name="My phone")
    with calling(token=pat.token, idempotency_key="form-1"):
        first = await house.api.AddPasskey(request)
        assert await house.api.AddPasskey(request) == first
    assert await names(house, pat) == ["My phone"]
    phone.count = 1
    assert await sign_in(house, phone.sign(await begin_sign_in(house))) == pat.account_id
    phone.count = 2
    opened = await house.peers("web").OpenSessionWithPasskey(
        peers_pb2.OpenSessionWithPasskeyRequest(credential=phone.sign(await begin_sign_in(house)))
    )
    exchanged = await house.peers("web").ExchangeSession(peers_pb2.ExchangeSessionRequest(cookie=opened.cookie))
    assert exchanged.account_id == pat.account_id
    assert (await house.sign_in("pat")).token  # the password goes on beside it
    remove = api_pb2.RemovePasskeyRequest(passkey_id=first.passkey_id)
    with pytest.raises(NotFound), calling(token=admin.token, idempotency_key=new_key()):
        await house.api.RemovePasskey(remove)
    with calling(token=pat.token, idempotency_key=new_key()):
        await house.api.RemovePasskey(remove)
    phone.count = 3
    assert await sign_in(house, phone.sign(await begin_sign_in(house))) == WrongCredentials.slug
    assert await names(house, pat) == []


FORGERIES: dict[str, Callable[[SoftAuthenticator], SoftAuthenticator]] = {
    "its user not verified": lambda one: replace(one, flags=PRESENT),
    "for another origin": lambda one: replace(one, origin="https://evil.example"),
    "for another party": lambda one: replace(one, party="evil.example"),
    "signed with another key": lambda one: replace(SoftAuthenticator(), credential_id=one.credential_id, count=5),
    "of an unknown credential": lambda one: replace(one, credential_id=b"unknown"),
    "whose counter stands still": lambda one: replace(one, count=1),
}


async def test_r36_what_is_forged_replayed_or_cloned_signs_in_nobody_and_all_answer_alike(house: House) -> None:
    _, _, _, pat = await patients(house)
    phone = SoftAuthenticator(count=1)
    await add(house, pat, phone.make(await begin(house, pat)))
    phone.count = 5
    for what, forge in FORGERIES.items():
        assert await sign_in(house, forge(phone).sign(await begin_sign_in(house))) == WrongCredentials.slug, what
    for nonsense in ("", "{}", "[]", "no json", '{"id": 1, "response": {"clientDataJSON": "!"}}', "x" * 30_000):
        assert await sign_in(house, nonsense) == WrongCredentials.slug
    own_options = await begin(house, pat)
    assert await sign_in(house, phone.sign(own_options)) == WrongCredentials.slug  # a challenge of another kind
    answer = phone.sign(await begin_sign_in(house))
    assert await sign_in(house, answer) == pat.account_id
    assert await sign_in(house, answer) == WrongCredentials.slug
    account = await house.ground.store.find(Account, UUID(pat.account_id))
    assert account is not None
    assert len(account.passkeys) == 1


async def test_r36_a_challenge_is_the_accounts_own_and_counts_once_for_five_minutes(house: House) -> None:
    _, admin, _, pat = await patients(house)
    foreign = SoftAuthenticator().make(await begin(house, admin))
    with pytest.raises(PortalError, match=WrongPasskey.slug):
        await add(house, pat, foreign)
    unverified = SoftAuthenticator(flags=PRESENT).make(await begin(house, pat))
    with pytest.raises(PortalError, match=WrongPasskey.slug):
        await add(house, pat, unverified)
    phone = SoftAuthenticator()
    await add(house, pat, phone.make(await begin(house, pat)))
    with pytest.raises(PortalError, match=WrongPasskey.slug):  # one credential, one account
        await add(house, admin, phone.make(await begin(house, admin)))
    now = machine_now()
    passkeys = Passkeys(house.ground.database, "https://localhost:8443", lambda: now)
    early, late = await passkeys.begin_sign_in(), await passkeys.begin_sign_in()
    begun = now
    now = begun + CHALLENGE_LIFETIME - timedelta(seconds=1)
    assert (await passkeys.check(phone.sign(early)))[0] == UUID(pat.account_id)
    now = begun + CHALLENGE_LIFETIME
    with pytest.raises(WrongCredentials):
        await passkeys.check(phone.sign(late))
