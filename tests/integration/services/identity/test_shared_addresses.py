"""R12 and R42: an address is never an identity. Couples, parents and teens at one address, over gRPC."""

from datetime import UTC, datetime

import pyotp
import pytest
from google.type.date_pb2 import Date

from services.identity.domain.account import Account
from services.identity.domain.errors import AddressShared, LinkGone, WrongCode
from services.identity.domain.invitation import Invitation
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotFound, PortalError
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import BORN, House, Someone, new_key
from tests.integration.services.identity.test_recovery import answered, ask, ask_by_details, begun, link

HOME = "home@example.org"


async def register(house: House, practice: str, desk: Someone, given: str, born: Date = BORN) -> str:
    request = api_pb2.RegisterPatientRequest(
        practice_id=practice, name=api_pb2.PersonName(given=given, family="Doe"), birth_date=born,
        contact=api_pb2.Contact(email=HOME), confirmed=True,
    )  # fmt: skip
    with calling(token=desk.token, idempotency_key=new_key()):
        answer = await house.api.RegisterPatient(request)
    await house.settled(answer.position)
    return answer.patient_id


async def represent(house: House, patient: str, desk: Someone, email: str = HOME) -> str:
    request = api_pb2.RegisterPersonRequest(
        patient_id=patient, name=api_pb2.PersonName(given="Rae", family="Doe"), birth_date=BORN,
        contact=api_pb2.Contact(email=email),
    )  # fmt: skip
    with calling(token=desk.token, idempotency_key=new_key()):
        answer = await house.api.RegisterPerson(request)
    await house.settled(answer.position)
    return answer.person_id


async def accept(house: House, found: tuple[str, str], user_name: str, code: str = "", born: Date = BORN) -> str:
    request = house.acceptance(found, user_name, born)
    request.handed_code = code
    try:
        with calling(idempotency_key=new_key()):
            answer = await house.api.AcceptInvitation(request)
    except PortalError as refusal:
        return refusal.slug
    await house.settled(answer.position)
    return "joined"


def teen() -> Date:
    """Fourteen today or lately."""
    return Date(year=datetime.now(UTC).year - 14, month=1, day=1)


async def couple(house: House) -> tuple[Someone, str]:
    """Sam has an account at the address that Kim, the patient who is answered, has too."""
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    await house.enrol(await register(house, practice, desk, "Sam"), "sam")
    return desk, await register(house, practice, desk, "Kim")


async def test_r12_an_invitation_to_an_address_of_another_account_needs_the_code_that_the_desk_hands_over(
    house: House,
) -> None:
    desk, kim = await couple(house)
    await house.sign_consent(kim)
    found = await house.invitation_link(kim)
    seen = await house.api.GetInvitation(api_pb2.GetInvitationRequest(invitation_id=found[0], secret=found[1]))
    assert seen.code_needed
    assert await accept(house, found, "kim") == WrongCode.slug
    with calling(token=desk.token):
        handed = await house.api.GetInvitationCode(
            api_pb2.GetInvitationCodeRequest(patient_id=kim, invitation_id=found[0])
        )
    assert handed.needed
    assert await accept(house, found, "kim", handed.code.lower()) == "joined"


async def test_r12_the_third_wrong_code_voids_the_link(house: House) -> None:
    _, kim = await couple(house)
    await house.sign_consent(kim)
    found = await house.invitation_link(kim)
    slugs = [await accept(house, found, "kim", f"AAAA-AAA{number}") for number in (2, 3, 4)]
    assert slugs == [WrongCode.slug, WrongCode.slug, LinkGone.slug]


async def test_r12_the_holder_of_the_other_account_cannot_take_the_invitation_with_it(house: House) -> None:
    """Sam reads Kim's mail, and knows the birth date: to Sam's account the address is Kim's representative's."""
    desk, kim = await couple(house)
    await represent(house, kim, desk)
    await house.sign_consent(kim)
    found = await house.invitation_link(kim)
    sam = await house.sign_in("sam")
    request = api_pb2.AcceptInvitationWithAccountRequest(invitation_id=found[0], secret=found[1], birth_date=BORN)
    with pytest.raises(PortalError, match=WrongCode.slug), calling(token=sam.token, idempotency_key=new_key()):
        await house.api.AcceptInvitationWithAccount(request)


async def test_r12_the_same_person_at_a_second_practice_needs_no_code(house: House) -> None:
    practice, admin = await house.open_practice()
    await house.enrol(await house.register(practice, await house.employ(practice, admin, "front_desk")), "pat")
    other, admin = await house.open_practice()
    second = await house.register(other, await house.employ(other, admin, "front_desk"))
    await house.sign_consent(second)
    found = await house.invitation_link(second)
    seen = await house.api.GetInvitation(api_pb2.GetInvitationRequest(invitation_id=found[0], secret=found[1]))
    assert not seen.code_needed


async def test_r12_recovery_at_a_shared_address_sends_a_notice_but_no_link(house: House) -> None:
    desk, kim = await couple(house)
    await represent(house, kim, desk)
    await ask(house, "sam")
    await ask_by_details(house, "Sam", "Doe", HOME)
    await answered(house)
    assert [one.beginning.means for one in await begun(house)] == ["notice", "notice"]
    recovery = (await begun(house))[0].recovery_id
    secret = house.parts.links.secret("recovery", recovery)
    with pytest.raises(PortalError, match=LinkGone.slug):  # not even one who could make the secret
        await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=str(recovery), secret=secret))


async def test_r12_with_a_second_factor_the_link_is_sent(house: House) -> None:
    desk, kim = await couple(house)
    await represent(house, kim, desk)
    sam = await house.sign_in("sam")
    with calling(token=sam.token, idempotency_key=new_key()):
        seed = (await house.api.BeginTotp(api_pb2.BeginTotpRequest())).totp_secret
        await house.api.ConfirmTotp(api_pb2.ConfirmTotpRequest(code=pyotp.TOTP(seed).now()))
    found = await link(house, "sam")
    assert (await house.api.GetRecovery(api_pb2.GetRecoveryRequest(recovery_id=found[0], secret=found[1]))).code_needed


async def test_r42_a_teens_recovery_link_does_not_go_to_a_parents_address(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await register(house, practice, desk, "Tam", teen())
    await house.sign_consent(patient)
    assert await accept(house, await house.invitation_link(patient), "tam", born=teen()) == "joined"
    await represent(house, patient, desk)  # a parent comes to use the address afterwards
    await ask(house, "tam")
    await ask_by_details(house, "Tam", "Doe", HOME, teen())
    await answered(house)
    assert await begun(house) == []
    request = peers_pb2.ContactOfRequest(patient_id=patient, person_id=patient, cause="identity:1")
    with pytest.raises(NotFound):
        await house.peers("messaging").ContactOf(request)
    accounts = [
        recorded.stream_id async for page in house.ground.store.read(0, types=(Account.Opened,)) for recorded in page
    ]
    with pytest.raises(NotFound):
        await house.peers("messaging").ContactOf(
            peers_pb2.ContactOfRequest(account_id=str(accounts[-1]), cause="identity:1")
        )


async def test_r18_a_childs_notice_goes_to_an_address_of_its_own_only(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    child = await register(house, practice, desk, "Kim", Date(year=datetime.now(UTC).year - 11, month=1, day=1))
    request = peers_pb2.ContactOfRequest(patient_id=child, person_id=child, cause="identity:1", own_address=True)
    assert (await house.peers("messaging").ContactOf(request)).email == HOME
    await represent(house, child, desk)
    with pytest.raises(NotFound):
        await house.peers("messaging").ContactOf(request)


async def test_r42_a_teen_is_not_invited_at_an_address_of_a_representative(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await register(house, practice, desk, "Tam", teen())
    await represent(house, patient, desk)
    await house.sign_consent(patient)
    issue = api_pb2.IssueInvitationRequest(patient_id=patient, person_id=patient)
    with pytest.raises(PortalError, match=AddressShared.slug), calling(token=desk.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(issue)
    issued = [1 async for page in house.ground.store.read(0, types=(Invitation.Issued,)) for _ in page]
    assert issued == []


async def reached(house: House, patient: str) -> str:
    """The address that messaging is given for the patient's notices; '' where there is none to give."""
    request = peers_pb2.ContactOfRequest(patient_id=patient, person_id=patient, cause="identity:1")
    try:
        return (await house.peers("messaging").ContactOf(request)).email
    except NotFound:
        return ""


async def test_r42_r18_emancipation_gives_a_teen_the_shared_address_at_once_and_its_correction_takes_it(
    house: House,
) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await register(house, practice, desk, "Tam", teen())
    await represent(house, patient, desk)
    await house.sign_consent(patient)
    assert await reached(house, patient) == ""
    issue = api_pb2.IssueInvitationRequest(patient_id=patient, person_id=patient)
    await house.run_effect("note-emancipation", patient, holds="yes")
    assert await reached(house, patient) == HOME
    with calling(token=desk.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(issue)
    await house.run_effect("note-emancipation", patient, holds="")
    assert await reached(house, patient) == ""
    with pytest.raises(PortalError, match=AddressShared.slug), calling(token=desk.token, idempotency_key=new_key()):
        await house.api.IssueInvitation(issue)


async def test_r42_an_address_that_a_guarantor_uses_elsewhere_gets_nothing_of_a_teens(house: House) -> None:
    """The guarantor, who represents nobody, stands in the teen's record with an address of work's, but is a patient
    at the home address: by the same account, or by the same name and birth date."""
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await register(house, practice, desk, "Tam", teen())
    assert await reached(house, patient) == HOME
    other = await register(house, practice, desk, "Quin")
    assert await reached(house, patient) == HOME  # somebody else's address, but nobody's who stands by the teen
    await represent(house, patient, desk, "rae@work.example")
    assert await reached(house, patient) == HOME
    await register(house, practice, desk, "Rae")
    assert await reached(house, patient) == ""
    assert await reached(house, other) == HOME
