"""Passwords, authenticators and security answers of accounts, sealed under the account's key."""

import hmac
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp

from services.identity.domain.errors import WrongCode
from shared.clock import machine_now
from shared.ids import uuid7
from shared.reading import Database

SEED_BYTES = 20
STEP_SECONDS = 30
RECOVERY_CODES = 10
ISSUER = "Patient Portal"
_SKEW_STEPS = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A TOTP seed as base32; ``issue`` names the recovery codes that go with it."""

    seed: str
    issue: UUID

    def uri(self, user_name: str) -> str:
        """otpauth://totp/…, for a QR code."""
        return pyotp.TOTP(self.seed).provisioning_uri(name=user_name, issuer_name=ISSUER)


def matching_step(seed: str, code: str, now: datetime) -> int | None:
    """The 30 s step that a code belongs to, now or one step beside; None for a wrong code."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    step = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(seed)
    for candidate in (step + skew for skew in _SKEW_STEPS):
        if hmac.compare_digest(totp.generate_otp(candidate), digits):
            return candidate
    return None


class Vault:
    """Rows of the ``credential_…`` tables. ``key`` derives what must come out alike for a retry."""

    def __init__(self, database: Database, key: bytes, clock: Callable[[], datetime] = machine_now) -> None:
        self._database, self._key, self._clock = database, key, clock

    async def put_password(self, account_id: UUID, hashed: str) -> None:
        sealed = await self._database.seal(account_id, {"hash": hashed}, f"credential_passwords {account_id}")
        await self._database.execute(
            "INSERT INTO credential_passwords (account_id, sealed) VALUES ($1, $2) "
            "ON CONFLICT (account_id) DO UPDATE SET sealed = EXCLUDED.sealed",
            account_id, sealed,
        )  # fmt: skip

    async def password(self, account_id: UUID) -> str | None:
        """The hash, None where the account has none."""
        rows = await self._database.fetch("SELECT sealed FROM credential_passwords WHERE account_id = $1", account_id)
        if not rows:
            return None
        opened = await self._database.unseal(account_id, rows[0]["sealed"], f"credential_passwords {account_id}")
        return str(opened["hash"])

    async def put_waiting_password(self, account_id: UUID, issue: UUID, hashed: str) -> None:
        """Kept beside the password that counts, until the event that names ``issue`` is stored."""
        sealed = await self._database.seal(account_id, {"hash": hashed}, f"credential_passwords {account_id}")
        await self._database.execute(
            "INSERT INTO credential_passwords_waiting (account_id, issue, sealed) VALUES ($1, $2, $3) "
            "ON CONFLICT (account_id, issue) DO UPDATE SET sealed = EXCLUDED.sealed",
            account_id, issue, sealed,
        )  # fmt: skip

    async def take_waiting_password(self, account_id: UUID, issue: UUID) -> bool:
        """The waiting password counts from now on; whether there still was one. One statement: all or nothing."""
        tag = await self._database.execute(
            "WITH taken AS (DELETE FROM credential_passwords_waiting WHERE account_id = $1 AND issue = $2 "
            "RETURNING account_id, sealed) INSERT INTO credential_passwords (account_id, sealed) "
            "SELECT account_id, sealed FROM taken ON CONFLICT (account_id) DO UPDATE SET sealed = EXCLUDED.sealed",
            account_id, issue,
        )  # fmt: skip
        return tag == "INSERT 0 1"

    async def drop_waiting_password(self, account_id: UUID, issue: UUID) -> None:
        await self._database.execute(
            "DELETE FROM credential_passwords_waiting WHERE account_id = $1 AND issue = $2", account_id, issue
        )

    async def answer(self, account_id: UUID) -> tuple[str, str] | None:
        """The security question and the hash of its answer, None where none was chosen."""
        rows = await self._database.fetch("SELECT sealed FROM credential_answers WHERE account_id = $1", account_id)
        if not rows:
            return None
        opened = await self._database.unseal(account_id, rows[0]["sealed"], f"credential_answers {account_id}")
        return str(opened["question"]), str(opened["hash"])

    async def put_answer(self, account_id: UUID, question: str, answer_hash: str) -> None:
        sealed = await self._database.seal(
            account_id, {"question": question, "hash": answer_hash}, f"credential_answers {account_id}"
        )
        await self._database.execute(
            "INSERT INTO credential_answers (account_id, sealed) VALUES ($1, $2) "
            "ON CONFLICT (account_id) DO UPDATE SET sealed = EXCLUDED.sealed",
            account_id, sealed,
        )  # fmt: skip

    async def forget(self, account_id: UUID) -> None:
        """Deletes every secret of an account that was closed, or that did not come about after all."""
        for table in ("passwords", "passwords_waiting", "answers", "totp", "recovery_used", "passkeys"):
            await self._database.execute(f"DELETE FROM credential_{table} WHERE account_id = $1", account_id)  # noqa: S608  # names from the line above

    def derived_authenticator(self, purpose: str, whose: UUID) -> Authenticator:
        """The authenticator that goes with a link: the same for each look at it."""
        digest = hmac.digest(self._key, f"totp\x1f{purpose}\x1f{whose}".encode(), "sha256")
        return Authenticator(b32encode(digest[:SEED_BYTES]).decode(), whose)

    async def begin_totp(self, account_id: UUID) -> Authenticator:
        """A new seed that waits for its first code; replaces one that waits already."""
        found = Authenticator(pyotp.random_base32(), uuid7())
        await self._put_totp(account_id, found, confirmed=False, step=0)
        return found

    async def confirm_totp(self, account_id: UUID, code: str) -> None:
        """The waiting seed counts from now on, with its first code used; WrongCode otherwise."""
        waiting = await self._totp(account_id, confirmed=False)
        step = None if waiting is None else matching_step(waiting.seed, code, self._clock())
        if waiting is None or step is None:
            raise WrongCode
        await self._put_totp(account_id, waiting, confirmed=True, step=step)
        await self._database.execute(
            "DELETE FROM credential_totp WHERE account_id = $1 AND NOT confirmed AND issue = $2",
            account_id, waiting.issue,
        )  # fmt: skip

    async def put_authenticator(self, account_id: UUID, authenticator: Authenticator, code: str) -> None:
        """Keeps a derived authenticator that its first code has proved; WrongCode otherwise."""
        step = matching_step(authenticator.seed, code, self._clock())
        if step is None:
            raise WrongCode
        await self._put_totp(account_id, authenticator, confirmed=True, step=step)

    async def remove_totp(self, account_id: UUID) -> None:
        await self._database.execute("DELETE FROM credential_totp WHERE account_id = $1", account_id)
        await self._database.execute("DELETE FROM credential_recovery_used WHERE account_id = $1", account_id)

    async def has_totp(self, account_id: UUID) -> bool:
        return await self._totp(account_id, confirmed=True) is not None

    async def check_code(self, account_id: UUID, code: str) -> bool:
        """Whether a TOTP or recovery code is right and was not used before; it is used now."""
        found = await self._totp(account_id, confirmed=True)
        if found is None:
            return False
        step = matching_step(found.seed, code, self._clock())
        if step is not None:
            tag = await self._database.execute(
                "UPDATE credential_totp SET last_step = $2 WHERE account_id = $1 AND confirmed AND last_step < $2",
                account_id, step,
            )  # fmt: skip
            return tag == "UPDATE 1"
        return await self._use_recovery_code(account_id, found.issue, code)

    async def present_recovery_codes(self, account_id: UUID) -> list[str]:
        """Those of the authenticator that counts; none without one."""
        found = await self._totp(account_id, confirmed=True)
        return [] if found is None else self.recovery_codes(account_id, found.issue)

    def recovery_codes(self, account_id: UUID, issue: UUID) -> list[str]:
        """Ten codes of 50 bits, derived: a retry shows the same, and only used ones are stored."""
        codes = []
        for number in range(RECOVERY_CODES):
            digest = hmac.digest(self._key, f"recovery\x1f{account_id}\x1f{issue}\x1f{number}".encode(), "sha256")
            text = b32encode(digest).decode().lower()
            codes.append(f"{text[:5]}-{text[5:10]}")
        return codes

    async def _use_recovery_code(self, account_id: UUID, issue: UUID, code: str) -> bool:
        typed = code.replace(" ", "").replace("-", "").lower().encode()
        matches = [
            number
            for number, kept in enumerate(self.recovery_codes(account_id, issue))
            if hmac.compare_digest(kept.replace("-", "").encode(), typed)
        ]
        if not matches:
            return False
        tag = await self._database.execute(
            "INSERT INTO credential_recovery_used (account_id, issue, number) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            account_id, issue, matches[0],
        )  # fmt: skip
        return tag == "INSERT 0 1"

    async def _put_totp(self, account_id: UUID, authenticator: Authenticator, *, confirmed: bool, step: int) -> None:
        sealed = await self._database.seal(account_id, {"seed": authenticator.seed}, f"credential_totp {account_id}")
        await self._database.execute(
            "INSERT INTO credential_totp (account_id, confirmed, issue, last_step, sealed) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (account_id, confirmed) DO UPDATE SET "
            "issue = EXCLUDED.issue, last_step = EXCLUDED.last_step, sealed = EXCLUDED.sealed",
            account_id, confirmed, authenticator.issue, step, sealed,
        )  # fmt: skip

    async def _totp(self, account_id: UUID, *, confirmed: bool) -> Authenticator | None:
        rows = await self._database.fetch(
            "SELECT issue, sealed FROM credential_totp WHERE account_id = $1 AND confirmed = $2", account_id, confirmed
        )
        if not rows:
            return None
        opened = await self._database.unseal(account_id, rows[0]["sealed"], f"credential_totp {account_id}")
        return Authenticator(str(opened["seed"]), rows[0]["issue"])
