"""Every event that `--json` prints is what docs/reference/event.schema.json says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trapgate.model.event import SCHEMA_VERSION, Event

WORK = """
ls / /nowhere >/dev/null
printf '\\377' | cat >/dev/null
trap : USR1; kill -USR1 $$
(sleep 0.5; kill -CONT $$) & kill -STOP $$
"""


@pytest.fixture(scope="module")
def schema(project: Path) -> dict[str, Any]:
    return json.loads((project / "docs/reference/event.schema.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("source", ["bpf", "ptrace"])
def test_events_are_what_the_schema_says(source: str, schema: dict[str, Any], program: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.json"
    subprocess.run(
        [program, "trace", "--source", source, "-f", "--json", "-o", log, "sh", "-c", WORK],
        check=True,
        timeout=60,
        stderr=subprocess.DEVNULL,
    )
    validator = Draft202012Validator(schema)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    wrong = [(error.message, event) for event in events for error in validator.iter_errors(event)]
    assert not wrong, wrong[:3]
    assert {"call", "fork", "exec", "signal", "stop", "exit", "unfinished"} <= {event["kind"] for event in events}


def test_the_schema_names_every_field(schema: dict[str, Any]) -> None:
    assert set(schema["properties"]) == {"v", *Event.__dataclass_fields__}
    assert schema["properties"]["v"]["const"] == SCHEMA_VERSION
