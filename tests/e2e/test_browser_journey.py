"""Steps 3 to 7 of the journey in a browser without JavaScript, against the whole portal; axe looks at each page."""

import re
import secrets
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload

from operations.demo.world import Patient
from operations.journey import paper
from operations.outside import Person, Portal
from operations.stack import Stack
from tests.e2e.browser import Visitor, opened_browser
from tests.e2e.practices import House, password, unique

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

BORN = date(1971, 5, 17)
ID = re.compile(r"/patients/([0-9a-f-]{36})")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as found:
        yield found


async def registered_in_the_browser(desk: Visitor, house: House) -> Patient:
    """The desk registers a patient and records the signed form: the invitation follows by itself."""
    family = unique("Fern").replace("-", "")
    email = f"{family.lower()}@mail.example"
    await desk.follow("Patients")
    await desk.follow("Register a patient")
    await desk.fill(Given_names="Ives", Family_name=family)
    await desk.press("Register")
    assert "Enter a date" in await desk.text()
    assert await desk.page.get_by_label("Given names").input_value() == "Ives"
    await desk.page.get_by_label("Birth date").fill(BORN.isoformat())
    await desk.page.get_by_label("E-mail address").fill(email)
    await desk.press("Register")
    found = ID.search(desk.path)
    assert found, await desk.text()
    await desk.follow("Consents and invitations")
    await desk.follow("Record a signed consent form")
    await desk.press("Record the signature")
    assert "Choose a file." in await desk.text()
    words, form = ("words.txt", "text/plain", b"I, the undersigned"), ("form.png", "image/png", paper("Consent"))
    for (name, kind, content), said in ((words, "Only PDF, PNG, JPEG"), (form, "in force")):
        chosen: FilePayload = {"name": name, "mimeType": kind, "buffer": content}
        await desk.page.get_by_label("Scan (optional)").set_input_files(chosen)
        await desk.press("Record the signature")
        assert said in await desk.text()
    assert (await desk.download("Look at the scan")).startswith(b"\x89PNG")
    return Patient(found[1], family, BORN, email)


async def enrolled_in_the_browser(visitor: Visitor, portal: Portal, patient: Patient) -> None:
    """The mailed link: opening it consumes nothing, a wrong birth date is said, what was typed stays."""
    link = await portal.link_mailed_to(patient.email, "invitation")
    name, word = unique("ives"), password()
    for _ in range(2):
        answer = await visitor.go(link)
        assert answer is not None
        assert answer.status == 200
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert patient.family not in await visitor.text()
    await visitor.fill(Birth_date="1901-01-01", User_name=name, Password=word)
    await visitor.press("Open the account")
    assert "not the birth date" in await visitor.text()
    assert await visitor.page.get_by_label("User name").input_value() == name
    await visitor.fill(Birth_date=BORN.isoformat(), Password=word)
    await visitor.press("Open the account")
    await visitor.follow(f"Ives {patient.family}")
    assert f"Ives {patient.family}" in await visitor.page.locator(".acting").inner_text()
    used = await visitor.go(link)
    assert used is not None
    assert used.status == 404
    assert "This link cannot be used" in await visitor.text()
    await visitor.go("/")


async def test_r8_r14_r33_a_patient_joins_writes_reads_and_pays(
    portal_stack: Stack, portal: Portal, house: House, browser: Browser
) -> None:
    url = portal_stack.public_url
    desk = await Visitor.arrive(browser, url)
    await desk.sign_in(await house.staff("front_desk"))
    provider = await Visitor.arrive(browser, url)
    await provider.sign_in(await house.staff("provider"))
    patient = await registered_in_the_browser(desk, house)
    visitor = await Visitor.arrive(browser, url)
    await enrolled_in_the_browser(visitor, portal, patient)
    await both_write(visitor, provider)
    await a_result_is_released(visitor, provider, house, patient)
    await a_statement_is_paid(visitor, await billing_of(browser, url, house), patient)
    await visitor.go("/account")
    assert "this session" in await visitor.text()
    await visitor.follow("Overview") if "/patients/" in visitor.path else await visitor.go("/")
    await visitor.follow("Who has access")
    assert "Read a result" in await visitor.text()
    await visitor.press("Sign out")
    answer = await visitor.go(f"/patients/{patient.patient_id}/results")
    assert visitor.path.startswith("/sign-in")
    assert answer is not None


async def billing_of(browser: Browser, url: str, house: House) -> Visitor:
    visitor = await Visitor.arrive(browser, url)
    await visitor.sign_in(await house.staff("billing"))
    return visitor


async def both_write(visitor: Visitor, provider: Visitor) -> None:
    """The patient writes to a provider, the provider answers, both see it (step 5)."""
    subject = f"Question {secrets.token_hex(3)}"
    await visitor.follow("Messages")
    await visitor.follow("Write a message")
    assert "call 911" in await visitor.text()
    await visitor.fill(Subject=subject, Message="May I take it with food?\n\nWith milk?")
    await visitor.press("Send")
    assert "Choose one." in await visitor.text()
    assert await visitor.page.get_by_label("Message").input_value() == "May I take it with food?\n\nWith milk?"
    await visitor.choose("To", "Grace Okafor, MD")
    await visitor.press("Send")
    assert "May I take it with food?" in await visitor.text()
    await provider.follow("Messages")
    await provider.follow(subject)
    await provider.fill(Message="Yes, with a glass of water.")
    await provider.press("Send")
    await visitor.follow("Inbox")
    await visitor.reload_until("new")
    await visitor.follow(subject)
    text = await visitor.text()
    assert text.index("With milk?") < text.index("Yes, with a glass of water.")


async def a_result_is_released(visitor: Visitor, provider: Visitor, house: House, patient: Patient) -> None:
    """What waits does not exist for the patient; released, it has values, units, ranges and a PDF (step 6)."""
    result_id = await house.result_of(patient, released=False)
    path = f"/patients/{patient.patient_id}/results"
    await visitor.go(path)
    assert "Blood count" not in await visitor.text()
    hidden = await visitor.go(f"{path}/{result_id}")
    assert hidden is not None
    assert hidden.status == 404
    assert "Who can help" in await visitor.text()
    await provider.follow("Approvals")
    await provider.follow("Blood count")
    await provider.press("Approve and release to the patient")
    assert "released" in await provider.text()
    await visitor.go(f"/patients/{patient.patient_id}/inbox")
    await visitor.reload_until("Result released")
    await visitor.follow("Result released")
    text = await visitor.text()
    assert "12.9 g/dL" in text
    assert "from 11.5 g/dL" in text
    assert (await visitor.download("Download as PDF")).startswith(b"%PDF-")


async def a_statement_is_paid(visitor: Visitor, billing: Visitor, patient: Patient) -> None:
    """The charge is posted and stated in the browser, paid on the hosted page; the balance is exact (step 7)."""
    await billing.follow("Patients")
    await billing.fill(Name=patient.family)
    await billing.press("Find")
    await billing.follow(f"Ives {patient.family}")
    await billing.follow("Bills")
    await billing.follow("Post a charge")
    await billing.fill(Day_of_service="2026-03-02", What_it_is_for="Follow-up visit", Amount_in_dollars="a lot")
    await billing.choose("Category", "Visit")
    await billing.press("Post")
    assert "Enter an amount in dollars" in await billing.text()
    await billing.fill(Amount_in_dollars="123.45")
    await billing.press("Post")
    await billing.press("Post a statement")
    assert "$123.45" in await billing.text()

    await visitor.go(f"/patients/{patient.patient_id}/inbox")
    await visitor.reload_until("Statement posted")
    await visitor.follow("Statement posted")
    await visitor.fill(Amount_in_dollars="123.46")
    await visitor.press("Go to payment")
    assert "more than is due" in await visitor.text()
    await visitor.fill(Amount_in_dollars="123.45")
    await visitor.press("Go to payment")
    await visitor.press("Pay")
    assert "payment=" in visitor.path
    await visitor.reload_until("was received")
    await visitor.follow("Bills")
    assert "$0.00" in await visitor.text()


async def test_r31_r40_r41_the_first_pages_work_in_spanish_and_on_a_small_screen(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    visitor = await Visitor.arrive(browser, portal_stack.public_url, width=320, language="es-MX")
    await visitor.go("/sign-in")
    assert "Nombre de usuario" in await visitor.text()
    for name in ("¿Tiene problemas?", "Política de privacidad", "Aviso de prácticas de privacidad"):
        await visitor.follow(name)
        wide = await visitor.page.locator("main").bounding_box()
        assert wide is not None
        assert wide["width"] <= 320
    await visitor.follow("English")
    await visitor.go("/sign-in")
    assert "User name" in await visitor.text()


async def test_r45_a_new_cookie_at_each_sign_in_and_none_left_after_signing_out(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    patient = (await house.enrolled()).account
    cookies = []
    for _ in range(2):
        await visitor.sign_in(patient)
        held = {one["name"]: one for one in await visitor.page.context.cookies()}
        cookies.append(held["__Host-session"]["value"])
        assert held["__Host-session"]["httpOnly"]
        assert held["__Host-session"]["secure"]
        await visitor.press("Sign out")
    assert cookies[0] != cookies[1]
    assert "__Host-session" not in {one["name"] for one in await visitor.page.context.cookies()}


async def test_r20_two_tabs_acting_for_two_patients_cannot_cross(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    """Whom one acts for is in every address: another's address shows nothing, whatever the other tab shows."""
    first, second = await house.enrolled(), await house.enrolled()
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    await visitor.sign_in(first.account)
    answer = await visitor.go(f"/patients/{second.patient_id}/bills")
    assert answer is not None
    assert answer.status == 404
    assert second.family not in await visitor.page.content()
    staff = await visitor.go(f"/practices/{house.practice_id}/patients")
    assert staff is not None
    assert staff.status == 404


async def signed_in_six_minutes_ago(visitor: Visitor, stack: Stack, person: Person) -> None:
    """A session whose proof of presence is too old; nobody has asked about it since."""
    url = stack.public_url
    form: dict[str, str | float | bool] = {"user_name": person.user_name, "password": person.password}
    answer = await visitor.page.request.post(
        f"{url}/sign-in", form=form, headers={"origin": url}, ignore_https_errors=True, max_redirects=0
    )
    assert answer.status == 303
    connection = await asyncpg.connect(stack.environment()["PORTAL_IDENTITY_DATABASE_URL"])
    await connection.execute("UPDATE credential_sessions SET factor_at = factor_at - interval '6 minutes'")
    await connection.close()


async def test_r45_an_old_proof_is_asked_for_in_the_form_itself_and_nothing_typed_is_lost(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    person = (await house.enrolled()).account
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    await signed_in_six_minutes_ago(visitor, portal_stack, person)
    await visitor.go("/account/authenticator")
    before = {one["name"]: one["value"] for one in await visitor.page.context.cookies()}
    await visitor.press("Begin")
    assert "Confirm that it is you" in await visitor.text()
    await visitor.fill(Your_password=password())
    await visitor.press("Begin")
    assert "is not right" in await visitor.text()
    await visitor.fill(Your_password=person.password)
    await visitor.press("Begin")
    secret = await visitor.page.locator("code.secret").inner_text()
    await visitor.fill(Code_shown="000000")
    await visitor.press("Confirm")
    assert await visitor.page.locator("code.secret").inner_text() == secret
    await visitor.fill(Code_shown=pyotp.TOTP(secret).now())
    await visitor.press("Confirm")
    assert len(await visitor.page.locator("ol.codes li").all()) == 10
    after = {one["name"]: one["value"] for one in await visitor.page.context.cookies()}
    assert after["__Host-session"] != before["__Host-session"]
