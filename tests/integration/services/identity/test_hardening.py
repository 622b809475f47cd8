"""R8 and R26 under attack: guesses at several processes at once, and what 500 answers tell of who has an account."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

import pytest
from google.protobuf.message import Message

from services.identity.api.invitations import Holder, InvitationsApi
from services.identity.credentials.throttle import ANSWERS_A_DAY, DAY, Throttle, answers
from services.identity.domain.errors import BirthDateDiffers, LinkGone
from services.identity.domain.values import InvitationId
from shared.clock import machine_now
from shared.contracts.identity.v1 import api_pb2
from shared.errors import PortalError, Throttled
from shared.handling import StreamQueues, Work
from shared.ids import uuid7
from shared.rpc.fields import date_message
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, new_key
from tests.integration.services.identity.test_recovery import patients

C = TypeVar("C")
R = TypeVar("R")

TRIES = 500
WIDE = (0.35, 0.65)
"""Of the AUC: a test that runs beside others measures coarsely. The long run is a benchmark of its own."""
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


def auc(present: Sequence[float], absent: Sequence[float]) -> float:
    """How often one of the first takes longer than one of the second: 0.5 tells nothing."""
    ranked = sorted([(seconds, True) for seconds in present] + [(seconds, False) for seconds in absent])
    ranks = sum(rank for rank, (_, is_present) in enumerate(ranked, 1) if is_present)
    return (ranks - len(present) * (len(present) + 1) / 2) / (len(present) * len(absent))


Ask = Callable[[House, bool], Any]


def by_user_name(house: House, exists: bool) -> Any:
    request = api_pb2.RequestRecoveryByUserNameRequest(user_name="pat" if exists else f"nob{random.randrange(10)}")  # noqa: S311  # no secret
    return house.api_as("web").RequestRecoveryByUserName(request)


def by_details(house: House, exists: bool) -> Any:
    request = api_pb2.RequestRecoveryByDetailsRequest(
        name=api_pb2.PersonName(given="Pat", family="Doe" if exists else "Roe"),
        birth_date=date_message(RIGHT),
        email="pat@example.org",
    )
    return house.api_as("web").RequestRecoveryByDetails(request)


@pytest.mark.parametrize("ask", [by_user_name, by_details])
async def test_r26_500_answers_are_alike_in_body_status_and_headers_and_their_times_tell_nothing(
    house: House, ask: Ask, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """In a mixed order, from many sources because of the throttle."""
    await patients(house)
    order = [True, False] * (TRIES // 2)
    random.Random(26).shuffle(order)  # noqa: S311  # no secret
    seen: set[tuple[bytes, object, str, str]] = set()
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number, exists in enumerate(order):
        with calling(idempotency_key=new_key(), client_address=f"10.0.{number // 50}.{number % 50}"):
            begun = perf_counter()
            call = ask(house, exists)
            answer: Message = await call
            seconds[exists].append(perf_counter() - begun)
        headers = sorted((await call.initial_metadata()) or ()), sorted((await call.trailing_metadata()) or ())
        seen.add((answer.SerializeToString(), await call.code(), str(headers[0]), str(headers[1])))
    assert len(seen) == 1
    told = auc(seconds[True], seconds[False])
    record_property("auc", told)
    with capsys.disabled():
        print(f"\nR26 {ask.__name__}: AUC {told:.3f} over {TRIES} tries")
    assert WIDE[0] <= told <= WIDE[1]


def test_an_auc_of_times_that_tell_nothing_is_one_half_and_of_times_that_tell_all_is_one() -> None:
    assert auc([1.0, 4.0], [2.0, 3.0]) == 0.5
    assert auc([5.0, 6.0], [1.0, 2.0]) == 1.0
