"""Words that stand nowhere else, planted in every personal field, and the search for them in bytes of any kind."""

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date


@dataclass
class Canaries:
    """All begin with one random word, so that one search finds them; what is no free text is kept beside."""

    word: str = field(default_factory=lambda: f"zq{secrets.token_hex(5)}")
    others: dict[str, str] = field(default_factory=dict)
    """What → the text, for what the portal made (a token, say) or what must have a certain form."""
    planted: set[str] = field(default_factory=set)

    birth_date = date(1913, 3, 29)
    phone = "+1 (555) 730-1944"
    postal_code = "73019-4461"

    def __call__(self, what: str) -> str:
        """A text for one field."""
        self.planted.add(what)
        return f"{self.word}{what}"

    def keep(self, what: str, text: str) -> str:
        """Something else that must not be found."""
        assert len(text) >= 8, what
        self.others[what] = text
        return text

    def in_all_forms(self) -> Iterator[tuple[str, bytes]]:
        """(what, bytes to look for), in lower case: plain, as hexadecimal digits, in base64 at each alignment."""
        for what, text in ((f"{self.word}…", self.word), *self.others.items()):
            plain = text.encode()
            yield what, plain.lower()
            yield f"{what} in hexadecimal", plain.hex().encode()
            for skipped in range(3):
                inner = base64.b64encode(b"\0" * skipped + plain)[4 if skipped else 0 : -4]
                if len(inner) >= 10:
                    yield f"{what} in base64", inner.lower()

    def hits(self, where: str, data: bytes) -> list[str]:
        """What is found in any form, and where."""
        lowered = data.lower()
        found = []
        for what, wanted in self.in_all_forms():
            place = lowered.find(wanted)
            if place >= 0:
                field_name = re.match(rb"[a-z_]+", lowered[place + len(self.word) :]) if "…" in what else None
                found.append(f"{where}: {what}{field_name[0].decode() if field_name else ''}")
        return found

    def plain_hits(self, where: str, data: bytes) -> list[str]:
        """What is found as it was typed; for much data."""
        texts = {f"{self.word}…": self.word, **self.others}
        return [f"{where}: {what}" for what, text in texts.items() if text.encode() in data]
