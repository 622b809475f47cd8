"""A patient's usual provider joins: told once, to those who have access, by a mail that names nobody (R29, R35)."""

from shared.contracts.identity.v1.events import UsualProviderJoined
from shared.contracts.messaging.v1 import api_pb2
from shared.rpc.call import Actor
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import (
    ADDRESSES,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PROVIDER,
)
from tests.integration.services.messaging.test_notifications import ABOUT, recipients


async def test_r29_a_provider_who_joins_is_told_once_to_those_who_have_access_and_named_in_no_mail(
    house: House,
) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("messages", "billing"))
    await house.tell("identity", UsualProviderJoined(**ABOUT, provider_id=PROVIDER))
    await house.carry_out()
    await house.carry_out(again=True)
    assert recipients(house) == [ADDRESSES[PATIENT]] * 2  # the second is the crash's, with the same Message-ID
    assert len({mail["Message-ID"] for mail in house.post.catcher.mails}) == 1
    assert house.post.catcher.mails[0]["Subject"] == "You have a new message from Elm Street Practice"
    inbox = await house.api.ListInbox(api_pb2.ListInboxRequest(patient_id=str(PATIENT)), house.as_patient())
    assert [(item.kind, item.state, item.provider_id) for item in inbox.items] == [
        ("provider", "joined", str(PROVIDER))
    ]
    other = Actor("account", PARENTS_ACCOUNT, acting_as="representative", scopes=frozenset({"messages", "billing"}))
    theirs = await house.api.ListInbox(api_pb2.ListInboxRequest(patient_id=str(PATIENT)), house.as_patient(actor=other))
    assert not theirs.items
