# SPDX-License-Identifier: BSD-2-Clause
"""``struct sigevent``: how a process wants to be told (timers, message queues, asynchronous I/O).

Source: sigevent(3type), ``include/uapi/asm-generic/siginfo.h``.
"""

from __future__ import annotations

from trapgate.calls.memory import Shown, Struct, View
from trapgate.calls.structs_signal import Signal
from trapgate.calls.types import Addr, Enum, Int, UInt
from trapgate.model.values import AnyValue, Number
from trapgate.model.values import Struct as StructValue

SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID = 0, 2, 4


def _show(view: View) -> Shown:
    c, word = view.call, view.call.abi.word
    fields: list[tuple[str | None, AnyValue]] = []
    pointer = int.from_bytes(view.data[view.offset : view.offset + word], "little")
    if pointer:
        number = Int.value(c, pointer)
        fields.append(("sigev_value", StructValue([("sival_int", number), ("sival_ptr", c.address(pointer))])))
    notify = view.sigev_notify
    kind = Signal if notify in (SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID) else UInt
    fields += [("sigev_signo", view.show("sigev_signo", kind)), ("sigev_notify", view.show("sigev_notify"))]
    if notify == SIGEV_THREAD_ID:
        tid = int.from_bytes(view.data[view.offset + word + 8 : view.offset + word + 12], "little", signed=True)
        fields.append(("sigev_notify_thread_id", Number(str(tid), tid)))
    if notify == SIGEV_THREAD:
        fields += view.fields("sigev_notify_function", "sigev_notify_attributes")
    return fields


SigEvent = Struct(
    "sigevent without its padding",
    show=_show,
    sigev_value=Addr,
    sigev_signo=Signal,
    sigev_notify=Enum("sigev_value", unknown="SIGEV_???"),
    sigev_notify_function=Addr,
    sigev_notify_attributes=Addr,
)
"""The members there are: the padding to 64 bytes may be unreadable."""
