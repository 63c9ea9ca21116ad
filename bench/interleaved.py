"""What the benchmarks of commands share: they are timed in turns, so that what else the machine does meets all of them."""
import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def parser(description, rounds):
    """For --gg, --rounds and --json, which all of them take."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--gg", type=the_gg, default=str(pathlib.Path(__file__).resolve().parent.parent / "build/release/src/cli/gg"),
                      help="the binary (default: preset release)")
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--json", action="store_true")
    return made


def the_gg(given):
    gg = os.path.abspath(given)
    if not os.access(gg, os.X_OK):
        sys.exit(f"no gg at {gg}: cmake --preset release && cmake --build --preset release")
    return gg


def timed(argv, cwd, environment):
    """Seconds of wall and of processor time, of the command and all that it started; ends the bench if it fails."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = subprocess.run(argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        sys.stderr.write(run.stdout.decode(errors="replace")[-4000:])
        sys.exit(f"{argv} ended with {run.returncode}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Project:
    """A copy of a project, configured once, at a path of its own from which it is built again and again."""

    def __init__(self, source, configure, work, skip=()):
        self.work, self.tree, self.configured = work, work / "tree", work / "configured"
        self.environment = {"PATH": PATH, "HOME": str(work / "home"), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        (work / "home").mkdir(parents=True)
        shutil.copytree(source, self.tree, symlinks=True, ignore=shutil.ignore_patterns(".git", *skip))
        if configure:
            self.command(["sh", "-c", configure])
        self.tree.rename(self.configured)

    def command(self, argv, **environment):
        """As timed()."""
        return timed(argv, self.tree, self.environment | environment)

    def restore(self):
        shutil.rmtree(self.tree, ignore_errors=True)
        subprocess.run(["cp", "-a", self.configured, self.tree], check=True)  # with all times: make looks at them


def in_turns(kinds, rounds):
    """{kind: [(wall, processor) of each round]}; `kinds` is {kind: function that does and times it once}. Who begins
    turns from round to round."""
    names, times = list(kinds), {kind: [] for kind in kinds}
    for number in range(rounds):
        shift = number % len(names)
        for kind in names[shift:] + names[:shift]:
            times[kind].append(kinds[kind]())
    return times


def report(times, base):
    """Medians; ratios are taken within a round."""
    rounds = len(times[base])
    lines = {}
    for kind, all_times in times.items():
        of = lambda index: statistics.median(time[index] for time in all_times)
        ratio = lambda index: statistics.median(all_times[i][index] / times[base][i][index] for i in range(rounds))
        lines[kind] = {"wall": round(of(0), 4), "cpu": round(of(1), 4),
                       f"wall/{base}": round(ratio(0), 3), f"cpu/{base}": round(ratio(1), 3)}
    return lines


def show(title, lines):
    print(title)
    for kind, line in lines.items():
        print(f"  {kind:<14}" + "  ".join(f"{name} {value:8.3f}" for name, value in line.items()))
