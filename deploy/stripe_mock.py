"""Stripe's own mock server for the tests: one of this machine, else one built by Go where Go is, else none."""

import shutil
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/stripe/stripe-mock@v0.203.0"
FOLDER = Path(__file__).parents[1] / ".portal/bin"
INSTALL_SECONDS = 120


def find() -> str:
    """The path of stripe-mock, '' where there is none."""
    return shutil.which("stripe-mock") or shutil.which("stripe-mock", path=str(FOLDER)) or ""


def install() -> None:
    """Go's ordinary way; what it says is of interest only where nothing came of it."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return
    sys.stdout.write("No stripe-mock here; trying go install.\n")
    command = ["env", f"GOBIN={FOLDER}", go, "install", MODULE]
    try:
        subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603 - as it stands here
    except (OSError, subprocess.TimeoutExpired):
        return


def main() -> None:
    """Says what there is. Never fails: without it its tests are skipped, and the last line says so."""
    if not find():
        install()
    sys.stdout.write(f"stripe-mock for the tests: {find() or 'NONE; its tests will be skipped'}\n")


if __name__ == "__main__":
    main()
