"""Bugs of effects: when they run, under which id, and who may run one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.billing.processor import Checkout, Processor
from services.messaging.letters import Letter
from services.messaging.mail import MailServer
from shared.effects import Effect, PendingEffect, worker
from shared.effects import table as effects_table
from shared.effects.carrying import CarriedEffect
from shared.effects.table import effect_id
from shared.effects.worker import EffectsWorker
from shared.envelope import Recorded
from shared.ids import uuid7
from shared.reading import applying
from tests.faults.acting import runs
from tests.faults.places import Place
from tests.faults.planted.changing import replaced


@dataclass(frozen=True, slots=True)
class InHand:
    """As much of Carrying as the two effects need."""

    effect: PendingEffect


def effect_sent_inside_the_transaction(place: Place) -> None:
    """An effect is carried out while the batch that decides it is still open."""
    plain, table = effects_table.insert, runs(place)

    async def insert(connection: Any, decided: Iterable[tuple[Recorded[Any], Effect]]) -> None:
        found = list(decided)
        await plain(connection, found)
        for recorded, one in found:
            id_ = effect_id(recorded.event_id, one.kind, one.recipient)
            await table[one.kind](InHand(PendingEffect(
                id_, recorded.event_id, one.kind, one.key, one.recipient, recorded.at, one.details, "", 1
            )))  # type: ignore[arg-type]  # fmt: skip
            await connection.execute("UPDATE public.effects SET state = 'done' WHERE id = $1", id_)

    vars(applying)["insert"] = insert


def marked_before_the_act(place: Place) -> None:
    """An effect counts as done before it is carried out."""
    plain = EffectsWorker.carry_out

    async def carry_out(self: Any, effect: PendingEffect) -> None:
        await self._mark(effect, CarriedEffect(effect, self._means))
        await plain(self, effect)

    EffectsWorker.carry_out = carry_out  # type: ignore[method-assign]


def another_id_each_attempt(place: Place) -> None:
    """A mail's Message-ID and a payment's key are new whenever they are tried."""
    send, open_page = MailServer.send, Processor.open_page

    async def send_anew(self: MailServer, mail_id: UUID, address: str, letter: Letter) -> None:
        await send(self, uuid7(), address, letter)

    async def open_anew(self: Processor, checkout: Checkout) -> str:
        return await open_page(self, replace(checkout, payment_id=uuid7()))

    MailServer.send = send_anew  # type: ignore[method-assign]
    Processor.open_page = open_anew  # type: ignore[method-assign]


def claim_not_honoured(place: Place) -> None:
    """A worker takes whatever is not done, also what another one has in hand."""
    vars(worker)["_CLAIM"] = replaced(worker._CLAIM, {"AND mine.free_at <= clock_timestamp()": ""})
