"""Effects: claimed, carried out outside any transaction, marked; once by id whatever crashes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.clock import FixedClock
from shared.effects import Carrying, Effect, Run
from shared.effects.carrying import Means
from shared.effects.parking import parked_effects, retry_effect
from shared.effects.table import effect_id
from shared.effects.worker import EffectsWorker, Pace
from shared.envelope import Position
from shared.errors import NotFound, Refused, Unavailable
from shared.handling import StreamQueues, Work
from shared.ids import natural_id
from tests.integration.shared.reading.conftest import House
from tests.integration.shared.reading.letters import ANN, AT, BOB, Letter
from tests.waiting import until

QUICK = Pace(claim_seconds=5.0, first_pause_seconds=0.02, longest_pause_seconds=0.05)


@dataclass(frozen=True)
class AnswerLetter:
    owner_id: UUID
    text: str


async def answer_letter(command: AnswerLetter, work: Work) -> Position:
    return await work.create(
        lambda: Letter(
            letter_id=natural_id(work.command_id, "answer"), owner_id=command.owner_id, text=command.text, tags=[]
        )
    )


class Died(BaseException):
    """As if the process had been killed: nothing behind it runs."""


async def claims_run_out(house: House) -> None:
    """As if their time had passed."""
    await house.pool.execute("UPDATE effects SET free_at = '-infinity'")


def worker(house: House, pace: Pace = QUICK, clock: FixedClock | None = None, **runs: Run) -> EffectsWorker:
    means = Means(house.store, StreamQueues(), clock or FixedClock(AT), house.database)
    return EffectsWorker(house.pool, runs, means, pace)


async def rain(house: House, *towns: UUID) -> None:
    """One effect ``umbrella`` a record, in this order."""
    await house.rained(*(house.sky.rain(town, 1) for town in towns))


async def states(house: House) -> list[tuple[str, str, str]]:
    rows = await house.pool.fetch("SELECT kind, recipient, state FROM effects ORDER BY number")
    return [(row["kind"], row["recipient"], row["state"]) for row in rows]


async def running(one: EffectsWorker, condition: Callable[[], Awaitable[object]]) -> None:
    task = asyncio.create_task(one.run())
    try:
        await until(condition)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def all_in(house: House, state: str) -> Callable[[], Awaitable[object]]:
    async def condition() -> bool:
        return {found for _, _, found in await states(house)} == {state}

    return condition


async def test_an_effect_runs_its_command_as_the_system_caused_by_the_event(house: House) -> None:
    async def answer(carrying: Carrying) -> None:
        await carrying.perform(answer_letter, AnswerLetter(ANN, "it rained"))

    await rain(house, ANN)
    await running(worker(house, umbrella=answer), all_in(house, "done"))
    effect = effect_id("weather:1", "umbrella")
    assert await house.pool.fetchval("SELECT id FROM effects") == effect
    assert await house.store.command(natural_id(effect, "answer_letter")) is not None
    [page] = [page async for page in house.store.read(0)]
    metadata = dict(page[0].metadata)
    assert (metadata["actor"], metadata["origin"], metadata["cause"]) == ("letters", "system", "weather:1")


async def test_a_handler_runs_once_an_effect(house: House) -> None:
    async def twice(carrying: Carrying) -> None:
        for text in ("one", "two"):
            await carrying.perform(answer_letter, AnswerLetter(ANN, text))

    await rain(house, ANN)
    await running(worker(house, umbrella=twice), all_in(house, "parked"))
    assert await house.store.head() == 1


async def test_effects_of_one_key_run_in_order_and_keys_do_not_wait_for_each_other(house: House) -> None:
    ran: list[str] = []
    release = asyncio.Event()

    async def slow_for_ann(carrying: Carrying) -> None:
        if carrying.effect.cause == "weather:1":
            await release.wait()
        ran.append(carrying.effect.cause)

    await rain(house, ANN, ANN, BOB, ANN)
    task = asyncio.create_task(worker(house, umbrella=slow_for_ann).run())
    second = asyncio.create_task(worker(house, umbrella=slow_for_ann).run())
    try:
        await until(lambda: ran == ["weather:3"])
        release.set()
        await until(all_in(house, "done"))
    finally:
        task.cancel()
        second.cancel()
    assert ran == ["weather:3", "weather:1", "weather:2", "weather:4"]


async def test_an_effect_that_waits_blocks_its_key_and_is_tried_again(house: House) -> None:
    ran: list[tuple[str, int]] = []

    async def often_absent(carrying: Carrying) -> None:
        ran.append((carrying.effect.cause, carrying.effect.attempt))
        if carrying.effect.cause == "weather:1" and carrying.effect.attempt < 4:
            raise [ConnectionResetError, Unavailable, TimeoutError][carrying.effect.attempt - 1]

    await rain(house, ANN, ANN)
    await running(worker(house, umbrella=often_absent), all_in(house, "done"))
    assert ran == [("weather:1", 1), ("weather:1", 2), ("weather:1", 3), ("weather:1", 4), ("weather:2", 1)]


async def test_what_retrying_cannot_mend_is_parked_and_can_be_tried_again(house: House) -> None:
    mended = False

    async def refused(carrying: Carrying) -> None:
        if carrying.effect.cause == "weather:1" and not mended:
            raise Refused

    await rain(house, ANN, ANN)
    one = worker(house, umbrella=refused)

    async def second_done() -> bool:
        return [state for _, _, state in await states(house)] == ["parked", "done"]

    await running(one, second_done)
    [parked] = await parked_effects(house.pool)
    assert (parked.cause, parked.error.split(" at ")[0], parked.attempt) == ("weather:1", "refused", 1)
    mended = True
    await retry_effect(house.pool, parked.id)
    with pytest.raises(NotFound):
        await retry_effect(house.pool, parked.id)
    await running(worker(house, umbrella=refused), all_in(house, "done"))


async def test_a_kind_without_a_row_is_parked(house: House) -> None:
    await rain(house, ANN)
    await running(worker(house), all_in(house, "parked"))


async def test_a_crash_between_act_and_mark_leaves_one_outcome(house: House) -> None:
    async def answer(carrying: Carrying) -> None:
        await carrying.perform(answer_letter, AnswerLetter(ANN, "it rained"))

    async def answer_and_die(carrying: Carrying) -> None:
        await answer(carrying)
        raise Died

    await rain(house, ANN)
    dying = worker(house, umbrella=answer_and_die)
    [claimed] = await dying.claim(8)
    with pytest.raises(Died):
        await dying.carry_out(claimed)
    assert await house.store.head() == 1
    assert await dying.claim(8) == []
    await claims_run_out(house)

    await running(worker(house, umbrella=answer), all_in(house, "done"))
    assert await house.store.head() == 1
    assert await house.pool.fetchval("SELECT attempt FROM effects") == 2


async def test_a_claim_that_ran_out_is_taken_by_another_with_one_outcome_by_id(house: House) -> None:
    sent: list[UUID] = []

    async def send(carrying: Carrying) -> None:
        sent.append(carrying.effect.id)
        await carrying.perform(answer_letter, AnswerLetter(ANN, "it rained"))
        carrying.follow(Effect("told", key=ANN, recipient="ann"))

    await rain(house, ANN)
    slow, quick = worker(house, umbrella=send), worker(house, umbrella=send)
    [first] = await slow.claim(8)
    await claims_run_out(house)
    [second] = await quick.claim(8)
    assert (first.id, first.attempt, second.id, second.attempt) == (second.id, 1, second.id, 2)
    await quick.carry_out(second)
    await quick.carry_out(first)
    assert len(sent) == 2
    assert await house.store.head() == 1
    assert await states(house) == [("umbrella", "", "done"), ("told", "ann", "pending")]


async def test_a_failure_of_a_lost_claim_does_not_touch_the_later_one(house: House) -> None:
    async def refuse(_: Carrying) -> None:
        raise Refused

    await rain(house, ANN)
    slow, quick = worker(house, umbrella=refuse), worker(house)
    [first] = await slow.claim(8)
    await claims_run_out(house)
    [second] = await quick.claim(8)
    assert second.attempt == 2
    await slow.carry_out(first)
    assert await states(house) == [("umbrella", "", "pending")]


async def test_what_follows_is_written_with_the_mark_one_row_a_recipient(house: House) -> None:
    ran: list[tuple[str, str]] = []

    async def spread(carrying: Carrying) -> None:
        carrying.follow(*(Effect("mail", key=ANN, recipient=name) for name in ("a", "b", "a")))

    async def mail(carrying: Carrying) -> None:
        ran.append((carrying.effect.recipient, carrying.effect.cause))

    async def itself(carrying: Carrying) -> None:
        carrying.follow(Effect("umbrella", key=ANN))

    await rain(house, ANN)
    await running(worker(house, umbrella=spread, mail=mail), all_in(house, "done"))
    assert ran == [("a", "weather:1"), ("b", "weather:1")]
    await rain(house, BOB)
    await running(worker(house, umbrella=itself), lambda: parked_effects(house.pool))


async def test_a_due_effect_waits_for_the_rules_clock(house: House) -> None:
    ran: list[str] = []

    async def note(carrying: Carrying) -> None:
        ran.append(carrying.effect.kind)

    await house.write(ANN, "one")
    await house.projector().catch_up()
    clock = FixedClock(AT + timedelta(days=3) - timedelta(seconds=1))
    task = asyncio.create_task(worker(house, clock=clock, thank=note, remind=note).run())
    try:
        await until(lambda: ran == ["thank"])
        assert await worker(house, clock=clock).claim(8) == []
        clock.at = AT + timedelta(days=3)
        await until(lambda: ran == ["thank", "remind"])
    finally:
        task.cancel()


async def test_a_replay_makes_no_effects(house: House) -> None:
    await house.write(ANN, "one")
    await house.projector().catch_up()
    await rain(house, ANN, BOB)
    before = await house.pool.fetch("SELECT * FROM effects ORDER BY number")
    async with house.replays()._rebuild(["letters", "rain"]) as rebuild:
        await rebuild.catch_up()
        await rebuild.swap()
    assert await house.pool.fetch("SELECT * FROM effects ORDER BY number") == before


async def test_stopping_frees_what_was_being_carried_out(house: House) -> None:
    began = asyncio.Event()

    async def endless(_: Carrying) -> None:
        began.set()
        await asyncio.Event().wait()

    await rain(house, ANN)
    task = asyncio.create_task(worker(house, umbrella=endless).run())
    await asyncio.wait_for(began.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await worker(house).claim(8)) == 1


async def test_rows_are_decided_once_however_often_they_are_inserted(house: House) -> None:
    batch: Any = [house.sky.rain(ANN, 1)]
    await house.rained(*batch)
    await house.pool.execute("UPDATE positions SET position = 0 WHERE source = 'weather'")
    await house.rained(*batch)
    assert len(await states(house)) == 1
