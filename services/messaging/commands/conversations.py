"""Commands on conversations, each followed by its handler."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.messaging.domain.business_hours import BusinessHours
from services.messaging.domain.conversation import Attached, Author, Conversation, Recipient, Topic, Written
from services.messaging.domain.errors import NobodyCanRead
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Work


@dataclass(frozen=True, slots=True)
class StartConversation:
    """``provider_takes_part`` and ``somebody_can_read`` are what the replicas last told of the other side."""

    practice_id: UUID
    patient_id: UUID
    author: Author
    topic: Topic
    subject: str
    body: str
    hours: BusinessHours
    provider_id: UUID | None = None
    provider_takes_part: bool = False
    somebody_can_read: bool = True
    attachments: tuple[Attached, ...] = ()

    def recipient(self) -> Recipient:
        if self.provider_id is None:
            return Recipient(self.topic)
        return Recipient.provider(self.provider_id, self.provider_takes_part)


@dataclass(frozen=True, slots=True)
class Started:
    """``reply_due_on`` is the day by which a reply is due to this very message; None for one of staff."""

    conversation_id: UUID
    message_id: UUID
    position: Position
    reply_due_on: date | None


async def start_conversation(command: StartConversation, work: Work) -> Started:
    def build() -> Conversation:
        if not command.somebody_can_read:
            raise NobodyCanRead
        conversation = Conversation(
            conversation_id=work.new_id("conversation"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            recipient=command.recipient(),
            subject=command.subject,
            opened_at=work.now,
        )
        due = command.hours.reply_due(work.now)
        conversation.write(work.new_id("message"), command.author, _written(command), work.now, due)
        return conversation

    position = await work.create(build)
    return Started(work.new_id("conversation"), work.new_id("message"), position, _reply_due_on(command, work))


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Of the patient's side or of staff; the conversation is in that patient's record, as it was located.

    ``somebody_can_read`` as when one is started: of staff's messages, what the replica last told of the other side.
    """

    patient_id: UUID
    conversation_id: UUID
    author: Author
    body: str
    hours: BusinessHours
    attachments: tuple[Attached, ...] = ()
    somebody_can_read: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    message_id: UUID
    position: Position
    reply_due_on: date | None


async def send_message(command: SendMessage, work: Work) -> Sent:
    def write(conversation: Conversation) -> None:
        if conversation.patient_id != command.patient_id:
            raise NotFound
        if not command.somebody_can_read:
            raise NobodyCanRead
        due = command.hours.reply_due(work.now)
        conversation.write(work.new_id("message"), command.author, _written(command), work.now, due)

    position = await work.change(Conversation, command.conversation_id, write)
    return Sent(work.new_id("message"), position, _reply_due_on(command, work))


def _written(command: StartConversation | SendMessage) -> Written:
    return Written(command.body, command.attachments)


def _reply_due_on(command: StartConversation | SendMessage, work: Work) -> date | None:
    """From the stored instant alone, so that a repeat's answer is the same."""
    return None if command.author.sender == "staff" else command.hours.reply_due(work.now).on


@dataclass(frozen=True, slots=True)
class MarkRead:
    conversation_id: UUID
    account_id: UUID
    message_id: UUID | None = None


async def mark_read(command: MarkRead, work: Work) -> Position:
    return await work.change(
        Conversation,
        command.conversation_id,
        lambda conversation: conversation.mark_read(command.account_id, command.message_id, work.now),
    )


@dataclass(frozen=True, slots=True)
class AssignConversation:
    conversation_id: UUID
    staff_id: UUID | None


async def assign_conversation(command: AssignConversation, work: Work) -> Position:
    return await work.change(
        Conversation,
        command.conversation_id,
        lambda conversation: conversation.assign(command.staff_id, work.now),
    )


@dataclass(frozen=True, slots=True)
class SettleConversation:
    conversation_id: UUID
    staff_id: UUID


async def settle_conversation(command: SettleConversation, work: Work) -> Position:
    return await work.change(
        Conversation,
        command.conversation_id,
        lambda conversation: conversation.settle(command.staff_id, work.now),
    )


@dataclass(frozen=True, slots=True)
class LeaveUnread:
    """Nobody has read the practice's message ``number`` for a week."""

    conversation_id: UUID
    number: int
    hours: BusinessHours


async def leave_unread(command: LeaveUnread, work: Work) -> Position:
    return await work.change(
        Conversation,
        command.conversation_id,
        lambda conversation: conversation.leave_unread(
            command.number, work.now, command.hours.reply_due(work.now, business_days=0)
        ),
    )
