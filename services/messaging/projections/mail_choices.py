"""Which mails an account does without."""

from uuid import UUID

from services.messaging.domain.mail_choices import GOVERNED_BY, MailChoices
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE mail_choices (account_id uuid PRIMARY KEY, unwanted text NOT NULL)",)


async def choose(recorded: Recorded[MailChoices.Chosen | MailChoices.Changed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("mail_choices", {"account_id": event.account_id}, {"unwanted": " ".join(event.unwanted)})


MAIL_CHOICES = ReadModel("mail_choices", "messaging", TABLES, {MailChoices.Chosen: choose, MailChoices.Changed: choose})


async def unwanted_of(rows: Rows, account_id: UUID) -> list[str]:
    """What the account does without; nothing where it never chose."""
    found = await rows.fetch_one("SELECT unwanted FROM mail_choices WHERE account_id = $1", account_id)
    return [] if found is None else str(found["unwanted"]).split()


async def wants(rows: Rows, account_id: UUID, kind: str) -> bool:
    """Whether mails of that kind go to the account; what cannot be switched off always does."""
    return kind not in GOVERNED_BY or GOVERNED_BY[kind] not in await unwanted_of(rows, account_id)
