"""The gRPC contracts compile, and each RPC, message and field of them is explained."""

import sysconfig
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
PROTOS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "shared/contracts").rglob("*.proto"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    out = tmp_path_factory.mktemp("protos") / "set.binpb"
    includes = [ROOT, Path(sysconfig.get_path("purelib")), Path(str(protoc.__file__)).parent / "_proto"]
    options = [*(f"-I{path}" for path in includes), "--include_source_info", f"--descriptor_set_out={out}"]
    assert protoc.main(["protoc", *options, *PROTOS]) == 0
    return list(FileDescriptorSet.FromString(out.read_bytes()).file)


def test_there_are_contracts() -> None:
    assert PROTOS


def test_everything_in_a_contract_is_explained(files: list[FileDescriptorProto]) -> None:
    bare = []
    for file in files:
        explained = {tuple(location.path) for location in file.source_code_info.location if location.leading_comments}
        bare += [f"{file.name}: {name}" for path, name in named_parts(file) if path not in explained]
    assert bare == []


def named_parts(file: FileDescriptorProto) -> list[tuple[tuple[int, ...], str]]:
    """Paths as ``SourceCodeInfo`` numbers them: 4 messages, 6 services, 2 fields of a message or RPCs of a service."""
    parts: list[tuple[tuple[int, ...], str]] = []
    for number, message in enumerate(file.message_type):
        parts.append(((4, number), message.name))
        parts += [((4, number, 2, index), f"{message.name}.{name}") for index, name in enumerate(field_names(message))]
    for number, service in enumerate(file.service):
        parts.append(((6, number), service.name))
        parts += [((6, number, 2, i), f"{service.name}.{rpc.name}") for i, rpc in enumerate(service.method)]
    return parts


def field_names(message: DescriptorProto) -> list[str]:
    return [field.name for field in message.field]
