"""BTF's structures and prototypes, in the small blob of the golden tests."""

from pathlib import Path

import pytest

from trapgate.kernel.btf import Btf, BtfError, Member, Parameter


@pytest.fixture(scope="module")
def btf(project: Path) -> Btf:
    return Btf.read(str(project / "tests" / "golden" / "readers" / "inputs" / "vmlinux.btf"))


def test_members_have_offsets_and_sizes(btf: Btf) -> None:
    assert btf.struct("pt_regs") == (
        Member("ip", "long", 0, 64),
        Member("flags", "int", 64, 3),
        Member("text", "char[8]", 128, 64),
    )
    assert [(member.offset, member.size) for member in btf.struct("pt_regs")] == [(0, 8), (8, 1), (16, 8)]
    assert btf.size("pt_regs") == 24


def test_prototypes(btf: Btf) -> None:
    function = btf.function("__do_sys_open")
    assert function is not None
    assert function.parameters == (Parameter("dfd", "int"), Parameter("filename", "const char *"))
    assert function.returns == "long"
    assert btf.function("none") is None
    assert [function.name for function in btf.functions()] == list(btf.function_names())


@pytest.mark.parametrize("name", ["none", "int", "__do_sys_open"])
def test_what_is_no_structure_is_a_key_error(btf: Btf, name: str) -> None:
    with pytest.raises(KeyError):
        btf.struct(name)


def test_a_circle_of_types_is_an_error() -> None:
    # Type 1 is a const of type 2, which is a const of type 1; type 3 is a function's prototype that returns 1.
    types = b"".join(bytes([0, 0, 0, 0, 0, 0, 0, 10, other, 0, 0, 0]) for other in (2, 1))
    types += bytes([0, 0, 0, 0, 0, 0, 0, 13, 1, 0, 0, 0]) + bytes([1, 0, 0, 0, 0, 0, 0, 12, 3, 0, 0, 0])
    header = b"\x9f\xeb\x01\0" + b"".join(n.to_bytes(4, "little") for n in (24, 0, len(types), len(types), 3))
    with pytest.raises(BtfError, match="circle"):
        Btf(header + types + b"\0f\0").function("f")


def test_the_other_byte_order_is_read() -> None:
    types = (1).to_bytes(4, "big") + (1 << 24).to_bytes(4, "big") + (4).to_bytes(4, "big") + (32).to_bytes(4, "big")
    types += (5).to_bytes(4, "big") + (4 << 24 | 1).to_bytes(4, "big") + (4).to_bytes(4, "big")
    types += (7).to_bytes(4, "big") + (1).to_bytes(4, "big") + (0).to_bytes(4, "big")
    header = b"\xeb\x9f\x01\0" + b"".join(n.to_bytes(4, "big") for n in (24, 0, len(types), len(types), 9))
    assert Btf(header + types + b"\0int\0s\0a\0").struct("s") == (Member("a", "int", 0, 32),)
