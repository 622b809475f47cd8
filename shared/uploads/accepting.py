"""What may be uploaded: its type read off its bytes, its size and pages limited, PDFs and images made anew."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shared.errors import FileTypeRefused, FileUnreadable, TooLarge

MOST_BYTES = 10 * 1024 * 1024
SECONDS = 15.0
TEXT_SECONDS = 5.0
"""Within a call's ten, waiting for a free child included."""
REWRITING = Path(__file__).with_name("rewriting.py")

PDF, PNG, JPEG, TEXT = "application/pdf", "image/png", "image/jpeg", "text/plain; charset=utf-8"
READABLE = frozenset({PDF, TEXT})
"""What has text that a page can show."""
PNG_END = b"IEND\xaeB`\x82"
ANY = frozenset({PDF, PNG, JPEG, TEXT})
SCANS = ANY - {TEXT}
"""What a scanner or a camera makes of paper."""

_CHILDREN = ThreadPoolExecutor(2, "uploads")
"""No more children at a time, whoever waits for them."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file fit to be kept. ``pages`` is 1 for what has none."""

    content_type: str
    content: bytes
    pages: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


async def accept(given: bytes, declared: str, taken: frozenset[str] = ANY) -> Upload:
    """The upload as it will be kept.

    TooLarge above 10 MB, FileTypeRefused where the bytes are of no type that is ``taken`` or of another than declared,
    FileUnreadable for a PDF or image that is broken, locked, above 500 pages or above 60 megapixels.
    """
    if len(given) > MOST_BYTES:
        raise TooLarge
    content_type = sniffed(given)
    if content_type not in taken or essence(declared) not in ("", essence(content_type)):
        raise FileTypeRefused
    if content_type == TEXT:
        return Upload(TEXT, given, 1)
    pages, made = await confined(given, content_type)
    return Upload(content_type, made, pages)


async def text_of(content: bytes, content_type: str) -> Sequence[str]:
    """The text of each page of a readable upload, of a PDF as far as it can be read: none of what is a picture only,
    and none where reading takes too long; the file itself is there all the same."""
    if content_type == TEXT:
        return [content.decode()]
    try:
        async with asyncio.timeout(TEXT_SECONDS):
            _, text = await confined(content, "text")
    except (FileUnreadable, TimeoutError):
        return ()
    return [page.strip() for page in text.decode().split("\f")]


def sniffed(given: bytes) -> str:
    """The type by the bytes alone; FileTypeRefused for anything that is not taken."""
    if given.startswith(b"%PDF-"):
        return PDF
    if given.startswith(b"\x89PNG\r\n\x1a\n") and given.endswith(PNG_END):
        return PNG
    if given.startswith(b"\xff\xd8\xff") and given.endswith(b"\xff\xd9"):
        return JPEG
    if given and is_text(given):
        return TEXT
    raise FileTypeRefused


def is_text(given: bytes) -> bool:
    """UTF-8 without control characters but tabs and ends of lines."""
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character >= " " or character in "\t\n\r" for character in text) and "\x7f" not in text


def essence(content_type: str) -> str:
    """The type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


async def confined(given: bytes, wanted: str) -> tuple[int, bytes]:
    """Pages and bytes of what the confined child wrote; FileUnreadable where it did not."""
    said = await asyncio.get_running_loop().run_in_executor(_CHILDREN, rewritten, given, wanted)
    pages, newline, made = said.partition(b"\n")
    if not newline or not pages.isdigit() or len(made) > 2 * MOST_BYTES:
        raise FileUnreadable
    return int(pages), made


def rewritten(given: bytes, wanted: str) -> bytes:
    """What the child said, from a thread: uvloop would fork, and gRPC's handlers then kill some children at birth."""
    command = [sys.executable, "-I", str(REWRITING), wanted]
    try:
        child = subprocess.run(  # noqa: S603  # our own file, in the same interpreter
            command, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise FileUnreadable from None
    return child.stdout if child.returncode == 0 else b""
