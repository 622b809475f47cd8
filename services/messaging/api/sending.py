"""A message into an existing conversation, the same for both sides; staff's needs somebody who can read it (R4)."""

from services.messaging.api.callers import located
from services.messaging.api.fields import body_of
from services.messaging.commands import conversations as commands
from services.messaging.domain.conversation import Attached, Author
from services.messaging.projections import practices, readers
from services.messaging.public_holidays import business_hours
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field


async def send(
    call: Call, conversation_id: str, author: Author, body: str, attachments: tuple[Attached, ...]
) -> commands.Sent:
    practice_id, patient_id = located(call)
    async with call.rows() as rows:
        zone = await practices.time_zone(rows, practice_id)
        is_read = author.sender != "staff" or bool(await readers.of_patient(rows, patient_id, "messages", call.now))
    command = commands.SendMessage(
        patient_id=call.record_id or patient_id,
        conversation_id=uuid_field(conversation_id, "conversation_id"),
        author=author,
        body=body_of(body),
        hours=business_hours(zone),
        attachments=attachments,
        somebody_can_read=is_read,
    )
    return await call.perform(commands.send_message, command)
