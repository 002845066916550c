# SPDX-License-Identifier: BSD-2-Clause
"""Flash memory: erasing, locking, out-of-band data, one-time areas, statistics.

Source: include/uapi/mtd/mtd-abi.h.
"""

from __future__ import annotations

from trapgate.calls.memory import Fixed, In, Indirect, Out, Struct
from trapgate.calls.requests import Addr64, Case, Exchange, each
from trapgate.calls.types import U32, U64, X8, X32, X64, Addr, Enum, Flags, Int, Type, UInt

HEADERS = dict.fromkeys(
    [
        "struct erase_info_user",
        "struct erase_info_user64",
        "struct mtd_ecc_stats",
        "struct mtd_info_user",
        "struct mtd_oob_buf",
        "struct mtd_oob_buf64",
        "struct mtd_write_req",
        "struct nand_ecclayout_user",
        "struct nand_oobfree",
        "struct nand_oobinfo",
        "struct otp_info",
        "struct region_info_user",
    ],
    "mtd/mtd-abi.h",
)

Erase = Struct("struct erase_info_user", start=X32, length=X32)
Erase64 = Struct("struct erase_info_user64", start=X64, length=X64)
OutOfBand = Struct("struct mtd_oob_buf", start=X32, length=X32, ptr=Addr)
OutOfBand64 = Struct("struct mtd_oob_buf64", start=X64, _pad=U32, length=X32, usr_ptr=Addr64)
Otp = Struct("struct otp_info", start=X32, length=X32, locked=U32)
Write = Struct(
    "struct mtd_write_req",
    start=X64,
    len=X64,
    ooblen=X64,
    usr_data=Addr64,
    usr_oob=Addr64,
    mode=Enum("mtd_mode_options", size=1),
    _padding=Fixed(X8, 7),
)
Info = Struct(
    "struct mtd_info_user",
    type=Enum("mtd_type_options", size=1),
    flags=Flags("mtd_flags_options"),
    size=X32,
    erasesize=X32,
    writesize=X32,
    oobsize=X32,
    padding=X64,
)
Selection = Struct(
    "struct nand_oobinfo",
    useecc=Enum("mtd_nandecc_options"),
    eccbytes=X32,
    oobfree=Fixed(Fixed(X32, 2), 8),
    eccpos=Fixed(X32, 32),
)
Free = Struct("struct nand_oobfree", offset=X32, length=X32)
Layout = Struct("struct nand_ecclayout_user", eccbytes=X32, eccpos=Fixed(X32, 64), oobavail=X32, oobfree=Fixed(Free, 8))
Errors = Struct("struct mtd_ecc_stats", corrected=X32, failed=X32, badblocks=X32, bbtblocks=X32)
Region = Struct("struct region_info_user", offset=X32, erasesize=X32, numblocks=X32, regionindex=X32)

REQUESTS: dict[str, Type | Case | None] = {
    **each("MEMERASE MEMLOCK MEMUNLOCK MEMISLOCKED", In(Erase)),
    "MEMERASE64": In(Erase64),
    **each("MEMWRITEOOB MEMREADOOB", In(OutOfBand)),
    **each("MEMWRITEOOB64 MEMREADOOB64", In(OutOfBand64)),
    "MEMWRITE": In(Write),
    "OTPGETREGIONINFO": Out(Otp),
    "OTPLOCK": In(Otp),
    "OTPSELECT": In(Indirect(Enum("mtd_otp_options"))),
    "MTDFILEMODE": Enum("mtd_file_mode_options", size="long"),
    **each("MEMGETBADBLOCK MEMSETBADBLOCK", In(Indirect(U64))),
    "MEMGETINFO": Out(Info),
    "MEMGETOOBSEL": Out(Selection),
    "ECCGETLAYOUT": Out(Layout),
    "ECCGETSTATS": Out(Errors),
    "OTPGETREGIONCOUNT": Out(Indirect(UInt)),
    "MEMGETREGIONCOUNT": Out(Indirect(Int)),
    "MEMGETREGIONINFO": Exchange(Region, "regionindex", "offset erasesize numblocks"),
}
