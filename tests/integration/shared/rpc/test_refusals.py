"""Every way to be refused, over real gRPC with mTLS: certificates, tokens, policy, objects, access."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from joserfc.jwk import ECKey, OctKey

from shared.clock import machine_now
from shared.errors import (
    AccessUndecided,
    InvalidField,
    NotAllowed,
    NotFound,
    ReadModelBehind,
    StepUpRequired,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from shared.ids import uuid7
from tests.integration.shared.rpc import doors
from tests.integration.shared.rpc.conftest import Portal

KNOCK = "/tests.doors.v1.DoorsApi/KnockDoor"
ACCOUNT = UUID(int=0xC1)
MINE = {"patient_id": str(doors.PATIENT), "door_id": str(doors.DOOR)}


async def test_an_account_with_a_window_is_answered_as_itself(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    answer = await portal.ask("GetDoor", ACCOUNT, **MINE)
    assert (answer.kind, answer.acting_as) == ("account", "self")


@pytest.mark.parametrize("principal", ["consent", "messaging", "operations", "analytics"])
async def test_the_api_port_takes_no_certificate_but_those_of_gateway_and_web(portal: Portal, principal: str) -> None:
    portal.let_in(ACCOUNT)
    with pytest.raises(NotAllowed):
        await portal.ask("GetDoor", ACCOUNT, principal=principal, **MINE)


@pytest.mark.parametrize("principal", ["gateway", "web", "messaging"])
async def test_a_peer_rpc_takes_only_the_certificates_it_names(portal: Portal, principal: str) -> None:
    assert (await portal.ask("CountDoors", principal="consent")).kind == "consent"
    with pytest.raises(NotAllowed):
        await portal.ask("CountDoors", principal=principal)


async def test_nobody_gets_in_without_a_certificate(portal: Portal) -> None:
    authority = (portal.certificates / "authority.pem").read_bytes()
    target = f"localhost:{portal.server.api_port}"
    async with grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(authority)) as channel:
        make: Any = channel.unary_unary
        with pytest.raises(grpc.aio.AioRpcError):
            await make(KNOCK)(b"", timeout=2)


async def test_a_client_does_not_take_one_service_for_another(portal: Portal) -> None:
    """Every certificate names localhost, too: what counts is the service's own name."""
    with pytest.raises(Unavailable):
        await portal.raw(KNOCK, b"", server="consent")


async def test_api_and_peer_rpcs_are_served_on_their_own_ports_only(portal: Portal) -> None:
    for name, peers in (("DoorsPeers/CountDoors", False), ("DoorsApi/KnockDoor", True)):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await portal.raw(f"/tests.doors.v1.{name}", b"", principal="web", peers=peers)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def forgeries(portal: Portal) -> dict[str, str]:
    now = int(machine_now().timestamp())
    sign = portal.identity.token
    secret = OctKey.import_key(portal.identity.jwks.read_bytes())
    return {
        "nothing": "",
        "words": "not-a-token",
        "another key": sign(ACCOUNT, key=ECKey.generate_key("P-256", {"kid": "1"})),
        "the public key as a secret": sign(ACCOUNT, key=secret, algorithm="HS256"),  # type: ignore[arg-type]
        "expired": sign(ACCOUNT, iat=now - 400, exp=now - 100),
        "another audience": sign(ACCOUNT, aud="bank"),
        "another issuer": sign(ACCOUNT, iss="https://elsewhere.example"),
        "no audience": sign(ACCOUNT, aud=None),
        "no session": sign(ACCOUNT, sid=None),
        "from the future": sign(ACCOUNT, iat=now + 200, exp=now + 500),
        "a year long": sign(ACCOUNT, exp=now + 365 * 86400),
        "an account that is no id": sign(ACCOUNT, sub="admin"),
    }


async def test_no_forged_expired_or_foreign_token_counts(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    answered = []
    for name, token in forgeries(portal).items():
        try:
            await portal.ask("GetDoor", token, **MINE)
            answered.append(name)
        except Unauthenticated:
            pass
    assert answered == []


async def test_an_unsigned_token_does_not_count(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    header, body, _ = portal.identity.token(ACCOUNT).split(".")
    for forged in (f"{header}.{body}.", f"eyJhbGciOiJub25lIn0.{body}."):
        with pytest.raises(Unauthenticated):
            await portal.ask("GetDoor", forged, **MINE)


async def test_a_token_whose_session_has_ended_is_refused(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    session = uuid7()
    token = portal.identity.token(ACCOUNT, sid=str(session))
    await portal.ask("GetDoor", token, **MINE)
    portal.access.ended.add(session)
    with pytest.raises(Unauthenticated):
        await portal.ask("GetDoor", token, **MINE)


async def test_a_new_signing_key_is_found_without_a_restart(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    portal.identity.key = ECKey.generate_key("P-256", {"kid": "2"})
    portal.identity.publish()
    await portal.ask("GetDoor", ACCOUNT, **MINE)


async def test_without_an_answer_from_consent_or_identity_there_is_no_access(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    portal.access.silent = True
    with pytest.raises(AccessUndecided):
        await portal.ask("GetDoor", ACCOUNT, **MINE)


async def test_absent_hidden_and_foreign_things_are_refused_in_the_same_bytes(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    told = set()
    for door, patient in (
        (uuid4(), doors.PATIENT),
        (doors.OTHER_DOOR, doors.OTHER_PATIENT),
        (doors.FOREIGN_DOOR, doors.FOREIGN_PATIENT),
        (doors.OTHER_DOOR, doors.PATIENT),
        (doors.DOOR, doors.OTHER_PATIENT),
    ):
        with pytest.raises(NotFound) as refused:
            await portal.ask("GetDoor", ACCOUNT, door_id=str(door), patient_id=str(patient))
        told.add((refused.value.slug, refused.value.expected, refused.value.field))
    assert len(told) == 1


async def test_a_patient_or_practice_named_beside_the_object_must_be_its_own(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    await portal.ask("GetDoor", ACCOUNT, **MINE, practice_id=str(doors.PRACTICE))
    with pytest.raises(NotFound):
        await portal.ask("GetDoor", ACCOUNT, **MINE, practice_id=str(doors.OTHER_PRACTICE))


@pytest.mark.parametrize("offset", [timedelta(microseconds=-1), timedelta(0)])
async def test_a_window_is_open_at_its_first_instant_and_closed_at_its_end(portal: Portal, offset: timedelta) -> None:
    """Windows meet the rules' clock at every read: no job has to move anyone."""
    hour = timedelta(hours=1)
    portal.let_in(ACCOUNT, until=portal.clock.now() + hour)
    await portal.ask("GetDoor", ACCOUNT, **MINE)
    portal.clock.advance_to(hour)
    with pytest.raises(NotFound):
        await portal.ask("GetDoor", ACCOUNT, **MINE)
    portal.let_in(ACCOUNT, since=portal.clock.now() + offset)
    await portal.ask("GetDoor", ACCOUNT, **MINE)


async def test_a_window_without_the_scope_shows_nothing(portal: Portal) -> None:
    portal.let_in(ACCOUNT, scopes=frozenset({"billing"}))
    with pytest.raises(NotFound):
        await portal.ask("GetDoor", ACCOUNT, **MINE)


async def test_staff_of_the_practice_are_answered_by_role_and_others_find_nothing(portal: Portal) -> None:
    nurse, biller, stranger = UUID(int=1), UUID(int=2), UUID(int=3)
    portal.employ(nurse, "clinical")
    portal.employ(biller, "billing")
    portal.employ(stranger, "clinical", practice=doors.OTHER_PRACTICE)
    assert (await portal.ask("GetDoor", nurse, **MINE)).kind == "staff"
    with pytest.raises(NotAllowed):
        await portal.ask("GetDoor", biller, **MINE)
    with pytest.raises(NotFound):
        await portal.ask("GetDoor", stranger, **MINE)
    with pytest.raises(NotFound):
        await portal.ask("ListDoors", stranger, practice_id=str(doors.PRACTICE))


async def test_nobody_acts_as_staff_on_a_record_they_own_or_represent(portal: Portal) -> None:
    portal.employ(ACCOUNT, "clinical")
    portal.let_in(ACCOUNT, acting_as="representative")
    assert (await portal.ask("GetDoor", ACCOUNT, **MINE)).acting_as == "representative"
    portal.access.held.clear()
    portal.let_in(ACCOUNT, scopes=frozenset({"billing"}))
    with pytest.raises(NotFound):
        await portal.ask("GetDoor", ACCOUNT, **MINE)


async def test_a_step_up_is_asked_for_five_minutes_after_the_last_factor(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    now = int(machine_now().timestamp())
    headers = {"idempotency-key": "1"}
    await portal.ask("LockDoor", portal.identity.token(ACCOUNT, factor_at=now - 290), headers=headers, **MINE)
    with pytest.raises(StepUpRequired):
        await portal.ask("LockDoor", portal.identity.token(ACCOUNT, factor_at=now - 300), headers=headers, **MINE)


async def test_a_list_over_patients_sees_the_windows_that_hold_now_with_the_scope(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    portal.let_in(ACCOUNT, doors.OTHER_PATIENT, scopes=frozenset({"billing"}))
    portal.let_in(ACCOUNT, doors.FOREIGN_PATIENT, until=portal.clock.now())
    assert list((await portal.ask("ListMyDoors", ACCOUNT)).patient_ids) == [str(doors.PATIENT)]


async def test_a_peer_that_brings_a_users_token_sees_what_the_user_sees(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    assert (await portal.ask("PeekDoor", ACCOUNT, principal="messaging", **MINE)).acting_as == "self"
    with pytest.raises(NotFound):
        await portal.ask("PeekDoor", UUID(int=9), principal="messaging", **MINE)
    with pytest.raises(Unauthenticated):
        await portal.ask("PeekDoor", "forged", principal="messaging", **MINE)


async def test_the_clients_address_is_what_envoy_saw_whatever_the_client_claims(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    claims = {"x-forwarded-for": "6.6.6.6, 203.0.113.9", "portal-client-address": "7.7.7.7"}
    by_gateway = await portal.ask("GetDoor", ACCOUNT, headers=claims, **MINE)
    by_web = await portal.ask("GetDoor", ACCOUNT, headers=claims, principal="web", **MINE)
    assert (by_gateway.client_address, by_web.client_address) == ("203.0.113.9", "7.7.7.7")


async def test_malformed_ids_and_messages_name_the_field_and_never_the_value(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    with pytest.raises(InvalidField) as refused:
        await portal.ask("GetDoor", ACCOUNT, door_id="Maria'; DROP", patient_id=str(doors.PATIENT))
    assert refused.value.field == "door_id"
    assert "Maria" not in str(refused.value)
    with pytest.raises(InvalidField):
        await portal.raw(KNOCK, b"\xff\xff\xff")
    with pytest.raises(TooLarge):
        await portal.raw(KNOCK, doors.REQUEST(note="a" * 2 * 1024 * 1024).SerializeToString())


async def test_an_unexpected_failure_tells_a_trace_id_and_nothing_else(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(grpc.aio.AioRpcError) as failed:
        await portal.ask("BreakDoor", note="canary-note")
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "Canary" not in str(failed.value)
    assert "canary-note" not in str(failed.value.trailing_metadata())


async def test_a_position_that_is_not_reached_is_said_and_one_of_a_peer_is_not_waited_for(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    await portal.ask("ShutDoor", ACCOUNT, headers={"idempotency-key": "1"}, **MINE)
    with pytest.raises(ReadModelBehind):
        await portal.ask("GetDoor", ACCOUNT, headers={"portal-after": "identity:1"}, **MINE)
    portal.reached = 1
    await portal.ask("GetDoor", ACCOUNT, headers={"portal-after": "identity:1"}, **MINE)
    await portal.ask("GetDoor", ACCOUNT, headers={"portal-after": "consent:99"}, **MINE)
    with pytest.raises(InvalidField):
        await portal.ask("GetDoor", ACCOUNT, headers={"portal-after": "7"}, **MINE)


async def test_a_position_that_nobody_was_given_costs_no_waiting(portal: Portal) -> None:
    portal.reached = 99
    with pytest.raises(ReadModelBehind):
        await portal.ask("KnockDoor", headers={"portal-after": "identity:99", "idempotency-key": str(uuid4())})


async def test_a_token_that_was_verified_before_still_expires_and_falls_with_its_key(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.let_in(ACCOUNT)
    token = portal.identity.token(ACCOUNT)
    await portal.ask("GetDoor", token, **MINE)
    tokens = portal.server._admission.tokens
    with monkeypatch.context() as later:
        later.setattr(tokens, "_now", lambda: machine_now().timestamp() + 311)
        with pytest.raises(Unauthenticated):
            await portal.ask("GetDoor", token, **MINE)
    await portal.ask("GetDoor", token, **MINE)
    portal.identity.key = ECKey.generate_key("P-256", {"kid": "2"})
    portal.identity.publish()
    with pytest.raises(Unauthenticated):
        await portal.ask("GetDoor", token, **MINE)
