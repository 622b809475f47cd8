"""SMTP: hands one mail to the mail server, and tells a refusal for good from one that passes."""

from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

import aiosmtplib
from opentelemetry.trace import SpanKind

from services.messaging.letters import Letter
from shared import telemetry
from shared.clock import machine_now
from shared.errors import Unavailable

SECONDS = 20.0
"""For each answer of the mail server."""

PERMANENT = 500
"""From this reply code on the server says that trying again is no use."""


class MailRefused(Exception):
    """The recipient's address will never be accepted as it is. Holds no address."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """``smtp://`` (STARTTLS where offered), ``smtps://`` (TLS from the start); user and password in the URL."""

    url: str
    sender: str

    async def send(self, mail_id: UUID, address: str, letter: Letter) -> None:
        """Sends it with a Message-ID from ``mail_id``, so that a mail sent twice can be told to be one.

        MailRefused where the server refuses the recipient for good; Unavailable for everything that may pass.
        """
        message = _message(mail_id, self.sender, address, letter)
        parts = urlsplit(self.url)
        try:
            with telemetry.span("mail", SpanKind.CLIENT):
                async with _client(parts) as client:
                    await client.send_message(message, sender=parseaddr(self.sender)[1], recipients=[address])
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            if all(one.code >= PERMANENT for one in refusal.recipients):
                raise MailRefused from None
            raise Unavailable from None
        except aiosmtplib.SMTPDataError as refusal:
            if refusal.code >= PERMANENT:
                raise MailRefused from None
            raise Unavailable from None
        except aiosmtplib.SMTPNotSupported:
            raise MailRefused from None
        except (aiosmtplib.SMTPException, OSError):
            raise Unavailable from None


def _client(parts: SplitResult) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=parts.scheme == "smtps",
        timeout=SECONDS,
    )


def _message(mail_id: UUID, sender: str, address: str, letter: Letter) -> EmailMessage:
    """MailRefused where the address is none: more than one, a header of its own, or no address at all."""
    message = EmailMessage()
    try:
        message["To"] = Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise MailRefused from None
    message["From"] = sender
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(machine_now())
    message["Message-ID"] = f"<{mail_id}@{parseaddr(sender)[1].partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
