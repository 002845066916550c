# SPDX-License-Identifier: BSD-2-Clause
"""Trusted execution environments: sessions, commands with parameters, shared memory.

Commands lie in a buffer that a small structure points to; their parameters follow them there.
Source: userspace-api/tee.rst; include/uapi/linux/tee.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import Array, Fixed, In, Out, Shown, Struct, View
from trapgate.calls.requests import EXIT, Addr64, Case, Exchange, Fields, Led, Staged, Stages, Uuid, look, show_fields
from trapgate.calls.types import S32, U32, U64, X8, X32, X64, Enum, Fd, Flags, Gid, Named, Type, join_flags
from trapgate.model import values
from trapgate.model.abi import Abi
from trapgate.model.values import AnyValue, Change, Symbol

HEADERS = dict.fromkeys(
    [
        "struct tee_iocl_supp_recv_arg",
        "struct tee_iocl_supp_send_arg",
        "struct tee_ioctl_buf_data",
        "struct tee_ioctl_cancel_arg",
        "struct tee_ioctl_close_session_arg",
        "struct tee_ioctl_invoke_arg",
        "struct tee_ioctl_open_session_arg",
        "struct tee_ioctl_param",
        "struct tee_ioctl_shm_alloc_data",
        "struct tee_ioctl_shm_register_data",
        "struct tee_ioctl_version_data",
    ],
    "linux/tee.h",
)
OPTEE, MOST_BYTES = 1, 1024


def show_version(view: View) -> Shown:
    """The implementation, and what it can do in its own terms."""
    own = view.show("impl_caps", Flags("tee_ioctl_optee_caps")) if view.impl_id == OPTEE else view.show("impl_caps")
    return [*view.fields("impl_id", "gen_caps"), ("impl_caps", own)]


Version = Struct(
    "struct tee_ioctl_version_data",
    show=show_version,
    impl_id=Enum("tee_ioctl_impl_ids"),
    impl_caps=X32,
    gen_caps=Flags("tee_ioctl_gen_caps"),
)


class Attribute(Named):
    """The type of a parameter, and whether it is about the command itself."""

    META = 0x100

    def __init__(self) -> None:
        super().__init__("tee_ioctl_param_attr_types", size=8)
        self.kind = Enum("tee_ioctl_param_attr_types", size=8, unknown="TEE_IOCTL_PARAM_ATTR_")

    def show(self, value: int, style: str, abi: Abi) -> AnyValue:
        kind = self.kind.show(value & ~self.META, style, abi)
        name = "TEE_IOCTL_PARAM_ATTR_META"
        return join_flags(kind, Symbol(name, name)) if value & self.META else kind


MEMBERS = {
    0: (),
    **dict.fromkeys((5, 6, 7), (("shm_offs", "a", X64), ("size", "b", X64), ("shm_id", "c", U64))),
    **dict.fromkeys((8, 9, 10), (("buf", "a", X64), ("size", "b", X64))),
    **dict.fromkeys((11, 12, 13), (("obj_id", "a", X64), ("flags", "b", X64))),
}
"""What the words of a parameter are, by its type: shared memory, a buffer, an object."""


def show_param(view: View) -> Shown:
    """The words that the type uses, by what they are."""
    members = MEMBERS.get(view.attr, tuple((name, name, X64) for name in "abc"))
    return [*view.fields("attr"), *[(shown, view.show(name, kind)) for shown, name, kind in members]]


Param = Struct("struct tee_ioctl_param", show=show_param, attr=Attribute(), a=X64, b=X64, c=X64)
Origin = Enum("tee_ioctl_origins")


Session = Struct(
    "struct tee_ioctl_open_session_arg",
    uuid=Uuid(),
    clnt_uuid=Fixed(X8, 16),
    clnt_login=Enum("tee_ioctl_login_types"),
    cancel_id=U32,
    session=X32,
    ret=U32,
    ret_origin=Origin,
    num_params=U32,
)
GROUPS, OTHERS = (2, 6), (0, 1, 4, 5)
"""TEE_IOCTL_LOGIN_*: those of a group, and those without more to say."""


def show_session(view: View) -> Shown:
    """Whom to talk to, and as whom."""
    client: Shown = view.fields("clnt_uuid")
    if view.clnt_login in GROUPS:
        client = [("clnt_uuid", Gid.load(view.call, view.bytes_of("clnt_uuid"), 0))]
    elif view.clnt_login in OTHERS:
        client = []
    return [*view.fields("uuid", "clnt_login"), *client, *view.fields("cancel_id", "num_params")]


Invoke = Struct(
    "struct tee_ioctl_invoke_arg", func=U32, session=X32, cancel_id=U32, ret=U32, ret_origin=Origin, num_params=U32
)
Receive = Struct("struct tee_iocl_supp_recv_arg", func=U32, num_params=U32)
Send = Struct("struct tee_iocl_supp_send_arg", ret=U32, num_params=U32)
Buffer = Struct("struct tee_ioctl_buf_data", buf_ptr=Led(Fixed(X8, MOST_BYTES), wide=True), buf_len=U64)


def commanded(struct: Struct, before: Fields, after: Fields) -> Staged:
    """A command in a buffer, with its parameters; these may be changed."""

    def command(view: View, fields: Fields) -> values.Struct | None:
        c, addr = view.call, view.buf_ptr
        size = struct.size(c.abi)
        data = c.fetch(addr, size) if size <= view.buf_len <= MOST_BYTES else None
        if data is None:
            return None
        found = View(c, data, 0, struct, addr)
        if not c.exiting and size + found.num_params * Param.size(c.abi) != view.buf_len:
            return None  # the kernel refuses it
        params = Array(Param, found.num_params).at(c, addr + size if found.num_params else 0)
        return values.Struct([*show_fields(found, fields), ("params", params)])

    def stages(c: Call, addr: int) -> Stages:
        asked = look(c, Buffer, addr)
        if asked is None:
            return c.address(addr)
        shown = command(asked, before)
        if shown is None:
            return values.Struct(asked.fields("buf_len", "buf_ptr"))
        yield EXIT
        head = asked.fields("buf_len")
        if c.error:
            return values.Struct([*head, ("buf_ptr", shown)])
        answer = look(c, Buffer, addr)
        done: AnyValue | None = command(answer, after) if answer else c.address(addr)
        if done is None and answer is not None:
            done = values.Struct(answer.fields("buf_len", "buf_ptr"))
        return values.Struct([*head, ("buf_ptr", Change(shown, done or c.address(addr)))])

    return Staged(Buffer, stages)


MemoryFlags = Flags("tee_ioctl_shm_flags")
Allocate = Struct("struct tee_ioctl_shm_alloc_data", size=X64, flags=MemoryFlags, id=S32)
Register = Struct("struct tee_ioctl_shm_register_data", addr=Addr64, length=X64, flags=MemoryFlags, id=S32)
RegisterFd = Struct("tee_ioctl_shm_register_fd_data", fd=Fd, _high=U32, size=X64, flags=MemoryFlags, id=S32)

REQUESTS: dict[str, Type | Case | None] = {
    "TEE_IOC_VERSION": Out(Version),
    "TEE_IOC_OPEN_SESSION": commanded(Session, show_session, "session ret ret_origin"),
    "TEE_IOC_INVOKE": commanded(Invoke, "func session cancel_id num_params", "ret ret_origin"),
    "TEE_IOC_CANCEL": In(Struct("struct tee_ioctl_cancel_arg", cancel_id=U32, session=X32)),
    "TEE_IOC_CLOSE_SESSION": In(Struct("struct tee_ioctl_close_session_arg", session=X32)),
    "TEE_IOC_SUPPL_RECV": commanded(Receive, "func num_params", "num_params"),
    "TEE_IOC_SUPPL_SEND": commanded(Send, "num_params", "ret"),
    "TEE_IOC_SHM_ALLOC": Exchange(Allocate, "size flags", "size flags id", arrow=True),
    "TEE_IOC_SHM_REGISTER_FD": Exchange(RegisterFd, "fd flags", "size id", arrow=True),
    "TEE_IOC_SHM_REGISTER": Exchange(Register, "addr length flags", "length flags id", arrow=True),
}
