"""The caught mails on disk: one file a mail, oldest first, readable by their owner only."""

import re
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import lru_cache
from itertools import count
from pathlib import Path

from deploy.local.files import private_folder, write_private

LINK = re.compile(r"https?://[^\s<>\"']+")
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Mail:
    """What a person reads of one mail; ``name`` is its file's."""

    name: str
    to: tuple[str, ...]
    sender: str
    subject: str
    date: str
    message_id: str
    text: str

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.text)


def store(folder: Path, raw: bytes) -> None:
    """Keeps one mail as it came. Names sort by arrival."""
    private_folder(folder)
    write_private(folder / f"{time.time_ns():020d}-{next(NUMBERS):06d}.eml", raw)


def mails(folder: Path, to: str = "") -> list[Mail]:
    """All mails, or those to one address (upper and lower case are the same)."""
    found = [read(path) for path in sorted(folder.glob("*.eml"))]
    return [mail for mail in found if not to or to.lower() in mail.to]


@lru_cache(maxsize=10_000)
def read(path: Path) -> Mail:
    """One kept mail. Files come whole and never change, and lists are asked for again and again."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    return Mail(
        name=path.stem,
        to=tuple(address.lower() for _, address in getaddresses(message.get_all("To", []))),
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or "").strip(),
        date=str(message["Date"] or ""),
        message_id=str(message["Message-ID"] or ""),
        text=body.get_content() if body is not None else "",
    )
