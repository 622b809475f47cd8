"""The mail catcher over real SMTP and HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from deploy.local.mail import serve
from deploy.local.mailbox import mails
from deploy.local.ports import free_ports
from tests.waiting import until


@dataclass
class Catcher:
    folder: Path
    smtp_port: int
    page: httpx.AsyncClient

    async def send(self, to: str, subject: str = "Hello", text: str = "Hi", html: str = "") -> None:
        message = EmailMessage()
        message["To"], message["From"], message["Subject"] = to, "portal@clinic.example", subject
        message["Message-ID"] = "<m1@clinic.example>"
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.smtp_port)


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Catcher]:
    smtp_port, port = free_ports(2)
    serving = asyncio.create_task(serve(tmp_path / "mails", smtp_port, port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        await until(lambda: answers(client))
        yield Catcher(tmp_path / "mails", smtp_port, client)
    serving.cancel()
    await asyncio.wait([serving])


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/")).status_code == 200
    except httpx.TransportError:
        return False


async def test_a_mail_is_kept_and_can_be_read_by_people_and_programs(catcher: Catcher) -> None:
    await catcher.send("Ann@example.org", "Your invitation", "Open https://localhost:8443/i/1#s=2 please")
    await catcher.send("ben@example.org")
    [mail] = (await catcher.page.get("/mails.json", params={"to": "ann@example.org"})).json()["mails"]
    assert mail["links"] == ["https://localhost:8443/i/1#s=2"]
    assert mail["message_id"] == "<m1@clinic.example>"
    listed = (await catcher.page.get("/")).text
    assert listed.index("Hello") < listed.index("Your invitation"), "newest first"
    shown = (await catcher.page.get(f"/mails/{mail['name']}")).text
    assert '<a href="https://localhost:8443/i/1#s=2" rel="noreferrer">' in shown
    assert [found.subject for found in mails(catcher.folder, "ann@example.org")] == ["Your invitation"]


async def test_what_a_mail_says_is_shown_as_text(catcher: Catcher) -> None:
    evil = "<script>alert(1)</script>"
    await catcher.send("ann@example.org", evil, f'{evil} https://a.example/"onmouseover=x', html=f"<b>{evil}</b>")
    [mail] = (await catcher.page.get("/mails.json")).json()["mails"]
    response = await catcher.page.get(f"/mails/{mail['name']}")
    assert "<script" not in response.text
    assert '"onmouseover' not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_bounce_is_refused_for_good(catcher: Catcher) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await catcher.send("bounce@example.org")
    assert [one.code for one in refused.value.recipients] == [550]
    assert mails(catcher.folder) == []


async def test_mails_are_private_and_other_names_than_loopbacks_get_none(catcher: Catcher) -> None:
    await catcher.send("ann@example.org")
    assert {path.stat().st_mode & 0o777 for path in catcher.folder.iterdir()} == {0o600}
    assert (await catcher.page.get("/mails.json", headers={"host": "evil.example"})).status_code == 400
    assert (await catcher.page.get("/mails/..%2F..%2Fetc%2Fpasswd")).status_code == 404
