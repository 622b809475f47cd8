"""Access tokens that nobody gave, or that are over: each is refused by the gateway and again by the services."""

import asyncio
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from operations.demo.world import Patient
from operations.outside import Answer, Person, Portal
from operations.stack import Stack
from shared.clock import monotonic
from shared.contracts.identity.v1 import api_pb2
from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiStub
from shared.ids import uuid7
from tests.e2e.practices import House
from tests.e2e.wire import refusal, send

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = (401, "unauthenticated", "")
SOON_SECONDS = 10.0
"""On a busy machine; `make faults` shows that what ends is over within the second that the rules give."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(house: House) -> Patient:
    return await house.enrolled()


def paths(patient: Patient) -> dict[str, str]:
    """One path a service."""
    return {
        "identity": "/v1/me",
        "consent": "/v1/account/access",
        "messaging": patient.path("inbox"),
        "documents": patient.path("results"),
        "billing": patient.path("balance"),
    }


class Forger:
    """Makes tokens: by default a right one, with the portal's own key."""

    def __init__(self, stack: Stack, patient: Patient) -> None:
        self.key = ECKey.import_key(json.loads((stack.state.secrets / "identity-signing.jwk").read_bytes()))
        now = int(time.time())
        self.claims: dict[str, Any] = {
            "iss": stack.public_url,
            "aud": "portal",
            "sub": patient.account.account_id,
            "sid": patient.account.session_id,
            "iat": now,
            "exp": now + 300,
            "factor_at": now,
        }

    def token(self, *, key: ECKey | None = None, header: Mapping[str, Any] | None = None, **changed: object) -> str:
        claims = {name: value for name, value in {**self.claims, **changed}.items() if value is not None}
        signed = {"alg": "ES256", "kid": self.key.kid, **(header or {})}
        return jwt.encode(signed, claims, key or self.key)

    def unsigned(self, alg: str) -> str:
        return f"{self._unsigned(alg)}."

    def by_the_public_key(self, form: str) -> str:
        """HS256, keyed with what everybody may have: the public key's bytes."""
        public = self.key.public_key
        assert isinstance(public, ec.EllipticCurvePublicKey)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secret = pem if form == "pem" else json.dumps(self.key.as_dict(private=False)).encode()
        text = self._unsigned("HS256")
        return f"{text}.{urlsafe_b64encode(hmac.digest(secret, text.encode(), 'sha256')).decode()}"

    def _unsigned(self, alg: str) -> str:
        header = json.dumps({"alg": alg, "kid": self.key.kid}).encode()
        return ".".join(urlsafe_b64encode(part).decode() for part in (header, json.dumps(self.claims).encode()))


def forged(forger: Forger) -> dict[str, str]:
    """What is wrong with it → the token."""
    stranger = ECKey.generate_key("P-256")
    now, right = int(time.time()), forger.token()
    head, body, signature = right.split(".")
    longer = urlsafe_b64encode(json.dumps({**forger.claims, "sub": str(uuid7())}).encode()).decode()
    return {
        "signed with another key": forger.token(key=stranger),
        "signed with another key that is named": forger.token(key=stranger, header={"kid": stranger.thumbprint()}),
        "signed with a key that it brings along": forger.token(
            key=stranger, header={"jwk": stranger.as_dict(private=False)}
        ),
        "not signed": forger.unsigned("none"),
        "not signed, in other letters": forger.unsigned("nOnE"),
        "HS256 with the public key as PEM": forger.by_the_public_key("pem"),
        "HS256 with the public key as JSON": forger.by_the_public_key("jwk"),
        "another claim under the same signature": f"{head}.{longer}.{signature}",
        "without signature": f"{head}.{body}.",
        "expired": forger.token(iat=now - 400, exp=now - 100),
        "not yet issued": forger.token(iat=now + 200, exp=now + 400),
        "without an end": forger.token(exp=None),
        "for a day": forger.token(exp=now + 86_400),
        "for another audience": forger.token(aud="analytics"),
        "for several audiences, ours not among them": forger.token(aud=["web", "portal.example"]),
        "without audience": forger.token(aud=None),
        "of another issuer": forger.token(iss="https://localhost:1"),
        "without issuer": forger.token(iss=None),
        "without account": forger.token(sub=None),
        "with an account that is no id": forger.token(sub="admin"),
        "without session": forger.token(sid=None),
        "garbage": "garbage",
        "three dots": "...",
        "long": "a" * 7000,
    }


async def test_a_token_that_nobody_gave_is_refused_by_every_service(
    portal_stack: Stack, portal: Portal, patient: Patient
) -> None:
    forger = Forger(portal_stack, patient)
    for path in paths(patient).values():
        assert (await send(portal, "GET", path, token=forger.token())).status_code == 200, "the forger's tokens work"
        for wrong, token in forged(forger).items():
            response = await send(portal, "GET", path, token=token)
            assert response.status_code == 401, f"{wrong}: {path}"
            assert refusal(response, token) == REFUSED, f"{wrong}: {path}"


async def test_identity_verifies_by_itself_what_the_gateway_lets_pass(portal_stack: Stack, patient: Patient) -> None:
    """Asked with the gateway's own certificate, past the gateway."""
    forger = Forger(portal_stack, patient)
    folder = portal_stack.state.certificates
    credentials = grpc.ssl_channel_credentials(
        (folder / "authority.pem").read_bytes(),
        (folder / "gateway.key").read_bytes(),
        (folder / "gateway.pem").read_bytes(),
    )
    target = portal_stack.environment()["PORTAL_IDENTITY_API"]
    options = [("grpc.ssl_target_name_override", "identity")]
    async with grpc.aio.secure_channel(target, credentials, options) as channel:
        stub = IdentityApiStub(channel)

        async def ask(token: str) -> grpc.StatusCode:
            try:
                await stub.GetMe(api_pb2.GetMeRequest(), metadata=(("authorization", f"Bearer {token}"),), timeout=10)
            except grpc.aio.AioRpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        assert await ask(forger.token()) is grpc.StatusCode.OK
        for wrong, token in forged(forger).items():
            assert await ask(token) is grpc.StatusCode.UNAUTHENTICATED, wrong


async def test_no_other_scheme_and_no_second_token_counts(portal: Portal, patient: Patient) -> None:
    token = await patient.account.token()
    for value in (f"Basic {token}", token, f"Bearer: {token}", "Bearer", f"Bearer {token}, Bearer {token}"):
        response = await send(portal, "GET", "/v1/me", headers={"authorization": value})
        assert refusal(response, token) == REFUSED, value.replace(token, "…")
    twice = [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")]
    assert refusal(await portal.http.get("/v1/me", headers=twice)) == REFUSED


async def test_r45_the_token_of_an_ended_session_is_refused_everywhere(portal: Portal, patient: Patient) -> None:
    other = await Person(portal, patient.account.user_name, patient.account.password).sign_in()
    token = await other.token()
    for path in paths(patient).values():
        assert (await send(portal, "GET", path, token=token)).status_code == 200
    await other.post("/v1/sign-out")
    ended = monotonic()
    for service, path in paths(patient).items():
        while True:
            asked = monotonic()
            response = await send(portal, "GET", path, token=token)
            if response.status_code != 200:
                break
            assert asked < ended + SOON_SECONDS, service
        assert refusal(response) == REFUSED, service
    for path in paths(patient).values():
        assert (await patient.account.get(path)) is not None, "the account's other session goes on"


async def test_r45_one_account_cannot_end_the_session_of_another(
    portal: Portal, house: House, patient: Patient
) -> None:
    other = await house.enrolled()
    token = await other.account.token()
    answers = set()
    for session_id in (patient.account.session_id, str(uuid7())):
        response = await send(portal, "POST", f"/v1/sessions/{session_id}/end", token=token, content="{}")
        answers.add(refusal(response))
    assert answers == {(404, "not_found", "")}
    assert (await patient.account.get("/v1/me"))["account_id"] == patient.account.account_id


async def signed_in(portal: Portal, patient: Patient) -> dict[str, Any]:
    body = {"user_name": patient.account.user_name, "password": patient.account.password}
    return await portal.ask("POST", "/v1/sign-in", body)


async def test_a_refresh_token_used_again_at_once_gives_the_same_successor(portal: Portal, patient: Patient) -> None:
    opened = await signed_in(portal, patient)
    body = {"refresh_token": opened["refresh_token"]}
    answers = await asyncio.gather(*(portal.ask("POST", "/v1/refresh", body) for _ in range(8)))
    successors = {one["refresh_token"] for one in answers}
    assert len(successors) == 1
    assert successors != {opened["refresh_token"]}
    following = await portal.ask("POST", "/v1/refresh", {"refresh_token": successors.pop()})
    assert following["access_token"]


async def test_a_refresh_token_used_again_later_ends_the_session(
    portal_stack: Stack, portal: Portal, patient: Patient
) -> None:
    """The 30 s are the machine's; here they pass in identity's table of tokens."""
    opened = await signed_in(portal, patient)
    first = {"refresh_token": opened["refresh_token"]}
    second = await portal.ask("POST", "/v1/refresh", first)
    connection = await asyncpg.connect(portal_stack.environment()["PORTAL_IDENTITY_DATABASE_URL"])
    try:
        await connection.execute(
            "UPDATE credential_refresh SET used_at = used_at - interval '31 s' WHERE session_id = $1 "
            "AND used_at IS NOT NULL",
            UUID(opened["session_id"]),
        )
    finally:
        await connection.close()
    with pytest.raises(Answer) as refused:
        await portal.ask("POST", "/v1/refresh", first)
    assert (refused.value.status, refused.value.slug) == REFUSED[:2]
    with pytest.raises(Answer) as refused:
        await portal.ask("POST", "/v1/refresh", {"refresh_token": second["refresh_token"]})
    assert refused.value.status == 401, "the thief's and the owner's successor are over, too"
    deadline = monotonic() + SOON_SECONDS
    while (await send(portal, "GET", "/v1/me", token=second["access_token"])).status_code == 200:
        assert monotonic() < deadline


async def test_what_is_no_refresh_token_opens_nothing(portal: Portal, patient: Patient) -> None:
    access = await patient.account.token()
    for wrong in ("", "x", access, "a" * 5000, str(uuid7())):
        response = await send(portal, "POST", "/v1/refresh", content=json.dumps({"refresh_token": wrong}))
        assert refusal(response)[:2] == REFUSED[:2]
