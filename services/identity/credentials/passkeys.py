"""Passkeys (WebAuthn): challenges that count once and briefly, the user verified by the authenticator, counters."""

import json
import secrets
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.identity.credentials.sessions import hashed
from services.identity.domain.errors import WrongCredentials, WrongPasskey
from shared.clock import machine_now
from shared.reading import Database

CHALLENGE_LIFETIME = timedelta(minutes=5)
MOST_CREDENTIAL_CHARACTERS = 20_000
NOBODY = UUID(int=0)
"""Whose a challenge is before anybody has signed in."""
UNREADABLE = (WebAuthnException, NotBase64, ValueError, TypeError, KeyError)


@dataclass(frozen=True, slots=True)
class Passkey:
    """As its holder sees it."""

    passkey_id: UUID
    name: str
    added_at: datetime
    used_at: datetime | None


class Passkeys:
    """Rows of ``credential_passkeys`` and ``credential_challenges``. A row opens nothing without its event."""

    def __init__(self, database: Database, public_url: str, clock: Callable[[], datetime] = machine_now) -> None:
        self._database, self._clock = database, clock
        self._origin = public_url.rstrip("/")
        self._party = urlsplit(public_url).hostname or ""

    async def begin(self, account_id: UUID, user_name: str) -> str:
        """Options for ``navigator.credentials.create``, as JSON."""
        known = [PublicKeyCredentialDescriptor(id=one) for one in await self._credential_ids(account_id)]
        options = generate_registration_options(
            rp_id=self._party,
            rp_name="Patient Portal",
            user_id=account_id.bytes,
            user_name=user_name,
            challenge=await self._challenge(account_id),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=known,
        )
        return options_to_json(options)

    async def register(self, account_id: UUID, passkey_id: UUID, credential: str, name: str) -> None:
        """Keeps what the authenticator made; WrongPasskey unless it answers this account's own challenge."""
        challenge = await self._taken(credential, account_id)
        if challenge is None:
            raise WrongPasskey
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except UNREADABLE as wrong:
            raise WrongPasskey from wrong
        personal = {
            "name": name,
            "credential": bytes_to_base64url(made.credential_id),
            "key": bytes_to_base64url(made.credential_public_key),
        }
        sealed = await self._database.seal(account_id, personal, _place(passkey_id))
        tag = await self._database.execute(
            "INSERT INTO credential_passkeys (passkey_id, account_id, credential_hash, sign_count, added_at, sealed) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            passkey_id, account_id, hashed(bytes_to_base64url(made.credential_id)), made.sign_count, self._clock(),
            sealed,
        )  # fmt: skip
        if tag != "INSERT 0 1":
            raise WrongPasskey

    async def of_account(self, account_id: UUID) -> Sequence[Passkey]:
        """The oldest first; those without an event are left to the caller to leave out."""
        rows = await self._database.fetch(
            "SELECT passkey_id, added_at, used_at, sealed FROM credential_passkeys WHERE account_id = $1 "
            "ORDER BY added_at, passkey_id",
            account_id,
        )
        found = []
        for row in rows:
            opened = await self._database.unseal(account_id, row["sealed"], _place(row["passkey_id"]))
            found.append(Passkey(row["passkey_id"], str(opened["name"]), row["added_at"], row["used_at"]))
        return found

    async def forget(self, passkey_id: UUID) -> None:
        await self._database.execute("DELETE FROM credential_passkeys WHERE passkey_id = $1", passkey_id)

    async def begin_sign_in(self) -> str:
        """Options for ``navigator.credentials.get``, as JSON: whoever has a passkey here chooses it."""
        options = generate_authentication_options(
            rp_id=self._party,
            challenge=await self._challenge(NOBODY),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    async def check(self, credential: str) -> tuple[UUID, UUID]:
        """Account and passkey of a right answer. WrongCredentials for anything else, a counter that stood still too."""
        challenge = await self._taken(credential, NOBODY)
        rows = await self._database.fetch(
            "SELECT passkey_id, account_id, sign_count, sealed FROM credential_passkeys WHERE credential_hash = $1",
            hashed(_credential_id(credential)),
        )
        if challenge is None or not rows:
            raise WrongCredentials
        row = rows[0]
        opened = await self._database.unseal(row["account_id"], row["sealed"], _place(row["passkey_id"]))
        try:
            proved = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(str(opened["key"])),
                credential_current_sign_count=row["sign_count"],
                require_user_verification=True,
            )
        except UNREADABLE as wrong:
            raise WrongCredentials from wrong
        tag = await self._database.execute(
            "UPDATE credential_passkeys SET sign_count = $2, used_at = $3 "
            "WHERE passkey_id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
            row["passkey_id"], proved.new_sign_count, self._clock(),
        )  # fmt: skip
        if tag != "UPDATE 1":
            raise WrongCredentials
        return row["account_id"], row["passkey_id"]

    async def _challenge(self, account_id: UUID) -> bytes:
        """256 bits, kept as a hash."""
        challenge, now = secrets.token_bytes(32), self._clock()
        await self._database.execute("DELETE FROM credential_challenges WHERE expires_at <= $1", now)
        await self._database.execute(
            "INSERT INTO credential_challenges (hash, account_id, expires_at) VALUES ($1, $2, $3)",
            hashed(bytes_to_base64url(challenge)), account_id, now + CHALLENGE_LIFETIME,
        )  # fmt: skip
        return challenge

    async def _taken(self, credential: str, account_id: UUID) -> bytes | None:
        """The challenge that an answer names, which is gone from now on; None unless it was this account's."""
        try:
            response = json.loads(credential[:MOST_CREDENTIAL_CHARACTERS])["response"]
            named = json.loads(base64url_to_bytes(response["clientDataJSON"]))["challenge"]
            challenge = base64url_to_bytes(named)
        except UNREADABLE:
            return None
        rows = await self._database.fetch(
            "DELETE FROM credential_challenges WHERE hash = $1 AND account_id = $2 RETURNING expires_at",
            hashed(bytes_to_base64url(challenge)), account_id,
        )  # fmt: skip
        return challenge if rows and self._clock() < rows[0]["expires_at"] else None

    async def _credential_ids(self, account_id: UUID) -> list[bytes]:
        rows = await self._database.fetch(
            "SELECT passkey_id, sealed FROM credential_passkeys WHERE account_id = $1", account_id
        )
        opened = [await self._database.unseal(account_id, row["sealed"], _place(row["passkey_id"])) for row in rows]
        return [base64url_to_bytes(str(one["credential"])) for one in opened]


def _credential_id(credential: str) -> str:
    """As it says itself; the verification then holds it against what was signed."""
    try:
        return bytes_to_base64url(base64url_to_bytes(json.loads(credential[:MOST_CREDENTIAL_CHARACTERS])["id"]))
    except UNREADABLE:
        return ""


def _place(passkey_id: UUID) -> str:
    return f"credential_passkeys {passkey_id}"
