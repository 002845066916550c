# SPDX-License-Identifier: BSD-2-Clause
"""The dozen functions of libbpf.so.1 that load, fill and attach BPF programs, through ctypes.

`BpfObject` is one compiled object file in the kernel; closing it (or this process's end, however it ends)
removes its programs and maps, for nothing is pinned. Failures are `OSError`s with the function's name;
what libbpf had to say about them is in `messages`. Nothing here knows what the programs do.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from ctypes import POINTER, c_bool, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p

__all__ = ("BpfObject", "cpu_count", "messages")

PRINT = ctypes.CFUNCTYPE(c_int, c_int, c_char_p, c_void_p)
SIGNATURES: Mapping[str, tuple[object, tuple[object, ...]]] = {
    "libbpf_set_print": (c_void_p, (PRINT,)),
    "libbpf_num_possible_cpus": (c_int, ()),
    "bpf_object__open_mem": (c_void_p, (c_char_p, c_size_t, c_void_p)),
    "bpf_object__load": (c_int, (c_void_p,)),
    "bpf_object__close": (None, (c_void_p,)),
    "bpf_object__find_map_by_name": (c_void_p, (c_void_p, c_char_p)),
    "bpf_object__find_program_by_name": (c_void_p, (c_void_p, c_char_p)),
    "bpf_program__attach": (c_void_p, (c_void_p,)),
    "bpf_program__attach_iter": (c_void_p, (c_void_p, c_void_p)),
    "bpf_link__fd": (c_int, (c_void_p,)),
    "bpf_link__destroy": (c_int, (c_void_p,)),
    "bpf_iter_create": (c_int, (c_int,)),
    "bpf_map__fd": (c_int, (c_void_p,)),
    "bpf_map__value_size": (c_uint32, (c_void_p,)),
    "bpf_map__set_max_entries": (c_int, (c_void_p, c_uint32)),
    "bpf_map__set_initial_value": (c_int, (c_void_p, c_char_p, c_size_t)),
    "bpf_map__set_autocreate": (c_int, (c_void_p, c_bool)),
    "bpf_map_create": (c_int, (c_int, c_char_p, c_uint32, c_uint32, c_uint32, c_void_p)),
    "bpf_map_update_elem": (c_int, (c_int, c_char_p, c_char_p, c_uint64)),
    "bpf_map_update_batch": (c_int, (c_int, c_char_p, c_char_p, POINTER(c_uint32), c_void_p)),
    "bpf_map_lookup_elem": (c_int, (c_int, c_char_p, c_char_p)),
    "bpf_map_get_next_key": (c_int, (c_int, c_char_p, c_char_p)),
}
"""Result and parameters of each. Source: libbpf 1.0's bpf.h and libbpf.h."""

messages: list[str] = []
"""What libbpf said of the last object: warnings, and the verifier's log when it refuses a program."""

_library: ctypes.CDLL | None = None
_print: object = None


def load_library() -> ctypes.CDLL:
    """libbpf with the types of its functions set; `OSError` if it is not installed."""
    global _library, _print
    if _library is not None:
        return _library
    library = ctypes.CDLL("libbpf.so.1", use_errno=True)
    for name, (result, parameters) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
    libc = ctypes.CDLL(None)

    def keep(level: int, text: bytes, arguments: int) -> int:
        # A va_list arrives as a pointer on every ABI this runs on, and vsnprintf takes it as such.
        if level <= 1:
            buffer = ctypes.create_string_buffer(1 << 16)
            libc.vsnprintf(buffer, c_size_t(len(buffer)), c_char_p(text), c_void_p(arguments))
            messages.append(buffer.value.decode("utf-8", "replace"))
        return 0

    _print = PRINT(keep)
    library.libbpf_set_print(_print)
    _library = library
    return library


def cpu_count() -> int:
    """How many CPUs this machine may ever have: the length of per-CPU values."""
    return _checked("libbpf_num_possible_cpus", load_library().libbpf_num_possible_cpus())


def _checked(what: str, result: int | None) -> int:
    """`result` of the function `what`, or OSError: -errno, -1 and null all mean failure."""
    if result is None or result < 0:
        number = -result if result is not None and result < -1 else ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


class BpfObject:
    """One object file: opened here, changed by `resize` and `set_data`, then in the kernel after `load`."""

    def __init__(self, image: bytes) -> None:
        self._lib = load_library()
        messages.clear()
        self._links: list[int] = []
        self._object: int | None = None
        self._object = _checked("bpf_object__open_mem", self._lib.bpf_object__open_mem(image, len(image), None))

    def _map(self, name: str) -> int:
        return _checked(f"map {name}", self._lib.bpf_object__find_map_by_name(self._object, name.encode()))

    def _program(self, name: str) -> int:
        return _checked(f"program {name}", self._lib.bpf_object__find_program_by_name(self._object, name.encode()))

    def resize(self, name: str, entries: int) -> None:
        """Give map `name` room for `entries`; before `load`."""
        _checked(f"size of map {name}", self._lib.bpf_map__set_max_entries(self._map(name), entries))

    def set_data(self, section: str, data: bytes) -> None:
        """Set the initial bytes of the variables in `section`; before `load`."""
        _checked(section, self._lib.bpf_map__set_initial_value(self._map(section), data, len(data)))

    def load(self) -> None:
        """Put maps and programs into the kernel."""
        _checked("bpf_object__load", self._lib.bpf_object__load(self._object))

    def fd(self, name: str) -> int:
        """The file descriptor of map `name`, which stays this object's."""
        return _checked(name, self._lib.bpf_map__fd(self._map(name)))

    def value_bytes(self, name: str) -> int:
        """The size of one value of map `name`."""
        return int(self._lib.bpf_map__value_size(self._map(name)))

    def attach(self, name: str) -> None:
        """Attach program `name` to what its section names."""
        self._links.append(_checked(f"attach {name}", self._lib.bpf_program__attach(self._program(name))))

    def detach(self) -> None:
        """Take all attached programs away."""
        while self._links:
            self._lib.bpf_link__destroy(self._links.pop())

    def iterate(self, name: str) -> bytes:
        """Run the iterator program `name` over all its items; what it wrote."""
        link = _checked(f"attach {name}", self._lib.bpf_program__attach_iter(self._program(name), None))
        try:
            fd = _checked(name, self._lib.bpf_iter_create(self._lib.bpf_link__fd(link)))
            with open(fd, "rb", buffering=0) as file:
                return file.read()
        finally:
            self._lib.bpf_link__destroy(link)

    def update(self, name: str, key: bytes, value: bytes) -> None:
        """Set one element of map `name`."""
        _checked(f"update {name}", self._lib.bpf_map_update_elem(self.fd(name), key, value, 0))

    def update_all(self, name: str, items: Mapping[bytes, bytes]) -> None:
        """Set many elements of map `name`, with one system call where the kernel can."""
        if not items:
            return
        count = c_uint32(len(items))
        keys, values = b"".join(items), b"".join(items.values())
        if self._lib.bpf_map_update_batch(self.fd(name), keys, values, ctypes.byref(count), None) == 0:
            return
        for key, value in items.items():
            self.update(name, key, value)

    def items(self, name: str, key_bytes: int) -> Iterator[tuple[bytes, bytes]]:
        """Every key of map `name` with its value."""
        fd, value = self.fd(name), self._value_buffer(name, 1)
        key, following = None, ctypes.create_string_buffer(key_bytes)
        while self._lib.bpf_map_get_next_key(fd, key, following) == 0:
            key = following.raw
            if self._lib.bpf_map_lookup_elem(fd, key, value) == 0:
                yield key, value.raw

    def elements(self, name: str, count: int, copies: int) -> Iterator[tuple[int, bytes]]:
        """The first `count` elements of array `name` that are not all zero, with their indices.

        Per-CPU arrays have `copies` values an element, one after the other.
        """
        fd, value = self.fd(name), self._value_buffer(name, copies)
        nothing = bytes(len(value))
        for index in range(count):
            if self._lib.bpf_map_lookup_elem(fd, index.to_bytes(4, sys.byteorder), value) == 0 and value.raw != nothing:
                yield index, value.raw

    def _value_buffer(self, name: str, copies: int) -> ctypes.Array[ctypes.c_char]:
        return ctypes.create_string_buffer((self.value_bytes(name) + 7 & ~7) * copies)

    def make_map(self, kind: int, name: str, key_bytes: int, value_bytes: int, entries: int) -> int:
        """The file descriptor, the caller's, of a new map that no program names."""
        made = self._lib.bpf_map_create(kind, name.encode(), key_bytes, value_bytes, entries, None)
        return _checked(f"make map {name}", made)

    def close(self) -> None:
        """Remove everything from the kernel; again does nothing."""
        self.detach()
        if self._object is not None:
            self._lib.bpf_object__close(self._object)
            self._object = None
