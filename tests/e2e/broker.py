"""The broker as one of the portal's principals meets it."""

import ssl
from pathlib import Path


def tls(certificates: Path, principal: str) -> ssl.SSLContext:
    """mTLS with the principal's certificate; the broker is believed by the parts' authority."""
    context = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    context.load_cert_chain(certificates / f"{principal}.pem", certificates / f"{principal}.key")
    return context
