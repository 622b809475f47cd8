"""R44 through the gateway: what a duplicate holds shows under the survivor, whom the desk lets in again; and back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from operations.demo.world import Patient
from operations.outside import Answer, Person, Portal, eventually
from operations.stack import Stack
from shared.ids import uuid7
from shared.rpc.client import ApiChannel
from tests.e2e.browser import Visitor, opened_browser
from tests.e2e.practices import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

GONE, REFUSED = (404, "not_found"), "second_person_needed"


@dataclass(frozen=True, slots=True)
class Twice:
    """One person registered twice, each record with an account, a result, a thread and a statement."""

    house: House
    duplicate: Patient
    survivor: Patient
    result: str
    own_result: str
    conversation: str
    statement: str

    async def joining(self, by: Person, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return await by.post(self.duplicate.path(path), body)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def twice(house: House) -> Twice:
    duplicate, survivor = await house.enrolled(), await house.enrolled()
    own_result = await house.result_of(survivor)
    await house.statement_of(survivor, 5000)
    return Twice(
        house=house,
        duplicate=duplicate,
        survivor=survivor,
        result=await house.result_of(duplicate),
        own_result=own_result,
        conversation=await house.conversation_of(duplicate),
        statement=await house.statement_of(duplicate, 12345),
    )


async def said(asked: Awaitable[dict[str, Any]]) -> tuple[int, str]:
    """The refusal's status and slug; (200, '') where there was none."""
    try:
        await asked
    except Answer as answer:
        return answer.status, answer.slug
    return 200, ""


async def becomes(what: str, wanted: object, ask: Callable[[], Awaitable[object]]) -> None:
    """The services hear of it one after another: waits until the answer is the wanted one."""

    async def holds() -> bool | None:
        return await ask() == wanted or None

    await eventually(what, holds)


async def results(person: Person, patient: Patient) -> set[str]:
    return {one["result_id"] for one in (await person.get(patient.path("results"))).get("results", [])}


async def held(twice: Twice) -> dict[str, object]:
    """What staff see of either record, beside the times at which somebody looked."""
    provider, billing = await twice.house.staff("provider"), await twice.house.staff("billing")
    found: dict[str, object] = {}
    for name, patient in (("duplicate", twice.duplicate), ("survivor", twice.survivor)):
        listed = (await billing.get(patient.path("statements"))).get("statements", [])
        found[name] = (
            await results(provider, patient),
            sorted((one["statement_id"], one["amount_cents"]) for one in listed),
            await billing.get(patient.path("balance")),
        )
    return found


async def join(twice: Twice) -> None:
    """Proposed by the desk, confirmed by the admin; nobody else's word counts."""
    desk, admin = await twice.house.staff("front_desk"), twice.house.admin
    for one in (desk, admin):
        await one.step_up()
    proposed = await twice.joining(
        desk, "joinings", {"survivor_id": twice.survivor.patient_id, "reason": "One insurance card"}
    )
    confirm = f"joining-proposals/{proposed['proposal_id']}/confirm"
    assert await said(twice.joining(desk, confirm)) == (400, REFUSED)
    assert await said(twice.joining(twice.duplicate.account, confirm)) == GONE
    waiting = (await admin.get(twice.house.of("joining-proposals"), after=proposed["position"]))["proposals"]
    assert [(one["act"], one["duplicate_id"], one["reason"]) for one in waiting] == [
        ("join", twice.duplicate.patient_id, "One insurance card")
    ]
    await twice.joining(admin, confirm)


async def test_r44_two_records_become_one_whose_access_is_verified_again_and_two_again(
    twice: Twice, portal: Portal, channels: ApiChannel
) -> None:
    survivor, duplicate, house = twice.survivor, twice.duplicate, twice.house
    before = await held(twice)
    await _nothing_for_another_practice(twice, await House.open(portal, channels))
    await join(twice)
    me, desk = survivor.account, await house.staff("front_desk")
    await becomes("the own account shut out", GONE, lambda: said(me.get(survivor.path("results"))))
    await becomes("the duplicate's account closed", 401, lambda: _status(duplicate))

    await eventually("the task at the desk", lambda: _task(twice))
    await desk.step_up()
    await desk.post(survivor.path(f"persons/{survivor.patient_id}/verify-access"), {"document": "passport"})
    await becomes("both results", {twice.result, twice.own_result}, lambda: _mine(twice))
    await _one_record(twice)
    await _desk_finds_one(twice, desk)

    parting = await twice.joining(desk, "partings", {"reason": "Twins"})
    await house.admin.step_up()
    confirm = f"joining-proposals/{parting['proposal_id']}/confirm"
    assert await said(twice.joining(desk, confirm)) == (400, REFUSED)
    await twice.joining(house.admin, confirm)
    await becomes("each record its own", before, lambda: held(twice))
    await becomes("the own result alone", {twice.own_result}, lambda: _mine(twice))
    assert await said(me.get(survivor.path(f"results/{twice.result}"))) == GONE
    await becomes("the thread gone", GONE, lambda: said(me.get(survivor.path(f"conversations/{twice.conversation}"))))
    assert await _status(duplicate) == 401
    history = (await house.admin.get(duplicate.path("access-history"))).get("entries", [])
    assert ("ListResults", me.account_id) in {(one["action"], one["account_id"]) for one in history}


async def _nothing_for_another_practice(twice: Twice, other: House) -> None:
    """Neither its ids here nor ours there."""
    stranger, desk = other.admin, await twice.house.staff("front_desk")
    foreign = await other.registered()
    body = {"survivor_id": foreign.patient_id, "reason": "Forged"}
    assert await said(twice.joining(desk, "joinings", body)) == GONE
    assert (
        await said(stranger.post(foreign.path("joinings"), {**body, "survivor_id": twice.survivor.patient_id})) == GONE
    )
    assert await said(twice.joining(stranger, "joinings", body)) == GONE
    assert await said(stranger.get(twice.house.of("joined-records"))) == GONE
    assert await said(stranger.get(twice.house.of("joining-proposals"))) == GONE
    assert await said(twice.joining(desk, f"joining-proposals/{uuid7()}/withdraw")) == GONE


async def _status(patient: Patient) -> int:
    """What the account, signing in anew, meets at its own record."""
    try:
        await patient.account.sign_in()
    except Answer as answer:
        return answer.status
    return (await said(patient.account.get(patient.path("results"))))[0]


async def _task(twice: Twice) -> bool | None:
    desk = await twice.house.staff("front_desk")
    tasks = (await desk.get(twice.house.of("desk-tasks"))).get("tasks", [])
    wanted = ("verify_access", twice.survivor.patient_id, twice.survivor.patient_id)
    return wanted in {(one["kind"], one["patient_id"], one["person_id"]) for one in tasks} or None


async def _mine(twice: Twice) -> set[str]:
    try:
        return await results(twice.survivor.account, twice.survivor)
    except Answer as answer:
        if answer.status not in (404, 503):
            raise
        return set()


async def _one_record(twice: Twice) -> None:
    """A result, a thread, a statement and the balance of both, by the survivor's path; commands reach either's."""
    me, survivor = twice.survivor.account, twice.survivor
    thread = survivor.path(f"conversations/{twice.conversation}")
    await becomes("the thread", (200, ""), lambda: said(me.get(thread)))
    sent = await me.post(f"{thread}/messages", {"body": "Shall I come by?"})
    assert len((await me.get(thread, after=sent["position"]))["messages"]) == 2

    async def bills() -> object:
        listed = (await me.get(survivor.path("statements"))).get("statements", [])
        return len(listed), (await me.get(survivor.path("balance")))["balance_cents"]

    await becomes("both bills", (2, str(12345 + 5000)), bills)
    assert await said(me.get(survivor.path(f"results/{twice.result}"))) == (200, "")
    paying = await me.post(survivor.path(f"statements/{twice.statement}/payments"), {"amount_cents": "100"})
    assert paying["checkout_url"]
    assert await said(me.get(twice.duplicate.path(f"results/{twice.own_result}"))) == (200, "")


async def _desk_finds_one(twice: Twice, desk: Person) -> None:
    """The duplicate vanished from the search; its page says where it belongs, and nothing new belongs to it."""
    sought = {"name": twice.duplicate.family}
    assert (await desk.post(twice.house.of("patients/find"), sought)).get("patients", []) == []
    page = await desk.get(twice.duplicate.path("registration"))
    assert page["survivor_id"] == twice.survivor.patient_id
    listed = (await desk.get(twice.house.of("joined-records")))["records"]
    assert [(one["duplicate_id"], one["survivor_id"]) for one in listed] == [
        (twice.duplicate.patient_id, twice.survivor.patient_id)
    ]
    invited = {"person_id": twice.duplicate.patient_id}
    assert (await said(twice.joining(desk, "invitations", invited)))[1] == "record_joined"


async def test_r44_the_desk_is_warned_on_the_patients_page_and_proposes_there(
    portal_stack: Stack, house: House
) -> None:
    desk, admin = await house.staff("front_desk"), house.admin
    duplicate, survivor = await house.registered("Ottilie"), await house.registered("Ottilie")
    where = f"/practices/{house.practice_id}"
    async with opened_browser() as browser:
        visitor = await Visitor.arrive(browser, portal_stack.public_url)
        await visitor.sign_in(desk)
        await visitor.go(f"{where}/patients/{duplicate.patient_id}")
        assert "Another record looks like this person" in await visitor.text()
        await visitor.follow("Join this record to another one")
        await visitor.choose("Record that stays", f"Ottilie {survivor.family} · {survivor.patient_id[-8:]}")
        await visitor.fill(Reason="Registered twice")
        await visitor.press("Propose")
        assert "Registered twice" in await visitor.text()
        waiting = (await admin.get(house.of("joining-proposals")))["proposals"]
        (proposed,) = [one["proposal_id"] for one in waiting if one["duplicate_id"] == duplicate.patient_id]
        await admin.step_up()
        await admin.post(duplicate.path(f"joining-proposals/{proposed}/confirm"))
        await visitor.go(f"{where}/patients/{duplicate.patient_id}")
        await visitor.reload_until("was joined to another one")
        await visitor.follow("Go to the record that stays")
        assert visitor.path.endswith(survivor.patient_id)
        await visitor.leave()
