"""Access tokens: who signed in, by which session, and when a factor was last given. Verified in every service."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.clock import machine_now
from shared.errors import StepUpRequired, Unauthenticated

ALGORITHM = "ES256"
AUDIENCE = "portal"
LIFE_SECONDS = 300
SKEW_SECONDS = 10
STEP_UP_SECONDS = 300
MOST_VERIFIED = 20_000
ESSENTIAL = ("iss", "aud", "sub", "sid", "iat", "exp", "factor_at")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified token. Instants are epoch seconds of the machine's clock."""

    text: str
    account_id: UUID
    session_id: UUID
    expires_at: int
    factor_at: int


class Tokens:
    """Verifies access tokens against identity's public keys. Roles are never claims.

    A changed key file is read again, and everything that was verified with the old keys is forgotten. What was
    verified is kept until it expires: the signature alone is a third of what a call costs.
    """

    def __init__(self, jwks: Path, issuer: str, now: Callable[[], float] | None = None) -> None:
        self._jwks = jwks
        self._now = now if now is not None else lambda: machine_now().timestamp()
        self._changed_at = 0
        self._verified: dict[str, AccessToken] = {}
        self._keys = self._read()
        self._expected: Any = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": AUDIENCE},
            **{name: {"essential": True} for name in ESSENTIAL[2:]},
        }

    def verify(self, text: str) -> AccessToken:
        """Unauthenticated for anything but an unexpired token of this issuer and audience."""
        if not text:
            raise Unauthenticated
        if self._jwks.stat().st_mtime_ns != self._changed_at:
            self._keys = self._read()
        known = self._verified.get(text)
        if known is not None:
            self.check_alive(known)
            return known
        try:
            claims = self._claims(text)
            issued, expires, factor = (_seconds(claims[name]) for name in ("iat", "exp", "factor_at"))
            token = AccessToken(text, UUID(claims["sub"]), UUID(claims["sid"]), expires, factor)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, UnicodeError, RecursionError):
            raise Unauthenticated from None
        if expires - issued > LIFE_SECONDS + SKEW_SECONDS:
            raise Unauthenticated("expected a token of at most 5 minutes")
        if len(self._verified) >= MOST_VERIFIED:
            self._verified.clear()
        self._verified[text] = token
        return token

    def check_alive(self, token: AccessToken) -> None:
        """Unauthenticated once the token has expired: for streams that outlive it."""
        if self._now() >= token.expires_at + SKEW_SECONDS:
            raise Unauthenticated

    def check_step_up(self, token: AccessToken) -> None:
        """StepUpRequired unless a factor (or the password, where none is enrolled) was given in the last 5 minutes."""
        if not -SKEW_SECONDS <= self._now() - token.factor_at < STEP_UP_SECONDS:
            raise StepUpRequired

    def _claims(self, text: str) -> dict[str, Any]:
        now = int(self._now())
        registry = jwt.JWTClaimsRegistry(now=now, leeway=SKEW_SECONDS, **self._expected)
        decoded = jwt.decode(text, self._keys, algorithms=[ALGORITHM])
        if decoded.header.get("alg") != ALGORITHM:
            raise ValueError("expected ES256")
        registry.validate(decoded.claims)
        return dict(decoded.claims)

    def _read(self) -> KeySet:
        self._changed_at = self._jwks.stat().st_mtime_ns
        self._verified.clear()
        return KeySet.import_key_set(json.loads(self._jwks.read_bytes()))


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected seconds")
    return int(value)
