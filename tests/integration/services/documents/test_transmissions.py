"""R39: a record transmitted by link and code, over the process: what opens it, what does not, and who learns of it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from google.type.date_pb2 import Date

from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField, NotFound, PortalError, StepUpRequired
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.test_results import refused
from tests.integration.services.documents.test_uploads import TEXT, release, upload
from tests.waiting import until

PATIENT, OWNER, REPRESENTATIVE = people.PATIENT, people.PATIENTS_ACCOUNT, people.REPRESENTATIVE
Link = tuple[str, str, str]
"""Id, secret and code."""


async def transmit(house: House, account: Any = OWNER, **changes: Any) -> Link:
    given: dict[str, Any] = {
        "patient_id": str(PATIENT),
        "email": "aunt@example.org",
        "since": Date(year=2000, month=1, day=1),
        "until": Date(year=2200, month=1, day=1),
        **changes,
    }
    sent = await house.command("TransmitRecord", api_pb2.TransmitRecordRequest(**given), account)
    return sent.transmission_id, await secret_of(house, sent.transmission_id, sent.position), sent.code


async def secret_of(house: House, transmission_id: str, cause: str) -> str:
    """As messaging is given it for the mail."""
    request = peers_pb2.TransmissionLinkRequest(cause=cause, transmission_id=transmission_id)
    link = await house.peers("messaging").TransmissionLink(request, timeout=30)
    assert link.email == "aunt@example.org"
    _, _, named, secret = urlsplit(link.url).path.split("/")
    assert named == transmission_id
    return str(secret)


async def open_it(house: House, link: Link, code: str | None = None) -> Any:
    transmission_id, secret, right = link
    request = api_pb2.OpenTransmissionRequest(
        transmission_id=transmission_id, secret=secret, code=right if code is None else code
    )
    return await house.api.OpenTransmission(request, timeout=30)


async def download(house: House, link: Link, form: str, document_id: str = "") -> Any:
    transmission_id, secret, code = link
    request = api_pb2.DownloadTransmissionRequest(
        transmission_id=transmission_id, secret=secret, code=code, format=form, document_id=document_id
    )
    return await house.api.DownloadTransmission(request, timeout=20)


async def refusal(answer: Coroutine[Any, Any, Any]) -> tuple[type[Exception], str]:
    """Kind and words of the error, for comparing."""
    with pytest.raises(PortalError) as error:
        await answer
    return type(error.value), str(error.value)


async def state_of(house: House, link: Link, account: Any = OWNER) -> list[tuple[str, str]]:
    answer = await house.ask("ListTransmissions", api_pb2.ListTransmissionsRequest(patient_id=str(PATIENT)), account)
    return [(one.state, one.code) for one in answer.transmissions if one.transmission_id == link[0]]


async def revoke(house: House, link: Link, account: Any = OWNER, patient: Any = PATIENT) -> None:
    request = api_pb2.RevokeTransmissionRequest(patient_id=str(patient), transmission_id=link[0])
    await house.command("RevokeTransmission", request, account)


async def test_r39_link_and_code_show_what_is_released_and_every_look_stands_in_the_history(house: House) -> None:
    released, pending = await house.file("Lipid panel"), await house.file("Biopsy")
    await house.release(released)
    letter, draft = await upload(house, title="Referral"), await upload(house, title="Draft")
    await release(house, letter)
    link = await transmit(house)
    seen = await open_it(house, link, link[2].lower().replace("-", " "))
    assert (seen.practice_name, seen.patient_name) == ("Elm Street Practice", "Ada Example")
    assert [one.summary.result_id for one in seen.results] == [released]
    assert [one.document_id for one in seen.documents] == [letter]
    assert "Biopsy" not in str(seen)
    assert (await download(house, link, "pdf")).data.startswith(b"%PDF-")
    assert b"Lipid panel" in (await download(house, link, "fhir")).data
    assert (await download(house, link, "file", letter)).data == TEXT
    for hidden in (draft, pending, str(uuid4())):
        assert "link_or_code_wrong" in (await refusal(download(house, link, "file", hidden)))[1]

    async def of_link() -> list[Any]:
        return [one for one in await house.history() if link[0] in one.object_ids]

    async def is_told() -> bool:
        return len(await of_link()) == 6

    await until(is_told)
    entries = await of_link()
    assert [(one.action, one.acting_as) for one in entries if one.acting_as == "link"] == [
        ("DownloadTransmission", "link")
    ] * 3 + [("OpenTransmission", "link")]
    assert [one.account_id for one in entries if one.action == "TransmitRecord"] == [str(OWNER)]
    assert letter in entries[0].object_ids


async def test_r39_wrong_used_up_expired_revoked_and_unknown_links_answer_alike(house: House) -> None:
    await house.release(await house.file())
    live, revoked, guessed, old = [await transmit(house) for _ in range(4)]
    await revoke(house, revoked)
    for _ in range(3):
        await refusal(open_it(house, guessed, "AAAA-AAAA"))
    forged: tuple[Callable[[], Coroutine[Any, Any, Any]], ...] = (
        lambda: open_it(house, live, "AAAA-AAAA"),
        lambda: open_it(house, live, ""),
        lambda: open_it(house, (live[0], revoked[1], live[2])),
        lambda: open_it(house, (str(uuid4()), live[1], live[2])),
        lambda: open_it(house, (str(PATIENT), live[1], live[2])),
        lambda: open_it(house, ("none", live[1], live[2])),
        lambda: open_it(house, (live[0], "ñ", live[2])),
        lambda: open_it(house, revoked),
        lambda: open_it(house, guessed),
        lambda: download(house, guessed, "pdf"),
    )
    answers = [await refusal(one()) for one in forged]

    async def is_used_up() -> bool:
        return [state for state, _ in await state_of(house, guessed)] == ["used_up"]

    await until(is_used_up)
    assert await state_of(house, revoked) == [("revoked", "")]
    await refused("transmission_not_open", revoke(house, revoked))
    sent = await house.ask("ListTransmissions", api_pb2.ListTransmissionsRequest(patient_id=str(PATIENT)), OWNER)
    expires = next(one.expires_at for one in sent.transmissions if one.transmission_id == old[0])
    left = expires.ToDatetime(house.now().tzinfo) - house.now()
    await house.advance(timedelta(seconds=int(left.total_seconds()) - 5))
    assert (await open_it(house, old)).patient_name
    await house.advance(timedelta(seconds=6))
    answers.append(await refusal(open_it(house, old)))
    assert set(answers) == {answers[0]}
    assert await state_of(house, old) == [("expired", "")]


async def test_r39_two_wrong_codes_leave_the_third_try_and_guesses_at_once_are_three_in_all(house: House) -> None:
    await house.release(await house.file())
    link, stormed = await transmit(house), await transmit(house)
    for _ in range(2):
        await refusal(open_it(house, link, "WRON-GONE"))
    for _ in range(3):
        assert (await open_it(house, link)).patient_name, "a right code is no wrong one"
    await asyncio.gather(*(refusal(open_it(house, stormed, f"AAAA-AAA{letter}")) for letter in "ABCDEFGHIJKL"))
    await refusal(open_it(house, stormed))
    kept = await house.pool.fetchval(
        "SELECT tries FROM transmission_tries WHERE transmission_id = $1::uuid", stormed[0]
    )
    assert kept == 3
    await refusal(open_it(house, link, "WRON-GONE"))
    await refusal(open_it(house, link))


async def test_r39_a_representatives_link_shows_what_they_may_see_and_ends_with_their_access(house: House) -> None:
    await house.release(await house.file())
    letter = await upload(house)
    await release(house, letter)
    house.consent.windows.pop(REPRESENTATIVE)
    house.let_in(REPRESENTATIVE, acting_as="representative", scopes=("results", "billing"))
    link, own = await transmit(house, REPRESENTATIVE), await transmit(house)
    seen = await open_it(house, link)
    assert (len(seen.results), len(seen.documents)) == (1, 0)
    assert await state_of(house, own, REPRESENTATIVE) == []
    assert await state_of(house, link) == [("open", "")], "the code is its sender's"
    with pytest.raises(NotFound):
        await revoke(house, own, REPRESENTATIVE)
    with pytest.raises(NotFound):
        await revoke(house, own, people.SECOND_ACCOUNT, people.SECOND_PATIENT)
    house.consent.windows.pop(REPRESENTATIVE)
    house.let_in(REPRESENTATIVE, acting_as="representative", scopes=("appointments", "billing"))
    assert "link_or_code_wrong" in (await refusal(open_it(house, link)))[1], "R18: links already mailed"
    with pytest.raises(NotFound):
        await transmit(house, people.TEENS_PARENT)
    assert (await open_it(house, own)).results
    await revoke(house, link)


async def test_r39_a_link_is_given_to_messaging_alone_for_the_event_that_sent_it(house: House) -> None:
    link = await transmit(house)
    other = await house.command(
        "TransmitRecord",
        api_pb2.TransmitRecordRequest(
            patient_id=str(PATIENT),
            email="aunt@example.org",
            since=Date(year=2020, month=1, day=1),
            until=Date(year=2020, month=1, day=1),
        ),
        OWNER,
    )
    for cause in (other.position, "documents:999999", "identity:1"):
        with pytest.raises(NotFound):
            await secret_of(house, link[0], cause)
    await revoke(house, (other.transmission_id, "", ""))
    with pytest.raises(NotFound):
        await secret_of(house, other.transmission_id, other.position)
    for email in ("", "two@example.org, three@example.org", "a@b", "x@y.z\nBcc: z@z.z"):
        with pytest.raises(InvalidField):
            await transmit(house, email=email)
    request = api_pb2.TransmitRecordRequest(patient_id=str(PATIENT))
    stale = (("authorization", f"Bearer {house.signer.token(OWNER, factor_at=1)}"), ("idempotency-key", str(uuid4())))
    with pytest.raises(StepUpRequired):
        await house.api.TransmitRecord(request, metadata=stale, timeout=30)
