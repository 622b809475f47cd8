"""Access tokens: signed by identity alone, 5 minutes, naming account, session and when a factor was last given."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import ECKey

from services.identity.credentials.sessions import Session
from shared.rpc.tokens import ALGORITHM, AUDIENCE, LIFE_SECONDS


@dataclass(frozen=True, slots=True)
class Signed:
    """A token and its end on the machine's clock."""

    text: str
    expires_at: datetime


class TokenSigner:
    """Signs with the private key whose public half every service verifies with. Roles are never claims."""

    def __init__(self, key: ECKey, issuer: str) -> None:
        self._key, self._issuer = key, issuer
        self._header = {"alg": ALGORITHM, "kid": key.kid}

    def sign(self, session: Session, now: datetime) -> Signed:
        """For 5 minutes; no token outlives the session's absolute end."""
        expires_at = min(now + timedelta(seconds=LIFE_SECONDS), session.ends_at)
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(session.account_id),
            "sid": str(session.session_id),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "factor_at": int(session.factor_at.timestamp()),
        }
        return Signed(jwt.encode(self._header, claims, self._key), expires_at)
