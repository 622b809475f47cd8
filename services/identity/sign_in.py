"""Signing in and proving presence: counted before it is checked, answered alike whether or not the account exists."""

import base64
import hmac
from dataclasses import dataclass
from uuid import UUID

from services.identity.credentials import throttle
from services.identity.credentials.passkeys import Passkeys
from services.identity.credentials.passwords import Passwords
from services.identity.credentials.throttle import Throttle
from services.identity.credentials.user_names import skeleton
from services.identity.credentials.vault import Vault
from services.identity.domain.account import Account, UserName
from services.identity.domain.errors import WrongCode, WrongCredentials
from services.identity.domain.values import UserNameId
from shared.eventstore.store import EventStore
from shared.ids import uuid7
from shared.throttle import Bucket


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, and where it came from."""

    user_name: str
    password: str
    code: str
    device: str
    client_address: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Right in everything. ``device`` is to be kept by the client for the next time."""

    account_id: UUID
    is_staff: bool
    device: str


class FactorRequired(Exception):
    """The password was right; the account has a second factor and no code was given."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What an account's holder can prove it with."""

    vault: Vault
    passwords: Passwords
    passkeys: Passkeys


class SignIn:
    """Checks what was typed. Opens nothing."""

    def __init__(self, store: EventStore, proofs: Proofs, throttle: Throttle, key: bytes) -> None:
        self._store, self._throttle, self._key = store, throttle, key
        self._vault, self._passwords, self._passkeys = proofs.vault, proofs.passwords, proofs.passkeys

    async def check(self, attempt: Attempt) -> SignedIn:
        """WrongCredentials, Throttled or FactorRequired; the same work whether or not the account exists (R26)."""
        name_id = user_name_id(self._store, attempt.user_name)
        name = await self._store.find(UserName, name_id)
        account_id = name.account_id if name is not None and name.is_alive else None
        buckets = self._buckets(attempt, name_id, account_id)
        await self._throttle.count(*buckets)
        # Nobody's rows are asked for, too, so that an absent account costs the same.
        hashed = await self._vault.password(account_id or name_id)
        if not await self._passwords.verify(hashed, attempt.password) or account_id is None:
            raise WrongCredentials
        if await self._vault.has_totp(account_id):
            if not attempt.code:
                await self._throttle.take_back(buckets)
                raise FactorRequired
            if not await self._vault.check_code(account_id, attempt.code):
                raise WrongCredentials
        await self._throttle.take_back(buckets)
        account = await self._store.find(Account, account_id)
        if account is None or not account.is_open:
            raise WrongCredentials
        return SignedIn(account_id, bool(account.staff), self._device(account_id))

    async def begin_passkey(self, client_address: str) -> str:
        """Options for an authenticator, as JSON; for anyone, throttled by source."""
        await self._throttle.count(throttle.passkeys(client_address))
        return await self._passkeys.begin_sign_in()

    async def check_passkey(self, credential: str, client_address: str) -> SignedIn:
        """WrongCredentials or Throttled. Possession and the user's verification are two factors: no code is asked."""
        bucket = throttle.source(client_address)
        await self._throttle.count(bucket)
        account_id, passkey_id = await self._passkeys.check(credential)
        account = await self._store.find(Account, account_id)
        if account is None or not account.is_open or passkey_id not in account.passkeys:
            raise WrongCredentials
        await self._throttle.take_back([bucket])
        return SignedIn(account_id, bool(account.staff), self._device(account_id))

    async def prove(self, account_id: UUID, password: str, code: str) -> None:
        """A code where a factor is enrolled, else the password; WrongCode or Throttled otherwise."""
        bucket = throttle.answers(str(account_id))
        await self._throttle.count(bucket)
        if await self._vault.has_totp(account_id):
            is_right = await self._vault.check_code(account_id, code)
        else:
            is_right = await self._passwords.verify(await self._vault.password(account_id), password)
        if not is_right:
            raise WrongCode
        await self._throttle.take_back([bucket])

    async def prove_password(self, account_id: UUID, password: str) -> None:
        """The password, whatever factor there is besides; WrongCode or Throttled otherwise."""
        bucket = throttle.answers(str(account_id))
        await self._throttle.count(bucket)
        if not await self._passwords.verify(await self._vault.password(account_id), password):
            raise WrongCode
        await self._throttle.take_back([bucket])

    def recovering(self, account_id: UUID, device: str) -> Bucket:
        """Ten wrong answers an account and day over all links and tokens; a known device counts by itself (R26)."""
        known = self._known_device(device, account_id)
        return throttle.answers(f"recovering-device:{known}" if known else f"recovering:{account_id}")

    def _buckets(self, attempt: Attempt, name_id: UUID, account_id: UUID | None) -> list[Bucket]:
        """A known device counts by itself, so that strangers cannot lock its owner out."""
        device = self._known_device(attempt.device, account_id)
        if device:
            return [throttle.answers(f"device:{device}")]
        return [throttle.source(attempt.client_address), throttle.answers(f"name:{name_id}")]

    def _device(self, account_id: UUID) -> str:
        identifier = uuid7()
        return f"{identifier}.{self._device_proof(identifier, account_id)}"

    def _known_device(self, device: str, account_id: UUID | None) -> str:
        """The device's id where it was given to this account; '' otherwise."""
        identifier, _, proof = device.partition(".")
        if account_id is None:
            return ""
        try:
            known = UUID(identifier)
        except ValueError:
            return ""
        expected = self._device_proof(known, account_id)
        return str(known) if hmac.compare_digest(expected.encode(), proof.encode()) else ""

    def _device_proof(self, identifier: UUID, account_id: UUID) -> str:
        digest = hmac.digest(self._key, f"device\x1f{account_id}\x1f{identifier}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def user_name_id(store: EventStore, typed: str) -> UserNameId:
    """The stream of a user name and of everything that looks like it."""
    return UserNameId(store.blind("user name", skeleton(typed)))
