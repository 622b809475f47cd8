"""A conversation between a patient's side and the practice. Nothing that was sent is edited or deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.messaging.domain.business_hours import ReplyDue
from services.messaging.domain.errors import NothingToSettle, ProviderNotTakingPart
from shared.aggregate import Aggregate, event
from shared.errors import NotFound

Topic = Literal["medical", "appointments", "billing", "portal"]
Sender = Literal["patient", "representative", "staff"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A provider, or the practice under a topic. What is written to a provider is medical."""

    topic: Topic
    provider_id: UUID | None = None

    @classmethod
    def provider(cls, provider_id: UUID, takes_part: bool) -> "Recipient":
        """ProviderNotTakingPart unless identity last told that the provider takes part (R28)."""
        if not takes_part:
            raise ProviderNotTakingPart
        return cls("medical", provider_id)


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes. ``person_id`` is the patient, the representative or the member of staff.

    ``acting_as`` is self, representative or executor ("B for P"); empty for staff, where ``provider_id`` is set
    if that person is a provider.
    """

    sender: Sender
    account_id: UUID
    person_id: UUID
    acting_as: str = ""
    provider_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """A file sent with a message; its bytes lie with documents, and are reached through the message alone."""

    attachment_id: UUID
    name: str
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``number`` counts from 1 within its conversation."""

    message_id: UUID
    number: int
    author: Author
    body: str
    sent_at: datetime
    attachments: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote, with the files that go with it."""

    body: str
    attachments: tuple[Attached, ...] = ()


class Conversation(Aggregate):
    """One thread about one patient: who wrote what when, how far each account has read, and what is owed."""

    class Opened(Aggregate.Created):
        conversation_id: UUID
        practice_id: UUID
        patient_id: UUID
        recipient: Recipient
        subject: str
        opened_at: datetime

    class MessageAdded(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        message: Message
        due: ReplyDue | None

    class Read(Aggregate.Event):
        account_id: UUID
        number: int
        read_at: datetime

    class Assigned(Aggregate.Event):
        staff_id: UUID | None
        assigned_at: datetime

    class Settled(Aggregate.Event):
        staff_id: UUID
        settled_at: datetime

    class LeftUnread(Aggregate.Event):
        number: int
        due: ReplyDue
        left_at: datetime

    @staticmethod
    def create_id(conversation_id: UUID) -> UUID:
        return conversation_id

    @event(Opened)
    def __init__(
        self,
        conversation_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        recipient: Recipient,
        subject: str,
        opened_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.message_ids: list[UUID] = []
        self.read_through: dict[UUID, int] = {}
        self.assigned_staff_id: UUID | None = None
        self.due: ReplyDue | None = None
        self.left_unread = False

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def write(self, message_id: UUID, author: Author, written: Written, at: datetime, due: ReplyDue) -> None:
        """Adds a message. From the patient's side it is owed a reply by the earliest date; from staff it is one."""
        number = len(self.message_ids) + 1
        message = Message(message_id, number, author, written.body, at, written.attachments)
        waiting_since = None if self.left_unread else self.due
        owed = None if author.sender == "staff" else waiting_since or due
        self._message_added(practice_id=self.practice_id, patient_id=self.patient_id, message=message, due=owed)

    @event(MessageAdded)
    def _message_added(self, practice_id: UUID, patient_id: UUID, message: Message, due: ReplyDue | None) -> None:
        self.message_ids.append(message.message_id)
        if message.author.sender != "staff":
            self.read_through[message.author.account_id] = message.number
        self.due = due
        self.left_unread = False

    def mark_read(self, account_id: UUID, message_id: UUID | None, at: datetime) -> None:
        """The account has read up to that message (None: to the last). Marks only grow."""
        if message_id is not None and message_id not in self.message_ids:
            raise NotFound
        number = len(self.message_ids) if message_id is None else self.message_ids.index(message_id) + 1
        if number > self.read_through.get(account_id, 0):
            self._read(account_id=account_id, number=number, read_at=at)

    @event(Read)
    def _read(self, account_id: UUID, number: int, read_at: datetime) -> None:
        self.read_through[account_id] = number
        if self.left_unread:
            self.left_unread, self.due = False, None

    def assign(self, staff_id: UUID | None, at: datetime) -> None:
        """Gives the thread to a member of staff, or back to the queue; to the same one changes nothing."""
        if staff_id != self.assigned_staff_id:
            self._assigned(staff_id=staff_id, assigned_at=at)

    @event(Assigned)
    def _assigned(self, staff_id: UUID | None, assigned_at: datetime) -> None:
        self.assigned_staff_id = staff_id

    def settle(self, staff_id: UUID, at: datetime) -> None:
        """The last message needs no reply."""
        if self.due is None:
            raise NothingToSettle
        self._settled(staff_id=staff_id, settled_at=at)

    @event(Settled)
    def _settled(self, staff_id: UUID, settled_at: datetime) -> None:
        self.due = None
        self.left_unread = False

    def leave_unread(self, number: int, at: datetime, due: ReplyDue) -> None:
        """Staff are to phone: nobody has read that message of the practice, and it is still the newest one (R4)."""
        newest = number == len(self.message_ids)
        if newest and not self.left_unread and all(read < number for read in self.read_through.values()):
            self._left_unread(number=number, due=due, left_at=at)

    @event(LeftUnread)
    def _left_unread(self, number: int, due: ReplyDue, left_at: datetime) -> None:
        self.due = due
        self.left_unread = True
