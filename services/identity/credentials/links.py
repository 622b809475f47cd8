"""One-time links: the secret is derived, so that a retry gives the same link and a stolen database gives none."""

import base64
import hmac
from typing import Literal
from uuid import UUID

from services.identity.domain.errors import LinkGone

Purpose = Literal["invitation", "staff-invitation", "recovery", "address-confirmation"]


class Links:
    """``<public url>/<purpose>/<id>/<secret>``; pages need no JavaScript and send no referrer."""

    def __init__(self, key: bytes, public_url: str) -> None:
        self._key, self._public_url = key, public_url

    def url(self, purpose: Purpose, issue_id: UUID) -> str:
        return f"{self._public_url}/{purpose}/{issue_id}/{self.secret(purpose, issue_id)}"

    def secret(self, purpose: Purpose, issue_id: UUID) -> str:
        """256 bits, base64url: HMAC-SHA-256(link key, purpose, id). Each issue has an id of its own."""
        digest = hmac.digest(self._key, f"{purpose}\x1f{issue_id}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def require_genuine(self, purpose: Purpose, issue_id: UUID, secret: str) -> None:
        """LinkGone unless it is that link's secret, compared in constant time."""
        if not hmac.compare_digest(self.secret(purpose, issue_id).encode(), secret.encode()):
            raise LinkGone
