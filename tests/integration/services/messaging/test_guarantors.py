"""R33: who pays for a patient is mailed that a statement is available, without any access to the record."""

from datetime import timedelta

import pytest

from services.messaging.commands.mail_choices import ChooseMails, choose_mails
from shared.contracts.billing.v1.events import GuarantorNamed, GuarantorReleased
from shared.contracts.identity.v1.events import PatientEnrolled, PatientUnenrolled
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import (
    ADDRESSES,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    statement,
)
from tests.integration.services.messaging.test_notifications import ABOUT, post_statement, recipients

MOMENT = timedelta(seconds=1)


async def guaranteed(house: House) -> None:
    """The parent pays, has an account, and no window."""
    await house.tell("identity", PatientEnrolled(**ABOUT, person_id=PARENT, account_id=PARENTS_ACCOUNT))
    await house.tell("billing", GuarantorNamed(**ABOUT, person_id=PARENT))


async def test_r33_a_guarantor_is_mailed_once_that_a_statement_is_available_and_nothing_else(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await guaranteed(house)
    await post_statement(house)
    await house.carry_out()
    assert sorted(recipients(house)) == sorted([ADDRESSES[PATIENT], ADDRESSES[PARENT]])
    assert {mail["Subject"] for mail in house.post.catcher.mails} == {"A statement is available at Elm Street Practice"}
    assert "987" not in "".join(mail.as_string() for mail in house.post.catcher.mails)


@pytest.mark.parametrize("late", [False, True])
async def test_r33_who_pays_from_the_posting_on_is_told_and_who_came_later_is_not(house: House, late: bool) -> None:
    posted = statement()
    await house.tell("identity", PatientEnrolled(**ABOUT, person_id=PARENT, account_id=PARENTS_ACCOUNT))
    named = GuarantorNamed(**ABOUT, person_id=PARENT)
    if late:
        await house.tell("billing", posted)
        house.now += MOMENT
        await house.tell("billing", named)
    else:
        await house.tell("billing", named)
        await house.tell("billing", posted)
    await house.carry_out()
    assert recipients(house) == ([] if late else [ADDRESSES[PARENT]])


async def test_r33_r18_a_confidential_statement_is_no_guarantors(house: House) -> None:
    await guaranteed(house)
    await post_statement(house, confidential=True)
    await post_statement(house, origin="import")
    await house.carry_out()
    assert recipients(house) == []


@pytest.mark.parametrize("ended", ["released", "unenrolled", "unwanted"])
async def test_r33_nobody_is_told_who_pays_no_longer_or_wants_no_such_mail(house: House, ended: str) -> None:
    await guaranteed(house)
    await post_statement(house)
    if ended == "released":
        await house.tell("billing", GuarantorReleased(**ABOUT, person_id=PARENT))
    elif ended == "unenrolled":
        told = PatientUnenrolled(**ABOUT, person_id=PARENT, account_id=PARENTS_ACCOUNT, by="self")
        await house.tell("identity", told)
    else:
        call = house.as_patient()
        await call.perform(choose_mails, ChooseMails(PARENTS_ACCOUNT, ("statement",)))
    await house.carry_out()
    subjects = [mail["Subject"] for mail in house.post.catcher.mails]  # who left is told of that
    assert [subject for subject in subjects if "statement" in subject] == []


async def test_r33_a_guarantor_who_reads_the_bills_as_representative_gets_one_mail(house: House) -> None:
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("billing",))
    await guaranteed(house)
    await post_statement(house)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PARENT]]
