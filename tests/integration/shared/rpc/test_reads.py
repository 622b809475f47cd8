"""Reads over gRPC: what is recorded before it is shown, sealed pages, and streams that end with access."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from shared.clock import machine_now
from shared.errors import AccessChanged, AccessUndecided, InvalidField, NotFound, Unauthenticated, Unavailable
from shared.eventstore.store import Appended, CommandRecord, StreamChange
from shared.ids import uuid7
from shared.rpc import tokens
from shared.rpc.viewing import View
from tests.integration.shared.rpc import doors
from tests.integration.shared.rpc.conftest import Portal

ACCOUNT, OTHER = UUID(int=0xC1), UUID(int=0xC2)
MINE = {"patient_id": str(doors.PATIENT), "door_id": str(doors.DOOR)}
HERE = {"practice_id": str(doors.PRACTICE)}
SOON_SECONDS = 10.0
"""On a busy machine; `make faults` shows that what ends is over within the second that the rules give."""


async def test_a_recorded_read_is_in_the_store_when_the_answer_is_there(portal: Portal) -> None:
    portal.let_in(ACCOUNT, acting_as="executor")
    await portal.ask("ViewDoor", ACCOUNT, **MINE)
    pages = [page async for page in portal.store.read(0)]
    viewed = pages[0][0].event
    assert isinstance(viewed, View.Viewed)
    assert (viewed.viewer.account_id, viewed.viewer.acting_as, viewed.viewer.rpc) == (ACCOUNT, "executor", "ViewDoor")
    assert (viewed.viewing.patient_id, viewed.viewing.object_ids) == (doors.PATIENT, (doors.DOOR,))
    await portal.ask("GetDoor", ACCOUNT, **MINE)
    assert await portal.store.head() == 1


async def test_a_read_that_cannot_be_recorded_gives_no_answer(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.let_in(ACCOUNT)

    async def gone(command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        raise ConnectionError

    monkeypatch.setattr(portal.store, "append", gone)
    await portal.ask("GetDoor", ACCOUNT, **MINE)
    with pytest.raises(Unavailable):
        await portal.ask("ViewDoor", ACCOUNT, **MINE)


async def test_a_page_token_leads_on_for_its_caller_and_query_only(portal: Portal) -> None:
    for nurse in (ACCOUNT, OTHER):
        portal.employ(nurse, "clinical")
        portal.employ(nurse, "clinical", practice=doors.OTHER_PRACTICE)
    token = (await portal.ask("ListDoors", ACCOUNT, **HERE)).next_page_token
    following = await portal.ask("ListDoors", ACCOUNT, page_token=token, page_size=7, **HERE)
    assert (following.began_after, following.size) == ("somewhere", 7)
    for account, asked in (
        (OTHER, HERE),
        (ACCOUNT, {**HERE, "colour": "red"}),
        (ACCOUNT, {"practice_id": str(doors.OTHER_PRACTICE)}),
    ):
        with pytest.raises(InvalidField) as refused:
            await portal.ask("ListDoors", account, page_token=token, **asked)
        assert refused.value.field == "page_token"


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "a" * 3000])
async def test_a_page_token_of_the_callers_own_making_is_refused(portal: Portal, token: str) -> None:
    portal.employ(ACCOUNT, "clinical")
    with pytest.raises(InvalidField):
        await portal.ask("ListDoors", ACCOUNT, page_token=token, **HERE)


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (1, 1), (200, 200), (201, None), (-1, None)])
async def test_a_page_has_1_to_200_rows_and_50_when_not_said(portal: Portal, asked: int, given: int | None) -> None:
    portal.employ(ACCOUNT, "clinical")
    if given is None:
        with pytest.raises(InvalidField):
            await portal.ask("ListDoors", ACCOUNT, page_size=asked, **HERE)
    else:
        assert (await portal.ask("ListDoors", ACCOUNT, page_size=asked, **HERE)).size == given


def watch(portal: Portal, session: UUID | None = None) -> Any:
    token = portal.identity.token(ACCOUNT, sid=str(session or uuid7()))
    metadata = (("authorization", f"Bearer {token}"),)
    return portal.method("WatchDoor")(doors.REQUEST(**MINE), metadata=metadata, timeout=30)


async def ends_after(answers: Any, error: type[Exception], change: Callable[[], object]) -> None:
    """The stream gives its first answer; soon after ``change`` it ends with ``error``."""
    following = aiter(answers)
    assert (await anext(following)).acting_as == "self"
    change()
    with pytest.raises(error):
        async with asyncio.timeout(SOON_SECONDS):
            await anext(following)


async def test_an_open_stream_ends_soon_after_access_does(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    await ends_after(watch(portal), NotFound, portal.access.held.clear)


async def test_an_open_stream_ends_when_access_becomes_another_one(portal: Portal) -> None:
    """It goes on seeing less, or more, only after it was opened again."""
    portal.let_in(ACCOUNT)
    await ends_after(watch(portal), AccessChanged, lambda: portal.let_in(ACCOUNT, scopes=frozenset({"billing"})))


async def test_an_open_stream_ends_with_its_session(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    session = uuid7()
    answers = watch(portal, session)
    await ends_after(answers, Unauthenticated, lambda: portal.access.ended.add(session))


async def test_an_open_stream_ends_when_nobody_can_decide(portal: Portal) -> None:
    portal.let_in(ACCOUNT)
    await ends_after(watch(portal), AccessUndecided, lambda: setattr(portal.access, "silent", True))


async def test_an_open_stream_does_not_outlive_its_token(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.let_in(ACCOUNT)
    answers = watch(portal)
    later = machine_now().timestamp() + 400
    admission = portal.server._admission

    def expire() -> None:
        monkeypatch.setattr(admission.tokens, "_now", lambda: later)

    assert tokens.LIFE_SECONDS < 400
    await ends_after(answers, Unauthenticated, expire)
