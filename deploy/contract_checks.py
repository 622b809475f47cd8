"""buf over the gRPC contracts, offline: lint, and whether older clients still fit. ``accept`` keeps today's contracts.

``make protos`` comes first: buf reads the descriptor set that it writes, so that it needs no other protos.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.contracts import DESCRIPTORS, ROOT

IMAGE = ROOT / "shared/contracts/image.binpb"
"""The contracts as they were last accepted: what older clients were made from. Committed."""
BUF = Path(sys.executable).with_name("buf")
OURS = "--path=shared/contracts"
"""Google's protos are in the set, too, and not ours to mend."""


def lint(descriptors: Path = DESCRIPTORS) -> int:
    """buf's exit code; what it found is printed."""
    return buf("lint", str(descriptors), f"--config={ROOT / 'buf.yaml'}", OURS)


def breaking(descriptors: Path = DESCRIPTORS, against: Path = IMAGE) -> int:
    """buf's exit code: 0 where every client of ``against`` fits the contracts of ``descriptors``."""
    return buf("breaking", str(descriptors), f"--against={against}", f"--config={ROOT / 'buf.yaml'}", OURS)


def accept(descriptors: Path = DESCRIPTORS, image: Path = IMAGE) -> int:
    """Keeps the contracts as what the next change is compared with; after a release, or for an intended break."""
    return buf("build", str(descriptors), f"--output={image}", "--exclude-source-info")


def buf(*arguments: str) -> int:
    return subprocess.run([BUF, *arguments], cwd=ROOT, check=False).returncode  # noqa: S603 - our own binary


def main(arguments: Sequence[str]) -> int:
    """Lint and breaking changes; with the word ``accept`` the image is written instead."""
    if arguments == ["accept"]:
        return accept()
    if arguments:
        sys.stderr.write("expected nothing, or the word accept\n")
        return 2
    return max([lint(), breaking()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
