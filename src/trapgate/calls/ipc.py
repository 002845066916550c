# SPDX-License-Identifier: BSD-2-Clause
"""System V IPC: message queues, semaphores, shared memory; i386's ``ipc`` that stands for all of them.

Source: sysvipc(7), msgop(2), semop(2), shmat(2), shmctl(2); include/uapi/linux/{ipc,msg,sem,shm}.h,
arch/x86/include/uapi/asm/{msgbuf,sembuf,shmbuf}.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trapgate.calls.call import Call, Options
from trapgate.calls.describe import call
from trapgate.calls.memory import Array, In, Length, Out, Shown, Struct, View, length_of
from trapgate.calls.structs_time import Timespec, Timespec64
from trapgate.calls.types import (
    S16,
    U16,
    U32,
    Addr,
    Enum,
    FileMode,
    Flags,
    Gid,
    HexKLong,
    HexLong,
    Int,
    KLong,
    KULong,
    Named,
    Scalar,
    Tgid,
    Type,
    Uid,
    join_flags,
    styled,
    truncate,
)
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, FlagSet, Joined

if TYPE_CHECKING:
    from trapgate.calls.plan import Planner

IPC_64 = 0x100
IPC_SET = 1
PERMISSIONS = 0o777
HUGE_SHIFT, HUGE_MASK = 26, 0x3F << 26

# --- keys, flags, commands ------------------------------------------------------------------

Key = Enum("ipc_private", unknown="")


class GetFlags(Named):
    """The flags of msgget, semget and shmget with the permissions in their low bits: ``IPC_CREAT|0600``."""

    def __init__(self, table: str, huge: bool = False) -> None:
        super().__init__(table)
        self.flags = Flags(table, unknown="")
        self.huge = huge

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        mode, bits = value & PERMISSIONS, value & ~PERMISSIONS
        size = bits & HUGE_MASK if self.huge else 0
        parts: list[AnyValue] = [self.flags.show(bits & ~size, style, abi)] if bits & ~size else []
        if size:
            shift = styled(style, str(HUGE_SHIFT), "SHM_HUGE_SHIFT", HUGE_SHIFT)
            parts.append(FlagSet(f"{size >> HUGE_SHIFT}<<{shift.text}", [size]))
        permissions = f"0{mode:o}" if mode >= 8 else f"{mode:03o}"
        return join_flags(*parts, FlagSet(permissions, [mode]))


class Command(Named):
    """What msgctl, semctl and shmctl do: ``IPC_64|IPC_STAT``."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.command = Enum(table)

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        shown = self.command.show(value & ~IPC_64, style, abi)
        return join_flags(styled(style, hex(IPC_64), "IPC_64", "IPC_64"), shown) if value & IPC_64 else shown


# --- structures -----------------------------------------------------------------------------


class HighHalf(Type):
    """The upper half of a time, which has a word of its own where words have 32 bits."""

    def size(self, abi: Abi) -> int:
        return 4 if abi.register == 4 else 0

    def align(self, abi: Abi) -> int:
        return 4 if abi.register == 4 else 1


class PermissionMode(FileMode):
    """ipc64_perm's mode: half a word on i386."""

    def __init__(self) -> None:
        super().__init__(4)

    def number(self, c: Call, word: int) -> int:
        return truncate(word, 2 if c.abi.register == 4 else 4, False)


Permissions = Struct(
    "struct ipc64_perm",
    key=U32,
    uid=Uid,
    gid=Gid,
    cuid=Uid,
    cgid=Gid,
    mode=PermissionMode(),
    _seq=U16,
    _pad2=U16,
    _unused1=KULong,
    _unused2=KULong,
)


def _show_permissions(view: View, name: str, setting: bool) -> tuple[str, AnyValue]:
    c = view.call
    inner = View(c, view.data, view.offset + view.struct.member(c.abi, name)[0], Permissions)
    fields = inner.fields("uid", "gid", "mode")
    return name, values.Struct(fields if setting else [*fields, *inner.fields("key", "cuid", "cgid")])


def _object(c_name: str, permissions: str, setting: str, shown: str, **members: Type) -> tuple[Struct, Struct]:
    """A queue's, set's or segment's structure as IPC_STAT and as IPC_SET show it."""

    def show(view: View) -> Shown:
        return [_show_permissions(view, permissions, False), *view.fields(*shown.split())]

    def show_set(view: View) -> Shown:
        return [_show_permissions(view, permissions, True), *view.fields(*setting.split())]

    whole, changed = Struct(c_name, show=show), Struct(c_name, show=show_set)
    whole.members.update(members)
    changed.members.update(members)
    return whole, changed


MsqidDs, MsqidDsSet = _object(
    "struct msqid64_ds",
    "msg_perm",
    "msg_qbytes",
    "msg_stime msg_rtime msg_ctime msg_qnum msg_qbytes msg_lspid msg_lrpid",
    msg_perm=Permissions,
    msg_stime=KULong,
    _stime_high=HighHalf(),
    msg_rtime=KULong,
    _rtime_high=HighHalf(),
    msg_ctime=KULong,
    _ctime_high=HighHalf(),
    _msg_cbytes=KULong,
    msg_qnum=KULong,
    msg_qbytes=KULong,
    msg_lspid=Int,
    msg_lrpid=Int,
    _unused4=KULong,
    _unused5=KULong,
)
SemidDs, SemidDsSet = _object(
    "struct semid64_ds",
    "sem_perm",
    "",
    "sem_otime sem_ctime sem_nsems",
    sem_perm=Permissions,
    sem_otime=KULong,
    _unused1=KULong,
    sem_ctime=KULong,
    _unused2=KULong,
    sem_nsems=KULong,
    _unused3=KULong,
    _unused4=KULong,
)
ShmidDs, ShmidDsSet = _object(
    "struct shmid64_ds",
    "shm_perm",
    "",
    "shm_segsz shm_cpid shm_lpid shm_nattch shm_atime shm_dtime shm_ctime",
    shm_perm=Permissions,
    shm_segsz=KULong,
    shm_atime=KULong,
    _atime_high=HighHalf(),
    shm_dtime=KULong,
    _dtime_high=HighHalf(),
    shm_ctime=KULong,
    _ctime_high=HighHalf(),
    shm_cpid=Tgid,
    shm_lpid=Tgid,
    shm_nattch=KULong,
    _unused4=KULong,
    _unused5=KULong,
)
MsgInfo = Struct(
    "struct msginfo",
    msgpool=Int,
    msgmap=Int,
    msgmax=Int,
    msgmnb=Int,
    msgmni=Int,
    msgssz=Int,
    msgtql=Int,
    msgseg=U16,
)
SemInfo = Struct(
    "struct seminfo",
    semmap=Int,
    semmni=Int,
    semmns=Int,
    semmnu=Int,
    semmsl=Int,
    semopm=Int,
    semume=Int,
    semusz=Int,
    semvmx=Int,
    semaem=Int,
)
ShmLimits = Struct(
    "struct shminfo64",
    size_of={"i386": 36, "x86_64": 72, "x32": 72, "aarch64": 72},
    shmmax=KULong,
    shmmin=KULong,
    shmmni=KULong,
    shmseg=KULong,
    shmall=KULong,
)
ShmInfo = Struct(
    "struct shm_info",
    used_ids=Int,
    shm_tot=KULong,
    shm_rss=KULong,
    shm_swp=KULong,
    swap_attempts=KULong,
    swap_successes=KULong,
)
HEADERS = {
    "struct ipc64_perm": "linux/ipc.h",
    "struct sembuf": "linux/sem.h",
    "struct msqid64_ds": "linux/msg.h",
    "struct semid64_ds": "linux/sem.h",
    "struct shmid64_ds": "linux/shm.h",
    "struct msginfo": "linux/msg.h",
    "struct seminfo": "linux/sem.h",
    "struct shminfo64": "linux/shm.h",
    "struct shm_info": "linux/shm.h",
}


class Control(Type):
    """The last argument of a ``*ctl`` call: what its command reads or fills.

    ``read`` and ``filled`` are structures by command; other commands take the word as it is.
    """

    def __init__(self, command: int, read: dict[int, Struct], filled: dict[int, Struct]) -> None:
        self.command = command
        self.read = {number: In(struct) for number, struct in read.items()}
        self.filled = {number: Out(struct) for number, struct in filled.items()}

    def kind(self, c: Call) -> In | None:
        """The pointer type that applies in this call."""
        number = c.u32(self.command) & ~IPC_64
        return self.read.get(number) or self.filled.get(number)

    def is_out(self, c: Call) -> bool:
        return c.u32(self.command) & ~IPC_64 in self.filled

    def decode(self, c: Call, word: int) -> AnyValue | None:
        kind = self.kind(c) or Addr
        return kind.decode(c, word)

    def plan_argument(self, p: Planner) -> None:
        kind = max(self.filled.values(), key=lambda k: k.inner.size(p.abi))
        kind.inner.plan(p.at_entry())
        kind.inner.plan(p.at_exit())


# --- message queues -------------------------------------------------------------------------


class Message(Type):
    """A ``struct msgbuf``: a type and ``length`` bytes of text."""

    def __init__(self, length: Length) -> None:
        self.length = length

    def at(self, c: Call, addr: int) -> AnyValue:
        word = c.abi.register
        head = c.fetch(addr, 2 * word)
        if head is None:
            return c.address(addr)
        text = c.buffer(addr + word, length_of(c, self.length))
        return values.Struct([("mtype", KLong.load(c, head, 0)), ("mtext", text)])

    def plan(self, p: Planner) -> None:
        p.bytes(self.length, limit=p.string_limit + 1 + 2 * p.abi.register)
        p.incomplete()


MessageFlags = Flags("ipc_msg_flags")

call("msgget", key=Key, msgflg=GetFlags("resource_flags"), classes="ipc")
call("msgsnd", msqid=Int, msgp=In(Message("msgsz")), msgsz=KULong, msgflg=MessageFlags, classes="ipc")
call("msgrcv", msqid=Int, msgp=Out(Message("msgsz")), msgsz=KULong, msgtyp=KLong, msgflg=MessageFlags, classes="ipc")
call(
    "msgctl",
    msqid=Int,
    op=Command("msgctl_flags"),
    buf=Control(1, {IPC_SET: MsqidDsSet}, {2: MsqidDs, 11: MsqidDs, 13: MsqidDs, 3: MsgInfo, 12: MsgInfo}),
    classes="ipc",
)

# --- semaphores -----------------------------------------------------------------------------

SemBuf = Struct("struct sembuf", sem_num=U16, sem_op=S16, sem_flg=Flags("semop_flags", size=2))
Operations = In(Array(SemBuf, "nsops"))
Count = Scalar(4, "u")

call("semget", key=Key, nsems=Int, semflg=GetFlags("resource_flags"), classes="ipc")
call("semop", semid=Int, sops=Operations, nsops=Count, classes="ipc")
call("semtimedop", semid=Int, sops=Operations, nsops=Count, timeout=In(Timespec), classes="ipc")
call("semtimedop_time64", semid=Int, sops=Operations, nsops=Count, timeout=In(Timespec64), classes="ipc", abis="i386")


class SemaphoreArgument(Control):
    """semctl's argument, in brackets when the ``ipc`` call passed its address."""

    def decode(self, c: Call, word: int) -> AnyValue | None:
        shown = super().decode(c, word)
        return Joined("[", shown, "]") if c.indirect and isinstance(shown, values.Address) else shown


call(
    "semctl",
    semid=Int,
    semnum=Int,
    op=Command("semctl_flags"),
    arg=SemaphoreArgument(2, {IPC_SET: SemidDsSet}, {2: SemidDs, 18: SemidDs, 20: SemidDs, 3: SemInfo, 19: SemInfo}),
    classes="ipc",
)

# --- shared memory --------------------------------------------------------------------------


class Attached(Scalar):
    """Where a segment was attached; ``ipc`` stores that at the address that its third argument gives."""

    def __init__(self) -> None:
        super().__init__("long", "x")

    def is_pure(self, options: Options) -> bool:
        return False

    def decode(self, c: Call, word: int) -> AnyValue | None:
        if c.indirect:
            stored = c.fetch_long(c.args[3])
            if stored is None:
                return None
            word = stored
        return HexLong.decode(c, word)


call("shmget", key=Key, size=KULong, shmflg=GetFlags("shm_resource_flags", huge=True), classes="ipc")
call("shmat", shmid=Int, shmaddr=Addr, shmflg=Flags("shm_flags"), returns=Attached(), classes="ipc memory")
call("shmdt", shmaddr=Addr, classes="ipc memory")
call(
    "shmctl",
    shmid=Int,
    op=Command("shmctl_flags"),
    buf=Control(1, {IPC_SET: ShmidDsSet}, {2: ShmidDs, 13: ShmidDs, 15: ShmidDs, 3: ShmLimits, 14: ShmInfo}),
    classes="ipc",
)

# --- all in one -----------------------------------------------------------------------------

DIRECT: dict[int, tuple[str, tuple[int, ...]]] = {
    1: ("semop", (1, 4, 2)),
    2: ("semget", (1, 2, 3)),
    3: ("semctl", (1, 2, 3, 4)),
    4: ("semtimedop", (1, 4, 2, 5)),
    11: ("msgsnd", (1, 4, 2, 3)),
    12: ("msgrcv", (1, 4, 2, 5, 3)),
    13: ("msgget", (1, 2)),
    14: ("msgctl", (1, 2, 4)),
    21: ("shmat", (1, 4, 2, 3)),
    22: ("shmdt", (4,)),
    23: ("shmget", (1, 2, 3)),
    24: ("shmctl", (1, 2, 4)),
}
"""What ``ipc`` calls by its first argument, and which of its arguments go where."""


def direct_call(c: Call) -> tuple[str, tuple[int, ...]] | None:
    """The call that ``ipc`` stands for, with its arguments; None if it is none or they cannot be read."""
    number, version = c.args[0] & 0xFFFF, c.args[0] >> 16 & 0xFFFF
    found = DIRECT.get(number)
    if found is None:
        return None
    name, places = found
    args = [c.args[place] for place in places]
    if name == "msgrcv" and not version:
        # the oldest form passes message and type in a structure of two words
        pair = c.read_words("Ii", args[1])
        if pair is None:
            return None
        args[1], args[3] = pair
    if name == "semctl":
        word = c.read_words("I", args[3])
        if word is None:
            return None
        args[3] = word[0]
    return name, tuple(args)


class Version(Named):
    """The number of a call, above it that of its form: ``1<<16|MSGRCV``."""

    def __init__(self) -> None:
        super().__init__("ipccalls", unknown="")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        kind = Enum("ipccalls", unknown="", base="u")
        low = kind.show(value & 0xFFFF, style, abi)
        return join_flags(FlagSet(f"{value >> 16}<<16", [value & ~0xFFFF]), low) if value >> 16 else low


call(
    "ipc",
    call=Version(),
    first=HexKLong,
    second=HexKLong,
    third=HexKLong,
    ptr=HexKLong,
    fifth=HexKLong,
    classes="ipc",
    abis="i386",
    direct=direct_call,
)
