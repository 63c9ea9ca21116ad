#!/usr/bin/env python3
"""Does a test notice when a condition is wrong?

Negates each condition of src/sched in turn (or of the files that are named) and runs the tests of sched with it. Prints
the mutants that survive; those that are listed in tests/mutants.txt, with a reason, are expected to. Exits with 1 if
one survives that is not listed, or if fewer than 90 % die.

All mutants are in one build: each condition asks whether it is the one that is negated, which GG_MUTANT says.

  mutants.py BUILD_FOLDER [--jobs N] [--histories N] [--only reducer_run.cc …]

BUILD_FOLDER: a configured build (the `dev` preset) whose tests of sched are up to date; it is only read.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHED = ROOT / "src/sched"
LISTED = ROOT / "tests/mutants.txt"
PATIENCE = 30  # seconds; all tests together need one or two
# What of each is run: what takes longer than a second finds no other mutants.
TESTS = {"sched_reducer_test": "*-*million*", "sched_capacity_test": "*", "sched_spread_test": "*",
         "sched_durations_test": "*", "sched_coordinator_test": "*", "sched_reducer_simulation_test": "*.every*"}


def blanked(text):
    """The text with comments made blank and literals one long word, so that positions stay."""
    def blank(match):
        return re.sub(r"[^\n]", " " if match.group().startswith("//") else "L", match.group())
    return re.sub(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text)


def closing(text, at):
    """The position of the bracket that closes the one at `at`."""
    depth = 0
    for position in range(at, len(text)):
        if text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
            if depth == 0:
                return position
    raise ValueError("unbalanced")


def operands(text, begin, end):
    """Spans between && and || at the top level of text[begin:end]."""
    spans, depth, start, position = [], 0, begin, begin
    while position < end:
        if text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
        elif depth == 0 and text[position:position + 2] in ("&&", "||"):
            spans.append((start, position))
            start = position + 2
            position += 1
        position += 1
    return spans + [(start, end)]


def after_initialiser(code, begin, end):
    """Where the condition of an if begins: behind the initialiser, if there is one."""
    depth = 0
    for position in range(begin, end):
        if code[position] in "([{":
            depth += 1
        elif code[position] in ")]}":
            depth -= 1
        elif depth == 0 and code[position] == ";":
            return position + 1
    return begin


def start_of_operand(code, end):
    """Where the condition before a `?` begins."""
    depth, at = 0, end
    while at > 0:
        before = code[at - 1]
        if before in ")]}":
            depth += 1
        elif before in "([{":
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0:
            is_assignment = before == "=" and code[at - 2] not in "=!<>" and code[at] != "="
            is_colon = before == ":" and code[at - 2] != ":" and code[at] != ":"
            if before in ",;?" or is_assignment or is_colon or re.search(r"\breturn$", code[:at]):
                return at
        at -= 1
    return 0


def stripped(text, begin, end):
    while begin < end and text[begin].isspace():
        begin += 1
    while begin < end and text[end - 1].isspace():
        end -= 1
    return begin, end


def conditions(text):
    """Spans of the conditions: of if, while and for, of returns, initialisers and ?: that hold a comparison, && or ||;
    and of the operands of && and || in them."""
    code = blanked(text)
    spans = set()

    def add(begin, end):
        begin, end = stripped(code, begin, end)
        if end > begin:
            spans.add((begin, end))

    def add_with_operands(begin, end):
        add(begin, end)
        parts = operands(code, begin, end)
        if len(parts) > 1:
            for part in parts:
                add(*part)

    for match in re.finditer(r"\b(if|while|for)\s*(?:constexpr\s*)?\(", code):
        begin, end = match.end(), closing(code, match.end() - 1)
        head = code[begin:end]
        if match.group(1) == "for":
            if head.count(";") != 2:
                continue
            first = begin + head.index(";") + 1
            last = begin + head.rindex(";")
            add_with_operands(first, last)
        else:
            begin = after_initialiser(code, begin, end)
            head = code[begin:end]
            if re.search(r"(?<![=!<>])=(?!=)", head) and re.match(r"\s*(const |auto\b)", head):
                continue  # the declared value is the condition
            add_with_operands(begin, end)
    for match in re.finditer(r"\breturn\b([^;{]*);|(?<![=!<>+\-*/|&])=(?!=)([^;{=]*);", code):
        group = 1 if match.group(1) is not None else 2
        begin, end = match.span(group)
        value = code[begin:end]
        if "?" not in value and re.search(r"&&|\|\||[=!]=| [<>]=? ", value) and "[" not in value.split("(")[0]:
            add_with_operands(begin, end)
    for match in re.finditer(r"\?", code):
        add_with_operands(start_of_operand(code, match.start()), match.start())
    return sorted(spans)


Mutant = collections.namedtuple("Mutant", "number source text span")

# The conditions of a text ask this. Not constexpr: a condition that the compiler must know cannot be negated at run time.
SWITCH = """#pragma once
#include <cstdlib>
inline const int mutant_number = [] {
  const char* const text = std::getenv("GG_MUTANT");
  return text != nullptr ? std::atoi(text) : 0;
}();
"""


def with_switches(text, mutants):
    """The text in which each condition is negated when the number of its mutant is asked for."""
    opening, closings = collections.defaultdict(list), collections.defaultdict(list)
    for one in mutants:
        begin, end = one.span
        opening[begin].append((end - begin, "(static_cast<bool>("))
        closings[end].append((end - begin, f") != (::mutant_number == {one.number}))"))
    pieces = []
    for at in range(len(text) + 1):
        pieces += [piece for _, piece in sorted(closings[at], key=lambda one: one[0])]
        pieces += [piece for _, piece in sorted(opening[at], key=lambda one: -one[0])]
        pieces.append(text[at:at + 1])
    return '#include "mutant_number.hh"\n#line 1\n' + "".join(pieces)


class Build:
    """The tests of sched with all mutants in them, made in a folder of its own as the build folder makes them."""

    def __init__(self, build, folder, jobs, histories):
        self.build, self.folder, self.histories = build, folder, histories
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.running, self.stopped = set(), False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing of it runs any more."""
        self.stopped = True
        for ran in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(ran.pid, signal.SIGKILL)
        self.pool.shutdown(cancel_futures=True)

    def make(self, mutants):
        folder, build = self.folder, self.build
        (folder / "sched").mkdir()
        (folder / "mutant_number.hh").write_text(SWITCH)
        by_source = collections.defaultdict(list)
        for one in mutants:
            by_source[one.source].append(one)
        for source, ones in by_source.items():
            (folder / "sched" / source.name).write_text(with_switches(ones[0].text, ones))
        commands = json.loads((build / "compile_commands.json").read_text())
        # Whatever may include a header of sched is compiled anew.
        again = [one for one in commands if pathlib.Path(one["file"]).parent in (SCHED, SCHED.parent / "testing")]
        objects = dict(self.pool.map(self.compile, again))
        linked = [path for name, path in objects.items() if "_test.dir" not in name]
        for test in TESTS:
            asked = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "-s", "src/sched/" + test],
                                   check=True, capture_output=True, text=True)
            words = shlex.split(asked.stdout)
            words[words.index("-o") + 1] = str(folder / test)
            at = words.index("-o")
            words = [str(objects.get(word, word)) for word in words]
            # Before the libraries, whose objects of the same names are then not taken.
            words[at:at] = [str(path) for path in linked]
            subprocess.run([word for word in words if word not in (":", "&&")], check=True, cwd=build)

    def compile(self, command):
        """(the object's name in the build folder, the object with the switches)"""
        source = pathlib.Path(command["file"])
        words = [word for word in shlex.split(command["command"]) if not word.endswith("ccache") and word != "-Werror"]
        at = words.index("-o") + 1
        name = words[at]
        output = self.folder / name.replace("/", "_")
        words[at] = str(output)
        changed = self.folder / "sched" / source.name
        if source.parent == SCHED and changed.exists():
            words[words.index(command["file"])] = str(changed)
        words[1:1] = ["-w", "-g0", f"-I{self.folder}"]
        if self.status(words, cwd=command["directory"], preexec_fn=end_with_this_program) != 0:
            raise RuntimeError(f"{source} does not compile with its conditions negated")
        return name, output

    def noticed(self, mutant):
        """The test that notices, or an empty string."""
        for test, what in TESTS.items():
            environment = dict(os.environ, GG_HISTORIES=str(self.histories), GG_MUTANT=str(mutant.number),
                               GTEST_FILTER=what, GTEST_BREAK_ON_FAILURE="0", GTEST_FAIL_FAST="1")
            with tempfile.TemporaryDirectory(dir=self.folder) as here:
                status = self.status([str(self.folder / test)], PATIENCE, env=environment, cwd=here, preexec_fn=confine,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if status is None:
                return test + " (hangs)"
            if status != 0:
                return test
        return ""

    def status(self, words, patience=None, **options):
        """The exit status of a command, or None if it takes too long. It does not outlive this program."""
        with subprocess.Popen(words, start_new_session=True, **options) as ran:
            self.running.add(ran)
            try:
                return ran.wait(0 if self.stopped else patience)
            except subprocess.TimeoutExpired:
                os.killpg(ran.pid, signal.SIGKILL)
                return None
            finally:
                self.running.discard(ran)


PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None)  # before any fork
SELF = os.getpid()


def end_with_this_program():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != SELF:  # killed before that
        os._exit(1)


def confine():
    """A mutant may loop for ever and take all memory."""
    end_with_this_program()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def listed():
    """(file, condition with its line) of the survivors that are known."""
    known = set()
    if LISTED.exists():
        for line in LISTED.read_text().splitlines():
            if line and not line.startswith(("#", "  ")):
                known.add(line)
    return known


def name_of(mutant):
    """Stable while lines move: the condition with the line it stands in."""
    text, (begin, end) = mutant.text, mutant.span
    first = text.rfind("\n", 0, begin) + 1
    last = text.find("\n", begin)
    condition = " ".join(text[begin:end].split())
    line = " ".join(text[first:last].split())
    return f"{mutant.source.name}: {condition} | {line}"


def all_mutants(sources):
    found = []
    for source in sources:
        text = source.read_text()
        found += [Mutant(len(found) + at, source, text, span) for at, span in enumerate(conditions(text), 1)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", default=[], dest="files")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--histories", type=int, default=3000)
    parser.add_argument("--verbose", action="store_true", help="also say which test noticed which mutant")
    parser.add_argument("--count", action="store_true", help="only say which mutants there are")
    wanted = parser.parse_args()
    sources = [SCHED / name for name in wanted.files] or sorted(
        path for path in SCHED.iterdir() if path.suffix in (".cc", ".hh") and not path.stem.endswith("_test"))
    mutants = all_mutants(sources)
    if wanted.count:
        for one in mutants:
            print(name_of(one))
        print(f"{len(mutants)} mutants")
        return 0
    known, found = listed(), set()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was made is removed then, too
    with tempfile.TemporaryDirectory(prefix="gg-mutants-") as folder, \
            Build(wanted.build.resolve(), pathlib.Path(folder), wanted.jobs, wanted.histories) as build:
        build.make(mutants)
        noticed = build.noticed(Mutant(0, None, "", None))
        if noticed:
            sys.exit(f"mutants: {noticed} fails with no condition negated")
        for one, by in zip(mutants, build.pool.map(build.noticed, mutants)):
            name = name_of(one)
            if not by:
                found.add(name)
                print(f"{'survives, as listed' if name in known else 'SURVIVES'}: {name}", flush=True)
            elif wanted.verbose:
                print(f"dies in {by}: {name}", flush=True)
    survived = sum(name_of(one) in found for one in mutants)
    percent = 100.0 * (len(mutants) - survived) / max(len(mutants), 1)
    print(f"{len(mutants)} mutants, {survived} survived - {percent:.1f} % died")
    names = {source.name for source in sources}
    for name in sorted(known - found):
        if name.split(":")[0] in names:
            print(f"listed, but dies or is gone: {name}")
    return 0 if percent >= 90 and found <= known else 1


if __name__ == "__main__":
    sys.exit(main())
