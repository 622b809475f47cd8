"""Conversations, queue and inbox through the API's methods over real read models."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.messaging.domain.errors import NobodyCanRead, ProviderNotTakingPart
from services.messaging.peers import MessagingPeers
from shared.access.windows import HeldWindow
from shared.contracts.documents.v1.events import (
    DocumentReleased,
    DocumentRetracted,
    ResultReceived,
    ResultReleased,
    ResultRetracted,
)
from shared.contracts.identity.v1 import events as identity
from shared.contracts.messaging.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Actor
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import (
    CLERK,
    HELEN,
    MONDAY,
    OTHER_PRACTICE,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
    statement,
)


async def start(house: House, **fields: str) -> str:
    values = {"patient_id": str(PATIENT), "provider_id": str(PROVIDER), "subject": "Knee", "body": "It hurts", **fields}
    request = api_pb2.StartConversationRequest(**values)
    return (await house.api.StartConversation(request, house.as_patient())).conversation_id


async def reply(house: House, conversation_id: str, body: str = "Rest it") -> str:
    house.later(minutes=1)
    request = api_pb2.ReplyToConversationRequest(practice_id=str(PRACTICE), conversation_id=conversation_id, body=body)
    return (await house.api.ReplyToConversation(request, house.as_staff("clinical"))).message_id


async def thread(house: House, conversation_id: str) -> api_pb2.GetConversationResponse:
    request = api_pb2.GetConversationRequest(patient_id=str(PATIENT), conversation_id=conversation_id)
    return await house.api.GetConversation(request, house.as_patient())


async def inbox(house: House, *, scopes: tuple[str, ...] = (), acting_as: str = "self", **more: object) -> list[str]:
    """``kind:state`` of the items."""
    call = house.as_patient()
    if scopes:
        call.actor = Actor("account", PATIENTS_ACCOUNT, acting_as=acting_as, scopes=frozenset(scopes))
    request = api_pb2.ListInboxRequest(patient_id=str(PATIENT), **more)  # type: ignore[arg-type]  # by name
    return [f"{item.kind}:{item.state}" for item in (await house.api.ListInbox(request, call)).items]


async def queue(house: House, *roles: str, state: str = "") -> list[api_pb2.PracticeConversation]:
    request = api_pb2.ListPracticeConversationsRequest(practice_id=str(PRACTICE), state=state)
    call = house.as_staff(*roles, patient_id=None)
    return list((await house.api.ListPracticeConversations(request, call)).conversations)


async def test_a_patient_writes_the_practice_answers_and_both_see_the_thread(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house)
    await reply(house, conversation)
    seen = await thread(house, conversation)
    assert [(message.sender, message.body) for message in seen.messages] == [
        ("patient", "It hurts"),
        ("staff", "Rest it"),
    ]
    assert seen.conversation.unread_count == 1
    assert seen.conversation.subject == "Knee"
    assert not seen.conversation.HasField("reply_due_on")
    assert await inbox(house) == ["message:received", "message:sent"]
    beside = await house.api.GetPracticeConversation(
        api_pb2.GetPracticeConversationRequest(practice_id=str(PRACTICE), conversation_id=conversation),
        house.as_staff("provider"),
    )
    assert [message.author_id for message in beside.messages] == [str(PATIENT), str(HELEN)]


async def test_a_message_of_a_representative_names_the_person_and_as_what(house: House) -> None:
    conversation = await start(house)
    call = house.as_patient(
        actor=Actor("account", PARENTS_ACCOUNT, acting_as="representative", scopes=frozenset({"messages"}))
    )
    window = HeldWindow(PATIENT, PRACTICE, PARENT, "representative", frozenset({"messages"}), MONDAY, None)
    call.held = (window,)
    request = api_pb2.SendMessageRequest(patient_id=str(PATIENT), conversation_id=conversation, body="For my child")
    await house.api.SendMessage(request, call)
    last = (await thread(house, conversation)).messages[-1]
    assert (last.sender, last.author_id, last.acting_as) == ("representative", str(PARENT), "representative")


async def test_r28_a_forged_provider_is_refused_unknown_foreign_and_off_portal_alike(house: House) -> None:
    foreign, off_portal = uuid4(), uuid4()
    await house.tell("identity", identity.ProviderActivated(practice_id=OTHER_PRACTICE, provider_id=foreign))
    await house.tell("identity", identity.ProviderRegistered(practice_id=PRACTICE, provider_id=off_portal))
    refusals = []
    for provider in (uuid4(), foreign, off_portal):
        with pytest.raises(ProviderNotTakingPart) as refused:
            await start(house, provider_id=str(provider))
        refusals.append(str(refused.value))
    assert len(set(refusals)) == 1
    assert await house.store.head() == 0


async def test_r28_a_provider_who_leaves_in_mid_thread_hands_over_to_the_practice(house: House) -> None:
    conversation = await start(house)
    assert not (await thread(house, conversation)).conversation.handed_over
    await house.tell("identity", identity.ProviderDeactivated(practice_id=PRACTICE, provider_id=PROVIDER))
    assert (await thread(house, conversation)).conversation.handed_over
    assert (await queue(house, "clinical"))[0].handed_over
    request = api_pb2.ListRecipientsRequest(patient_id=str(PATIENT))
    offered = await house.api.ListRecipients(request, house.as_patient())
    assert list(offered.provider_ids) == []
    assert list(offered.topics) == ["medical", "appointments", "billing", "portal"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"provider_id": "", "topic": ""}, "topic"),
        ({"topic": "medical"}, "topic"),
        ({"provider_id": "", "topic": "weather"}, "topic"),
        ({"subject": "  "}, "subject"),
        ({"subject": "two\nlines"}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"body": ""}, "body"),
        ({"body": "x" * 10_001}, "body"),
        ({"body": "bell \x07"}, "body"),
    ],
)
async def test_bad_input_names_the_field_and_writes_nothing(house: House, fields: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidField) as invalid:
        await start(house, **fields)
    assert invalid.value.field == field
    assert await house.store.head() == 0


async def test_the_longest_body_arrives_whole(house: House) -> None:
    body = "é" * 9_999 + "!"
    conversation = await start(house, body=body)
    assert (await thread(house, conversation)).messages[0].body == body


async def test_reading_to_the_end_leaves_nothing_unread_for_that_account_only(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house)
    await reply(house, conversation)
    count = api_pb2.CountUnreadRequest(patient_id=str(PATIENT))
    parent = Actor("account", PARENTS_ACCOUNT, acting_as="representative", scopes=frozenset({"messages"}))
    assert (await house.api.CountUnread(count, house.as_patient())).unread_count == 1
    request = api_pb2.MarkReadRequest(patient_id=str(PATIENT), conversation_id=conversation)
    await house.api.MarkRead(request, house.as_patient())
    assert (await house.api.CountUnread(count, house.as_patient())).unread_count == 0
    assert (await house.api.CountUnread(count, house.as_patient(actor=parent))).unread_count == 1


async def test_unread_counts_are_the_asking_users_own_and_only_of_visible_patients(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await reply(house, await start(house))
    hidden = uuid4()
    call = house.as_patient(
        held=(
            HeldWindow(PATIENT, PRACTICE, PATIENT, "self", frozenset({"messages"}), MONDAY, None),
            HeldWindow(hidden, PRACTICE, PARENT, "representative", frozenset({"billing"}), MONDAY, None),
        )
    )
    request = peers_pb2.UnreadCountsRequest(
        account_id=str(PATIENTS_ACCOUNT), patient_ids=[str(PATIENT), str(hidden), str(uuid4())]
    )
    answer = await MessagingPeers().UnreadCounts(request, call)
    assert dict(answer.counts) == {str(PATIENT): 1}
    request.account_id = str(PARENTS_ACCOUNT)
    with pytest.raises(NotFound):
        await MessagingPeers().UnreadCounts(request, call)


async def test_pages_follow_each_other_without_gap_or_repeat(house: House) -> None:
    started = []
    for _ in range(3):
        started.append(await start(house))
        house.later(minutes=1)
    seen: list[str] = []
    token = ""
    for _ in range(3):
        request = api_pb2.ListConversationsRequest(patient_id=str(PATIENT), page_size=1, page_token=token)
        answer = await house.api.ListConversations(request, house.as_patient())
        seen += [conversation.conversation_id for conversation in answer.conversations]
        token = answer.next_page_token
    assert seen == started[::-1]
    assert token == ""


async def test_r32_the_inbox_shows_each_kind_by_the_viewers_scopes_newest_first(house: House) -> None:
    result, document = uuid4(), uuid4()
    about = {"practice_id": PRACTICE, "patient_id": PATIENT}
    await start(house)
    house.later(hours=1)
    await house.tell("documents", ResultReleased(**about, result_id=result, provider_id=PROVIDER))
    house.later(hours=1)
    await house.tell("documents", DocumentReleased(**about, document_id=document, provider_id=PROVIDER))
    house.later(hours=1)
    await house.tell("billing", statement())
    house.later(hours=1)
    await house.tell("billing", statement(confidential=True))
    assert await inbox(house) == [
        "statement:posted",
        "statement:posted",
        "document:released",
        "result:released",
        "message:sent",
    ]
    assert await inbox(house, scopes=("billing",), acting_as="representative") == ["statement:posted"]
    assert await inbox(house, scopes=("appointments",), acting_as="representative") == []
    assert await inbox(house, kind="result") == ["result:released"]
    assert await inbox(house, kind="result", scopes=("billing",)) == []
    house.later(hours=1)
    await house.tell("documents", ResultRetracted(**about, result_id=result, provider_id=PROVIDER))
    assert (await inbox(house))[0] == "result:retracted"
    house.later(hours=1)
    document = uuid4()
    for event in (DocumentReleased, DocumentRetracted):
        house.later(hours=1)
        await house.tell("documents", event(**about, document_id=document, provider_id=PROVIDER))
    assert (await inbox(house))[0] == "document:retracted"


async def test_r15_an_unreleased_result_shows_beside_the_thread_to_clinical_staff_and_nowhere_else(
    house: House,
) -> None:
    pending = uuid4()
    await house.tell("documents", ResultReceived(practice_id=PRACTICE, patient_id=PATIENT, result_id=pending))
    conversation = await start(house, body="Is my result there?")
    assert await inbox(house) == ["message:sent"]
    request = api_pb2.GetPracticeConversationRequest(practice_id=str(PRACTICE), conversation_id=conversation)
    beside = await house.api.GetPracticeConversation(request, house.as_staff("clinical"))
    (shown,) = beside.pending_results
    assert shown.result_id == str(pending)
    assert (shown.due_on.year, shown.due_on.month, shown.due_on.day) == (2026, 3, 3)
    assert str(pending) not in str(await thread(house, conversation))


async def test_r43_each_role_reaches_its_own_topics_and_nothing_else_exists(house: House) -> None:
    topics = ("medical", "appointments", "billing", "portal")
    started = {topic: await start(house, provider_id="", topic=topic) for topic in topics}
    reach = {
        "provider": {"medical", "appointments"},
        "clinical": {"medical", "appointments"},
        "front_desk": {"appointments", "portal"},
        "billing": {"billing"},
        "support": {"portal"},
        "admin": set(),
    }
    for role, expected in reach.items():
        assert {row.topic for row in await queue(house, role)} == expected
        for topic, conversation in started.items():
            request = api_pb2.GetPracticeConversationRequest(practice_id=str(PRACTICE), conversation_id=conversation)
            if topic in expected:
                await house.api.GetPracticeConversation(request, house.as_staff(role))
            else:
                with pytest.raises(NotFound):
                    await house.api.GetPracticeConversation(request, house.as_staff(role))


async def test_r13_a_conversation_is_overdue_from_the_instant_it_was_due_and_goes_to_the_admin(house: House) -> None:
    """Asked on Monday: due on Wednesday until 17:00:00 in New York, 22:00:00 UTC."""
    await start(house)
    house.now = MONDAY.replace(day=4, hour=21, minute=59, second=59)
    assert [row.overdue for row in await queue(house, "clinical")] == [False]
    assert await queue(house, "admin") == []
    house.later(seconds=1)
    assert [row.overdue for row in await queue(house, "clinical", state="overdue")] == [True]
    (row,) = await queue(house, "admin")
    assert (row.subject, row.overdue, row.reply_due_on.day) == ("", True, 4)


async def test_a_conversation_is_given_to_staff_whose_roles_reach_it_and_returns_when_they_leave(house: House) -> None:
    conversation = await start(house)
    joined = {"practice_id": PRACTICE, "account_id": uuid4()}
    await house.tell("identity", identity.StaffJoined(**joined, staff_id=HELEN, roles=["clinical"]))
    await house.tell("identity", identity.StaffJoined(**joined, staff_id=CLERK, roles=["billing"]))

    async def assign(staff_id: UUID) -> None:
        request = api_pb2.AssignConversationRequest(
            practice_id=str(PRACTICE), conversation_id=conversation, staff_id=str(staff_id)
        )
        await house.api.AssignConversation(request, house.as_staff("clinical"))

    for unfit in (CLERK, uuid4()):
        with pytest.raises(InvalidField):
            await assign(unfit)
    await assign(HELEN)
    assert (await queue(house, "clinical"))[0].assigned_staff_id == str(HELEN)
    await house.tell("identity", identity.StaffLeft(practice_id=PRACTICE, staff_id=HELEN, account_id=uuid4()))
    assert (await queue(house, "clinical"))[0].assigned_staff_id == ""


async def test_r4_before_writing_staff_see_who_will_read_and_nobody_means_phone(house: House) -> None:
    who = api_pb2.WhoWillReadRequest(practice_id=str(PRACTICE), patient_id=str(PATIENT))
    write = api_pb2.StartPracticeConversationRequest(
        practice_id=str(PRACTICE), patient_id=str(PATIENT), topic="medical", subject="Call us", body="Please"
    )
    assert (await house.api.WhoWillRead(who, house.as_staff("clinical"))).phone
    with pytest.raises(NobodyCanRead):
        await house.api.StartPracticeConversation(write, house.as_staff("clinical"))
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("billing",))
    assert (await house.api.WhoWillRead(who, house.as_staff("clinical"))).phone
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    answer = await house.api.WhoWillRead(who, house.as_staff("clinical"))
    assert [(reader.person_id, reader.acting_as) for reader in answer.readers] == [(str(PATIENT), "self")]
    started = await house.api.StartPracticeConversation(write, house.as_staff("clinical"))
    assert (await thread(house, started.conversation_id)).conversation.unread_count == 1
    with pytest.raises(InvalidField):
        await house.api.StartPracticeConversation(write, house.as_staff("billing"))


async def test_r4_a_reply_is_refused_once_the_last_reader_is_gone_and_goes_again_with_a_new_one(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT, until=house.now + timedelta(hours=1))
    conversation = await start(house)
    await reply(house, conversation)
    house.later(hours=1)
    with pytest.raises(NobodyCanRead):
        await reply(house, conversation)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("appointments", "billing"))
    with pytest.raises(NobodyCanRead):
        await reply(house, conversation)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", generation=2)
    await reply(house, conversation)
    assert len((await thread(house, conversation)).messages) == 3
