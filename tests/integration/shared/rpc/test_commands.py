"""Commands over gRPC: the key is required, names its caller, and gives a repeat the first answer."""

from uuid import UUID, uuid4

import pytest

from shared.errors import CommandReused, IdempotencyKeyRequired, NotFound
from shared.ids import uuid7
from tests.integration.shared.rpc import doors
from tests.integration.shared.rpc.conftest import Portal

ACCOUNT, THIEF = UUID(int=0xC1), UUID(int=0xC2)
MINE = {"patient_id": str(doors.PATIENT), "door_id": str(doors.DOOR)}


def key(text: object) -> dict[str, str]:
    return {"idempotency-key": str(text)}


async def test_a_command_without_a_key_is_refused_and_writes_nothing(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    with pytest.raises(IdempotencyKeyRequired):
        await portal.ask("ShutDoor", ACCOUNT, **MINE)
    with pytest.raises(IdempotencyKeyRequired):
        await portal.ask("ShutDoor", ACCOUNT, headers=key("k" * 201), **MINE)
    assert await portal.store.head() == 0


async def test_a_repeat_gets_the_same_answer_and_writes_nothing(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    first = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), **MINE)
    again = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), **MINE)
    assert (again.id, again.position) == (first.id, first.position) == (first.id, "identity:1")
    assert await portal.store.head() == 1


async def test_a_key_with_another_request_is_refused_but_another_secret_is_not_another_request(
    portal: Portal,
) -> None:
    portal.let_in(ACCOUNT)
    first = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), note="a", word="old", **MINE)
    again = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), note="a", word="new", **MINE)
    assert again.id == first.id
    with pytest.raises(CommandReused):
        await portal.ask("ShutDoor", ACCOUNT, headers=key(1), note="b", **MINE)


async def test_a_stolen_key_is_a_key_of_its_own(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    first = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), **MINE)
    with pytest.raises(NotFound):
        await portal.ask("ShutDoor", THIEF, headers=key(1), **MINE)
    portal.let_in(THIEF)
    assert (await portal.ask("ShutDoor", THIEF, headers=key(1), **MINE)).id != first.id


async def test_a_repeat_that_policy_no_longer_allows_gets_no_answer(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    await portal.ask("ShutDoor", ACCOUNT, headers=key(1), **MINE)
    portal.access.held.clear()
    with pytest.raises(NotFound):
        await portal.ask("ShutDoor", ACCOUNT, headers=key(1), **MINE)


@pytest.mark.parametrize("guessable", ["1", "registration", "8723294e-e861-11f1-af46-02fc00000001", str(UUID(int=5))])
async def test_where_nobody_is_signed_in_the_key_must_be_random(portal: Portal, guessable: str) -> None:
    with pytest.raises(IdempotencyKeyRequired):
        await portal.ask("KnockDoor", headers=key(guessable))


async def test_a_random_key_of_either_version_is_taken(portal: Portal) -> None:
    for random in (uuid4(), uuid7()):
        first = await portal.ask("KnockDoor", headers=key(random))
        assert (await portal.ask("KnockDoor", headers=key(random))).id == first.id


async def test_whoever_came_by_a_link_is_that_link(portal: Portal) -> None:
    first = await portal.ask("EnterDoor", headers=key("once"), word="link-one")
    assert (await portal.ask("EnterDoor", headers=key("once"), word="link-one")).id == first.id
    assert (await portal.ask("EnterDoor", headers=key("once"), word="link-two")).id != first.id
    with pytest.raises(IdempotencyKeyRequired):
        await portal.ask("EnterDoor", headers=key("once"))


async def test_an_event_says_by_whom_for_whom_and_why_in_ids_and_words(portal: Portal) -> None:
    portal.employ(ACCOUNT, "clinical")
    made = await portal.ask("ShutDoor", ACCOUNT, headers=key(1), note="canary", **MINE)
    recorded = (await portal.store.stream(UUID(made.id)))[0]
    kept = dict(recorded.metadata)
    assert kept.pop("staff")
    kept.pop("traceparent", "")
    assert kept == {
        "actor": str(ACCOUNT),
        "acting_as": "staff",
        "practice": str(doors.PRACTICE),
        "patient": str(doors.PATIENT),
        "origin": "desk",
        "purpose": "treatment",
    }


async def test_a_command_without_a_key_does_not_reach_the_service(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    before = doors.SERVICER.shut
    with pytest.raises(IdempotencyKeyRequired):
        await portal.ask("ShutDoor", ACCOUNT, **MINE)
    assert doors.SERVICER.shut == before


async def test_the_trace_of_the_request_is_kept_with_the_event(portal: Portal) -> None:
    """The relay hands it on: one trace from the gateway to the peer's projection."""
    portal.let_in(ACCOUNT)
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = key(1) | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    made = await portal.ask("ShutDoor", ACCOUNT, headers=headers, **MINE)
    recorded = (await portal.store.stream(UUID(made.id)))[0]
    assert recorded.metadata["traceparent"].split("-")[1] == trace
