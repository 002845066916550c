"""The bytes that Python exchanges with the BPF programs are those of the C structures."""

import struct
import subprocess
from pathlib import Path

import pytest

from trapgate.model.counts import BUCKETS, GROUPS, bucket_bounds, find_bucket
from trapgate.model.record import OP, PLAN, Cond, From, Op, Phase, Plan, What
from trapgate.sources import bpf, bpf_count

PROGRAM = r"""
#include <stddef.h>
#include <stdio.h>
#include "bpf_state.h"
#define SAY(name, value) printf("%s %zu\n", name, (size_t)(value))
#define AT(type, member) SAY(#type "." #member, offsetof(struct type, member))
int main(void)
{
	SAY("state", sizeof(struct tg_bpf_state));
	AT(tg_bpf_state, lost); AT(tg_bpf_state, attach_found); AT(tg_bpf_state, attach_how);
	AT(tg_bpf_state, attach_id); AT(tg_bpf_state, everything); AT(tg_bpf_state, in_cgroup);
	SAY("config", sizeof(struct tg_bpf_config));
	AT(tg_bpf_config, exec_nr); AT(tg_bpf_config, task_mask); AT(tg_bpf_config, wanted); AT(tg_bpf_config, plan_index);
	SAY("key", sizeof(struct tg_count_key)); SAY("count", sizeof(struct tg_count));
	AT(tg_count, unfinished); AT(tg_count, bucket);
	SAY("buckets", TG_COUNT_BUCKETS); SAY("rows", TG_COUNT_ROWS); SAY("ways", TG_BPF_WAYS);
	SAY("by_cgroup", TG_BY_CGROUP); SAY("losses", TG_LOSSES); SAY("spawned", TG_ATTACH_SPAWNED);
	return 0;
}
"""


@pytest.fixture(scope="module")
def c(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What the C compiler says of the structures."""
    folder = tmp_path_factory.mktemp("layout")
    (folder / "said.c").write_text(PROGRAM)
    include = f"-I{project / 'src/trapgate/core'}"
    subprocess.run(["cc", include, str(folder / "said.c"), "-o", str(folder / "said")], check=True)
    output = subprocess.run([folder / "said"], capture_output=True, text=True, check=True).stdout
    return {name: int(value) for name, value in (line.split() for line in output.splitlines())}


def test_state(c: dict[str, int]) -> None:
    assert c["state"] == bpf.STATE.size
    assert c["tg_bpf_state.lost"] == 8 and c["losses"] == 8
    assert c["tg_bpf_state.attach_found"] == 8 * 9 + 4
    assert c["tg_bpf_state.attach_how"] == bpf.ATTACH_HOW_AT
    assert c["tg_bpf_state.attach_id"] == bpf.ATTACH_HOW_AT + 4
    assert c["tg_bpf_state.everything"] == bpf.ATTACH_HOW_AT + 8
    assert c["tg_bpf_state.in_cgroup"] == bpf.ATTACH_HOW_AT + 12
    assert (c["ways"], c["spawned"]) == (bpf.WAYS, bpf.SPAWNED)


def test_config(c: dict[str, int]) -> None:
    packed = bpf.Config({1: b"\x02"}, True, 5000, 3).pack()
    assert len(packed) == c["config"]
    assert struct.unpack_from("=I", packed, c["tg_bpf_config.task_mask"]) == (8191,)
    assert packed[:3] == bytes([1, 1, 3])
    wanted = packed[c["tg_bpf_config.wanted"] : c["tg_bpf_config.plan_index"]]
    row = len(wanted) // bpf.ABIS
    assert wanted[row] == 2 and wanted[0] == 2, "row 0 is the union"
    assert sum(wanted) == 4


def test_counts(c: dict[str, int]) -> None:
    assert c["count"] == bpf_count.COUNT.size and c["key"] == bpf_count.KEY.size
    assert c["tg_count.bucket"] == c["tg_count.unfinished"] + 8 == 40
    assert c["buckets"] == BUCKETS and c["rows"] == bpf_count.ROWS_PER_ABI
    assert c["by_cgroup"] == GROUPS.index("cgroup")


def test_buckets_meet() -> None:
    for index in range(BUCKETS - 1):
        low, high = bucket_bounds(index)
        assert find_bucket(low) == find_bucket(high - 1) == index
        assert bucket_bounds(index + 1)[0] == high


def test_a_plan_says_which_operations_run_when() -> None:
    ops = (Op(Phase.ENTRY, What.STRING, 0, max=9), Op(Phase.EXIT, What.BYTES, 1), Op(Phase.ENTRY, What.BYTES, 2))
    packed = bpf._with_ops(Plan(ops, n_args=3).pack())
    count, _, _, arguments, reserved = PLAN.unpack_from(packed)
    assert (count, arguments, reserved) == (3, 3, 0b101 | 0b010 << 16)
    assert OP.unpack_from(packed, PLAN.size) == tuple(ops[0])


def test_a_plan_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="impossible size"):
        bpf._with_ops(Plan().pack()[:-1])


def test_equal_plans_are_kept_once() -> None:
    read = Plan((Op(Phase.EXIT, What.BYTES, 1, From.RESULT, cond=Cond.IF_SUCCESS, max=33),), n_args=3).pack()
    config = bpf.Config(None, True, 1)
    plans, subplans = bpf.index_plans({1 << 16 | 0: read, 2 << 16 | 3: read, 1 << 16 | 2000: read}, {5: read}, config)
    assert len(plans) == 2
    (index,) = {*subplans.values()}
    assert index == struct.pack("=I", 1)
    assert struct.unpack_from("=H", config.plan_index, 2 * (2 * bpf.NUMBERS + 3)) == (1,)
    assert sum(config.plan_index) == 2, "numbers beyond the table have no plan"
