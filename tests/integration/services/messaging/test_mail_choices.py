"""R35: which mails an account does without, and which it cannot."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.messaging.domain.mail_choices import GOVERNED_BY, SWITCHABLE
from services.messaging.letters import WORDINGS
from shared.contracts.consent.v1.events import AuthorizationGranted
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Actor
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import (
    ADDRESSES,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
)
from tests.integration.services.messaging.test_conversations import reply, start
from tests.integration.services.messaging.test_notifications import post_statement, recipients, release_result

ALWAYS = {
    "access", "access-ahead", "address-confirmation", "invitation", "recovery", "recovery-withheld", "security",
    "signing", "staff-invitation", "transmission",
}  # fmt: skip


async def choose(house: House, *unwanted: str) -> None:
    call = house.as_patient()
    await house.api.ChooseMails(api_pb2.ChooseMailsRequest(unwanted=unwanted), call)


async def chosen(house: House, account_id: object = PATIENTS_ACCOUNT) -> list[str]:
    call = house.as_patient(actor=Actor("account", account_id))  # type: ignore[arg-type]  # an id
    return list((await house.api.GetMailChoices(api_pb2.GetMailChoicesRequest(), call)).unwanted)


async def test_r35_an_account_does_without_what_it_chose_and_others_are_told_all_the_same(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative")
    await choose(house, "document", "document")
    assert (await chosen(house), await chosen(house, PARENTS_ACCOUNT)) == (["document"], [])
    await release_result(house)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PARENT]]
    await post_statement(house)
    await house.carry_out()
    assert sorted(recipients(house)[1:]) == sorted(ADDRESSES.values())
    await choose(house)
    await release_result(house)
    await house.carry_out()
    assert len(recipients(house)) == 5


async def test_r35_what_is_chosen_before_a_mail_leaves_counts_and_reminders_fall_under_their_kind(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await reply(house, await start(house))
    await choose(house, "message")
    await house.carry_out()
    house.now += timedelta(days=4)
    await house.carry_out()
    assert recipients(house) == []


async def test_r35_changes_of_access_and_security_cannot_be_switched_off(house: House) -> None:
    for kind in ("access", "security", "recovery", "", "everything", "Message"):
        with pytest.raises(InvalidField):
            await choose(house, "message", kind)
    assert await chosen(house) == []
    await choose(house, *SWITCHABLE)
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    granted = AuthorizationGranted(
        practice_id=PRACTICE, patient_id=PATIENT, authorization_id=uuid4(), person_id=PARENT, kind="minor", scopes=[]
    )
    await house.tell("consent", granted)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]


def test_r35_every_kind_of_mail_is_switchable_or_always_sent_and_none_is_forgotten() -> None:
    assert set(WORDINGS) == set(GOVERNED_BY) | ALWAYS
    assert set(GOVERNED_BY.values()) == set(SWITCHABLE)


@pytest.mark.parametrize("kind", sorted(WORDINGS))
def test_r35_no_mail_names_anything_but_the_practice(kind: str) -> None:
    for wording in WORDINGS[kind].values():
        for text in (wording.subject, wording.text, wording.link):
            assert "{" not in text.replace("{practice}", "")
