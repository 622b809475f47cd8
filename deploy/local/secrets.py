"""Secrets made at first start and never overwritten: master keys, the token signing key, passwords."""

import json
import secrets
from pathlib import Path

from joserfc.jwk import ECKey, KeySet

from deploy.local.certificates import SERVICES
from deploy.local.files import private_folder, write_private

DATABASES = (*SERVICES, *(f"{service}_keys" for service in SERVICES))
"""Each with the role of the same name."""
KEYS = (*SERVICES, "analytics")
"""``<name>.key``: master keys, and the key of analytics' pseudonyms."""
PASSWORDS = ("postgres", "processor", "webhook", *DATABASES)
"""``<name>.password``: the database roles', the local payment processor's bearer secret and webhook secret."""


def make_secrets(folder: Path) -> None:
    """Makes what is missing. Losing ``<service>.key`` loses every personal datum that service stored."""
    private_folder(folder)
    for name in KEYS:
        write_once(folder / f"{name}.key", secrets.token_bytes(32))
    for name in PASSWORDS:
        write_once(folder / f"{name}.password", secrets.token_urlsafe(32).encode())
    private_path = folder / "identity-signing.jwk"
    if not private_path.exists():
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
        key.ensure_kid()
        write_private(private_path, json.dumps(key.as_dict(private=True)).encode())
    public = KeySet([ECKey.import_key(json.loads(private_path.read_bytes()))]).as_dict(private=False)
    write_once(folder / "jwks.json", json.dumps(public).encode())


def write_once(path: Path, data: bytes) -> None:
    if not path.exists():
        write_private(path, data)


def read_password(folder: Path, name: str) -> str:
    return (folder / f"{name}.password").read_text(encoding="ascii")
