#!/usr/bin/env python3
"""s3_ratio.py [--bench PROGRAM] [--s5cmd PROGRAM] [--rounds N]: 10,000 objects of 4 KiB to a bucket of versitygw on this machine's
loopback, by gg's store (build/release/bench/s3_bench) and, in turn, by `s5cmd cp`. Medians of seconds; the ratio is within a round."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("GG", "gg")  # what the tests' modules want; no gg is started here
sys.path.insert(0, str(HERE.parent / "tests/e2e"))
from s3_server import BUCKET, KEY, SECRET, Server  # noqa: E402

COUNT, BYTES = 10_000, 4096


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default=HERE.parent / "build/release/bench/s3_bench", metavar="PROGRAM")
    parser.add_argument("--s5cmd", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    environment = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    seconds = {"send": [], "fetch": [], "s5cmd": []}
    with tempfile.TemporaryDirectory(prefix="gg-bench-") as folder:
        work = pathlib.Path(folder)
        files = work / "files"
        files.mkdir()
        for number in range(COUNT if options.s5cmd else 0):
            (files / f"{number}").write_bytes(os.urandom(BYTES))
        server = Server(work / "server").start()
        try:
            for turn in range(options.rounds):
                said = json.loads(subprocess.run(
                    [options.bench, f"s3://{BUCKET}/gg{turn}?endpoint={server.endpoint}", str(COUNT), str(BYTES)],
                    env=environment, check=True, capture_output=True).stdout)
                seconds["send"].append(said["send_seconds"])
                seconds["fetch"].append(said["fetch_seconds"])
                if options.s5cmd:
                    begin = time.monotonic()
                    subprocess.run([options.s5cmd, "--endpoint-url", server.endpoint, "cp", f"{files}/", f"s3://{BUCKET}/s5-{turn}/"],
                                   env=environment, check=True, capture_output=True)
                    seconds["s5cmd"].append(time.monotonic() - begin)
        finally:
            server.stop()
    report = {name: round(statistics.median(times), 2) for name, times in seconds.items() if times}
    if options.s5cmd:
        report["send / s5cmd"] = round(statistics.median(a / b for a, b in zip(seconds["send"], seconds["s5cmd"])), 3)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
