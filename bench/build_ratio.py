#!/usr/bin/env python3
"""build_ratio.py [options] PROJECT-DIR...: how long builds take under gg, as ratios to the plain build.

Each project is copied, configured once (plainly), and then built from that very tree, at one path, in rounds. A round
builds plainly, under gg with an empty store (cold), under gg again (warm), and, with --ccache, with ccache warm; the
order turns from round to round, so that what else the machine does meets all of them. A ratio is taken within a
round; medians are over the rounds. Reads PROJECT-DIR, writes below --work only.

  bench/build_ratio.py --configure ./configure --build 'make -j2' ~/src/hello-2.10
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import interleaved

COMPILERS = ("cc", "c++", "gcc", "g++", "clang", "clang++")


class Bench(interleaved.Project):
    def __init__(self, options, project, work):
        super().__init__(project, options.configure, work, options.skip)
        self.options = options

    def build(self):
        return ["sh", "-c", "exec " + self.options.build]

    def plain(self):
        self.restore()
        return self.command(self.build())

    def under_gg(self, store):
        self.restore()
        return self.command([self.options.gg, "run", "--store", store, "--summary=off", "--", *self.build()])

    def stats(self, store):
        run = subprocess.run([self.options.gg, "stats", "--json", "--store", store], env=self.environment, check=True,
                             stdout=subprocess.PIPE)
        return json.loads(run.stdout)

    def ccache_warm(self):
        links = self.work / "ccache-bin"
        if not links.exists():
            links.mkdir()
            for name in COMPILERS:
                if shutil.which(name, path=interleaved.PATH):
                    (links / name).symlink_to(os.path.abspath(self.options.ccache))
            self.with_ccache(links)  # fills the cache
        return self.with_ccache(links)

    def with_ccache(self, links):
        self.restore()
        return self.command(self.build(), PATH=f"{links}:{interleaved.PATH}", CCACHE_DIR=str(self.work / "ccache"))

    def round(self, number):
        """{kind: (wall, processor)}; cold comes before warm, the rest turns."""
        store = str(self.work / "store")

        def gg_pair():
            shutil.rmtree(store, ignore_errors=True)
            cold = {"cold": self.under_gg(store)}
            self.cold_stats = self.stats(store)
            warm = {"warm": self.under_gg(store)}
            self.warm_stats = self.stats(store)
            return cold | warm

        turns = [lambda: {"plain": self.plain()}, gg_pair]
        if self.options.ccache:
            turns.append(lambda: {"ccache": self.ccache_warm()})
        shift = number % len(turns)
        times = {}
        for turn in turns[shift:] + turns[:shift]:
            times |= turn()
        return times


def measure(options, project):
    with tempfile.TemporaryDirectory(prefix="gg-bench-", dir=options.work) as work:
        bench = Bench(options, project, pathlib.Path(work).resolve())
        bench.plain()  # warms the page cache; not counted
        rounds = [bench.round(number) for number in range(options.rounds)]
        median = lambda kind, index: statistics.median(times[kind][index] for times in rounds)
        ratio = lambda kind, to: statistics.median(times[kind][0] / times[to][0] for times in rounds)
        report = {"project": project.name, "rounds": options.rounds,
                  "seconds": {kind: round(median(kind, 0), 3) for kind in rounds[0]},
                  "cpu_seconds": {kind: round(median(kind, 1), 3) for kind in rounds[0]},
                  "cold/plain": round(ratio("cold", "plain"), 3), "warm/plain": round(ratio("warm", "plain"), 3)}
        if options.ccache:
            report["warm/ccache"] = round(ratio("warm", "ccache"), 3)
        cold, warm = bench.cold_stats, bench.warm_stats
        report |= {"commands": cold["commands"], "thunks": cold["thunks"], "declined": cold["declined"],
                   "warm_hits": warm["hits"], "warm_thunks": warm["thunks"]}
        return report


def show(report):
    share = 100 * report["thunks"] / report["commands"] if report["commands"] else 0
    print(f"{report['project']}: {report['rounds']} rounds, medians")
    for kind, seconds in report["seconds"].items():
        print(f"  {kind:<7} {seconds:8.2f} s  (cpu {report['cpu_seconds'][kind]:.2f} s)")
    for name in ("cold/plain", "warm/plain", "warm/ccache"):
        if name in report:
            print(f"  {name:<12} {report[name]:6.3f}")
    print(f"  {report['thunks']} of {report['commands']} commands became thunks ({share:.1f} %); "
          f"warm: {report['warm_hits']} of {report['warm_thunks']} hits")
    for reason, entry in sorted(report["declined"].items()):
        print(f"    native {entry['count']:>4}  {reason}  (first: {entry['first']})")


def main():
    parser = interleaved.parser(__doc__, rounds=5)
    parser.add_argument("projects", nargs="+", type=pathlib.Path, metavar="PROJECT-DIR")
    parser.add_argument("--configure", default="", metavar="COMMAND", help="run once, plainly, before the builds")
    parser.add_argument("--build", default=f"make -j{os.cpu_count()}", metavar="COMMAND")
    parser.add_argument("--ccache", metavar="PROGRAM", help="compare with this ccache, warm")
    parser.add_argument("--skip", action="append", default=[], metavar="NAME", help="files and folders not to copy")
    parser.add_argument("--work", default=None, metavar="DIR", help="where to build (default: the temporary directory)")
    options = parser.parse_args()
    for project in options.projects:
        report = measure(options, project.resolve())
        print(json.dumps(report)) if options.json else show(report)


if __name__ == "__main__":
    main()
