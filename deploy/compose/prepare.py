"""``python -m deploy.compose.prepare FOLDER``: one folder of secrets a container, each with what is its own only."""

import shutil
import sys
from pathlib import Path

from deploy.kafka.broker import Node
from deploy.local.certificates import SERVICES, make_certificates
from deploy.local.files import private_folder, write_private
from deploy.local.secrets import DATABASES, make_secrets, read_password

MOUNTED = Path("/run/secrets")
"""Where each container finds its folder."""
BY_HAND = {
    "messaging/portal_smtp_url": "smtps://user:password@relay:465",
    "billing/portal_stripe_secret_key": "Stripe's secret key",
    "billing/portal_stripe_webhook_secrets": "the webhook's signing secret",
}
"""What nobody can make but you."""


def prepare(folder: Path) -> None:
    """Makes what is missing and leaves what is there. ``folder/made`` holds the originals: keep it elsewhere."""
    made = private_folder(folder / "made")
    certificates, secrets = made / "certificates", made / "secrets"
    make_certificates(certificates)
    make_secrets(secrets)
    for principal in (*SERVICES, "web", "gateway", "operations"):
        for name in ("authority.pem", f"{principal}.pem", f"{principal}.key"):
            give(certificates / name, folder / principal / "certificates" / name)
    for reader in (*SERVICES, "web", "gateway", "operations"):
        give(secrets / "jwks.json", folder / reader / "jwks.json")
    for service in SERVICES:
        for key in (f"{service}.key", "analytics.key"):
            give(secrets / key, folder / service / "keys" / key)
        for name in (service, f"{service}_keys"):
            url = f"postgresql://{name}:{read_password(secrets, name)}@postgres:5432/{name}"
            write_private(folder / service / f"portal_{name}_database_url", url.encode())
            if name == service:
                write_private(folder / "operations" / f"portal_{name}_database_url", url.encode())
    give(secrets / "identity-signing.jwk", folder / "identity" / "keys" / "identity-signing.jwk")
    for name in ("public.pem", "public.key"):
        give(certificates / name, folder / "gateway" / "public" / name, again=False)
    for name in ("postgres", *DATABASES):
        give(secrets / f"{name}.password", folder / "postgres" / f"{name}.password")
    prepare_kafka(certificates, private_folder(folder / "kafka"))


def prepare_kafka(certificates: Path, folder: Path) -> None:
    """Its pair, whom it believes, and its settings."""
    give(certificates / "authority.pem", folder / "authority.pem")
    pair = (certificates / "kafka.key", certificates / "kafka.pem")
    write_private(folder / "keystore.pem", b"".join(path.read_bytes() for path in pair))
    node = Node(
        host="kafka",
        port=9092,
        controller_port=9093,
        log=Path("/kafka/log"),
        keystore=MOUNTED / "keystore.pem",
        authority=MOUNTED / "authority.pem",
    )
    write_private(folder / "server.properties", node.properties().encode())


def give(source: Path, target: Path, *, again: bool = True) -> None:
    """A copy for one container. ``again`` is off for what you may have put something of your own in place of."""
    private_folder(target.parent)
    if again or not target.exists():
        shutil.copyfile(source, target)
        target.chmod(0o600)


def main() -> None:
    """Says what is left to do."""
    folder = Path(sys.argv[1])
    prepare(folder)
    for name, what in BY_HAND.items():
        if not (folder / name).exists():
            print(f"Still to be written: {folder / name} ({what})")
    print(f"Browsers believe {folder / 'made/certificates/public-authority.pem'} until gateway/public has your own.")


if __name__ == "__main__":
    main()
