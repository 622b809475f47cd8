"""R43: as staff nobody meets a record they own or represent, in whatever list of the practice (R18: a teen's least)."""

from typing import Any
from uuid import UUID

from shared.access.windows import HeldWindow
from shared.contracts.messaging.v1 import api_pb2
from tests.integration.services.messaging.conftest import Asked, House
from tests.integration.services.messaging.people import (
    MONDAY,
    PARENT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
)
from tests.integration.services.messaging.test_conversations import start
from tests.integration.services.messaging.test_requests import ask

OWN = HeldWindow(PATIENT, PRACTICE, PARENT, "representative", frozenset({"appointments", "billing"}), MONDAY, None)
"""What is left to a parent of a teen."""


async def listed(house: House, *held: HeldWindow) -> dict[str, int]:
    """How many entries of each list of the practice name the teen, for one member of staff with every role."""

    def call() -> Asked:
        made = house.as_staff("provider", "clinical", "front_desk", "billing", "support", "admin", patient_id=None)
        made.held = held
        return made

    practice = str(PRACTICE)
    conversations = [
        await house.api.ListPracticeConversations(
            api_pb2.ListPracticeConversationsRequest(practice_id=practice, state=state), call()
        )
        for state in ("waiting", "overdue", "all")
    ]
    appointments = await house.api.ListPracticeAppointments(
        api_pb2.ListPracticeAppointmentsRequest(practice_id=practice, state="all"), call()
    )
    refills = await house.api.ListPracticeRefills(
        api_pb2.ListPracticeRefillsRequest(practice_id=practice, state="all"), call()
    )
    mails = await house.api.ListNotifications(api_pb2.ListNotificationsRequest(practice_id=practice), call())
    found: dict[str, list[Any]] = {
        "conversations": [one for answer in conversations for one in answer.conversations],
        "appointments": list(appointments.appointments),
        "refills": list(refills.refills),
        "mails": list(mails.notifications),
    }
    return {name: sum(one.patient_id == str(PATIENT) for one in rows) for name, rows in found.items()}


async def test_r18_r43_a_parent_on_the_staff_meets_their_teen_in_no_list_of_the_practice(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await start(house)
    await ask(house, confidential=True)
    await house.api.RequestRefill(
        api_pb2.RequestRefillRequest(patient_id=str(PATIENT), medication="Isotretinoin"), house.as_patient()
    )
    call = house.as_staff("clinical")
    await house.api.StartPracticeConversation(
        api_pb2.StartPracticeConversationRequest(patient_id=str(PATIENT), topic="medical", subject="A", body="B"), call
    )
    await house.carry_out()
    house.later(days=7)
    assert await listed(house, OWN) == {"conversations": 0, "appointments": 0, "refills": 0, "mails": 0}
    others = HeldWindow(UUID(int=99), PRACTICE, PARENT, "self", frozenset({"messages"}), MONDAY, None)
    seen = await listed(house, others)
    assert seen["conversations"] >= 3, seen
    assert (seen["appointments"], seen["refills"], seen["mails"] > 0) == (1, 1, True)
