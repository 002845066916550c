# SPDX-License-Identifier: BSD-2-Clause
"""Real-time clocks: time, alarms, interrupts, correction, parameters.

Source: rtc(4); include/uapi/linux/rtc.h.
"""

from __future__ import annotations

from trapgate.calls.call import Call
from trapgate.calls.memory import In, Indirect, Out, Struct, View
from trapgate.calls.requests import EXIT, Case, Staged, Stages, each, look, spare
from trapgate.calls.types import S64, U8, U32, X32, X64, Enum, Flags, Int, Long, Type, ULong
from trapgate.model import values
from trapgate.model.values import AnyValue, Change

HEADERS = dict.fromkeys(
    ["struct rtc_time", "struct rtc_wkalrm", "struct rtc_pll_info", "struct rtc_param"], "linux/rtc.h"
)

SHOWN = ("tm_sec", "tm_min", "tm_hour", "tm_mday", "tm_mon", "tm_year")
Time = Struct(
    "struct rtc_time",
    brief=SHOWN,
    tm_sec=Int,
    tm_min=Int,
    tm_hour=Int,
    tm_mday=Int,
    tm_mon=Int,
    tm_year=Int,
    tm_wday=Int,
    tm_yday=Int,
    tm_isdst=Int,
)
WakeAlarm = Struct("struct rtc_wkalrm", enabled=U8, pending=U8, time=Time)
Pll = Struct(
    "struct rtc_pll_info",
    pll_ctrl=Int,
    pll_value=Int,
    pll_max=Int,
    pll_min=Int,
    pll_posmult=Int,
    pll_negmult=Int,
    pll_clock=Long,
)
Param = Struct("struct rtc_param", param=Enum("rtc_params", size=8), uvalue=X64, index=U32, __pad=X32)

MEANING: dict[int, tuple[str, Type]] = {
    0: ("uvalue", Flags("rtc_features", size=8)),
    1: ("svalue", S64),
    2: ("uvalue", Enum("rtc_backup_switch_modes", size=8)),
}
"""What the value of each parameter (RTC_PARAM_*) is."""


def param_value(view: View) -> list[tuple[str | None, AnyValue]]:
    """The value as its parameter takes it."""
    name, kind = MEANING.get(view.param, ("uvalue", X64))
    return [(name, view.show("uvalue", kind))]


def tell_param(c: Call, addr: int) -> Stages:
    """The parameter, and its value if it is set; what the clock says if it is asked."""
    view = look(c, Param, addr)
    if view is None:
        return c.address(addr)
    if c.u32(1) >> 30 == 1 and c.u32(1) & 0xFF == 0x14:
        return values.Struct([*view.fields("param"), *param_value(view), *view.fields("index"), *spare(view, "__pad")])
    asked = values.Struct([*view.fields("param", "index"), *spare(view, "__pad")])
    yield EXIT
    answer = look(c, Param, addr)
    if answer is None:
        return Change(asked, c.address(addr))
    return Change(asked, values.Struct([*param_value(answer), *spare(answer, "__pad")]))


REQUESTS: dict[str, Type | Case | None] = {
    **each("RTC_ALM_READ RTC_RD_TIME", Out(Time)),
    **each("RTC_ALM_SET RTC_SET_TIME", In(Time)),
    **each("RTC_IRQP_SET RTC_EPOCH_SET", ULong),
    **each("RTC_IRQP_READ RTC_EPOCH_READ", Out(Indirect(ULong))),
    "RTC_WKALM_RD": Out(WakeAlarm),
    "RTC_WKALM_SET": In(WakeAlarm),
    "RTC_PLL_GET": Out(Pll),
    "RTC_PLL_SET": In(Pll),
    "RTC_VL_READ": Out(Indirect(Flags("rtc_vl_flags"))),
    **each("RTC_PARAM_GET RTC_PARAM_SET", Staged(Param, tell_param)),
    **each(
        "RTC_AIE_ON RTC_AIE_OFF RTC_UIE_ON RTC_UIE_OFF RTC_PIE_ON RTC_PIE_OFF RTC_WIE_ON RTC_WIE_OFF RTC_VL_CLR", None
    ),
}
