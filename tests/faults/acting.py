"""What effects do here: a real mail to the local catcher, a real page of the local payment processor."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx

from deploy.local.secrets import read_password
from services.billing.processor import Checkout, Processor
from services.messaging.letters import Letter
from services.messaging.mail import MailServer
from shared.effects import Carrying, Run
from shared.money import Money
from tests.faults.places import MAIL, PAY, Place
from tests.faults.recorder import Findings

LETTER = Letter("A document is available", "Sign in to see it.", "<p>Sign in to see it.</p>", "en")
SENT_FROM = "portal@portal.example"


def runs(place: Place) -> Mapping[str, Run]:
    """The table of effects, through the adapters of messaging and billing."""
    server = MailServer(place.mail, SENT_FROM)
    processor = Processor(read_password(Path(place.secrets), "processor"), [], place.processor)

    async def mail(carrying: Carrying) -> None:
        effect = carrying.effect
        await server.send(effect.id, f"{effect.key.hex}@mail.example", LETTER)

    async def pay(carrying: Carrying) -> None:
        effect = carrying.effect
        await processor.open_page(Checkout(effect.id, effect.key, Money(1999), "https://localhost/back"))

    return {MAIL: mail, PAY: pay}


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What the world outside was handed: how often each mail by its Message-ID, how many pages for each payment."""

    mails: Counter[UUID]
    pages: Counter[UUID]

    @classmethod
    def empty(cls) -> "Ledgers":
        return cls(Counter(), Counter())

    @classmethod
    async def read(cls, mail_pages: str, processor: str) -> "Ledgers":
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            mails = (await client.get(f"{mail_pages}/mails.json")).json()["mails"]
            sessions = (await client.get(f"{processor}/ledger.json")).json()["sessions"]
        return cls(
            Counter(UUID(mail["message_id"].strip("<>").partition("@")[0]) for mail in mails),
            Counter(UUID(session["client_reference_id"]) for session in sessions),
        )


def check_effects(mails: Iterable[UUID], payments: Iterable[UUID], found: Ledgers, twice: int) -> Findings:
    """Each mail and each payment is there and no other; ``twice``: how often a mail may have been handed over again."""
    lost, doubled, complaints = 0, 0, []
    for what, wanted, handed in (("mail", set(mails), found.mails), ("payment", set(payments), found.pages)):
        missing, strange = sorted(wanted - set(handed)), sorted(set(handed) - wanted)
        lost += len(missing)
        complaints += [f"{what} {one} was never handed over" for one in missing]
        complaints += [f"{what} {one} was handed over and is none of ours" for one in strange]
        doubled += len(strange)
    again = sum(found.mails.values()) - len(found.mails)
    if again > twice:
        doubled += again - twice
        complaints.append(f"{again} mails were handed over again, where {twice} workers died before their mark")
    often = [one for one, times in found.pages.items() if times > 1]
    doubled += len(often)
    complaints += [f"payment {one} was opened {found.pages[one]} times" for one in often]
    return Findings(lost, doubled, complaints)
