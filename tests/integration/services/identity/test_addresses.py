"""R35 over gRPC: the account's own change of its e-mail address, and what a stolen session or link gains."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.domain.address_request import AddressRequest
from services.identity.domain.errors import LinkGone
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.errors import NotFound, PortalError, StepUpRequired, Throttled
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, Someone, new_key
from tests.integration.services.identity.test_recovery import form, link, patients, refused

NEW_ADDRESS = "new@example.org"


async def ask(house: House, someone: Someone, email: str = NEW_ADDRESS) -> None:
    with calling(token=someone.token, idempotency_key=new_key()):
        await house.api.AskAddressChange(api_pb2.AskAddressChangeRequest(email=email))


async def mailed(house: House) -> peers_pb2.LinkOfResponse:
    """What messaging gets for the last request."""
    events = [recorded async for page in house.ground.store.read(0, types=(AddressRequest.Asked,)) for recorded in page]
    return await house.peers("messaging").LinkOf(
        peers_pb2.LinkOfRequest(
            cause=events[-1].event_id, issue_id=str(events[-1].stream_id), purpose="address-confirmation"
        )
    )


async def address(house: House, someone: Someone) -> str:
    with calling(token=someone.token):
        return (await house.api.GetMe(api_pb2.GetMeRequest())).email


async def contact(house: House, someone: Someone, former_of: str = "") -> str:
    return (
        await house.peers("messaging").ContactOf(
            peers_pb2.ContactOfRequest(account_id=someone.account_id, cause="identity:1", former_of=former_of)
        )
    ).email


async def test_r35_asked_with_a_factor_confirmed_by_the_new_address_and_both_are_told(house: House) -> None:
    _, _, _, pat = await patients(house)
    session = (await house.parts.sessions.of_account(UUID(pat.account_id)))[0]
    stale = replace(session, factor_at=session.opened_at - timedelta(minutes=6))
    with pytest.raises(StepUpRequired):
        await ask(house, Someone(pat.account_id, house.parts.signer.sign(stale, session.opened_at).text))
    recovery = await link(house)
    await ask(house, pat, "evil@example.org")
    *_, voided, voided_secret = (await mailed(house)).url.split("/")
    await ask(house, pat)
    mail = await mailed(house)
    *_, request_id, secret = mail.url.split("/")
    assert mail.email == NEW_ADDRESS
    for _ in range(3):  # a scanner's looks consume nothing
        look = api_pb2.GetAddressConfirmationRequest(request_id=request_id, secret=secret)
        seen = await house.api.GetAddressConfirmation(look)
    assert seen.practice_name == "Elm Street Practice"
    assert [await address(house, pat), await contact(house, pat)] == ["pat@example.org"] * 2
    gone = {(voided, voided_secret), (request_id, "forged"), (str(UUID(int=5)), secret), ("no-uuid", secret)}
    for found in gone:
        with pytest.raises(PortalError, match=LinkGone.slug), calling(idempotency_key=new_key()):
            await house.api.ConfirmAddress(api_pb2.ConfirmAddressRequest(request_id=found[0], secret=found[1]))
    with pytest.raises(NotFound):
        await contact(house, pat, request_id)
    confirm = api_pb2.ConfirmAddressRequest(request_id=request_id, secret=secret)
    with calling(idempotency_key="form-1"):
        first = await house.api.ConfirmAddress(confirm)
        assert await house.api.ConfirmAddress(confirm) == first
    assert [await address(house, pat), await contact(house, pat)] == [NEW_ADDRESS] * 2
    assert await contact(house, pat, request_id) == "pat@example.org"
    with pytest.raises(PortalError, match=LinkGone.slug), calling(idempotency_key=new_key()):
        await house.api.ConfirmAddress(confirm)
    assert await refused(house, form(recovery)) == LinkGone.slug  # mailed to the former address
    for number in range(3):
        await ask(house, pat, f"more{number}@example.org")
    with pytest.raises(Throttled):  # nobody mails strangers by it
        await ask(house, pat, "one-too-many@example.org")
