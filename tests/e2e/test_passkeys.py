"""R36 in a real browser: a passkey of Chromium's virtual authenticator is added by the page's script, and signs in."""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page, async_playwright

from operations.stack import Stack
from tests.e2e.browser import program_of
from tests.e2e.practices import House

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


def trusted(stack: Stack) -> str:
    """The hash of the key that the gateway shows: browsers offer no passkey where they doubt the certificate."""
    found = x509.load_pem_x509_certificates((stack.state.certificates / "public.pem").read_bytes())[0]
    key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(key).digest()).decode()


@pytest_asyncio.fixture(loop_scope="session")
async def page(portal_stack: Stack, tmp_path: Path) -> AsyncIterator[Page]:
    """A browser with JavaScript and an authenticator of its own, whose user is always verified."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=program_of(playwright),
            args=["--no-sandbox", f"--ignore-certificate-errors-spki-list={trusted(portal_stack)}"],
        )
        try:
            found = context.pages[0]
            devices = await context.new_cdp_session(found)
            await devices.send("WebAuthn.enable")
            options = {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }  # fmt: skip
            await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
            yield found
        finally:
            await context.close()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.click()


async def test_r36_a_passkey_made_in_the_browser_signs_in_without_a_password(
    page: Page, portal_stack: Stack, house: House
) -> None:
    patient, url = await house.enrolled(), portal_stack.public_url
    await page.goto(f"{url}/sign-in?next=/account/passkeys/new")
    await page.get_by_label("User name").fill(patient.account.user_name)
    await page.get_by_label("Password").fill(patient.account.password)
    await press(page, "Sign in")
    await page.get_by_label("Name of the passkey").fill("My phone")
    await press(page, "Begin")
    await press(page, "Use a passkey")
    await page.get_by_role("row", name="My phone").wait_for()
    await page.context.clear_cookies()
    await page.goto(f"{url}/sign-in?next=/account")
    await page.get_by_role("link", name="Sign in with a passkey").click()
    await press(page, "Use a passkey")
    await page.wait_for_url(f"{url}/account")
    assert patient.account.user_name in await page.locator("main").inner_text()
