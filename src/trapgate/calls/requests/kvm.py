# SPDX-License-Identifier: BSD-2-Clause
"""Virtual machines: capabilities, memory, registers, CPU features, and why a virtual CPU stopped (-e kvm).

The state of a virtual CPU is in memory that the program maps from its descriptor; it is found in
the list of mappings. Source: virt/kvm/api.rst; include/uapi/linux/kvm.h, arch/x86/include/uapi/asm/kvm.h.
"""

from __future__ import annotations

from trapgate.calls import tables
from trapgate.calls.call import Call
from trapgate.calls.memory import Array, Fixed, In, Out, Shown, Struct, View
from trapgate.calls.requests import EXIT, Case, Followed, Staged, Stages, UnionOf, each
from trapgate.calls.types import (
    U8,
    U16,
    U32,
    U64,
    X8,
    X16,
    X32,
    X64,
    Enum,
    Fd,
    Flags,
    HexKLong,
    PaddedHex,
    Type,
    UInt,
)
from trapgate.model import values
from trapgate.model.values import MORE, AnyValue, Joined, remark

HEADERS = {
    "struct kvm_userspace_memory_region": "linux/kvm.h",
    "struct kvm_run": "linux/kvm.h",
    **dict.fromkeys(
        [
            "struct kvm_cpuid2",
            "struct kvm_cpuid_entry2",
            "struct kvm_dtable",
            "struct kvm_regs",
            "struct kvm_segment",
            "struct kvm_sregs",
        ],
        "asm/kvm.h",
    ),
}

Region = Struct(
    "struct kvm_userspace_memory_region",
    slot=U32,
    flags=Flags("kvm_mem_flags"),
    guest_phys_addr=X64,
    memory_size=U64,
    userspace_addr=X64,
)
FIRST, STACK, MORE_REGISTERS = ("rbx", "rcx", "rdx", "rsi", "rdi"), ("rsp", "rbp"), [f"r{n}" for n in range(8, 16)]


def show_regs(view: View) -> Shown:
    """The registers; with -v those in general use too."""
    if view.call.abbrev:
        rest = view.fields("rip", "rflags")
        return [*view.fields("rax"), (None, MORE), *view.fields(*STACK), (None, MORE), *rest]
    return view.fields("rax", *FIRST, *STACK, *MORE_REGISTERS, "rip", "rflags")


Regs = Struct(
    "struct kvm_regs",
    show=show_regs,
    rax=X64,
    rbx=X64,
    rcx=X64,
    rdx=X64,
    rsi=X64,
    rdi=X64,
    rsp=X64,
    rbp=X64,
    r8=X64,
    r9=X64,
    r10=X64,
    r11=X64,
    r12=X64,
    r13=X64,
    r14=X64,
    r15=X64,
    rip=X64,
    rflags=X64,
)
Segment = Struct(
    "struct kvm_segment",
    base=X64,
    limit=U32,
    selector=U16,
    type=U8,
    present=U8,
    dpl=U8,
    db=U8,
    s=U8,
    l=U8,
    g=U8,
    avl=U8,
    _unusable=U8,
    _padding=U8,
)
Table = Struct("struct kvm_dtable", base=X64, limit=U16, _padding=Fixed(U16, 3))
SystemRegs = Struct(
    "struct kvm_sregs",
    brief=("cs",),
    cs=Segment,
    ds=Segment,
    es=Segment,
    fs=Segment,
    gs=Segment,
    ss=Segment,
    tr=Segment,
    ldt=Segment,
    gdt=Table,
    idt=Table,
    cr0=U64,
    cr2=U64,
    cr3=U64,
    cr4=U64,
    cr8=U64,
    efer=U64,
    apic_base=X64,
    interrupt_bitmap=Fixed(X64, 4),
)
Feature = Struct(
    "struct kvm_cpuid_entry2",
    function=X32,
    index=X32,
    flags=Flags("kvm_cpuid_flags"),
    eax=X32,
    ebx=X32,
    ecx=X32,
    edx=X32,
    _padding=Fixed(U32, 3),
)


def show_features(view: View) -> Shown:
    """How many entries there are, and with -v the entries behind the structure."""
    if view.call.abbrev:
        entries: AnyValue = values.List([MORE] if view.nent else [])
    else:
        entries = Array(Feature, view.nent).at(view.call, view.addr + view.struct.size(view.call.abi))
    return [*view.fields("nent"), ("entries", entries)]


Features = Struct("struct kvm_cpuid2", show=show_features, nent=U32, _padding=U32)

# --- virtual CPUs ----------------------------------------------------------------------------

Port = Struct(
    "kvm_run.io",
    direction=Enum("kvm_exit_io", size=1),
    size=U8,
    port=PaddedHex(2),
    count=U32,
    data_offset=PaddedHex(8),
)
Device = Struct("kvm_run.mmio", phys_addr=PaddedHex(8), data=Fixed(X8, 8), len=U32, is_write=U8)
Run = Struct(
    "struct kvm_run",
    request_interrupt_window=U8,
    immediate_exit=U8,
    _padding1=Fixed(U8, 6),
    exit_reason=U32,
    ready_for_interrupt_injection=U8,
    if_flag=U8,
    flags=X16,
    cr8=PaddedHex(8),
    apic_base=PaddedHex(8),
    io=UnionOf(Port, Device, Fixed(U8, 256)),
    _synced=Fixed(U64, 258),
)
EXIT_IO, EXIT_MMIO = 2, 6
EARLIER = "request_interrupt_window immediate_exit"
LATER = "ready_for_interrupt_injection if_flag flags cr8 apic_base"


def show_state(view: View, unknown: str) -> AnyValue:
    """The state of a virtual CPU; what it wanted of a port or a device when it stopped for that."""
    reason = exit_name(view) or unknown
    why = view.show("exit_reason")
    shown = [
        *view.fields(*EARLIER.split()),
        ("exit_reason", Joined(why, remark(reason)) if reason else why),
        *view.fields(*LATER.split()),
    ]
    if view.exit_reason == EXIT_IO:
        shown.append((None, values.Struct([("io", show_port(view))])))
    elif view.exit_reason == EXIT_MMIO:
        shown.append((None, values.Struct([("mmio", view.show("io", Device))])))
    return values.Struct(shown)


def show_port(view: View) -> AnyValue:
    """The port, and the data that go through it."""
    port = View(view.call, view.bytes_of("io"), 0, Port)
    data = Array(X8, port.size * port.count).at(view.call, view.addr + port.data_offset)
    return values.Struct([*port.fields(*Port.members), ("data", data)])


def exit_name(view: View) -> str:
    """The name of the reason for which it stopped."""
    return tables.load("kvm_exit_reason").by_value.get(view.exit_reason, "")


def look_at_run(c: Call) -> tuple[int, View | None]:
    """The number of the virtual CPU that the call is about, and its state if that is mapped; -1 if it is none."""
    found = c.process.vcpu(c.s32(0))
    if found is None:
        return -1, None
    number, addr, length = found
    size = Run.size(c.abi)
    data = c.memory.read(addr, size) if length >= size else b""
    return number, View(c, data, 0, Run, addr) if len(data) == size else None


def tell_run(c: Call, word: int) -> Stages:
    """A number; with -e kvm=vcpu why it stopped, with vcpu+ its state before and after in lines of their own."""
    argument = HexKLong.value(c, word)
    wanted = c.options.vcpu
    if wanted is None:
        return argument
    before = look_at_run(c)[1] if wanted == "vcpu+" else None
    lines = [] if before is None else [show_state(before, "").text]
    yield EXIT
    number, after = look_at_run(c)
    name = f"VCPU:{number}" if number >= 0 else "VCPU"
    c.more_lines = [f" {name}< {line}" for line in lines]
    if after is not None and not c.error:
        c.note = exit_name(after) or "KVM_EXIT_???"
        if wanted == "vcpu+":
            c.more_lines.append(f" {name}> {show_state(after, 'KVM_EXIT_???').text}")
    return argument


REQUESTS: dict[str, Type | Case | None] = {
    "KVM_CHECK_EXTENSION": Enum("kvm_cap", size="long"),
    "KVM_CREATE_VM": Case(HexKLong, returns=Fd),
    "KVM_CREATE_VCPU": Case(UInt, returns=Fd),
    "KVM_SET_USER_MEMORY_REGION": In(Region),
    "KVM_GET_REGS": Out(Regs),
    "KVM_SET_REGS": In(Regs),
    "KVM_GET_SREGS": Out(SystemRegs),
    "KVM_SET_SREGS": In(SystemRegs),
    "KVM_SET_CPUID2": In(Followed(Features, 4000)),
    **each("KVM_GET_SUPPORTED_CPUID KVM_GET_EMULATED_CPUID", Out(Followed(Features, 4000))),
    "KVM_RUN": Staged(Run, tell_run),
}
