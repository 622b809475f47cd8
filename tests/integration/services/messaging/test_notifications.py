"""From an event to a mail: who is told, once, of nothing but that something is there (R16, R35)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pytest

from shared.contracts.consent.v1.events import (
    AuthorizationEnded,
    AuthorizationGranted,
    BirthdayAnnounced,
    ConsentWithdrawn,
    EmergencyAccessDeclared,
    SigningLinkIssued,
)
from shared.contracts.documents.v1.events import DocumentReleased, RecordTransmitted, ResultReleased
from shared.contracts.identity.v1.events import (
    InvitationIssued,
    RecoveryRequested,
    RecoveryWithheld,
    SecurityNoticed,
    StaffInvited,
)
from shared.contracts.identity.v1.peers_pb2 import ContactOfRequest, FurtherLink
from shared.contracts.messaging.v1 import api_pb2
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import (
    ADDRESSES,
    HELEN,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
    statement,
)
from tests.integration.services.messaging.test_conversations import reply, start, thread

ABOUT = {"practice_id": PRACTICE, "patient_id": PATIENT}


async def release_result(house: House, origin: str = "portal") -> None:
    await house.tell("documents", ResultReleased(**ABOUT, result_id=uuid4(), provider_id=PROVIDER), origin)


async def post_statement(
    house: House, *, confidential: bool = False, origin: Literal["desk", "import"] = "desk"
) -> None:
    await house.tell("billing", statement(confidential=confidential, origin=origin), origin)


def recipients(house: House) -> list[str]:
    return [one for several in house.post.catcher.recipients for one in several]


async def outcomes(house: House) -> list[str]:
    request = api_pb2.ListNotificationsRequest(practice_id=str(PRACTICE))
    call = house.as_staff("front_desk", patient_id=None)
    found = (await house.api.ListNotifications(request, call)).notifications
    return [f"{one.kind}:{one.state}:{one.reason}" for one in found]


async def test_r16_a_released_result_is_told_to_those_who_may_see_results(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("appointments", "billing"))
    await release_result(house)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    assert house.post.catcher.mails[0]["Subject"] == "A document is available at Elm Street Practice"
    assert await outcomes(house) == ["document:sent:"]


async def test_r16_a_window_that_ends_between_event_and_mail_gets_no_mail(house: House) -> None:
    """The parent's full window ends at the twelfth birthday; the mail server was away over it."""
    birthday = house.now + timedelta(hours=1)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", until=birthday)
    await release_result(house)
    house.now = birthday
    await house.carry_out()
    assert recipients(house) == []


async def test_r16_a_window_at_its_last_second_still_gets_the_mail(house: House) -> None:
    birthday = house.now + timedelta(hours=1)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", until=birthday)
    await release_result(house)
    house.now = birthday - timedelta(seconds=1)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PARENT]]


async def test_r16_who_was_let_in_after_the_event_is_not_told_of_it(house: House) -> None:
    await release_result(house)
    house.later(seconds=1)
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.carry_out()
    assert recipients(house) == []


async def test_access_revoked_between_finding_the_recipient_and_the_mail_stops_it(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await release_result(house)
    house.post.catcher.refusals[ADDRESSES[PATIENT]] = "451 later"
    with pytest.raises(Exception, match="unavailable"):
        await house.carry_out()
    house.post.catcher.refusals.clear()
    await house.decide(PATIENTS_ACCOUNT, PATIENT, scopes=(), generation=2)
    await house.carry_out()
    assert recipients(house) == []


async def test_r35_what_is_imported_mails_nobody(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await release_result(house, origin="import")
    await post_statement(house, origin="import")
    await house.carry_out()
    assert await house.effects() == []
    assert recipients(house) == []


async def test_r18_a_confidential_statement_is_told_to_the_patient_alone(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("billing",))
    await post_statement(house, confidential=True)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    await post_statement(house)
    await house.carry_out()
    assert sorted(recipients(house)[1:]) == sorted(ADDRESSES.values())


async def test_the_practices_message_is_mailed_and_the_patients_own_is_not(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house)
    await house.carry_out()
    assert recipients(house) == []
    await reply(house, conversation)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]


async def test_r4_an_unread_message_is_reminded_of_after_three_days_and_a_task_after_seven(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house)
    await reply(house, conversation)
    sent_at = house.now
    await house.carry_out()
    house.now = sent_at + timedelta(days=3) - timedelta(seconds=1)
    await house.carry_out()
    assert len(recipients(house)) == 1
    house.now = sent_at + timedelta(days=3)
    await house.carry_out()
    assert [mail["Subject"] for mail in house.post.catcher.mails][1:] == [
        "A message from Elm Street Practice is still unread"
    ]
    house.now = sent_at + timedelta(days=7)
    await house.carry_out()
    request = api_pb2.ListPracticeConversationsRequest(practice_id=str(PRACTICE))
    (row,) = (
        await house.api.ListPracticeConversations(request, house.as_staff("clinical", patient_id=None))
    ).conversations
    assert row.left_unread
    assert not (await thread(house, conversation)).conversation.HasField("reply_due_on")


async def test_r4_a_message_that_was_read_is_not_reminded_of(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house)
    await reply(house, conversation)
    await house.carry_out()
    request = api_pb2.MarkReadRequest(patient_id=str(PATIENT), conversation_id=conversation)
    await house.api.MarkRead(request, house.as_patient())
    house.later(days=8)
    await house.carry_out()
    assert len(recipients(house)) == 1


async def test_an_effect_carried_out_twice_gives_the_same_message_id_and_one_outcome(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await release_result(house)
    await house.carry_out()
    await house.carry_out(again=True)
    ids = {mail["Message-ID"] for mail in house.post.catcher.mails}
    assert len(house.post.catcher.mails) == 2
    assert len(ids) == 1
    assert await outcomes(house) == ["document:sent:"]


async def test_a_bounce_is_shown_to_the_desk_with_its_reason(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    nobody = uuid4()
    await house.decide(uuid4(), nobody, "representative", ("results",))
    house.post.catcher.refusals[ADDRESSES[PATIENT]] = "550 no such user"
    await release_result(house)
    await house.carry_out()
    assert sorted(await outcomes(house)) == ["document:bounced:no_address", "document:bounced:refused"]


async def test_r8_an_invitation_brings_the_link_to_the_address_of_the_form(house: House) -> None:
    issue = uuid4()
    told = InvitationIssued(
        **ABOUT, invitation_id=issue, person_id=PATIENT, issued_at=house.now, expires_at=house.now + timedelta(days=30)
    )
    await house.tell("identity", told)
    await house.carry_out()
    (mail,) = house.post.catcher.mails
    plain = next(mail.iter_parts()).get_content()
    assert recipients(house) == ["form@example.org"]
    assert f"https://localhost:8443/invitations/{issue}?secret=abc" in plain
    assert "junk" in plain
    assert house.contacts.asked[0].cause.startswith("identity:")
    assert await outcomes(house) == ["invitation:sent:"]


async def test_a_voided_invitation_is_not_mailed(house: House) -> None:
    house.contacts.voided = True
    told = InvitationIssued(
        **ABOUT, invitation_id=uuid4(), person_id=PATIENT, issued_at=house.now, expires_at=house.now
    )
    await house.tell("identity", told)
    await house.carry_out()
    assert house.post.catcher.mails == []
    assert await outcomes(house) == []


async def test_staff_are_invited_by_mail(house: House) -> None:
    await house.tell("identity", StaffInvited(practice_id=PRACTICE, staff_id=HELEN, expires_at=house.now))
    await house.carry_out()
    assert recipients(house) == ["form@example.org"]
    assert await outcomes(house) == ["staff-invitation:sent:"]


async def test_r6_the_form_to_sign_is_mailed_as_a_link_to_the_patients_own_address(house: House) -> None:
    issued = SigningLinkIssued(**ABOUT, link_id=uuid4(), expires_at=datetime.now(UTC))
    await house.tell("consent", issued)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    (mail,) = house.post.catcher.mails
    assert f"https://localhost:8443/sign/{issued.link_id}/abc" in next(mail.iter_parts()).get_content()
    (asked,) = house.contacts.asked
    assert isinstance(asked, ContactOfRequest)
    assert asked.own_address
    house.forms.gone = True
    await house.tell("consent", SigningLinkIssued(**ABOUT, link_id=uuid4(), expires_at=datetime.now(UTC)))
    await house.carry_out()
    assert len(recipients(house)) == 1


async def test_r18_a_birthday_ahead_is_told_to_both_sides_and_the_child_at_an_own_address_only(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("billing",))
    await house.tell("consent", BirthdayAnnounced(**ABOUT, birthday="adolescent", days=30))
    await house.carry_out()
    assert sorted(recipients(house)) == sorted([ADDRESSES[PATIENT], ADDRESSES[PARENT]])
    asked = {one.person_id: one.own_address for one in house.contacts.asked if isinstance(one, ContactOfRequest)}
    assert asked == {str(PATIENT): True, str(PARENT): False}
    assert {outcome.partition(":")[0] for outcome in await outcomes(house)} == {"access-ahead"}


async def test_r43_emergency_access_is_told_to_the_patient_alone_and_makes_no_reader_of_staff(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("billing",))
    staff = uuid4()
    await house.decide(staff, uuid4(), "emergency", ("results", "documents"))
    declared = EmergencyAccessDeclared(
        **ABOUT, emergency_id=uuid4(), account_id=staff, staff_id=uuid4(), until=datetime.now(UTC)
    )
    await house.tell("consent", declared)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    await release_result(house)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]] * 2


async def test_r35_a_change_of_access_is_told_to_the_patient_and_to_whose_access_ended(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    granted = AuthorizationGranted(
        **ABOUT, authorization_id=uuid4(), person_id=PARENT, kind="minor", scopes=["messages"], until=None
    )
    await house.tell("consent", granted)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    await house.tell("consent", AuthorizationEnded(**ABOUT, authorization_id=uuid4(), person_id=PARENT))
    await house.carry_out()
    assert sorted(recipients(house)[1:]) == sorted(ADDRESSES.values())
    await house.tell("consent", ConsentWithdrawn(**ABOUT, consent_id=uuid4(), signer_id=PATIENT))
    await house.carry_out()
    assert recipients(house)[3:] == [ADDRESSES[PATIENT]]


@pytest.mark.parametrize("language", ["en", "es"])
async def test_r35_canaries_of_every_personal_field_reach_no_mail(house: House, language: str) -> None:
    house.contacts.language = language
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house, subject="CANARY-subject", body="CANARY-question")
    await reply(house, conversation, "CANARY-answer")
    await release_result(house)
    await house.tell("documents", DocumentReleased(**ABOUT, document_id=uuid4(), provider_id=PROVIDER))
    await post_statement(house)
    await house.tell("consent", ConsentWithdrawn(**ABOUT, consent_id=uuid4(), signer_id=PATIENT))
    house.later(days=4)
    await house.carry_out()
    assert len(house.post.catcher.mails) == 6
    ids = (PATIENT, PATIENTS_ACCOUNT, PROVIDER, HELEN, PRACTICE, conversation)
    for mail in house.post.catcher.mails:
        parts = [part.get_content() for part in mail.iter_parts()]
        seen = "\n".join([*(f"{name}: {value}" for name, value in mail.items() if name != "To"), *parts])
        assert not re.search(
            r"CANARY|@example\.org.*@example\.org|9,?876,?543|987654321|result|diagnos|resultado", seen, re.I
        )
        assert [str(one) for one in ids if str(one) in seen] == []
        assert mail["To"] == ADDRESSES[PATIENT]


async def test_stored_events_effects_and_rows_hold_no_text_of_a_message_in_clear(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    conversation = await start(house, subject="CANARY-subject", body="CANARY-question")
    await reply(house, conversation, "CANARY-answer")
    await house.carry_out()
    for table in ("events", "effects", "conversations", "messages", "practice_queue", "notifications", "read_marks"):
        rows = await house.database.fetch(f"SELECT row.* FROM {table} row")  # noqa: S608  # table names of this test
        assert rows
        assert "CANARY" not in str(rows)


async def test_r24_a_recovery_mail_holds_a_link_for_each_account_named_by_its_practice(house: House) -> None:
    further = FurtherLink(url="https://localhost:8443/recovery/2/b", practice_name="Oak Lane Practice")
    house.contacts.further = [further]
    event = RecoveryRequested(
        practice_id=PRACTICE, account_id=PATIENTS_ACCOUNT, recovery_id=uuid4(), expires_at=house.now
    )
    await house.tell("identity", event)
    await house.carry_out()
    mail = house.post.catcher.mails[0]
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        assert f"/{event.recovery_id}" in body.get_content()
        assert further.url in body.get_content()
        assert "Oak Lane Practice" in body.get_content()
    house.contacts.voided = True
    await house.tell("identity", event)
    await house.carry_out()
    assert len(house.post.catcher.mails) == 1


async def test_r12_where_the_address_proves_nobody_the_mail_holds_no_link_but_to_the_help(house: House) -> None:
    await house.tell("identity", RecoveryWithheld(practice_id=PRACTICE, account_id=PATIENT))
    await house.carry_out()
    body = house.post.catcher.mails[0].get_body(("plain",))
    assert body is not None
    assert re.findall(r"https://\S+", body.get_content()) == ["https://p/help"]


async def test_r35_security_notices_name_nobody_and_cannot_be_switched_off(house: House) -> None:
    await house.tell("identity", SecurityNoticed(practice_id=PRACTICE, account_id=PATIENT, about="password"))
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    assert house.post.catcher.mails[0]["Subject"] == "The security of your account at Elm Street Practice has changed"
    assert await outcomes(house) == ["security:sent:"]


async def test_r39_a_transmitted_record_is_mailed_as_a_link_and_nothing_else(house: House) -> None:
    transmission_id = uuid4()
    await house.tell("documents", RecordTransmitted(**ABOUT, transmission_id=transmission_id))
    await house.carry_out()
    await house.carry_out(again=True)
    assert recipients(house) == ["aunt@example.org"] * 2
    first, second = house.post.catcher.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert f"https://p/shared-record/{transmission_id}/secret" in first.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert first["Subject"].startswith("Alguien comparte algo con usted")
    assert await outcomes(house) == ["transmission:sent:"]


async def test_r39_a_link_that_was_revoked_before_the_mail_left_is_not_mailed(house: House) -> None:
    house.cabinet.revoked = True
    await house.tell("documents", RecordTransmitted(**ABOUT, transmission_id=uuid4()))
    await house.carry_out()
    assert recipients(house) == []
    assert await outcomes(house) == []
