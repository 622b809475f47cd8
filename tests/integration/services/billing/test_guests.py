"""R1: a statement is paid without an account by its number and the birth date, and nothing else is learned by it."""

import asyncio
from datetime import date, timedelta
from time import perf_counter
from uuid import UUID, uuid4

import pytest

from services.billing.api.guests import ANSWER_SECONDS, TRIES_OF_NUMBER, TRIES_OF_SOURCE
from shared.contracts.billing.v1 import api_pb2
from shared.errors import NotFound, PortalError, Throttled
from shared.rpc.fields import date_message
from tests.integration.services.billing import people
from tests.integration.services.billing.conftest import House, Person, refused
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG_DAY = people.BORN + timedelta(days=1)
SOURCE = "198.51.100.7"


async def number_of(house: House, person: Person, statement_id: str) -> str:
    return str((await house.get(person.id, statement_id)).statement.number)


async def billed(house: House, cents: int = 5_000) -> tuple[Person, str, str]:
    person = await house.enrolled()
    statement = await house.billed(person.id, cents)
    return person, statement, await number_of(house, person, statement)


async def find(
    house: House, number: str, born: date = people.BORN, source: str = SOURCE
) -> api_pb2.FindGuestStatementResponse:
    request = api_pb2.FindGuestStatementRequest(number=number, birth_date=date_message(born))
    found: api_pb2.FindGuestStatementResponse = await house.ask("FindGuestStatement", request, None, source=source)
    return found


async def begin(
    house: House, number: str, cents: int, key: str = "", born: date = people.BORN
) -> api_pb2.StartGuestPaymentResponse:
    request = api_pb2.StartGuestPaymentRequest(number=number, birth_date=date_message(born), amount_cents=cents)
    begun: api_pb2.StartGuestPaymentResponse = await house.ask(
        "StartGuestPayment", request, None, key=key, source=SOURCE
    )
    return begun


async def test_r01_a_guest_sees_practice_and_amount_due_and_nothing_else(house: House) -> None:
    _, _, number = await billed(house)
    found = await find(house, number)
    assert (found.practice_id, found.practice_name, found.due_cents) == (
        str(people.PRACTICE),
        people.PRACTICE_NAME,
        5_000,
    )
    assert {field.name for field, _ in found.ListFields()} == {"practice_id", "practice_name", "due_cents", "currency"}


async def test_r01_the_number_ends_in_12_random_characters_and_is_read_however_it_is_typed(house: House) -> None:
    _, _, number = await billed(house)
    day, _, random = number.partition("-")
    assert (len(day), len(random)) == (8, 12)
    for typed in (f" {number.lower()} ", number.replace("-", ""), f"{day} {random[:4]} {random[4:]}"):
        assert (await find(house, typed)).due_cents == 5_000


async def test_r01_a_guest_pays_once_whatever_is_clicked(house: House) -> None:
    person, statement, number = await billed(house)
    key = str(uuid4())
    begun = [await begin(house, number, 5_000, key) for _ in range(3)]
    assert len({one.checkout_url for one in begun}) == 1
    await refused(begin(house, number, 1), "amount_above_due")
    await refused(begin(house, number, 4_999, key), "idempotency_key_reused")
    await house.settle(begun[0].checkout_url, "pay", "pay")

    async def is_paid() -> bool:
        return bool((await house.get(person.id, statement)).statement.due_cents == 0)

    await until(is_paid)
    with pytest.raises(NotFound):
        await find(house, number)


async def test_r01_two_guests_cannot_reserve_more_than_is_due(house: House) -> None:
    _, _, number = await billed(house)
    answers = await asyncio.gather(*(begin(house, number, 3_000) for _ in range(4)), return_exceptions=True)
    assert len([one for one in answers if isinstance(one, api_pb2.StartGuestPaymentResponse)]) == 1


async def test_r01_a_key_that_others_could_guess_and_amounts_of_nothing_are_refused(house: House) -> None:
    _, _, number = await billed(house)
    await refused(begin(house, number, 1, key="1"), "idempotency_key_required")
    for cents in (0, -1, 5_001):
        with pytest.raises(PortalError):
            await begin(house, number, cents)


async def test_r01_wrong_paid_withdrawn_unknown_and_malformed_numbers_answer_alike(house: House) -> None:
    _, _, number = await billed(house)
    person, paid, paid_number = await billed(house)
    await house.paid(person.id, paid, 5_000, person.own)
    other, withdrawn, withdrawn_number = await billed(house)
    request = api_pb2.WithdrawStatementRequest(patient_id=str(other.id), statement_id=withdrawn)
    await house.ask("WithdrawStatement", request)
    unknown = number[:-12] + "ABCDEFGHIJKL"
    cases = {
        "wrong birth date": (number, WRONG_DAY),
        "paid": (paid_number, people.BORN),
        "withdrawn": (withdrawn_number, people.BORN),
        "unknown": (unknown, people.BORN),
        "malformed": ("'; DROP TABLE", people.BORN),
        "an id": (str(UUID(int=1)), people.BORN),
    }
    told: set[tuple[type, str]] = set()
    seconds: dict[str, float] = {}
    for name, (typed, born) in cases.items():
        begun = perf_counter()
        with pytest.raises(NotFound) as caught:
            await find(house, typed, born, source=f"203.0.113.{len(seconds)}")
        seconds[name] = perf_counter() - begun
        told.add((type(caught.value), str(caught.value)))
        with pytest.raises(NotFound):
            await begin(house, typed, 1, born=born)
    assert len(told) == 1
    assert min(seconds.values()) >= ANSWER_SECONDS


async def test_r01_a_source_has_five_wrong_answers_a_day_with_one_number(house: House) -> None:
    _, _, number = await billed(house)
    for _ in range(TRIES_OF_SOURCE):
        with pytest.raises(NotFound):
            await find(house, number, WRONG_DAY)
    with pytest.raises(Throttled):
        await find(house, number)
    assert (await find(house, number, source="198.51.100.8")).due_cents == 5_000, "the owner comes from elsewhere"


async def test_r01_numbers_that_do_not_exist_are_throttled_alike(house: House) -> None:
    for _ in range(TRIES_OF_SOURCE):
        with pytest.raises(NotFound):
            await find(house, "20260308-MMMMMMMMMMMM")
    with pytest.raises(Throttled):
        await find(house, "20260308-mmmmmmmmmmmm")


async def test_r01_strangers_from_many_addresses_have_few_guesses_and_never_lock_the_owner_out(house: House) -> None:
    _, _, number = await billed(house)
    guesses = [
        find(house, number, WRONG_DAY, source=f"192.0.2.{address}")
        for address in range(TRIES_OF_NUMBER // TRIES_OF_SOURCE)
        for _ in range(TRIES_OF_SOURCE)
    ]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert {type(one) for one in answers} == {NotFound}
    stranger = "192.0.2.99"
    with pytest.raises(NotFound):
        await find(house, number, WRONG_DAY, source=stranger)
    with pytest.raises(Throttled):
        await find(house, number, WRONG_DAY, source=stranger)
    for _ in range(3):
        assert (await find(house, number, source="198.51.100.77")).due_cents == 5_000
