"""A person at a browser without JavaScript, who finds things by what is written on them; axe looks over each page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no stubs
from playwright.async_api import Browser, BrowserContext, Page, Playwright, Response, async_playwright

from deploy.browser import fetched_by, on_this_machine
from operations.outside import Person
from tests.waiting import until

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def program_of(playwright: Playwright) -> str:
    """A Chromium of this machine, else the one that playwright has fetched. Skips loudly without one."""
    if found := on_this_machine() or fetched_by(playwright):
        return found
    pytest.skip("NO BROWSER: neither Chromium nor Chrome is here; apt-get install chromium, or playwright install")


@asynccontextmanager
async def opened_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program_of(playwright), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One person, one browser profile. What is clicked and filled in is found by role and label only."""

    def __init__(self, plain: BrowserContext, scripted: BrowserContext, page: Page, url: str) -> None:
        self._plain, self._scripted, self.page, self._url = plain, scripted, page, url
        self._checked: set[str] = set()

    @classmethod
    async def arrive(cls, browser: Browser, url: str, *, width: int = 1000, language: str = "en-US") -> "Visitor":
        """JavaScript is off. A second profile with it on belongs to axe, which is a script itself."""
        plain = await browser.new_context(
            ignore_https_errors=True,
            java_script_enabled=False,
            locale=language,
            viewport={"width": width, "height": 800},
        )
        scripted = await browser.new_context(ignore_https_errors=True, bypass_csp=True, locale=language)
        return cls(plain, scripted, await plain.new_page(), url)

    async def leave(self) -> None:
        await self._plain.close()
        await self._scripted.close()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self._url)

    async def go(self, path: str) -> Response | None:
        """Opens a path of the portal, or a whole address."""
        answer = await self.page.goto(path if path.startswith("http") else self._url + path)
        await self.look_over()
        return answer

    async def follow(self, name: str) -> None:
        await self.page.get_by_role("link", name=name, exact=True).first.click()
        await self.look_over()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()
        await self.look_over()

    async def fill(self, **typed: str) -> None:
        """By label; ``_`` stands for a blank."""
        for label, text in typed.items():
            await self.page.get_by_label(re.compile(rf"^{label.replace('_', ' ')}\b", re.IGNORECASE)).first.fill(text)

    async def choose(self, label: str, option: str) -> None:
        await self.page.get_by_label(label).first.select_option(label=option)

    async def text(self) -> str:
        """What is written in the middle of the page."""
        return await self.page.locator("main").inner_text()

    async def reload_until(self, text: str, seconds: float = 60.0) -> None:
        """For what a peer tells a moment later."""

        async def shown() -> bool:
            await self.page.goto(self.page.url)
            return text in await self.text()

        with suppress(TimeoutError):
            await until(shown, seconds)
        assert text in await self.text()
        await self.look_over()

    async def sign_in(self, person: Person) -> None:
        """User name and password, and the second step where a factor is enrolled."""
        await self.go("/sign-in")
        await self.fill(User_name=person.user_name, Password=person.password)
        await self.press("Sign in")
        if person.authenticator is not None:
            await self.fill(Code=await person.authenticator.code())
            await self.press("Sign in")
        assert "/sign-in" not in self.path, await self.text()

    async def download(self, name: str) -> bytes:
        """The file behind a link."""
        address = await self.page.get_by_role("link", name=name).first.get_attribute("href")
        answer = await self._plain.request.get(f"{self._url}{address}")
        assert answer.ok
        assert answer.headers["content-disposition"].startswith("attachment")
        return await answer.body()

    async def look_over(self) -> None:
        """R40: no rule of WCAG 2.2 AA that axe knows is broken, and there is no script. Each kind of page once."""
        await self.page.wait_for_load_state("load")  # a click waits for no more than that a page is on its way
        if not self.page.url.startswith(self._url):
            return
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", self.path.split("?")[0])
        if kind in self._checked:
            return
        self._checked.add(kind)
        markup = await self.page.content()
        assert "<script" not in markup
        await self._scripted.add_cookies(await self._plain.cookies())  # type: ignore[arg-type]  # the same shape
        twin = await self._scripted.new_page()
        try:
            await twin.goto(self._url + "/privacy-policy")  # styles come from the same origin
            await twin.set_content(markup)
            await twin.wait_for_load_state("load")
            found = await Axe().run(twin, options={"runOnly": RULES, "resultTypes": ["violations"]})
            broken = [
                f"{one['id']}: {one['help']} at {[node['html'] for node in one['nodes']][:3]}"
                for one in found.response["violations"]
            ]
            assert broken == [], f"{kind}: {broken}"
        finally:
            await twin.close()
