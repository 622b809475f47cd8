"""The holder of an account chooses which mails to do without; the command with its handler (R35)."""

from dataclasses import dataclass
from uuid import UUID

from services.messaging.domain.mail_choices import MailChoices, Switchable
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class ChooseMails:
    """``unwanted`` in the order of ``SWITCHABLE``."""

    account_id: UUID
    unwanted: tuple[Switchable, ...]


async def choose_mails(command: ChooseMails, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        choices = await streams.find(MailChoices, MailChoices.create_id(command.account_id))
        if choices is None:
            streams.add(MailChoices(command.account_id, command.unwanted, work.now))
        else:
            choices.change(command.unwanted, work.now)

    return await work.decide(decide)
