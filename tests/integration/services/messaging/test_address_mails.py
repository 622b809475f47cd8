"""The mails around a change of address (R35): the link to the new one, and word to the former one."""

from datetime import timedelta
from uuid import uuid4

from shared.contracts.identity.v1.events import AddressConfirmationRequested, AddressReplaced
from shared.contracts.identity.v1.peers_pb2 import ContactOfRequest, LinkOfRequest
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import ADDRESSES, PATIENT, PRACTICE
from tests.integration.services.messaging.test_notifications import outcomes, recipients


async def test_r35_a_new_address_gets_the_link_and_once_confirmed_the_former_one_is_told(house: House) -> None:
    request_id, until = uuid4(), house.now + timedelta(minutes=60)
    await house.tell(
        "identity",
        AddressConfirmationRequested(practice_id=PRACTICE, account_id=PATIENT, request_id=request_id, expires_at=until),
    )
    await house.tell("identity", AddressReplaced(practice_id=PRACTICE, account_id=PATIENT, request_id=request_id))
    await house.carry_out()
    assert recipients(house) == ["form@example.org", ADDRESSES[PATIENT]]
    link, contact = house.contacts.asked
    assert isinstance(link, LinkOfRequest)
    assert (link.purpose, link.issue_id) == ("address-confirmation", str(request_id))
    assert isinstance(contact, ContactOfRequest)
    assert (contact.account_id, contact.former_of) == (str(PATIENT), str(request_id))
    assert sorted(await outcomes(house)) == ["address-confirmation:sent:", "security:sent:"]
