# SPDX-License-Identifier: BSD-2-Clause
"""NETLINK_CRYPTO: the kernel's ciphers and digests. Source: include/uapi/linux/cryptouser.h."""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import CharArray, Struct, View
from trapgate.calls.netlink.attributes import Attributes, Scope, align4, raw_string, terminated
from trapgate.calls.types import U32, X32, Type
from trapgate.model import values
from trapgate.model.values import AnyValue

KNOWN = (16, 17, 18, 19)
"""CRYPTO_MSG_NEWALG, DELALG, UPDATEALG, GETALG."""

Name = CharArray(64)


def _show_type(scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
    shown = terminated(scope, addr, length)
    return [values.Struct([("type", shown[0])])] if shown else None


class _Report:
    """A structure; what is shorter is a string."""

    def __init__(self, c_name: str, **members: Type) -> None:
        self.struct = Struct(c_name, **{})
        self.struct.members.update(members)

    def __call__(self, scope: Scope, addr: int, length: int) -> list[AnyValue] | None:
        if length < self.struct.size(scope.c.abi):
            return raw_string(scope, addr, length)
        return [self.struct.at(scope.c, addr)]


UserAttributes = Attributes(
    "crypto_nl_attrs",
    "CRYPTOCFGA_???",
    {
        "CRYPTOCFGA_PRIORITY_VAL": U32,
        "CRYPTOCFGA_REPORT_LARVAL": _show_type,
        "CRYPTOCFGA_REPORT_HASH": _Report("struct crypto_report_hash", type=Name, blocksize=U32, digestsize=U32),
        "CRYPTOCFGA_REPORT_BLKCIPHER": _Report(
            "struct crypto_report_blkcipher",
            type=Name,
            geniv=Name,
            blocksize=U32,
            min_keysize=U32,
            max_keysize=U32,
            ivsize=U32,
        ),
        "CRYPTOCFGA_REPORT_AEAD": _Report(
            "struct crypto_report_aead", type=Name, geniv=Name, blocksize=U32, maxauthsize=U32, ivsize=U32
        ),
        "CRYPTOCFGA_REPORT_COMPRESS": _show_type,
        "CRYPTOCFGA_REPORT_RNG": _Report("struct crypto_report_rng", type=Name, seedsize=U32),
        "CRYPTOCFGA_REPORT_CIPHER": _Report(
            "struct crypto_report_cipher", type=Name, blocksize=U32, min_keysize=U32, max_keysize=U32
        ),
        "CRYPTOCFGA_REPORT_AKCIPHER": _show_type,
        "CRYPTOCFGA_REPORT_KPP": _show_type,
        "CRYPTOCFGA_REPORT_ACOMP": _show_type,
        "CRYPTOCFGA_REPORT_SIG": _show_type,
    },
)
Algorithm = Struct(
    "struct crypto_user_alg",
    cru_name=Name,
    cru_driver_name=Name,
    cru_module_name=Name,
    cru_type=X32,
    cru_mask=X32,
    cru_refcnt=U32,
    cru_flags=X32,
)

HEADERS = {
    f"struct crypto_{name}": "linux/cryptouser.h"
    for name in (
        "user_alg",
        "report_hash",
        "report_blkcipher",
        "report_aead",
        "report_rng",
        "report_cipher",
    )
}


def show_payload(c: Call, header: View, addr: int, length: int) -> list[AnyValue] | None:
    """The payload; None if the message is not known."""
    if header.nlmsg_type not in KNOWN:
        return None
    size = Algorithm.size(c.abi)
    if length < size:
        return [c.buffer(addr, length)]
    shown = Algorithm.at(c, addr)
    offset = align4(size)
    if length <= offset or not isinstance(shown, values.Struct):
        return [shown]
    return [shown, UserAttributes.show(Scope(c), addr + offset, length - offset)]
