#!/usr/bin/env python3
"""configure_ratio.py [options] PROJECT-DIR...: what it costs to configure a project under gg.

Each project is configured plainly and under gg in turns, each time from a fresh copy at one path: with a store that
knows the machine and what earlier rounds compiled (warm), and with an empty one (cold). Medians, wall and processor
time of all that ran; ratios are to plain, within a round.

  bench/configure_ratio.py --configure 'cmake -S . -B b' ~/src/ninja-build-1.11.1
"""
import json
import pathlib
import shutil
import subprocess
import tempfile

import interleaved


def measure(options, project, work):
    tree, environment = work / "tree", {"PATH": interleaved.PATH, "HOME": str(work), "LC_ALL": "C.UTF-8", "TERM": "dumb"}

    def configure(*prefix):
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["cp", "-a", project, tree], check=True)
        return interleaved.timed([*prefix, "sh", "-c", "exec " + options.configure], tree, environment)

    def under_gg(store):
        return configure(options.gg, "run", "--store", str(store), "--summary=off", "-q", "--")

    def cold():
        shutil.rmtree(work / "cold", ignore_errors=True)
        return under_gg(work / "cold")

    configure()  # warms the page cache
    under_gg(work / "warm")
    times = interleaved.in_turns({"plain": configure, "gg warm": lambda: under_gg(work / "warm"), "gg cold": cold}, options.rounds)
    return interleaved.report(times, "plain")


def main():
    parser = interleaved.parser(__doc__, rounds=5)
    parser.add_argument("projects", nargs="+", type=pathlib.Path, metavar="PROJECT-DIR")
    parser.add_argument("--configure", default="cmake -S . -B b", metavar="COMMAND")
    parser.add_argument("--work", default=None, metavar="DIR", help="where to work (default: the temporary directory)")
    options = parser.parse_args()
    for project in options.projects:
        with tempfile.TemporaryDirectory(prefix="gg-bench-", dir=options.work) as work:
            lines = measure(options, project.resolve(), pathlib.Path(work).resolve())
        print(json.dumps({"project": project.name} | lines)) if options.json else interleaved.show(project.name, lines)


if __name__ == "__main__":
    main()
