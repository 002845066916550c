# SPDX-License-Identifier: BSD-2-Clause
"""Call stacks of threads that a ptrace tracer holds, by elfutils' libdw.so.1 through ctypes.

The library is optional: without it `Unwinder()` raises CannotTraceError, which names Debian's package.
It reads registers by ptrace, so an `Unwinder` belongs to the thread that traces. Names of C++ are as the
compiler mangled them unless libstdc++ is there. Source: elfutils/libdwfl.h.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from functools import cache, lru_cache

from trapgate.model.errors import CannotTraceError

__all__ = ("Frame", "UnwindError", "Unwinder")

LIBRARY = "libdw.so.1"
FRAME_CALLBACK = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
CONTINUE, STOP = 0, 1
SIGNATURES: Mapping[str, tuple[object, tuple[object, ...]]] = {
    "dwfl_begin": (c_void_p, (c_void_p,)),
    "dwfl_end": (None, (c_void_p,)),
    "dwfl_errmsg": (c_char_p, (c_int,)),
    "dwfl_report_begin": (None, (c_void_p,)),
    "dwfl_report_end": (c_int, (c_void_p, c_void_p, c_void_p)),
    "dwfl_linux_proc_report": (c_int, (c_void_p, c_int)),
    "dwfl_linux_proc_attach": (c_int, (c_void_p, c_int, c_bool)),
    "dwfl_getthread_frames": (c_int, (c_void_p, c_int, FRAME_CALLBACK, c_void_p)),
    "dwfl_frame_pc": (c_bool, (c_void_p, POINTER(c_uint64), POINTER(c_bool))),
    "dwfl_addrmodule": (c_void_p, (c_void_p, c_uint64)),
    "dwfl_module_info": (c_char_p, (c_void_p,) + (c_void_p,) * 7),
    "dwfl_module_addrinfo": (
        c_char_p,
        (c_void_p, c_uint64, POINTER(c_uint64), c_void_p, c_void_p, c_void_p, c_void_p),
    ),
    "dwfl_module_relocate_address": (c_int, (c_void_p, POINTER(c_uint64))),
    "dwfl_module_getsrc": (c_void_p, (c_void_p, c_uint64)),
    "dwfl_lineinfo": (c_char_p, (c_void_p, c_void_p, POINTER(c_int), c_void_p, c_void_p, c_void_p)),
}


class UnwindError(Exception):
    """Why a stack ends early; `frames` are those that were found."""

    def __init__(self, why: str, frames: list[Frame]) -> None:
        super().__init__(why)
        self.frames = frames


@dataclass(frozen=True, slots=True)
class Frame:
    """One function that has been called and has not returned."""

    module: str
    """The file that holds its code."""
    symbol: str
    """Its name; empty when the file does not tell."""
    offset: int
    """Bytes from the function's beginning."""
    address: int
    """Bytes from the beginning of the module."""
    file: str = ""
    """The source file, when asked for and known."""
    line: int = 0


class Callbacks(ctypes.Structure):
    """Dwfl_Callbacks: how files and their debugging data are found."""

    _fields_ = (
        ("find_elf", c_void_p),
        ("find_debuginfo", c_void_p),
        ("section_address", c_void_p),
        ("debuginfo_path", c_void_p),
    )


class Unwinder:
    """Walks stacks; what it learnt of a process's files is kept until the process is forgotten.

    Args:
        limit: how many frames a stack has at most.
        with_source: whether frames have source lines.
    """

    def __init__(self, limit: int, with_source: bool) -> None:
        self.limit = limit
        self.with_source = with_source
        try:
            self._lib = ctypes.CDLL(LIBRARY)
            for name, (result, arguments) in SIGNATURES.items():
                function = getattr(self._lib, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as error:
            raise CannotTraceError("-k", f"no library unwinds stacks here ({error})", "apt install libdw1") from None
        self._callbacks = Callbacks(
            find_elf=ctypes.cast(self._lib.dwfl_linux_proc_find_elf, c_void_p),
            find_debuginfo=ctypes.cast(self._lib.dwfl_standard_find_debuginfo, c_void_p),
        )
        self._sessions: dict[int, tuple[int, bytes]] = {}
        """For each process its Dwfl, and the /proc/PID/maps that it knows."""

    def forget(self, pid: int) -> None:
        """The process has ended, or got another program."""
        found = self._sessions.pop(pid, None)
        if found is not None:
            self._lib.dwfl_end(found[0])

    def walk(self, pid: int, tid: int) -> list[Frame]:
        """The frames of a held thread, innermost first.

        Raises UnwindError: the walk ended before the outermost frame.
        """
        dwfl = self._session(pid)
        frames: list[Frame] = []

        def take(state: int, unused: int) -> int:
            pc, is_activation = c_uint64(), c_bool()
            if not self._lib.dwfl_frame_pc(state, byref(pc), byref(is_activation)):
                return -1
            frame = self._describe(dwfl, pc.value if is_activation.value else pc.value - 1)
            if frame is not None:
                frames.append(frame)
            return STOP if len(frames) >= self.limit else CONTINUE

        result = self._lib.dwfl_getthread_frames(dwfl, tid, FRAME_CALLBACK(take), None)
        if result:
            raise UnwindError("too many stack frames" if result > 0 else self._last_error(), frames)
        return frames

    def _last_error(self) -> str:
        return (self._lib.dwfl_errmsg(-1) or b"unknown error").decode(errors="replace")

    def _session(self, pid: int) -> int:
        """The Dwfl of a process, which knows what is mapped now."""
        with open(f"/proc/{pid}/maps", "rb") as file:
            maps = file.read()
        dwfl, known = self._sessions.get(pid, (0, b""))
        if not dwfl:
            dwfl = self._lib.dwfl_begin(byref(self._callbacks))
            if not dwfl:
                raise UnwindError(self._last_error(), [])
            self._sessions[pid] = dwfl, b""
        if maps != known:
            self._lib.dwfl_report_begin(dwfl)
            failed = self._lib.dwfl_linux_proc_report(dwfl, pid)
            if self._lib.dwfl_report_end(dwfl, None, None) or failed:
                raise UnwindError(self._last_error(), [])
            if not known and self._lib.dwfl_linux_proc_attach(dwfl, pid, True):
                raise UnwindError(self._last_error(), [])
            self._sessions[pid] = dwfl, maps
        return dwfl

    def _describe(self, dwfl: int, pc: int) -> Frame | None:
        module = self._lib.dwfl_addrmodule(dwfl, pc)
        if not module:
            return None
        name = self._lib.dwfl_module_info(module, *[None] * 7) or b""
        offset, symbol = c_uint64(), (c_uint64 * 3)()  # a GElf_Sym, which nobody looks at
        found = self._lib.dwfl_module_addrinfo(module, pc, byref(offset), byref(symbol), None, None, None) or b""
        address = c_uint64(pc)
        self._lib.dwfl_module_relocate_address(module, byref(address))
        file, line = self._find_line(module, pc) if self.with_source else (b"", 0)
        return Frame(
            name.decode(errors="surrogateescape"),
            demangle(found.decode(errors="surrogateescape")),
            offset.value,
            address.value,
            file.decode(errors="surrogateescape"),
            line,
        )

    def _find_line(self, module: int, pc: int) -> tuple[bytes, int]:
        found = self._lib.dwfl_module_getsrc(module, pc)
        if not found:
            return b"", 0
        number = c_int()
        file = self._lib.dwfl_lineinfo(found, None, byref(number), None, None, None)
        return file or b"", number.value

    def close(self) -> None:
        """Forget every process."""
        for pid in list(self._sessions):
            self.forget(pid)


@cache
def _find_demangler() -> Callable[[bytes], bytes | None] | None:
    """libstdc++'s ``__cxa_demangle`` as a function of bytes; None without the library."""
    try:
        library, libc = ctypes.CDLL("libstdc++.so.6"), ctypes.CDLL(None)
        call = library.__cxa_demangle
    except (OSError, AttributeError):
        return None
    call.restype, call.argtypes = c_void_p, (c_char_p, c_char_p, POINTER(c_size_t), POINTER(c_int))
    libc.free.argtypes = (c_void_p,)

    def run(name: bytes) -> bytes | None:
        status = c_int()
        text = call(name, None, None, byref(status))
        if not text:
            return None
        value = ctypes.string_at(text)
        libc.free(text)
        return value

    return run


@lru_cache(maxsize=4096)
def demangle(name: str) -> str:
    """The C++ declaration behind a mangled name; the name itself when it is none."""
    run = _find_demangler() if name.startswith("_Z") else None
    found = run(name.encode(errors="surrogateescape")) if run else None
    return name if found is None else found.decode(errors="replace")
