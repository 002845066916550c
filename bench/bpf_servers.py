# SPDX-License-Identifier: BSD-2-Clause
"""What share of its requests a server keeps when all its processes are attached to, bpf source only.

redis under redis-benchmark GET, nginx under wrk; rounds untraced, traced and counted are interleaved, printed
are medians and their share of the untraced ones. Records are thrown away as they come. Needs the packages
redis-server, redis-tools, nginx and wrk; what is not installed is left out.

    python bench/bpf_servers.py [--rounds 5] [redis nginx]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bpf_source import make_plans

from trapgate.sources.bpf import Bpf
from trapgate.sources.bpf_count import BpfCount

REDIS_PORT, NGINX_PORT = 16379, 18080
NGINX = """\
worker_processes 2; daemon off; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; sendfile on; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


@contextlib.contextmanager
def redis() -> Iterator[list[int]]:
    """The processes of a redis server that keeps nothing on disk."""
    command = ["redis-server", "--port", str(REDIS_PORT), "--save", "", "--appendonly", "no", "--daemonize", "no"]
    with serve(command) as pids:
        yield pids


@contextlib.contextmanager
def nginx() -> Iterator[list[int]]:
    """The processes of an nginx that serves one small file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "index.html").write_text("x" * 600)
        config = Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, port=NGINX_PORT))
        with serve(["nginx", "-c", str(config)]) as pids:
            yield pids


@contextlib.contextmanager
def serve(command: list[str]) -> Iterator[list[int]]:
    """Run a server; its process and that one's children."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        yield [server.pid, *map(int, children)]
    finally:
        server.terminate()
        server.wait()


def load_redis() -> float:
    """GET requests a second."""
    command = ["redis-benchmark", "-p", str(REDIS_PORT), "-t", "get", "-n", "200000", "-c", "50", "-q"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"([\d.]+) requests per second", text)[-1])


def load_nginx() -> float:
    """HTTP requests a second."""
    command = ["wrk", "-t1", "-c32", "-d2s", f"http://127.0.0.1:{NGINX_PORT}/index.html"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0])


SERVERS = {"redis": (redis, load_redis, "redis-benchmark"), "nginx": (nginx, load_nginx, "wrk")}


def measure_traced(pids: list[int], load: Callable[[], float]) -> tuple[float, str]:
    """Requests a second while every call is recorded."""
    with Bpf(plan=make_plans()) as source:
        for pid in pids:
            source.attach(pid)
        volume = [0]

        def read() -> None:
            while (batch := source.run()) is not None:
                volume[0] += len(batch)

        reader = threading.Thread(target=read)
        reader.start()
        rate = load()
        source.detach_all()
        reader.join()
        return rate, f"{volume[0] / 1e6:.0f} MB, {source.lost} lost"


def measure_counted(pids: list[int], load: Callable[[], float]) -> tuple[float, str]:
    """Requests a second while every call is counted and timed."""
    with BpfCount() as source:
        for pid in pids:
            source.attach(pid)
        rate = load()
        return rate, f"{sum(row.calls for row in source.read())} calls"


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("servers", nargs="*", default=list(SERVERS))
    args = parser.parse_args()
    os.environ["LC_ALL"] = "C"
    for name in args.servers:
        start, load, tool = SERVERS[name]
        if not shutil.which(tool):
            print(f"{name}: {tool} is not installed")
            continue
        rates: dict[str, list[float]] = {"untraced": [], "traced": [], "counted": []}
        remarks = dict.fromkeys(rates, "")
        with start() as pids:
            load()
            for _ in range(args.rounds):
                rates["untraced"].append(load())
                for way, measure in (("traced", measure_traced), ("counted", measure_counted)):
                    rate, remarks[way] = measure(pids, load)
                    rates[way].append(rate)
        plain = statistics.median(rates["untraced"])
        for way, measured in rates.items():
            middle = statistics.median(measured)
            print(
                f"{name:6} {way:9} {middle:9.0f} requests/s {100 * middle / plain:6.1f} %  {remarks[way]}", flush=True
            )


if __name__ == "__main__":
    main()
