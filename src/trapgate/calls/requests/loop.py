# SPDX-License-Identifier: BSD-2-Clause
"""Loop devices: their file, status, size.

Source: loop(4); include/uapi/linux/loop.h.
"""

from __future__ import annotations

from trapgate.calls.memory import ByteArray, CharArray, Fixed, In, Out, Shown, Struct, View
from trapgate.calls.requests import Case, each, spare
from trapgate.calls.structs_file import DeviceNumber
from trapgate.calls.types import U32, U64, X8, X32, X64, Enum, Fd, Flags, HexLong, Int, Type, UInt, ULong
from trapgate.model.values import MORE

HEADERS = dict.fromkeys(["struct loop_info", "struct loop_info64", "struct loop_config"], "linux/loop.h")
KEY = 32


def key_of(view: View) -> Shown:
    """As much of the key as its size says."""
    size = min(view.lo_encrypt_key_size & 0xFFFFFFFF, KEY)
    return [("lo_encrypt_key", view.call.quoted(view.bytes_of("lo_encrypt_key")[:size]))]


def show_info(view: View) -> Shown:
    """The first form of the status; what is obsolete only if it is used, or with -v."""
    brief, encrypts = view.call.abbrev, view.lo_encrypt_type or not view.call.abbrev
    shown = view.fields("lo_number", *([] if brief else ["lo_device", "lo_inode", "lo_rdevice"]), "lo_offset")
    shown += view.fields("lo_encrypt_type", "lo_encrypt_key_size") if encrypts else []
    shown += view.fields("lo_flags", "lo_name")
    shown += key_of(view) if encrypts else []
    return [*shown, (None, MORE)] if brief else shown + view.fields("lo_init", "reserved")


def show_info64(view: View) -> Shown:
    """The status; what is obsolete only if it is used, or with -v."""
    brief, encrypts = view.call.abbrev, view.lo_encrypt_type or not view.call.abbrev
    head = "lo_offset lo_number" if brief else "lo_device lo_inode lo_rdevice lo_offset lo_sizelimit lo_number"
    shown = view.fields(*head.split())
    shown += view.fields("lo_encrypt_type", "lo_encrypt_key_size") if encrypts else []
    shown += view.fields("lo_flags", "lo_file_name")
    shown += [*view.fields("lo_crypt_name"), *key_of(view)] if encrypts else []
    return [*shown, (None, MORE)] if brief else shown + view.fields("lo_init")


OldDevice = DeviceNumber("long")
Info = Struct(
    "struct loop_info",
    show=show_info,
    lo_number=Int,
    lo_device=OldDevice,
    lo_inode=ULong,
    lo_rdevice=OldDevice,
    lo_offset=X32,
    lo_encrypt_type=Enum("loop_crypt_type_options"),
    lo_encrypt_key_size=UInt,
    lo_flags=Flags("loop_flags_options"),
    lo_name=CharArray(64),
    lo_encrypt_key=ByteArray(KEY),
    lo_init=Fixed(HexLong, 2),
    reserved=Fixed(X8, 4),
)
Info64 = Struct(
    "struct loop_info64",
    show=show_info64,
    lo_device=DeviceNumber(8),
    lo_inode=U64,
    lo_rdevice=DeviceNumber(8),
    lo_offset=X64,
    lo_sizelimit=U64,
    lo_number=U32,
    lo_encrypt_type=Enum("loop_crypt_type_options"),
    lo_encrypt_key_size=U32,
    lo_flags=Flags("loop_flags_options"),
    lo_file_name=CharArray(64),
    lo_crypt_name=CharArray(64),
    lo_encrypt_key=ByteArray(KEY),
    lo_init=Fixed(X64, 2),
)


def show_config(view: View) -> Shown:
    """The file, the block size and the status to be."""
    return [*view.fields("fd", "block_size", "info"), *spare(view, "__reserved")]


Config = Struct("struct loop_config", show=show_config, fd=Fd, block_size=U32, info=Info64, __reserved=Fixed(X64, 8))

REQUESTS: dict[str, Type | Case | None] = {
    "LOOP_GET_STATUS": Out(Info),
    "LOOP_SET_STATUS": In(Info),
    "LOOP_GET_STATUS64": Out(Info64),
    "LOOP_SET_STATUS64": In(Info64),
    "LOOP_CONFIGURE": In(Config),
    **each("LOOP_CLR_FD LOOP_SET_CAPACITY LOOP_CTL_GET_FREE", None),
    **each("LOOP_SET_FD LOOP_CHANGE_FD", Fd),
    **each("LOOP_CTL_ADD LOOP_CTL_REMOVE", Int),
    **each("LOOP_SET_DIRECT_IO LOOP_SET_BLOCK_SIZE", ULong),
}
