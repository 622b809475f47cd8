"""R8 and R26 under attack: guesses at several processes at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest

from services.identity.api.invitations import Holder, InvitationsApi
from services.identity.credentials.throttle import ANSWERS_A_DAY, DAY, Throttle, answers
from services.identity.domain.errors import BirthDateDiffers, LinkGone
from services.identity.domain.values import InvitationId
from shared.clock import machine_now
from shared.errors import PortalError, Throttled
from shared.handling import StreamQueues, Work
from shared.ids import uuid7
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, new_key

C = TypeVar("C")
R = TypeVar("R")

RIGHT = date(1980, 5, 17)


class AtOneProcess:
    """As much of a call as checking a link needs, in a process of its own: with queues of its own."""

    def __init__(self, house: House) -> None:
        self._house, self.now = house, house.ground.clock.now()
        self._queues = StreamQueues()

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C) -> R:
        return await handler(command, Work(self._house.ground.store, self._queues, self.now, uuid7()))


async def test_r8_several_processes_together_check_no_more_than_three_birth_dates(house: House) -> None:
    """Forty guesses at once, at four processes: two are told that they are wrong, the third ends the link."""
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    await house.sign_consent(patient)
    link = await house.invitation_link(patient)
    processes = [(InvitationsApi(house.parts), AtOneProcess(house)) for _ in range(4)]

    async def guess(number: int) -> str:
        servicer, call = processes[number % len(processes)]
        holder = Holder(InvitationId(UUID(link[0])), RIGHT + timedelta(days=number), "")
        admitted: Any = call
        try:
            await servicer._check_holder(holder, None, admitted)
        except PortalError as refusal:
            return refusal.slug
        return "right, or over"

    told = await asyncio.gather(*(guess(number) for number in range(1, 41)))
    assert told.count(BirthDateDiffers.slug) == 2
    assert told.count(LinkGone.slug) >= 1
    with pytest.raises(PortalError, match=LinkGone.slug), calling(idempotency_key=new_key()):
        await house.api.AcceptInvitation(house.acceptance(link, "pat"))
    rows = await house.ground.database.fetch("SELECT state FROM invitations")
    assert [row["state"] for row in rows] == ["void"]


async def test_r26_ten_answers_a_day_hold_over_several_processes_and_to_the_second(house: House) -> None:
    now = machine_now()
    throttles = [Throttle(house.ground.database, lambda: now) for _ in range(4)]
    bucket = answers("recovering:somebody")

    async def count(number: int) -> bool:
        try:
            await throttles[number % len(throttles)].count(bucket)
        except Throttled:
            return False
        return True

    assert sum(await asyncio.gather(*(count(number) for number in range(40)))) == ANSWERS_A_DAY
    first = now
    now = first + DAY - timedelta(seconds=1)
    assert not await count(0)
    now = first + DAY
    assert await count(0)
