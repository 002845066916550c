# SPDX-License-Identifier: BSD-2-Clause
"""Opening files: open, creat, openat, openat2, and by file handle.

Source: open(2), openat2(2), open_by_handle_at(2); include/uapi/linux/openat2.h,
include/linux/fs.h for the handle's header.
"""

from __future__ import annotations

from collections.abc import Iterator

from trapgate.calls.call import Call
from trapgate.calls.describe import EXIT, Yield, call, decoder
from trapgate.calls.extensible import UNAVAILABLE, Extensible
from trapgate.calls.memory import In, Indirect, Out, Path, Shown, Struct, View
from trapgate.calls.plan import Planner
from trapgate.calls.quote import Hex, quote
from trapgate.calls.structs_file import O_CREAT, O_TMPFILE, OpenHowFlags, OpenMode
from trapgate.calls.types import DirFd, Fd, FileMode, Flags, Int, Mode, OnlyIf, Size, UInt
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Change, Joined, Number, String

HEADERS = {"struct open_how": "linux/openat2.h"}

EOVERFLOW = 75
MAX_HANDLE_SZ = 128


def creates_file(c: Call) -> bool:
    """Whether the call's mode counts: O_CREAT or O_TMPFILE is among its flags."""
    return bool(c.word("flags") & (O_CREAT | O_TMPFILE))


def _show_open_how(view: View) -> Shown:
    how = view.fields("flags")
    if view.flags & (O_CREAT | O_TMPFILE) or view.mode:
        how += view.fields("mode")
    return how + view.fields("resolve")


OpenHow = Struct(
    "struct open_how",
    show=_show_open_how,
    flags=OpenHowFlags,
    mode=FileMode(8),
    resolve=Flags("open_resolve_flags", size=8),
)


call("open", pathname=Path, flags=OpenMode, mode=OnlyIf(creates_file, Mode), returns=Fd, classes="desc")
call("openat", dirfd=DirFd, pathname=Path, flags=OpenMode, mode=OnlyIf(creates_file, Mode), returns=Fd)
call("openat2", dirfd=DirFd, pathname=Path, how=In(Extensible(OpenHow, "size", 24)), size=Size, returns=Fd)
call("creat", pathname=Path, mode=Mode, returns=Fd, classes="desc")


class HandlePointer(In):
    """A file handle: a header, and behind it as many bytes as it says, which end where they end."""

    def plan_argument(self, p: Planner) -> None:
        for view in (p.at_entry(), p.at_exit(always=True)):
            view.bytes(8)
            view.bytes(8 + MAX_HANDLE_SZ)


HandleHeader = Struct("file handle header", handle_bytes=UInt, handle_type=Int)


def _handle_bytes(c: Call, addr: int, count: int) -> AnyValue:
    """The opaque bytes behind the header at ``addr``: always in hexadecimal."""
    size = min(count, MAX_HANDLE_SZ)
    data = c.memory.read(addr + 8, size)
    if len(data) < size:
        return UNAVAILABLE
    shown = String(quote(data, Hex.ALL), data)
    return Joined(shown, MORE) if count > size else shown


def _show_handle(view: View) -> Shown:
    shown = view.fields("handle_bytes", "handle_type")
    return [*shown, ("f_handle", _handle_bytes(view.call, view.addr, view.handle_bytes))]


FileHandle = Struct("file handle", show=_show_handle, handle_bytes=UInt, handle_type=Int)
HandleFlags = Flags("name_to_handle_at_flags")

call("open_by_handle_at", mount_fd=Fd, handle=HandlePointer(FileHandle), flags=OpenMode, returns=Fd)


@decoder(
    "name_to_handle_at",
    dirfd=DirFd,
    pathname=Path,
    handle=HandlePointer(HandleHeader),
    mount_id=Out(Indirect(Int)),
    flags=HandleFlags,
)
def name_to_handle_at(c: Call) -> Iterator[Yield]:
    """By hand because the handle's size goes in, and with EOVERFLOW alone comes out again."""
    yield "dirfd", DirFd.value(c, c.args[0])
    yield "pathname", Path.value(c, c.args[1])
    addr = c.args[2]
    header = c.unpack("Ii", addr)
    if header is None:
        yield "handle", c.address(addr)
        yield "mount_id", c.address(c.args[3])
        yield "flags", HandleFlags.value(c, c.args[4])
        return
    room = header[0]
    yield EXIT
    size: AnyValue = Number(str(room), room)
    fields: list[tuple[str | None, AnyValue]] = []
    data = c.peek(addr, 8) if c.error in (0, EOVERFLOW) else None
    if data is not None:
        count, kind = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:], "little", signed=True)
        if count != room:
            size = Change(size, Number(str(count), count))
        if not c.error:
            fields = [("handle_type", Number(str(kind), kind)), ("f_handle", _handle_bytes(c, addr, count))]
    yield "handle", values.Struct([("handle_bytes", size), *fields])
    yield "mount_id", In(Indirect(Int)).value(c, c.args[3])
    yield "flags", HandleFlags.value(c, c.args[4])
