#!/usr/bin/env python3
"""thunks_by_hand.py [options]: what thunks cost that are made by hand, and graphs that grow while they run.

  stream  N thunks made by one `gg thunk create --stream`: thunks and objects a second, bytes of disk for each
  true    N thunks that run `true`, made and forced; against fork and exec of the same program
  fib     examples/cpp/fib 25 with memos: time a step, and the whole once more
  count   a loop of N tail calls (examples/cpp/count): time a turn, and gg's memory against that of a tenth of the turns
  fan     a thunk that returns N promises in a directory, found while it runs: time for each, and gg's memory

Processor time is of gg and all that it starts; on a busy machine it is the figure to go by. Writes below --work only.
"""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import interleaved

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples/cpp"


class Cost:
    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak


class Bench:
    def __init__(self, options, work):
        self.gg, self.work, self.results = options.gg, work, {}
        self.store = work / "store"
        self.environment = {"PATH": interleaved.PATH, "HOME": str(work), "LC_ALL": "C.UTF-8"}

    def timed(self, argv, **streams):
        """Runs it; the peak is that of the one process."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        process = subprocess.Popen(argv, cwd=self.work, env=self.environment, **({"stdout": subprocess.DEVNULL} | streams))
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{argv} ended with {status}")
        wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, usage.ru_maxrss)

    def in_store(self, *words):
        return [self.gg, *words, "--store", str(self.store)]

    def fresh(self):
        shutil.rmtree(self.store, ignore_errors=True)

    def compiled(self, name):
        subprocess.run(["g++", "-std=c++17", "-O2", "-static", "-o", self.work / name, EXAMPLES / f"{name}.cc"], check=True)

    def created(self, name, number):
        words = ["thunk", "create", "--store", str(self.store), "--dynamic", "--input", name, "--output", "out", "--",
                 f"/{name}", str(number)]
        made = subprocess.run([self.gg, *words], cwd=self.work, env=self.environment, check=True, stdout=subprocess.PIPE)
        return f"promise:{made.stdout.decode().strip()}:out"

    def say(self, name, figures):
        self.results[name] = figures
        print(name + ": " + ", ".join(f"{key} {value:,.4g}" for key, value in figures.items()), file=sys.stderr)

    def make_stream(self, count):
        """Thunks of one line each; the names of the made ones."""
        subprocess.run(["gcc", "-O2", "-static", "-o", self.work / "true", "-x", "c", "-"], input=b"int main(){}", check=True)
        lines, names = self.work / "lines", self.work / "names"
        with open(lines, "w") as file:
            for number in range(count):
                file.write(json.dumps({"argv": ["/true", str(number)], "inputs": {"/true": "true"}, "outputs": ["out"]}) + "\n")
        with open(lines) as source, open(names, "w") as sink:
            cost = self.timed(self.in_store("thunk", "create", "--stream"), stdin=source, stdout=sink)
        return cost, names

    def stream(self, count):
        self.fresh()
        cost, _ = self.make_stream(count)
        used = int(subprocess.run(["du", "-s", "--block-size=1", self.store], stdout=subprocess.PIPE, check=True).stdout.split()[0])
        self.say("stream", {"thunks": count, "thunks/s": count / cost.wall, "objects/s": 2 * count / cost.wall,
                            "cpu us each": cost.cpu / count * 1e6, "bytes of disk each": used / count, "peak MiB": cost.peak / 1024})

    def true(self, count):
        self.fresh()
        _, names = self.make_stream(count)
        plain = self.timed([sys.executable, "-c",
                            f"import os\nfor i in range({count}): os.waitpid(os.posix_spawn('true', ['true', str(i)], {{}}), 0)"])
        forced = self.timed(self.in_store("force", "-j", "1", f"@{names}"))
        self.say("true", {"thunks": count, "plain wall us": plain.wall / count * 1e6, "plain cpu us": plain.cpu / count * 1e6,
                          "thunk wall us": forced.wall / count * 1e6, "thunk cpu us": forced.cpu / count * 1e6,
                          "over plain wall us": (forced.wall - plain.wall) / count * 1e6,
                          "over plain cpu us": (forced.cpu - plain.cpu) / count * 1e6, "peak MiB": forced.peak / 1024})

    def fib(self, number):
        self.fresh()
        self.compiled("fib")
        promise = self.created("fib", number)
        first = self.timed(self.in_store("force", promise))
        again = self.timed(self.in_store("force", promise))
        steps = 2 * number  # fib(0) to fib(n), and n - 1 additions
        self.say("fib", {"n": number, "steps": steps, "wall ms a step": first.wall / steps * 1e3,
                         "cpu ms a step": first.cpu / steps * 1e3, "again wall ms": again.wall * 1e3, "again cpu ms": again.cpu * 1e3})

    def count(self, turns):
        self.compiled("count")
        costs = []
        for some in (turns // 10, turns):
            self.fresh()
            costs.append(self.timed(self.in_store("force", self.created("count", some))))
        few, all_of_them = costs
        self.say("count", {"turns": turns, "wall ms a turn": all_of_them.wall / turns * 1e3,
                           "cpu ms a turn": all_of_them.cpu / turns * 1e3, "peak MiB": all_of_them.peak / 1024,
                           "more bytes for each more turn": (all_of_them.peak - few.peak) * 1024 / (turns - turns // 10)})

    def fan(self, count):
        self.fresh()
        source = b'#include <fcntl.h>\n#include <unistd.h>\nint main(int n, char** words) {\n' \
                 b'  return write(open("o", O_WRONLY | O_CREAT, 0644), words[n - 1], 1) != 1;\n}\n'
        subprocess.run(["gcc", "-O2", "-static", "-o", self.work / "make", "-x", "c", "-"], input=source, check=True)
        line = json.dumps({"argv": ["/make", "&"], "inputs": {"/make": "self:/make"}, "outputs": ["o"], "place": {"o": "out/&"}})
        script = f"seq {count} | sed 's|.*|{line}|' | gg thunk create --stream > /dev/null"
        words = ["thunk", "create", "--store", str(self.store), "--dynamic", "--input", "make", "--env", "PATH=/.gg:/usr/bin:/bin",
                 *(word for name in ("/bin/sh", "/bin/sed", "/usr/bin/seq") for word in ("--program", name)),
                 "--output", "out", "--", "/bin/sh", "-ec", script]
        made = subprocess.run([self.gg, *words], cwd=self.work, env=self.environment, check=True, stdout=subprocess.PIPE)
        forced = self.timed(self.in_store("force", f"promise:{made.stdout.decode().strip()}:out"))
        self.say("fan", {"promises": count, "wall ms each": forced.wall / count * 1e3, "cpu ms each": forced.cpu / count * 1e3,
                         "peak MiB": forced.peak / 1024})


def main():
    parser = interleaved.parser(__doc__, rounds=1)
    parser.add_argument("what", nargs="*", help="stream, true, fib, count, fan, with =N for another number; else all of them")
    parser.add_argument("--work", help="where to write (default: a temporary directory)")
    options = parser.parse_args()
    numbers = {"stream": 100_000, "true": 10_000, "fib": 25, "count": 10_000, "fan": 10_000}
    wanted = dict(word.partition("=")[::2] for word in options.what) or dict.fromkeys(numbers, "")
    with tempfile.TemporaryDirectory(prefix="gg-bench-", dir=options.work) as work:
        bench = Bench(options, pathlib.Path(work))
        for what, number in wanted.items():
            if what not in numbers:
                parser.error(f"there is no '{what}'")
            getattr(bench, what)(int(number or numbers[what]))
        if options.json:
            print(json.dumps(bench.results, indent=2))


if __name__ == "__main__":
    main()
