"""Recovery, documents, approvals, the factor and exports in a browser without JavaScript; axe looks at each page."""

from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload

from operations.demo.world import Patient
from operations.outside import Person, Portal
from operations.stack import Stack
from tests.e2e.browser import Visitor, opened_browser
from tests.e2e.practices import House, password, unique

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


WEAK, FOREIGN = "password1234", "AAAA-BBBB-CCCC-DDDD"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as found:
        yield found


async def asked_by_user_name(visitor: Visitor, name: str) -> str:
    """What route A says to whoever asks."""
    await visitor.go("/sign-in")
    await visitor.follow("I have forgotten my user name or password")
    await visitor.page.get_by_role("link", name="I have my user name").first.click()
    await visitor.fill(User_name=name)
    await visitor.press("Send me a link")
    return await visitor.text()


async def test_r23_r26_a_forgotten_password_is_replaced_by_the_mailed_link_and_nobody_else_learns_anything(
    portal_stack: Stack, portal: Portal, house: House, browser: Browser
) -> None:
    patient = await house.enrolled()
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    names = (unique("nobody"), patient.account.user_name, unique("nobody"))
    before, known, after = [await asked_by_user_name(visitor, name) for name in names]
    assert known in (before, after), "the practices below may have become one more in between, for everybody"
    link = await portal.link_mailed_to(patient.email, "recovery")
    for _ in range(2):
        answer = await visitor.go(link)
        assert answer is not None
        assert (answer.status, answer.headers["referrer-policy"]) == (200, "no-referrer")
    await visitor.fill(New_password=WEAK)
    await visitor.press("Change the password")
    assert "too easy to guess" in await visitor.text()
    chosen = password()
    await visitor.fill(New_password=chosen)
    await visitor.press("Change the password")
    assert "every session has ended" in await visitor.text()
    used = await visitor.go(link)
    assert used is not None
    assert used.status == 404
    assert "I have my reset token" in await visitor.text()
    await visitor.sign_in(Person(portal, patient.account.user_name, chosen))
    await visitor.leave()


async def tabbed_to(visitor: Visitor, selector: str) -> None:
    """Presses Tab until that element has the focus."""
    for _ in range(40):
        await visitor.page.keyboard.press("Tab")
        if await visitor.page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"expected {selector} to be reached by keyboard on {visitor.path}")


async def test_r40_a_recovery_is_asked_for_by_keyboard_alone_from_the_sign_in_page(
    portal_stack: Stack, browser: Browser
) -> None:
    visitor = await Visitor.arrive(browser, portal_stack.public_url, width=320, language="es-US")
    await visitor.go("/sign-in")
    for selector in ('a[href="/recovery"]', 'a[href="/recovery/user-name"]'):
        await tabbed_to(visitor, f"main {selector}")
        async with visitor.page.expect_navigation():
            await visitor.page.keyboard.press("Enter")
        await visitor.look_over()
    await tabbed_to(visitor, "#user_name")
    await visitor.page.keyboard.type(unique("nobody"))
    async with visitor.page.expect_navigation():
        await visitor.page.keyboard.press("Enter")
    assert visitor.path == "/recovery/sent"
    assert "Mire su correo" in await visitor.text()
    await visitor.leave()


async def a_token_is_read(support: Visitor, house: House, patient: Patient) -> str:
    """What the caller says must be on record; then support reads the token."""
    await support.go(f"/practices/{house.practice_id}/patients/{patient.patient_id}")
    await support.page.get_by_role("link", name="Reset token").click()
    await support.look_over()
    await support.fill(First_name="Ives", Family_name="Somebody", Birth_date=patient.birth_date.isoformat())
    await support.page.get_by_label("by a fact that the portal does not show").check()
    await support.fill(Which_fact="The street of the first visit")
    await support.press("Issue the token")
    assert "not those on record" in await support.text()
    await support.fill(Family_name=patient.family)
    await support.press("Issue the token")
    return await support.page.locator("code.secret").inner_text()


async def a_factor_is_set_up(visitor: Visitor) -> None:
    await visitor.go("/account")
    await visitor.follow("Set up an authenticator app")
    await visitor.press("Begin")
    secret = await visitor.page.locator("code.secret").inner_text()
    await visitor.fill(Code_shown=pyotp.TOTP(secret).now())
    await visitor.press("Confirm")


async def test_r25_r36_support_reads_a_token_and_announces_a_reset_that_the_account_stops(
    portal_stack: Stack, portal: Portal, house: House, browser: Browser
) -> None:
    patient = await house.enrolled()
    support = await Visitor.arrive(browser, portal_stack.public_url)
    await support.sign_in(await house.staff("support"))
    token = await a_token_is_read(support, house, patient)

    visitor, chosen = await Visitor.arrive(browser, portal_stack.public_url), password()
    await visitor.go("/recovery/token")
    await visitor.fill(Reset_token=FOREIGN, New_password=chosen)
    await visitor.page.get_by_label("E-mail address").fill(patient.email)
    await visitor.press("Change the password")
    assert "This token is not right" in await visitor.text()
    await visitor.fill(Reset_token=token.lower(), New_password=chosen)
    await visitor.press("Change the password")
    await visitor.sign_in(Person(portal, patient.account.user_name, chosen))
    await a_factor_is_set_up(visitor)

    await support.go(f"/practices/{house.practice_id}/patients/{patient.patient_id}")
    await support.page.get_by_role("link", name="Lost second factor").click()
    await support.look_over()
    assert await support.page.get_by_label("seen here, with a photo ID").count() == 0
    await support.page.get_by_label("by phone").check()
    await support.fill(Which_photo_ID="Called back")
    await support.press("Remove the second factor")
    await visitor.go("/account")
    await visitor.press("Keep my second factor")
    assert "about to be removed" not in await visitor.text()
    await visitor.follow("Manage practices")
    await visitor.fill(Security_token=FOREIGN)
    await visitor.page.get_by_label("E-mail address").fill(patient.email)
    await visitor.press("Add the practice")
    assert "This token is not right" in await visitor.text()
    await support.leave()
    await visitor.leave()


async def a_letter_is_filed(provider: Visitor, house: House, patient: Patient) -> None:
    await provider.go(f"/practices/{house.practice_id}/patients/{patient.patient_id}/documents")
    await provider.follow("File a document")
    await provider.press("File the document")
    assert "Choose a file." in await provider.text()
    await provider.fill(What_it_is="Letter of discharge")
    await provider.choose("Kind", "Letter")
    text = b"All is well.\n<script>alert(1)</script>\n"
    letter = FilePayload(name="letter.txt", mimeType="text/plain", buffer=text)
    await provider.page.get_by_label("File", exact=True).set_input_files(letter)
    await provider.press("File the document")
    assert "waits for approval" in await provider.text()
    await provider.follow("Hold it")
    await provider.fill(Reason="A talk first", Until_when="2999-01-01T10:00")
    await provider.press("Hold")
    assert "within 14 days" in await provider.text()
    for queue in ("documents?held=yes", "entries"):
        await provider.go(f"/practices/{house.practice_id}/{queue}")
        assert "that wait" in await provider.text()
    await provider.go(f"/practices/{house.practice_id}/patients/{patient.patient_id}/record")
    assert "None recorded." in await provider.text()


async def released_if_it_waits(provider: Visitor) -> None:
    """A busy machine may have taken longer than the 30 seconds in which an approval is undone."""
    if "waits for approval" in await provider.text():
        await provider.press("Approve and release to the patient")


async def many_are_approved(provider: Visitor, house: House, patient: Patient) -> None:
    """Held, queued again, approved among many, undone within 30 seconds, then released."""
    result_id = await house.result_of(patient, released=False)
    path = f"/practices/{house.practice_id}/patients/{patient.patient_id}/results/{result_id}"
    await provider.go(path)
    await provider.follow("Hold it")
    await provider.fill(Reason="A talk first", Until_when="2999-01-01T10:00")
    await provider.press("Hold")
    assert "within 14 days" in await provider.text()
    await provider.go(f"/practices/{house.practice_id}/approvals")
    await provider.press("Approve those ticked")
    assert "Tick at least one" in await provider.text()
    await provider.page.get_by_label(f"Approve Blood count of Ives {patient.family}").check()
    await provider.press("Approve those ticked")
    assert "Approved: 1" in await provider.text()
    await provider.press("Undo the approval")
    await provider.go(path)
    await released_if_it_waits(provider)
    await provider.go(path.rpartition("/")[0] + f"/new?corrects={result_id}")
    assert await provider.page.locator("[name='values[0].value']").input_value() == "12.9"


async def test_r14_r30_r39_documents_and_results_are_released_seen_waited_for_and_taken_along(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    patient = await house.enrolled()
    provider = await Visitor.arrive(browser, portal_stack.public_url)
    await provider.sign_in(await house.staff("provider"))
    await a_letter_is_filed(provider, house, patient)
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    await visitor.sign_in(patient.account)
    await visitor.go(f"/patients/{patient.patient_id}/documents")
    assert "Letter of discharge" not in await visitor.text()
    await provider.go(f"/practices/{house.practice_id}/documents")
    await provider.page.get_by_label(f"Approve Letter of discharge of Ives {patient.family}").check()
    await provider.press("Approve those ticked")
    assert "Approved: 1" in await provider.text()
    await provider.press("Undo the approval")
    await provider.go(f"/practices/{house.practice_id}/patients/{patient.patient_id}/documents")
    await provider.follow("Letter of discharge")
    await released_if_it_waits(provider)
    await many_are_approved(provider, house, patient)

    await visitor.reload_until("Letter of discharge")
    await visitor.follow("Letter of discharge")
    assert "<script>alert(1)</script>" in await visitor.text()
    assert (await visitor.download("Download the file")).startswith(b"All is well.")
    await visitor.go(f"/patients/{patient.patient_id}/results")
    await visitor.press("Wait with new results")
    assert "You asked to wait" in await visitor.text()
    await visitor.press("Show me what has been released")
    await visitor.go(f"/patients/{patient.patient_id}/export")
    await visitor.fill(First_day="2026-02-01", Last_day="2026-01-01")
    await visitor.press("Download")
    assert "not before the first" in await visitor.text()
    await visitor.fill(Last_day="2199-01-01")
    async with visitor.page.expect_download() as download:
        await visitor.page.get_by_role("button", name="Download", exact=True).click()
    assert (await download.value).suggested_filename == f"record-{patient.patient_id}.pdf"
    await visitor.go(f"/patients/{patient.patient_id}/access")
    await visitor.reload_until("Downloaded the record")
    assert "Provider House (Provider)" in await visitor.text()
    for page in ("tasks", "documents", "release", "approvals?held=yes"):
        await provider.go(f"/practices/{house.practice_id}/{page}")
    await provider.leave()
    await visitor.leave()
