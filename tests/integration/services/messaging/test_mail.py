"""mail.py in a real SMTP conversation: what arrives, what is refused for good, what may be tried again."""

from uuid import UUID

import pytest

from services.messaging.letters import WORDINGS, Sender, write
from services.messaging.mail import MailRefused, MailServer
from shared.errors import Unavailable
from tests.integration.services.messaging.conftest import Post

MAIL = UUID(int=7)
LETTER = write("message", "es", Sender("Elm Street Practice", "555-0100"), "https://localhost:8443/")


def server(post: Post) -> MailServer:
    return MailServer(post.url, "Patient Portal <portal@clinic.example>")


async def test_a_mail_arrives_with_its_message_id_in_text_and_html(post: Post) -> None:
    await server(post).send(MAIL, "ann@example.org", LETTER)
    (mail,) = post.catcher.mails
    assert mail["Message-ID"] == f"<{MAIL}@clinic.example>"
    assert mail["To"] == "ann@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "Tiene un mensaje nuevo de Elm Street Practice"
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert "https://localhost:8443/" in plain
    assert '<html lang="es">' in html
    assert "Inicie sesión" in plain


async def test_an_address_refused_for_good_is_told_and_holds_no_address_in_the_error(post: Post) -> None:
    post.catcher.refusals["gone@example.org"] = "550 5.1.1 gone@example.org: no such user"
    with pytest.raises(MailRefused) as refused:
        await server(post).send(MAIL, "gone@example.org", LETTER)
    assert "gone" not in repr(refused.value)
    assert refused.value.__cause__ is None


async def test_a_refusal_that_passes_is_tried_again_later(post: Post) -> None:
    post.catcher.refusals["busy@example.org"] = "451 4.7.1 greylisted"
    with pytest.raises(Unavailable):
        await server(post).send(MAIL, "busy@example.org", LETTER)


async def test_a_mail_server_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(Unavailable):
        await MailServer("smtp://127.0.0.1:1", "portal@clinic.example").send(MAIL, "ann@example.org", LETTER)


@pytest.mark.parametrize(
    "address",
    ["", "no address", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "a@example.org>", "@"],
)
async def test_what_is_not_one_address_gets_no_mail(post: Post, address: str) -> None:
    with pytest.raises(MailRefused):
        await server(post).send(MAIL, address, LETTER)
    assert post.catcher.mails == []


async def test_a_hostile_practice_name_makes_no_header_and_no_markup(post: Post) -> None:
    sender = Sender("Elm\r\nBcc: all@example.org <script>alert(1)</script> {practice}", "")
    for kind in WORDINGS:
        await server(post).send(MAIL, "ann@example.org", write(kind, "en", sender, "https://localhost:8443/"))
    assert all(recipients == ["ann@example.org"] for recipients in post.catcher.recipients)
    assert all(mail["Bcc"] is None for mail in post.catcher.mails)
    assert all("<script>" not in list(mail.iter_parts())[1].get_content() for mail in post.catcher.mails)
