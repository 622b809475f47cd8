"""Conversations stated in commands, over the store's in-memory twin with messaging's own table of words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.messaging.commands import conversations as commands
from services.messaging.commands import notifications
from services.messaging.commands.conversations import (
    LeaveUnread,
    MarkRead,
    SendMessage,
    SettleConversation,
    StartConversation,
    Started,
)
from services.messaging.commands.notifications import RecordNotificationBounced, RecordNotificationSent
from services.messaging.domain.conversation import Author, Conversation
from services.messaging.domain.errors import NobodyCanRead, NothingToSettle, ProviderNotTakingPart
from services.messaging.domain.notification import Notice, Notification
from services.messaging.public_holidays import business_hours
from services.messaging.published import PUBLISHED
from services.messaging.stored import STORED
from shared.errors import CommandReused, NotFound
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PRACTICE, PATIENT, OTHER_PATIENT, PARENT, PROVIDER, NURSE = (UUID(int=number) for number in range(1, 7))
PATIENTS_ACCOUNT, PARENTS_ACCOUNT, NURSES_ACCOUNT = (UUID(int=number) for number in range(11, 14))
HOURS = business_hours("America/New_York")
SELF = Author("patient", PATIENTS_ACCOUNT, PATIENT, "self")
FOR_PATIENT = Author("representative", PARENTS_ACCOUNT, PARENT, "representative")
STAFF = Author("staff", NURSES_ACCOUNT, NURSE)


class Desk:
    """Performs commands, each with a key of its own unless one is given."""

    def __init__(self) -> None:
        self.store = MemoryEventStore("messaging", StoredTable(STORED))
        self.queues = StreamQueues()
        self.now = MONDAY

    def work(self, key: UUID | None = None, fingerprint: bytes = b"") -> Work:
        return Work(self.store, self.queues, self.now, key or uuid4(), fingerprint)

    async def start(self, *, key: UUID | None = None, author: Author = SELF, **more: object) -> Started:
        values = {"topic": "medical", "subject": "Knee", "body": "It hurts", "hours": HOURS, **more}
        command = StartConversation(practice_id=PRACTICE, patient_id=PATIENT, author=author, **values)  # type: ignore[arg-type]  # given by name
        return await commands.start_conversation(command, self.work(key))

    async def send(self, started: Started, author: Author, patient_id: UUID = PATIENT) -> commands.Sent:
        command = SendMessage(patient_id, started.conversation_id, author, "More", HOURS)
        return await commands.send_message(command, self.work())

    async def read(self, started: Started, account_id: UUID, message_id: UUID | None = None) -> None:
        await commands.mark_read(MarkRead(started.conversation_id, account_id, message_id), self.work())

    async def leave_unread(self, started: Started, number: int) -> None:
        await commands.leave_unread(LeaveUnread(started.conversation_id, number, HOURS), self.work())

    async def conversation(self, started: Started) -> Conversation:
        found = await self.store.find(Conversation, started.conversation_id)
        assert found is not None
        return found


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_r28_a_provider_who_does_not_take_part_is_refused_and_nothing_is_written(desk: Desk) -> None:
    with pytest.raises(ProviderNotTakingPart):
        await desk.start(provider_id=PROVIDER, provider_takes_part=False)
    assert await desk.store.head() == 0


async def test_r28_a_repeat_after_the_provider_left_gets_the_first_answer(desk: Desk) -> None:
    key = uuid4()
    first = await desk.start(key=key, provider_id=PROVIDER, provider_takes_part=True)
    desk.now += timedelta(days=1)
    assert await desk.start(key=key, provider_id=PROVIDER, provider_takes_part=False) == first


async def test_a_key_used_again_for_another_request_is_refused(desk: Desk) -> None:
    key = uuid4()
    started = await desk.start()
    command = SendMessage(PATIENT, started.conversation_id, SELF, "One", HOURS)
    await commands.send_message(command, desk.work(key, b"one"))
    with pytest.raises(CommandReused):
        await commands.send_message(command, desk.work(key, b"two"))


async def test_r4_the_practice_cannot_write_to_whom_nobody_can_read(desk: Desk) -> None:
    with pytest.raises(NobodyCanRead):
        await desk.start(author=STAFF, somebody_can_read=False)


async def test_r4_a_reply_that_nobody_could_read_is_refused_at_the_command_and_leaves_the_thread_as_it_was(
    desk: Desk,
) -> None:
    started = await desk.start()
    due = (await desk.conversation(started)).due
    command = SendMessage(PATIENT, started.conversation_id, STAFF, "More", HOURS, somebody_can_read=False)
    with pytest.raises(NobodyCanRead):
        await commands.send_message(command, desk.work())
    with pytest.raises(NotFound):  # another patient's thread is absent before anything is said of its readers
        await commands.send_message(replace(command, patient_id=OTHER_PATIENT), desk.work())
    assert ((await desk.conversation(started)).due, len(await desk.store.stream(started.conversation_id))) == (due, 2)


async def test_a_conversation_of_another_patient_does_not_exist(desk: Desk) -> None:
    started = await desk.start()
    with pytest.raises(NotFound):
        await desk.send(started, SELF, OTHER_PATIENT)


async def test_r13_the_first_unanswered_message_sets_the_due_date_and_a_reply_clears_it(desk: Desk) -> None:
    started = await desk.start()
    first_due = (await desk.conversation(started)).due
    assert first_due == HOURS.reply_due(MONDAY)
    desk.now += timedelta(days=1)
    await desk.send(started, FOR_PATIENT)
    assert (await desk.conversation(started)).due == first_due
    await desk.send(started, STAFF)
    assert (await desk.conversation(started)).due is None
    await desk.send(started, SELF)
    assert (await desk.conversation(started)).due == HOURS.reply_due(desk.now)


async def test_what_needs_no_reply_is_settled_once(desk: Desk) -> None:
    started = await desk.start()
    command = SettleConversation(started.conversation_id, NURSE)
    await commands.settle_conversation(command, desk.work())
    assert (await desk.conversation(started)).due is None
    with pytest.raises(NothingToSettle):
        await commands.settle_conversation(command, desk.work())


async def test_read_marks_only_grow_and_are_each_accounts_own(desk: Desk) -> None:
    started = await desk.start()
    reply = await desk.send(started, STAFF)
    await desk.read(started, PATIENTS_ACCOUNT, reply.message_id)
    head = await desk.store.head()
    await desk.read(started, PATIENTS_ACCOUNT, started.message_id)
    assert await desk.store.head() == head
    assert (await desk.conversation(started)).read_through == {PATIENTS_ACCOUNT: 2}


async def test_marking_a_message_of_another_conversation_read_is_not_found(desk: Desk) -> None:
    started, other = await desk.start(), await desk.start()
    with pytest.raises(NotFound):
        await desk.read(started, PATIENTS_ACCOUNT, other.message_id)


async def test_r4_a_message_that_nobody_reads_becomes_a_task_of_the_same_day(desk: Desk) -> None:
    started = await desk.start()
    await desk.send(started, STAFF)
    desk.now += timedelta(days=7)
    await desk.leave_unread(started, 2)
    conversation = await desk.conversation(started)
    assert conversation.left_unread
    assert conversation.due == HOURS.reply_due(desk.now, business_days=0)
    await desk.read(started, PATIENTS_ACCOUNT)
    assert (await desk.conversation(started)).due is None


async def test_r4_what_was_read_or_followed_by_another_message_becomes_no_task(desk: Desk) -> None:
    read, followed = await desk.start(), await desk.start()
    await desk.send(read, STAFF)
    await desk.read(read, PARENTS_ACCOUNT)
    await desk.leave_unread(read, 2)
    await desk.send(followed, STAFF)
    await desk.send(followed, STAFF)
    await desk.leave_unread(followed, 2)
    assert not (await desk.conversation(read)).left_unread
    assert not (await desk.conversation(followed)).left_unread


async def test_what_is_published_holds_ids_and_words_only(desk: Desk) -> None:
    started = await desk.start(subject="CANARY-subject", body="CANARY-body", author=FOR_PATIENT)
    stream = await desk.store.stream(started.conversation_id)
    public = [PUBLISHED[type(recorded.event)](recorded) for recorded in stream]
    told = "".join(event.model_dump_json() for event in public if event is not None)
    assert [type(event).__name__ for event in public] == ["ConversationOpened", "MessageSent"]
    assert "CANARY" not in told
    assert str(PARENTS_ACCOUNT) in told


async def test_a_mail_sent_twice_is_recorded_once_whatever_came_of_the_second_try(desk: Desk) -> None:
    mail, notice = uuid4(), Notice(PRACTICE, PATIENT, PATIENT, "message", "messaging:2")
    await notifications.record_notification_sent(RecordNotificationSent(mail, notice), desk.work())
    await notifications.record_notification_sent(RecordNotificationSent(mail, notice), desk.work())
    events = [type(recorded.event) for recorded in await desk.store.stream(mail)]
    assert events == [Notification.Addressed, Notification.Sent]


async def test_a_mail_that_was_sent_may_still_bounce_and_then_stays_bounced(desk: Desk) -> None:
    mail, notice = uuid4(), Notice(PRACTICE, PATIENT, PATIENT, "message", "messaging:2")
    await notifications.record_notification_sent(RecordNotificationSent(mail, notice), desk.work())
    for _ in range(2):
        await notifications.record_notification_bounced(RecordNotificationBounced(mail, notice, "refused"), desk.work())
    await notifications.record_notification_sent(RecordNotificationSent(mail, notice), desk.work())
    events = [type(recorded.event) for recorded in await desk.store.stream(mail)]
    assert events == [Notification.Addressed, Notification.Sent, Notification.Bounced]


async def test_a_notice_to_staff_is_nobodys_personal_data_and_is_not_published(desk: Desk) -> None:
    mail, notice = uuid4(), Notice(PRACTICE, None, NURSE, "staff-invitation", "identity:3")
    await notifications.record_notification_sent(RecordNotificationSent(mail, notice), desk.work())
    sent = (await desk.store.stream(mail))[-1]
    assert sent.subject_id == UUID(int=0)
    assert PUBLISHED[Notification.Sent](sent) is None
