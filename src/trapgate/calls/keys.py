# SPDX-License-Identifier: BSD-2-Clause
"""Keys that the kernel keeps: add_key, request_key, keyctl with all its operations.

Source: keyrings(7), add_key(2), keyctl(2); ``include/uapi/linux/keyctl.h``, ``security/keys/keyctl.c``
for which of keyctl's arguments are pointers, lengths and keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls.call import Call
from trapgate.calls.describe import call
from trapgate.calls.errnames import ErrorNumber
from trapgate.calls.memory import RESULT, Always, Bytes, Fixed, In, Length, Out, Shown, String_, Struct, View, length_of
from trapgate.calls.structs_iovec import Iovecs
from trapgate.calls.types import U16, U32, X8, X32, Addr, Enum, Flags, HexKLong, Int, KULong, Type, Uid, UInt, truncate
from trapgate.calls.variants import case, variants
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

Key = Enum("key_spec", unknown="", base="d", signed=True)
"""The serial number of a key, or the name of one that every process has."""

call("add_key", type__=String_, description=String_, payload=In(Bytes("plen")), plen=KULong, keyring=Key)
call("request_key", type__=String_, description=String_, callout_info=String_, dest_keyring=Key)

# --- structures -----------------------------------------------------------------------------


def _spare(view: View) -> Shown:
    """The room for members to come, if it is not all zeros."""
    return view.fields("__spare") if any(view.bytes_of("__spare")) else []


def _show_query(view: View) -> Shown:
    sizes = ("key_size", "max_data_size", "max_sig_size", "max_enc_size", "max_dec_size")
    return [*view.fields("supported_ops", *sizes), *_spare(view)]


Query = Struct(
    "struct keyctl_pkey_query",
    show=_show_query,
    supported_ops=Flags("keyctl_pkey_ops", unknown="KEYCTL_SUPPORTS_???"),
    key_size=U32,
    max_data_size=U16,
    max_sig_size=U16,
    max_enc_size=U16,
    max_dec_size=U16,
    __spare=Fixed(X32, 10),
)


def _params(second: str) -> Struct:
    """The parameters of an operation, whose third member is called ``second``."""
    return Struct(
        "struct keyctl_pkey_params",
        show=lambda view: [*view.fields("key_id", "in_len", second), *_spare(view)],
        key_id=Key,
        in_len=U32,
        **{second: U32},  # type: ignore[arg-type]
        __spare=Fixed(X32, 7),
    )


Produces, Verifies = _params("out_len"), _params("in2_len")
DiffieHellman = Struct("struct keyctl_dh_params", private=Key, prime=Key, base=Key)


def _show_derivation(view: View) -> Shown:
    c, length = view.call, view.otherinfolen
    other = c.buffer(view.otherinfo, length) if length else c.address(view.otherinfo)
    return [("hashname", c.string(view.hashname)), ("otherinfo", other), *view.fields("otherinfolen"), *_spare(view)]


Derivation = Struct(
    "struct keyctl_kdf_params",
    show=_show_derivation,
    hashname=Addr,
    otherinfo=Addr,
    otherinfolen=U32,
    __spare=Fixed(X32, 8),
)
HEADERS = dict.fromkeys(
    (f"struct keyctl_{name}" for name in ("pkey_query", "pkey_params", "dh_params", "kdf_params")), "linux/keyctl.h"
)

# --- arguments ------------------------------------------------------------------------------


def _filled(c: Call) -> int:
    """How many bytes lie in the buffer: a result may tell of more than there was room for."""
    return min(max(c.result, 0), truncate(c.args[3], c.abi.register, False))


class Filled(Bytes):
    """What the call put into a buffer of ``buflen`` bytes, which is the fourth argument."""

    def __init__(self) -> None:
        super().__init__(_filled)

    def plan(self, p: Planner) -> None:
        p.bytes(RESULT, limit=p.string_limit + 1)
        p.roughly()


class Text(Filled):
    """As ``Filled``, without the NUL at its end."""

    def at(self, c: Call, addr: int) -> AnyValue:
        size, limit = length_of(c, self.length), c.options.string_limit
        want = min(size, limit + 1)
        data = c.memory.read(addr, want)
        if len(data) < want:
            return c.address(addr)
        return c.quoted(data[:limit].removesuffix(b"\0"), truncated=size > limit)


class Capabilities(Type):
    """What keyctl can do, in bytes of flags of which the first two have names."""

    TABLES = (
        Flags("keyctl_caps0", unknown="KEYCTL_CAPS0_???", size=1),
        Flags("keyctl_caps1", unknown="KEYCTL_CAPS1_???", size=1),
    )

    def size(self, abi: Abi) -> int:
        return 1

    def at(self, c: Call, addr: int) -> AnyValue:
        count = min(truncate(c.args[2], c.abi.register, False), max(c.result, 0))
        shown = min(count, c.options.string_limit) if c.abbrev else count
        data = c.fetch(addr, shown)
        if data is None:
            return c.address(addr)
        items = [(self.TABLES[i] if i < len(self.TABLES) else X8).value(c, byte) for i, byte in enumerate(data)]
        return values.List([*items, values.MORE] if shown < count else items)


class Behind(Type):
    """Bytes whose length is a member of the parameters to which the second argument points."""

    def __init__(self, struct: Struct, member: str) -> None:
        self.struct = struct
        self.member = member

    def at(self, c: Call, addr: int) -> AnyValue:
        data = c.peek(truncate(c.args[1], c.abi.word, False), self.struct.size(c.abi))
        if data is None:
            return c.address(addr)
        return c.buffer(addr, int(getattr(View(c, data, 0, self.struct), self.member)))

    def plan(self, p: Planner) -> None:
        p.incomplete()


def _payload(length: Length) -> In:
    return In(Bytes(length))


ONE_KEY = case(key=Key)
KEY_AND_RING = case(key=Key, keyring=Key)
IN = In(Behind(Produces, "in_len"))

CASES = {
    "KEYCTL_GET_KEYRING_ID": case(key=Key, create=Int),
    "KEYCTL_JOIN_SESSION_KEYRING": case(name=String_),
    "KEYCTL_UPDATE": case(key=Key, payload=_payload("arg4"), plen=KULong),
    "KEYCTL_REVOKE KEYCTL_CLEAR KEYCTL_INVALIDATE KEYCTL_ASSUME_AUTHORITY": ONE_KEY,
    "KEYCTL_LINK KEYCTL_UNLINK": KEY_AND_RING,
    "KEYCTL_DESCRIBE KEYCTL_GET_SECURITY": case(key=Key, buffer=Out(Text()), buflen=KULong),
    "KEYCTL_READ": case(key=Key, buffer=Out(Filled()), buflen=KULong),
    "KEYCTL_SEARCH": case(keyring=Key, type__=String_, description=String_, dest_keyring=Key),
    "KEYCTL_CHOWN": case(key=Key, uid=Uid, gid=Uid),
    "KEYCTL_SETPERM": case(key=Key, perms=Flags("key_perms")),
    "KEYCTL_INSTANTIATE": case(key=Key, payload=_payload("arg4"), plen=KULong, keyring=Key),
    "KEYCTL_NEGATE": case(key=Key, timeout=UInt, keyring=Key),
    "KEYCTL_SET_REQKEY_KEYRING": case(reqkey_defl=Enum("key_reqkeys", base="d", signed=True)),
    "KEYCTL_SET_TIMEOUT": case(key=Key, timeout=UInt),
    "KEYCTL_SESSION_TO_PARENT": case(),
    "KEYCTL_REJECT": case(key=Key, timeout=UInt, error=ErrorNumber(), keyring=Key),
    "KEYCTL_INSTANTIATE_IOV": case(key=Key, payload=In(Iovecs("arg4")), plen=KULong, keyring=Key),
    "KEYCTL_GET_PERSISTENT": case(uid=Uid, keyring=Key),
    "KEYCTL_DH_COMPUTE": case(
        dh_params=In(DiffieHellman), buffer=Out(Filled()), buflen=KULong, kdf_params=Always(Derivation)
    ),
    "KEYCTL_PKEY_QUERY": case(key=Key, reserved=HexKLong, params=String_, info=Out(Query)),
    "KEYCTL_PKEY_ENCRYPT KEYCTL_PKEY_DECRYPT KEYCTL_PKEY_SIGN": case(
        params=In(Produces), info=String_, in__=IN, out=Out(Behind(Produces, "out_len"))
    ),
    "KEYCTL_PKEY_VERIFY": case(params=In(Verifies), info=String_, in__=IN, in2=In(Behind(Verifies, "in2_len"))),
    "KEYCTL_RESTRICT_KEYRING": case(keyring=Key, type__=String_, restriction=String_),
    "KEYCTL_MOVE": case(
        key=Key, from_keyring=Key, to_keyring=Key, flags=Flags("keyctl_move_flags", unknown="KEYCTL_MOVE_???")
    ),
    "KEYCTL_CAPABILITIES": case(buffer=Out(Capabilities()), buflen=KULong),
}

variants("keyctl", "operation", Enum("keyctl_commands"), CASES, case(rest=1), registers=5)
