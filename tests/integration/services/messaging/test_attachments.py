"""R4: files that go with messages, through the API's methods over real read models; documents' answers are given."""

from uuid import UUID, uuid4

import pytest

from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import PATIENT, PATIENTS_ACCOUNT, PRACTICE


async def start(house: House, *attachment_ids: str, topic: str = "medical") -> str:
    request = api_pb2.StartConversationRequest(
        patient_id=str(PATIENT), topic=topic, subject="Knee", body="See there", attachment_ids=attachment_ids
    )
    return (await house.api.StartConversation(request, house.as_patient())).conversation_id


async def add(house: House, conversation_id: str, *attachment_ids: str) -> None:
    request = api_pb2.SendMessageRequest(
        patient_id=str(PATIENT), conversation_id=conversation_id, body="And there", attachment_ids=attachment_ids
    )
    await house.api.SendMessage(request, house.as_patient())


async def thread(house: House, conversation_id: str) -> api_pb2.GetConversationResponse:
    request = api_pb2.GetConversationRequest(patient_id=str(PATIENT), conversation_id=conversation_id)
    return await house.api.GetConversation(request, house.as_patient())


async def download(house: House, conversation_id: str, attachment_id: str) -> bytes:
    request = api_pb2.DownloadAttachmentRequest(
        patient_id=str(PATIENT), conversation_id=conversation_id, attachment_id=attachment_id
    )
    return (await house.api.DownloadAttachment(request, house.as_patient())).data


async def test_r4_a_file_goes_with_its_message_and_both_sides_download_it(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    first, second = house.cabinet.upload("knee.png", b"one"), house.cabinet.upload("toe.png", b"two")
    conversation = await start(house, first)
    await add(house, conversation, second, second.upper())
    seen = await thread(house, conversation)
    assert [[one.name for one in message.attachments] for message in seen.messages] == [["knee.png"], ["toe.png"]]
    assert await download(house, conversation, second) == b"two"
    call = house.as_staff("clinical")
    request = api_pb2.DownloadPracticeAttachmentRequest(
        practice_id=str(PRACTICE), conversation_id=conversation, attachment_id=first
    )
    assert (await house.api.DownloadPracticeAttachment(request, call)).data == b"one"
    assert call.shown == [UUID(conversation), UUID(first)]
    answer = api_pb2.ReplyToConversationRequest(
        practice_id=str(PRACTICE), conversation_id=conversation, body="Thanks", attachment_ids=[first]
    )
    await house.api.ReplyToConversation(answer, house.as_staff("clinical"))
    assert len((await thread(house, conversation)).messages[-1].attachments) == 1


async def test_r4_five_files_go_with_a_message_and_the_sixth_is_refused_by_its_field(house: House) -> None:
    files = [house.cabinet.upload(f"{number}.png") for number in range(6)]
    conversation = await start(house, *files[:5])
    assert len((await thread(house, conversation)).messages[0].attachments) == 5
    for refused in (start(house, *files), add(house, conversation, *files)):
        with pytest.raises(InvalidField) as error:
            await refused
        assert error.value.field == "attachment_ids"
    assert len((await thread(house, conversation)).messages) == 1


async def test_r4_anothers_file_and_one_that_never_was_are_refused_alike_and_nothing_is_sent(house: House) -> None:
    mine, conversation = house.cabinet.upload(), await start(house)
    answers = set()
    for foreign in (str(uuid4()), conversation, str(PATIENT)):
        with pytest.raises(InvalidField) as error:
            await add(house, conversation, mine, foreign)
        answers.add((error.value.field, str(error.value)))
    assert len(answers) == 1
    assert len((await thread(house, conversation)).messages) == 1


async def test_r4_a_file_that_was_not_sent_in_this_conversation_is_not_there(house: House) -> None:
    draft, sent = house.cabinet.upload(), house.cabinet.upload()
    conversation, other = await start(house, sent), await start(house)
    assert await download(house, conversation, sent)
    for conversation_id, attachment_id in ((other, sent), (conversation, draft), (conversation, str(uuid4()))):
        with pytest.raises(NotFound):
            await download(house, conversation_id, attachment_id)


async def test_r43_a_file_of_a_conversation_that_the_role_does_not_reach_is_not_there(house: House) -> None:
    file = house.cabinet.upload()
    conversation = await start(house, file, topic="medical")
    request = api_pb2.DownloadPracticeAttachmentRequest(
        practice_id=str(PRACTICE), conversation_id=conversation, attachment_id=file
    )
    for role in ("billing", "support", "admin"):
        with pytest.raises(NotFound):
            await house.api.DownloadPracticeAttachment(request, house.as_staff(role))
