#!/usr/bin/env python3
"""reapi_ratio.py WHAT [options] [PROJECT-DIR]: gg with a Remote Execution server (buildbox-casd on this machine).

  bare    a build whose every command the server executes, next to a bare client that sends it the same actions as fast as it
          takes them (build/release/bench/reapi_replay); server and store begin empty each time
  hits    the same once all is cached over there, store empty, --download=targets, next to `gg infer` with an empty store and
          one round trip for each level of the graph
  recc    a cached build over the relay, next to recc with the same server (tools/install-newer-debian fetches it)
  link    10,000 objects of 4 KiB sent over the relay: their share of what the line could carry
  bytes   what a build sends and receives, next to what was missing + 64 KiB + 300 B an object; first (`nothing cached`), then
          with another store (`all cached`)

The relay is tests/e2e/servers.py's; by default 50 ms there and back and 100 Mbps each way for recc and link, none for the
others. Before anything is measured over it, it is measured itself, and its figures are printed. A project is copied,
configured once (plainly) and built at one path; medians, ratios are within a round.

  bench/reapi_ratio.py bare --configure ./configure ~/src/ffmpeg
  bench/reapi_ratio.py recc --build 'make -j8 MALLOC=libc BUILD_TLS=no' ~/src/redis-7.0.15
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import interleaved

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("GG", "gg")  # what the tests' modules want; no gg is started by them here
sys.path.insert(0, str(HERE.parent / "tests/e2e"))
from reapi_server import Casd  # noqa: E402
from servers import Relay, installed  # noqa: E402

ROUND_TRIP, MBPS = 0.05, 100
COUNT, BYTES = 10_000, 4096


class Line:
    """The way to a server: through a relay, or plain loopback."""

    def __init__(self, options, port):
        self.rate = options.mbps * 1e6 / 8 if options.mbps else None
        slow = options.round_trip or options.mbps
        self.relay = Relay(port, delay=options.round_trip / 2, rate=self.rate) if slow or options.what == "bytes" else None
        self.address = f"reapi://127.0.0.1:{self.relay.port if self.relay else port}"

    def close(self):
        if self.relay:
            self.relay.close()


def relay_as_measured(options):
    """What a relay with these options comes to: seconds of a byte there and back, bits a second each way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def echo():
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
        threading.Thread(target=echo, daemon=True).start()
        line = Line(options, listener.getsockname()[1])
        with socket.create_connection(("127.0.0.1", line.relay.port)) as connection:
            def there_and_back(length):
                begin = time.monotonic()
                sender = threading.Thread(target=connection.sendall, args=(bytes(length),))
                sender.start()
                while length:
                    length -= len(connection.recv(1 << 16))
                sender.join()
                return time.monotonic() - begin
            there_and_back(1)  # connects
            round_trip = statistics.median(there_and_back(1) for _ in range(11))
            length = int((line.rate or 125e6) * 2)
            seconds = there_and_back(length)
        line.close()
    return {"round_trip_ms": round(round_trip * 1e3, 2), "mbps": round(length * 8 / (seconds - round_trip) / 1e6, 2)}


class Bench(interleaved.Project):
    def __init__(self, options, work):
        super().__init__(options.project.resolve(), options.configure, work)
        self.options, self.store = options, work / "store"
        self.environment |= {"SOURCE_DATE_EPOCH": "1"}  # projects that name the time of the build are never cached
        self.server = self.line = None

    def start(self, jobs=os.cpu_count()):
        """A server that holds nothing."""
        self.stop()
        shutil.rmtree(self.work / "server", ignore_errors=True)
        self.server = Casd(self.work / "server", jobs=jobs).start()
        self.line = Line(self.options, self.server.port)

    def stop(self):
        if self.server:
            self.line.close()
            self.server.stop()
            self.server = None

    def ready(self):
        if self.options.wait:
            print("ready", file=sys.stderr, flush=True)
            sys.stdin.readline()

    def build(self, *before):
        return [*before, "sh", "-c", "exec " + self.options.build]

    def under_gg(self, *words, verb="run"):
        """Seconds of a build with an empty store."""
        shutil.rmtree(self.store, ignore_errors=True)
        self.restore()
        words = ("--engine", self.line.address, *words) if verb == "run" else words
        return self.command(self.build(self.options.gg, verb, "--store", str(self.store), "--summary=off", "-q", *words, "--"))[0]

    def of_gg(self, *words):
        return json.loads(subprocess.run([self.options.gg, *words, "--json", "--store", self.store], env=self.environment, check=True,
                                         stdout=subprocess.PIPE).stdout)

    def replay(self, *words):
        """reapi_replay with what the latest run at the server came to."""
        lines = [json.loads(line) for line in (self.store / "runs/latest").read_text().splitlines()]
        ran = [line["thunk"] for line in lines if line["type"] == "attempt" and line["place"] == "reapi" and line.get("exit") == 0]
        run = subprocess.run([self.options.replay, self.store, *words], input="\n".join(ran), check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(run.stdout)

    def bare(self):
        rounds = []
        for _ in range(self.options.rounds):
            self.start()
            self.ready()
            gg = self.under_gg()
            ran = self.of_gg("stats")
            self.start()
            self.ready()
            client = self.replay(self.line.address)
            rounds.append({"gg": gg, "bare": client["seconds"], "bare_sending": client["send_seconds"]})
        return medians(rounds, "gg", "bare") | {"actions": client["thunks"], "native": ran["native"], "declined": ran["declined"]}

    def hits(self):
        self.start()
        self.under_gg()
        levels = self.replay()["levels"]
        trip = json.loads(subprocess.run([self.options.bench, "round-trip", self.line.address], check=True, stdout=subprocess.PIPE).stdout)
        rounds = []
        self.ready()
        for _ in range(self.options.rounds):
            rounds.append({"gg": self.under_gg("--download=targets")})
            stats = self.of_gg("stats")
            if stats["ran"]:
                sys.exit(f"not all was cached: {stats['ran']} ran")
            rounds[-1]["inference"] = self.under_gg(verb="infer")
            rounds[-1]["floor"] = rounds[-1]["inference"] + levels * trip["seconds"]
        return medians(rounds, "gg", "floor") | {"levels": levels, "round_trip_ms": round(trip["seconds"] * 1e3, 3), "hits": stats["hits"]}

    def recc(self):
        compiler = f"{installed('install-newer-debian', 'buildbox') / 'bin/recc'} /usr/bin/gcc"
        self.start()

        def with_recc():
            self.restore()
            # The server's workers hold no gcc, and recc sends none: it is a cache to it.
            return self.command(["sh", "-c", f"exec {self.options.build} 'CC={compiler}'"],
                                RECC_SERVER=self.line.address.replace("reapi", "http"), RECC_PROJECT_ROOT=str(self.tree),
                                RECC_CACHE_ONLY="1", **dict(word.split("=", 1) for word in self.options.recc_with))[0]

        self.under_gg()
        with_recc()
        rounds = []
        self.ready()
        for _ in range(self.options.rounds):
            rounds.append({"gg": self.under_gg(*self.options.gg_with)})
            stats = self.of_gg("stats")
            if stats["ran"]:
                sys.exit(f"not all was cached: {stats['ran']} ran")
            rounds[-1]["recc"] = with_recc()
        return medians(rounds, "gg", "recc") | {"hits": stats["hits"], "native": stats["native"]}

    def bytes(self):
        report = {}
        self.start()
        for name in ("nothing cached", "all cached"):
            carried = self.line.relay.carried
            carried["up"] = carried["down"] = 0
            self.under_gg(*self.options.gg_with)
            moved = dict(carried)
            if name == "nothing cached":
                all_of_it = self.replay()
                up, down = (all_of_it["objects_up"], all_of_it["bytes_up"]), (all_of_it["objects_down"], all_of_it["bytes_down"])
            else:
                up = (0, 0)
            allowed = up[1] + down[1] + (64 << 10) + 300 * (up[0] + down[0])
            report[name] = {"up": moved["up"], "down": moved["down"], "missing_up": up[1], "missing_down": down[1],
                            "objects": up[0] + down[0], "ratio": round((moved["up"] + moved["down"]) / allowed, 3)}
        return report


def link(options, work):
    rounds = []
    for number in range(options.rounds):
        server = Casd(work / f"server{number}").start()
        line = Line(options, server.port)
        try:
            said = json.loads(subprocess.run([options.bench, "send", line.address, str(COUNT), str(BYTES)], check=True,
                                             stdout=subprocess.PIPE).stdout)
        finally:
            carried = line.relay.carried["up"]
            line.close()
            server.stop()
        rounds.append({"seconds": said["seconds"], "share": said["bytes"] / said["seconds"] / line.rate,
                       "carried_share": carried / said["seconds"] / line.rate})
    return {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}


def medians(rounds, of, to):
    report = {name: round(statistics.median(one[name] for one in rounds), 3) for name in rounds[0]}
    return report | {f"{of}/{to}": round(statistics.median(one[of] / one[to] for one in rounds), 3),
                     "rounds": [{name: round(value, 2) for name, value in one.items()} for one in rounds]}


def main():
    parser = interleaved.parser(__doc__, rounds=3)
    parser.add_argument("what", choices=("bare", "hits", "recc", "link", "bytes"))
    parser.add_argument("project", nargs="?", type=pathlib.Path, metavar="PROJECT-DIR")
    parser.add_argument("--configure", default="", metavar="COMMAND", help="run once, plainly, before the builds")
    parser.add_argument("--build", default=f"make -j{os.cpu_count()}", metavar="COMMAND")
    parser.add_argument("--recc-with", action="append", default=[], metavar="NAME=VALUE", help="of recc's environment")
    parser.add_argument("--gg-with", action="append", default=[], metavar="OPTION", help="of gg run: --gg-with=--download=targets")
    parser.add_argument("--round-trip", type=float, metavar="SECONDS", help="of the relay")
    parser.add_argument("--mbps", type=float, help="of the relay, each way")
    parser.add_argument("--wait", action="store_true", help="before what is measured, say so and wait for a line on stdin")
    parser.add_argument("--bench", default=HERE.parent / "build/release/bench/reapi_bench", metavar="PROGRAM")
    parser.add_argument("--replay", default=HERE.parent / "build/release/bench/reapi_replay", metavar="PROGRAM")
    parser.add_argument("--work", default=None, metavar="DIR", help="where to build (default: the temporary directory)")
    options = parser.parse_intermixed_args()  # PROJECT-DIR may stand last
    far = options.what in ("recc", "link")
    options.round_trip = (ROUND_TRIP if far else 0.0) if options.round_trip is None else options.round_trip
    options.mbps = (MBPS if far else 0.0) if options.mbps is None else options.mbps
    if options.what != "link" and options.project is None:
        parser.error("it wants a project")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # no server is left behind
    report = {}
    if options.round_trip or options.mbps:
        report["relay"] = relay_as_measured(options)
    with tempfile.TemporaryDirectory(prefix="gg-bench-", dir=options.work) as folder:
        work = pathlib.Path(folder).resolve()
        work.chmod(0o755)  # the server is nobody
        if options.what == "link":
            report |= link(options, work)
        else:
            bench = Bench(options, work)
            try:
                report |= getattr(bench, options.what)()
            finally:
                bench.stop()
    print(json.dumps(report, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
