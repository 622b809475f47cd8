"""Generates the Python code of the gRPC contracts and the descriptor set that Envoy and OpenAPI are made from."""

import sys
import sysconfig
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parents[1]
DESCRIPTORS = ROOT / "shared/contracts/portal.binpb"
STATUS = ("google/rpc/status.proto", "google/rpc/error_details.proto")
"""Envoy needs these two in the set, else an error with details becomes a 400 without body."""
PLUGINS = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")


def generate() -> int:
    """Writes ``*_pb2*.py`` beside each ``.proto`` and the descriptor set; protoc's exit code."""
    protos = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "shared/contracts").rglob("*.proto"))
    includes = [str(ROOT), sysconfig.get_path("purelib"), str(Path(str(protoc.__file__)).parent / "_proto")]
    options = [f"-I{path}" for path in includes]
    plugins = [f"--plugin={name}={Path(sys.executable).with_name(name)}" for name in PLUGINS]
    code = protoc.main(
        [
            "protoc",
            *options,
            *plugins,
            f"--python_out={ROOT}",
            f"--grpc_python_out={ROOT}",
            f"--mypy_out=quiet:{ROOT}",
            f"--mypy_grpc_out=async_only,quiet:{ROOT}",
            *protos,
        ]
    )
    if code:
        return int(code)
    return int(
        protoc.main(
            [
                "protoc",
                *options,
                "--include_imports",
                "--include_source_info",
                f"--descriptor_set_out={DESCRIPTORS}",
                *protos,
                *STATUS,
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(generate())
