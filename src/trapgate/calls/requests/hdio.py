# SPDX-License-Identifier: BSD-2-Clause
"""IDE disks: geometry, settings, raw commands.

Source: include/uapi/linux/hdreg.h; drivers/ata/libata-scsi.c for HDIO_DRIVE_CMD.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, Bytes, In, Indirect, Out, Struct
from trapgate.calls.quote import Hex
from trapgate.calls.requests import EXIT, Case, Staged, Stages, look
from trapgate.calls.types import U8, U16, X8, X32, Either, Enum, Flags, HexKLong, Type, ULong
from trapgate.model import values
from trapgate.model.values import Change

HEADERS = {"struct hd_geometry": "linux/hdreg.h", "struct hd_drive_cmd_hdr": "linux/hdreg.h"}
SECTOR = 512
EIO = 5

Geometry = Struct("struct hd_geometry", heads=U8, sectors=U8, cylinders=U16, start=ULong)
Command = Struct(
    "struct hd_drive_cmd_hdr",
    command=Enum("hdio_drive_cmds", size=1),
    sector_number=U8,
    feature=U8,
    sector_count=U8,
)
Answer = Struct("answer to HDIO_DRIVE_CMD", status=X8, error=U8, nsector=U8, _sector_count=U8)


def tell_command(c: Call, addr: int) -> Stages:
    """The command, then the registers and the sectors read; those also after EIO."""
    asked = look(c, Command, addr)
    if asked is None:
        return c.address(addr)
    before = Command.view_value(asked)
    yield EXIT
    answer = look(c, Answer, addr, anyway=c.error == EIO)
    if answer is None:
        return before
    shown = answer.fields("status", "error", "nsector")
    count: int = answer.data[3]
    if count:
        shown.append(("buf", c.buffer(addr + 4, count * SECTOR, Hex.ALL)))
    return Change(before, values.Struct(shown))


def is_wide(c: Call) -> bool:
    """The kernel never had these requests for 32-bit programs on a 64-bit kernel."""
    return c.abi.register == 8


def native(kind: Type) -> Type:
    """``kind`` in 64-bit programs."""
    return Either(is_wide, kind, HexKLong)


Number = native(Out(Indirect(ULong)))
Value = native(ULong)
Triple = native(In(Array(X32, 3)))

REQUESTS: dict[str, Type | Case | None] = {
    "HDIO_GETGEO": Out(Geometry),
    "HDIO_DRIVE_CMD": Staged(Command, tell_command),
    "HDIO_DRIVE_RESET": Case(Triple, "arg"),
    "HDIO_SCAN_HWIF": Case(Triple, "arg"),
    **{
        f"HDIO_GET_{name.upper()}": Case(
            Number, name if name in ("keep_settings", "multcount", "unmaskintr") else "arg"
        )
        for name in ["32bit", "acoustic", "address", "dma", "multcount", "nowerr", "unmaskintr", "wcache"]
    },
    "HDIO_GET_KEEPSETTINGS": Case(Number, "keep_settings"),
    "HDIO_GET_BUSSTATE": Case(native(Out(Indirect(Enum("hdio_busstates", size="long")))), "arg"),
    "HDIO_GET_NICE": Case(native(Out(Indirect(Flags("hdio_ide_nice", size="long")))), "arg"),
    "HDIO_GET_IDENTITY": Case(native(Out(Bytes(512))), "identity"),
    "HDIO_OBSOLETE_IDENTITY": Case(native(Out(Bytes(142))), "identity"),
    **{
        f"HDIO_SET_{name.upper()}": Case(Value, name if name in ("multcount", "unmaskintr") else "arg")
        for name in ["32bit", "acoustic", "address", "dma", "multcount", "nowerr", "pio_mode", "unmaskintr", "wcache"]
    },
    "HDIO_SET_KEEPSETTINGS": Case(Value, "keep_settings"),
    "HDIO_SET_BUSSTATE": Case(native(Enum("hdio_busstates", size="long")), "arg"),
    "HDIO_SET_NICE": Case(native(Flags("hdio_ide_nice", size="long")), "arg"),
    "HDIO_UNREGISTER_HWIF": Case(Value, "arg"),
}
