#!/usr/bin/env python3
"""functions.py [options] WHAT...: thunks on functions of the double (tests/cloud), all of them sleepers, which execute nothing but
fetch, wait and write as workers do. Bucket: versitygw. One line of JSON each.

  sleep    1,000 thunks of two seconds, all environments cold: wall seconds
  nothing  10,000 thunks of nothing: the coordinator's processor time for each
  flight   8,000 thunks at once: the coordinator's peak memory

The laptop is 50 ms from functions and bucket, with 100 Mbps to the bucket; TCP's and TLS's greetings with functions take a round
trip each. Functions are 10 ms from the bucket. A cold start takes 200 ms. Functions are on this very machine, so that their processor time is part of the wall.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("GG", "gg")  # what the tests' modules want
sys.path[:0] = [str(HERE.parent / "tests/e2e"), str(HERE.parent / "tests/cloud")]
from aws_signature import Identity  # noqa: E402
from environments import Sleepers  # noqa: E402
from functions import REGION, Function, Service  # noqa: E402
from s3_server import BUCKET, KEY, SECRET, Server  # noqa: E402
from servers import Relay  # noqa: E402

ROUND_TRIP, RATE, TO_THE_BUCKET = 0.05, 100e6 / 8, 0.01
# name: (thunks, seconds of each, at once)
SCENES = {"sleep": (1000, 2, 1000), "nothing": (10_000, 0, 1000), "flight": (8000, 20, 8000)}
FUNCTIONS = 10


def made_thunks(gg, work, environment, count, seconds):
    """A file with their promises, in a new store."""
    subprocess.run(["gcc", "-O2", "-static", "-o", work / "sleep", "-x", "c", "-"], check=True,
                   input=b"#include <stdlib.h>\n#include <unistd.h>\n#include <fcntl.h>\nint main(int n, char** words) {\n"
                         b"  sleep((unsigned)atoi(words[1]));\n  return open(\"out\", O_WRONLY | O_CREAT, 0644) < 0;\n}\n")
    lines = "".join(json.dumps({"argv": ["/sleep", str(seconds), str(number)], "inputs": {"/sleep": "sleep"}, "outputs": ["out"]}) + "\n"
                    for number in range(count))
    names = work / "names"
    with open(names, "w") as sink:
        subprocess.run([gg, "thunk", "create", "--stream", "--store", work / "store"], cwd=work, env=environment, check=True,
                       input=lines.encode(), stdout=sink)
    return names


def measure(options, scene, work):
    count, seconds, at_once = SCENES[scene]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}
    names = made_thunks(options.gg, work, environment, count, seconds)
    server = Server(work / "server").start()
    relay = Relay(server.port, delay=ROUND_TRIP / 2, rate=RATE)
    service = Service(Sleepers({relay.port: server.port}, TO_THE_BUCKET), [Function(f"gg-{number}") for number in range(FUNCTIONS)],
                      {KEY: Identity(SECRET)}, concurrency=at_once, round_trip=ROUND_TRIP).start()
    try:
        argv = [options.gg, "force", "--store", work / "store", "--engine", f"lambda://gg?endpoint={service.url}", "--jobs", str(at_once),
                "--store", f"s3://{BUCKET}/cache?endpoint=http://127.0.0.1:{relay.port}", "--fallback=never", f"@{names}"]
        begin = time.monotonic()
        process = subprocess.Popen(argv, cwd=work, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        if status != 0:
            sys.exit(f"gg force ended with {status}")
        asked = [round(moment - begin, 2) for moment in (service.first_asked, service.last_asked, service.last_answered)]
        return {"what": scene, "thunks": count, "back end": "sleepers", "wall s": round(wall, 2),
                "coordinator CPU ms each": round((usage.ru_utime + usage.ru_stime) / count * 1e3, 3), "coordinator peak MB": round(usage.ru_maxrss / 1024, 1),
                "most at once": service.most_running, "cold": service.counts["cold"], "throttled": service.counts["throttled"],
                "first asked, last asked, last answered s": asked, "CPU s of double and relay": round(time.process_time(), 1)}
    finally:
        service.close()
        relay.close()
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gg", default=str(HERE.parent / "build/release/src/cli/gg"), metavar="PROGRAM")
    parser.add_argument("what", nargs="+", choices=SCENES)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for scene in options.what:
        with tempfile.TemporaryDirectory(prefix="gg-bench-") as work:
            print(json.dumps(measure(options, scene, pathlib.Path(work))), flush=True)


if __name__ == "__main__":
    main()
