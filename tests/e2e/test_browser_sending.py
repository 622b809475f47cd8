"""Files sent with messages, and a record sent by link and code, in a browser without JavaScript; axe looks over it."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload

from operations.outside import Portal
from operations.stack import Stack
from tests.e2e.browser import Visitor, opened_browser
from tests.e2e.practices import House, unique

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

CODE = re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as found:
        yield found


def texts(*names: str) -> list[FilePayload]:
    return [FilePayload(name=name, mimeType="text/plain", buffer=f"About {name}\n".encode()) for name in names]


async def test_r4_files_go_with_a_message_and_too_many_or_wrong_ones_keep_it_from_being_sent(
    portal_stack: Stack, house: House, browser: Browser
) -> None:
    patient = await house.enrolled()
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    await visitor.sign_in(patient.account)
    await visitor.go(f"/patients/{patient.patient_id}/conversations/new?to=topic:medical")
    subject = unique("Knee")
    await visitor.fill(Subject=subject, Message="Please see the files.")
    files = visitor.page.get_by_label("Files (optional)")
    for wrong, said in (
        (texts(*"123456"), "at most five files"),
        ([FilePayload(name="a.exe", mimeType="", buffer=b"MZ\x00\x01")], "PDF, PNG, JPEG"),
    ):
        await files.set_input_files(wrong)
        await visitor.press("Send")
        assert said in await visitor.text()
        assert await visitor.page.get_by_label("Subject").input_value() == subject
    await files.set_input_files(texts("one.txt", "two.txt"))
    await visitor.press("Send")
    assert (await visitor.download("two.txt")) == b"About two.txt\n"
    conversation = visitor.path.partition("?")[0].rpartition("/")[2]
    staff = await Visitor.arrive(browser, portal_stack.public_url)
    await staff.sign_in(await house.staff("clinical"))
    await staff.go(f"/practices/{house.practice_id}/conversations/{conversation}")
    assert (await staff.download("one.txt")) == b"About one.txt\n"
    await staff.fill(Message="Thank you, see there.")
    await staff.page.get_by_label("Files (optional)").set_input_files(texts("plan.txt"))
    await staff.press("Send")
    await visitor.go(f"/patients/{patient.patient_id}/conversations/{conversation}")
    assert (await visitor.download("plan.txt")) == b"About plan.txt\n"
    await staff.leave()
    await visitor.leave()


async def test_r39_a_record_is_sent_by_a_link_that_a_scanner_may_open_and_a_told_code_opens(
    portal_stack: Stack, portal: Portal, house: House, browser: Browser
) -> None:
    patient = await house.enrolled()
    await house.result_of(patient)
    visitor = await Visitor.arrive(browser, portal_stack.public_url)
    await visitor.sign_in(patient.account)
    address = f"{unique('aunt')}@mail.example"
    await visitor.go(f"/patients/{patient.patient_id}/transmissions/new")
    await visitor.page.get_by_label("Their e-mail address").fill("nobody")
    await visitor.press("Send the link")
    assert "Enter an e-mail address" in await visitor.text()
    await visitor.page.get_by_label("Their e-mail address").fill(address)
    await visitor.page.get_by_label("Last day").fill("2199-01-01")
    await visitor.press("Send the link")
    told = CODE.search(await visitor.text())
    assert told, await visitor.text()
    link = await portal.link_mailed_to(address, "shared-record")
    aunt = await Visitor.arrive(browser, portal_stack.public_url)
    for _ in range(4):
        answer = await aunt.go(link)
        assert answer is not None
        assert (answer.status, answer.headers["referrer-policy"]) == (200, "no-referrer")
    unknown = await aunt.go(link.rpartition("/")[0] + "/another")
    assert unknown is not None
    assert unknown.status == 200, "no link is told from another before its code"
    await aunt.fill(Code=told[0])
    await aunt.press("Open")
    assert "This link and code open nothing." in await aunt.text()
    await aunt.go(link)
    await aunt.fill(Code="AAAA-AAAA")
    await aunt.press("Open")
    assert "This link and code open nothing." in await aunt.text()
    await aunt.fill(Code=told[0].lower())
    await aunt.press("Open")
    assert "Blood count" in await aunt.text()
    async with aunt.page.expect_download() as download:
        await aunt.page.get_by_role("button", name="Download as PDF").click()
    assert (await download.value).suggested_filename.endswith(".pdf")
    await visitor.go(f"/patients/{patient.patient_id}/access")
    await visitor.reload_until("somebody with a link that was sent")
    await visitor.go(f"/patients/{patient.patient_id}/transmissions")
    await visitor.press("Take back")
    await aunt.go(link)
    await aunt.fill(Code=told[0])
    await aunt.press("Open")
    assert "This link and code open nothing." in await aunt.text()
    await aunt.leave()
    await visitor.leave()
