# SPDX-License-Identifier: BSD-2-Clause
"""Disk quotas: quotactl and quotactl_fd, for the generic and the XFS commands.

The operation holds a command above eight bits of whose quota it is. Source: quotactl(2);
include/uapi/linux/quota.h, dqblk_xfs.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.describe import call
from trapgate.calls.memory import Fixed, In, Indirect, Out, Path, Struct
from trapgate.calls.types import (
    S8,
    S32,
    U8,
    U16,
    U32,
    U64,
    X16,
    Addr,
    Enum,
    Fd,
    Flags,
    Named,
    Switch,
    Type,
    Uid,
    format_int,
    with_remark,
)
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Number, Symbol

HEADERS = {
    "struct if_dqblk": "linux/quota.h",
    "struct if_nextdqblk": "linux/quota.h",
    "struct if_dqinfo": "linux/quota.h",
    "struct fs_disk_quota": "linux/dqblk_xfs.h",
    "struct fs_quota_stat": "linux/dqblk_xfs.h",
    "struct fs_quota_statv": "linux/dqblk_xfs.h",
    "struct fs_qfilestat": "linux/dqblk_xfs.h",
    "struct fs_qfilestatv": "linux/dqblk_xfs.h",
}


def _name(table: str, value: int, base: str) -> str:
    """A constant's name, or its number with a remark."""
    found = tables.load(table)
    return found.by_value.get(value) or f"{format_int(value, base)} /* {found.unknown} */"


class Command(Named):
    """``QCMD(Q_GETQUOTA, USRQUOTA)``."""

    def __init__(self) -> None:
        super().__init__("quotacmds", base="u")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        if style == "raw":
            return Number(str(value), value)
        command, kind = _name("quotacmds", value >> 8, "x"), _name("quotatypes", value & 0xFF, "x")
        text = f"QCMD({command}, {kind})"
        data = {"command": command, "type": kind}
        return Symbol(text, data) if style == "abbrev" else with_remark(str(value), text, data)


class ByCommand(Switch):
    """An argument that hangs on the command, the upper part of the operation."""

    def key(self, word: int) -> int:
        return (word & 0xFFFFFFFF) >> 8

    def words_of(self, abi: Abi, selector: Type) -> set[int]:
        return {(key << 8 | kind) & 0xFFFFFFFF for key in self.numbers(abi, selector) for kind in range(3)}


BLOCK = ("dqb_bhardlimit", "dqb_bsoftlimit", "dqb_curspace", "dqb_ihardlimit", "dqb_isoftlimit", "dqb_curinodes")
QuotaValid = Flags("if_dqblk_valid")

Block = Struct(
    "struct if_dqblk",
    brief=BLOCK,
    dqb_bhardlimit=U64,
    dqb_bsoftlimit=U64,
    dqb_curspace=U64,
    dqb_ihardlimit=U64,
    dqb_isoftlimit=U64,
    dqb_curinodes=U64,
    dqb_btime=U64,
    dqb_itime=U64,
    dqb_valid=QuotaValid,
    size_of=68,  # what pads it is never read
)
NextBlock = Struct(
    "struct if_nextdqblk",
    brief=(*BLOCK, "dqb_id"),
    dqb_bhardlimit=U64,
    dqb_bsoftlimit=U64,
    dqb_curspace=U64,
    dqb_ihardlimit=U64,
    dqb_isoftlimit=U64,
    dqb_curinodes=U64,
    dqb_btime=U64,
    dqb_itime=U64,
    dqb_valid=QuotaValid,
    dqb_id=U32,
)
Info = Struct(
    "struct if_dqinfo",
    dqi_bgrace=U64,
    dqi_igrace=U64,
    dqi_flags=Flags("if_dqinfo_flags"),
    dqi_valid=Flags("if_dqinfo_valid"),
)

_XFS = (
    "d_version",
    "d_flags",
    "d_fieldmask",
    "d_id",
    "d_blk_hardlimit",
    "d_blk_softlimit",
    "d_ino_hardlimit",
    "d_ino_softlimit",
    "d_bcount",
    "d_icount",
)
XfsBlock = Struct(
    "struct fs_disk_quota",
    brief=_XFS,
    d_version=S8,
    d_flags=Flags("xfs_dqblk_flags", size=1),
    d_fieldmask=X16,
    d_id=U32,
    d_blk_hardlimit=U64,
    d_blk_softlimit=U64,
    d_ino_hardlimit=U64,
    d_ino_softlimit=U64,
    d_bcount=U64,
    d_icount=U64,
    d_itimer=S32,
    d_btimer=S32,
    d_iwarns=U16,
    d_bwarns=U16,
    _d_timers_hi=U32,
    d_rtb_hardlimit=U64,
    d_rtb_softlimit=U64,
    d_rtbcount=U64,
    d_rtbtimer=S32,
    d_rtbwarns=U16,
    _d_padding3=U16,
    _d_padding4=Fixed(U8, 8),
)

FileStat = Struct("struct fs_qfilestat", qfs_ino=U64, qfs_nblks=U64, qfs_nextents=U32)
FileStatV = Struct("struct fs_qfilestatv", qfs_ino=U64, qfs_nblks=U64, qfs_nextents=U32, _qfs_pad=U32)
XfsFlags = Flags("xfs_quota_flags", size=2)

XfsStat = Struct(
    "struct fs_quota_stat",
    brief=("qs_version",),
    qs_version=S8,
    qs_flags=XfsFlags,
    _qs_pad=U8,
    qs_uquota=FileStat,
    qs_gquota=FileStat,
    qs_incoredqs=U32,
    qs_btimelimit=S32,
    qs_itimelimit=S32,
    qs_rtbtimelimit=S32,
    qs_bwarnlimit=U16,
    qs_iwarnlimit=U16,
)
XfsStatV = Struct(
    "struct fs_quota_statv",
    brief=("qs_version",),
    qs_version=S8,
    _qs_pad1=U8,
    qs_flags=XfsFlags,
    qs_incoredqs=U32,
    qs_uquota=FileStatV,
    qs_gquota=FileStatV,
    qs_pquota=FileStatV,
    qs_btimelimit=S32,
    qs_itimelimit=S32,
    qs_rtbtimelimit=S32,
    qs_bwarnlimit=U16,
    qs_iwarnlimit=U16,
    _qs_rtbwarnlimit=U16,
    _qs_pad3=U16,
    _qs_pad4=U32,
    _qs_pad2=Fixed(U64, 7),
)

Format = Enum("quota_formats")
NOTHING: dict[str | int, Type | None] = {"Q_QUOTAOFF": None, "Q_SYNC": None, "Q_XQUOTASYNC": None}

Id = ByCommand(
    "op",
    NOTHING
    | {
        "Q_QUOTAON": Format,
        "Q_GETFMT": None,
        "Q_GETINFO": None,
        "Q_SETINFO": None,
        "Q_XGETQSTAT": None,
        "Q_XGETQSTATV": None,
        "Q_XQUOTAON": None,
        "Q_XQUOTAOFF": None,
        "Q_XQUOTARM": None,
    },
    Uid,
)
Data = ByCommand(
    "op",
    NOTHING
    | {
        "Q_QUOTAON": Path,
        "Q_GETQUOTA": Out(Block),
        "Q_SETQUOTA": In(Block),
        "Q_GETNEXTQUOTA": Out(NextBlock),
        "Q_XGETQUOTA": Out(XfsBlock),
        "Q_XGETNEXTQUOTA": Out(XfsBlock),
        "Q_XSETQLIM": In(XfsBlock),
        "Q_GETFMT": Out(Indirect(Format)),
        "Q_GETINFO": Out(Info),
        "Q_SETINFO": In(Info),
        "Q_XGETQSTAT": Out(XfsStat),
        "Q_XGETQSTATV": Out(XfsStatV),
        "Q_XQUOTAON": In(Indirect(Flags("xfs_quota_flags"))),
        "Q_XQUOTAOFF": In(Indirect(Flags("xfs_quota_flags"))),
        "Q_XQUOTARM": In(Indirect(Flags("xfs_dqblk_flags"))),
    },
    Addr,
)

call("quotactl", op=Command(), special=Path, id=Id, addr=Data)
call("quotactl_fd", fd=Fd, op=Command(), id=Id, addr=Data)
