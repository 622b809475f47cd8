"""Pages of desk, billing and admin, of a parent and of who pays for others, walked through without JavaScript."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from operations import journey
from operations.demo.world import Patient
from operations.outside import Person, Portal, eventually
from operations.stack import Stack
from shared.clock import machine_now
from shared.ids import uuid7
from tests.e2e.browser import Visitor, opened_browser
from tests.e2e.practices import House, password, unique

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

CHILDS_BIRTH, PARENTS_BIRTH = date(2019, 6, 3), date(1985, 6, 1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as found:
        yield found


@dataclass(frozen=True, slots=True)
class Family:
    """Two children of one parent, who has one account."""

    first: Patient
    second: Patient
    parent: Person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def family(house: House) -> Family:
    desk, support = await house.staff("front_desk"), await house.staff("support")
    first, second = [await house.registered(given, CHILDS_BIRTH) for given in ("Robin", "Sandy")]
    name = unique("parent")
    parent = journey.Representative("Morgan", "Parent", PARENTS_BIRTH, f"{name}@mail.example", name, password())
    account = await journey.represent(desk, support, house.practice_id, first.patient_id, parent)
    await journey.reach(account, first.patient_id, "messages")
    return Family(first, second, account)


async def arrived(browser: Browser, stack: Stack, person: Person) -> Visitor:
    visitor = await Visitor.arrive(browser, stack.public_url)
    await visitor.sign_in(person)
    return visitor


async def test_r33_who_pays_for_a_child_pays_and_a_dispute_and_a_refund_are_seen_as_they_stand(
    portal_stack: Stack, house: House, browser: Browser, family: Family
) -> None:
    statement_id = await house.statement_of(family.first, 12_345)
    path = f"/practices/{house.practice_id}/patients/{family.first.patient_id}/billing"
    billing = await arrived(browser, portal_stack, await house.staff("billing"))
    await billing.go(f"{path}/guarantor")
    await billing.choose("Guarantor", "Morgan Parent")
    await billing.press("Save")

    payer = await arrived(browser, portal_stack, family.parent)
    await payer.go("/guaranteed")
    await payer.reload_until("$123.45")
    assert family.first.family not in await payer.text()
    await payer.page.get_by_role("row").nth(1).get_by_role("link").click()
    await payer.look_over()
    await payer.press("Go to payment")
    checkout = payer.page.url
    await payer.press("Pay")
    await payer.leave()

    await billing.go(f"{path}/statements/{statement_id}")
    await billing.reload_until("received")
    async with httpx.AsyncClient() as client:
        await client.post(checkout, data={"outcome": "dispute"})
    await billing.reload_until("disputed")
    async with httpx.AsyncClient() as client:
        await client.post(checkout, data={"outcome": "win"})
    await billing.reload_until("received")
    await money_is_sent_back(billing, house, path)
    await billing.leave()


async def money_is_sent_back(billing: Visitor, house: House, path: str) -> None:
    """What is taken off a paid charge is a task, until it is on its way back."""
    await billing.go(path)
    await billing.page.get_by_role("link", name="Take off").first.click()
    await billing.look_over()
    await billing.fill(Amount_in_dollars="23.45", Reason="A courtesy")
    await billing.press("Take off")
    await billing.follow("Money to send back")
    await billing.reload_until("$23.45")
    await billing.page.get_by_role("row").nth(1).get_by_role("link").click()
    await billing.look_over()
    await billing.page.get_by_role("link", name="Send money back").first.click()
    await billing.look_over()
    assert await billing.page.get_by_label("Amount in dollars").input_value() == "23.45"
    await billing.fill(Reason="A courtesy")
    await billing.press("Send back")
    await billing.go(f"/practices/{house.practice_id}/refunds")
    await billing.reload_until("None.")


async def test_r32_r43_the_desk_books_and_opens_a_record_in_an_emergency_that_an_admin_reviews(
    portal_stack: Stack, house: House, browser: Browser, family: Family
) -> None:
    path = f"/practices/{house.practice_id}/patients/{family.first.patient_id}"
    letter = family.first.path("documents?title=Letter%20on%20allergies&kind=letter")
    provider, key = await house.staff("provider"), str(uuid7())
    await eventually(
        "the child at documents",
        lambda: journey.if_found(provider.upload(letter, b"Penicillin <b>never</b>", "text/plain", key)),
    )
    desk = await arrived(browser, portal_stack, await house.staff("front_desk"))
    await desk.go(f"{path}/appointments/new")
    await desk.press("Make the appointment")
    assert await desk.page.get_by_role("alert").count() == 1
    begins = (machine_now() + timedelta(days=20)).strftime("%Y-%m-%dT10:30")
    await desk.fill(Begins=begins, Reason="A check of the ears")
    await desk.press("Make the appointment")
    assert "confirmed" in (await desk.text()).lower()
    await desk.go(f"{path}/emergency")
    await desk.fill(Reason="Unconscious at the desk, allergies needed")
    await desk.press("Open the record for 60 minutes")
    await desk.reload_until("It ends by itself 60 minutes after you declared it.")  # documents hears of it
    await desk.follow("Letter on allergies")
    assert "Penicillin <b>never</b>" in await desk.text()
    assert await desk.download("Download the file") == b"Penicillin <b>never</b>"
    await desk.leave()

    admin = await arrived(browser, portal_stack, house.admin)
    await admin.go(f"/practices/{house.practice_id}/emergencies")
    await admin.reload_until("allergies needed")
    await admin.page.get_by_role("button", name="Justified").first.click()
    await admin.look_over()
    assert "allergies needed" not in await admin.text()
    await admin.leave()


async def second_child_joined(house: House, portal: Portal, family: Family) -> None:
    """The parent is invited for the second child, too, and accepts with the account that is there."""
    desk, support, child = await house.staff("front_desk"), await house.staff("support"), family.second
    body = {
        "name": {"given": "Morgan", "family": "Parent"},
        "birth_date": journey.day(PARENTS_BIRTH),
        "contact": {"email": f"{unique('second')}@mail.example", "language": "en"},
    }
    person_id, key = (await desk.post(child.path("persons"), body))["person_id"], str(uuid7())
    terms = {"person_id": person_id, "kind": "minor", "signed_by": ["representative"]}
    granted = await eventually(
        "the second child at consent",
        lambda: journey.if_found(desk.post(child.path("authorizations"), terms, key=key)),
    )
    documents = child.path(f"authorizations/{granted['authorization_id']}/documents")
    scan_id = await journey.scan(desk, child.patient_id, "Birth certificate")
    recorded = await desk.post(documents, {"kind": "birth_certificate", "scan_id": scan_id})
    await support.post(f"{documents}/{recorded['document_id']}/verify")
    await journey.sign_consent(desk, house.practice_id, child.patient_id, person_id, method="screen")
    contact: dict[str, str] = body["contact"]  # type: ignore[assignment]  # a mapping
    invitation_id, secret = (await portal.link_mailed_to(contact["email"], "invitation")).split("/")[-2:]
    accepted = {"secret": secret, "birth_date": journey.day(PARENTS_BIRTH)}
    await family.parent.post(f"/v1/invitations/{invitation_id}/accept-with-account", accepted)
    await journey.reach(family.parent, child.patient_id, "messages")


async def test_r5_r20_two_tabs_acting_for_two_children_cannot_cross(
    portal_stack: Stack, portal: Portal, house: House, browser: Browser, family: Family
) -> None:
    """The form that was opened for the one child writes for that child, whatever the other tab shows by then."""
    await second_child_joined(house, portal, family)
    visitor = await arrived(browser, portal_stack, family.parent)
    paths = [f"/patients/{one.patient_id}" for one in (family.first, family.second)]
    for page in ("appointments/new", "refills/new", "conversations/new"):
        await visitor.go(f"{paths[0]}/{page}")
        assert "In an emergency call 911" in await visitor.text(), page
    subject = unique("Earache")
    await visitor.fill(Subject=subject, Message="Since yesterday.")
    await visitor.choose("To", "Medical question")
    other = await visitor.page.context.new_page()
    await other.goto(f"{portal_stack.public_url}{paths[1]}/conversations/new")
    assert f"Sandy {family.second.family}" in await other.locator(".acting").inner_text()
    await visitor.press("Send")
    assert f"Robin {family.first.family}" in await visitor.page.locator(".acting").inner_text()
    await visitor.go(f"{paths[0]}/conversations")
    assert subject in await visitor.text()
    await visitor.go(f"{paths[1]}/conversations")
    assert subject not in await visitor.text()
    await visitor.leave()
