"""The browser for the tests: a Chromium of this machine, else one installed by the ordinary means, else none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Playwright as AsyncPlaywright
from playwright.sync_api import Playwright as SyncPlaywright
from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 600
WAYS = (
    ("playwright's own Chromium", [sys.executable, "-m", "playwright", "install", "chromium"]),
    ("Debian's package", ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]),
)


def find() -> str:
    """The path of a Chromium, '' where there is none."""
    if found := on_this_machine():
        return found
    with sync_playwright() as playwright:
        return fetched_by(playwright)


def on_this_machine() -> str:
    """The first of the usual programs on the search path, '' where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def fetched_by(playwright: AsyncPlaywright | SyncPlaywright) -> str:
    """The one that playwright has fetched, '' where it has not."""
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else ""


def install() -> str:
    """Tries the ordinary ways, one after the other; the path of what came of it, '' for nothing."""
    for name, command in WAYS:
        if command[0] == "apt-get" and (os.geteuid() != 0 or not shutil.which("apt-get")):
            continue
        sys.stdout.write(f"No Chromium here; trying {name}.\n")
        if command[0] == "apt-get":
            _runs(["apt-get", "update", "--quiet"])
        if _runs(command) and (found := find()):
            return found
    return ""


def _runs(command: list[str]) -> bool:
    """Whether a command ends well in time; what it says is of interest only where it does not."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> None:
    """Says what there is. Never fails: without a browser its tests are skipped, and the last line says so."""
    found = find() or install()
    sys.stdout.write(f"Browser for the tests: {found or 'NONE; they will be skipped'}\n")


if __name__ == "__main__":
    main()
