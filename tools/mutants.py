#!/usr/bin/env python3
"""Does a test notice when a condition is wrong?

Negates each condition of src/sched/*.cc in turn (or of the files that are named), builds the tests of sched with it in a
folder of its own and runs them. Prints the mutants that survive; those that are listed in tests/mutants.txt, with a
reason, are expected to. Exits with 1 if one survives that is not listed, or if fewer than 90 % die.

  mutants.py BUILD_FOLDER [--jobs N] [--histories N] [--only reducer_run.cc …]

BUILD_FOLDER: a configured build (the `dev` preset) whose targets sched_reducer_test, sched_coordinator_test,
sched_capacity_test, sched_spread_test, sched_durations_test and sched_reducer_simulation_test are up to date; it is only read.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHED = ROOT / "src/sched"
LISTED = ROOT / "tests/mutants.txt"
TESTS = ["sched_reducer_test", "sched_capacity_test", "sched_spread_test", "sched_durations_test", "sched_coordinator_test",
         "sched_reducer_simulation_test"]


def blanked(text):
    """The text with comments and literals made blank, so that positions stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
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
            if ";" in head:  # with an initialiser
                begin += head.index(";") + 1
            elif re.match(r"\s*(const )?auto\b", head):
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


def mutant(text, span):
    begin, end = span
    return text[:begin] + "!(" + text[begin:end] + ")" + text[end:]


class Builder:
    """Compiles one file as the build folder does, and links and runs the tests with it."""

    def __init__(self, build, histories):
        self.build = build
        self.histories = histories
        commands = json.loads((build / "compile_commands.json").read_text())
        self.compile = {pathlib.Path(one["file"]).resolve(): one for one in commands}
        self.links = {}
        for test in TESTS:
            asked = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "-s", "src/sched/" + test],
                                   check=True, capture_output=True, text=True)
            self.links[test] = asked.stdout.strip()

    def try_one(self, source, text, folder):
        """None: it does not compile. Else the test that noticed, or an empty string."""
        changed = folder / source.name
        changed.write_text(text)
        one = self.compile[source]
        words = [word for word in shlex.split(one["command"]) if not word.endswith("ccache")]
        output = folder / (source.name + ".o")
        words[words.index("-o") + 1] = str(output)
        words[words.index(one["file"])] = str(changed)
        for option in ("-MD", "-Werror", "-g"):
            if option in words:
                words.remove(option)
        for option in ("-MT", "-MF"):
            if option in words:
                at = words.index(option)
                del words[at:at + 2]
        if subprocess.run(words + ["-w", "-O0"], cwd=one["directory"], capture_output=True).returncode != 0:
            return None
        for test in TESTS:
            program = folder / test
            # The changed object goes first: the one of the library is then not taken.
            link = self.links[test].replace(" -o src/sched/" + test, f" {shlex.quote(str(output))} -o {shlex.quote(str(program))}")
            subprocess.run(link, shell=True, check=True, cwd=self.build, capture_output=True)
            environment = dict(os.environ, GG_HISTORIES=str(self.histories),
                               GTEST_FILTER="ReducerSimulation.every*" if "simulation" in test else "*",
                               GTEST_BREAK_ON_FAILURE="0", GTEST_FAIL_FAST="1")
            try:
                ran = subprocess.run([str(program)], env=environment, cwd=folder, timeout=90, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, preexec_fn=limit)
            except subprocess.TimeoutExpired:
                return test + " (hangs)"
            if ran.returncode != 0:
                return test
        return ""


def limit():
    """A mutant may loop for ever and take all memory."""
    import resource
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


def name_of(source, text, span):
    """Stable while lines move: the function is named by the line of the condition itself."""
    begin, end = span
    first = text.rfind("\n", 0, begin) + 1
    last = text.find("\n", begin)
    condition = " ".join(text[begin:end].split())
    line = " ".join(text[first:last].split())
    return f"{source.name}: {condition} | {line}"


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
        path for path in SCHED.glob("*.cc") if not path.name.endswith("_test.cc"))
    work = []
    for source in sources:
        text = source.read_text()
        work += [(source, text, span) for span in conditions(text)]
    if wanted.count:
        for source, text, span in work:
            print(name_of(source, text, span))
        print(f"{len(work)} mutants")
        return 0
    builder = Builder(wanted.build.resolve(), wanted.histories)
    known, found, counts = listed(), set(), {"died": 0, "survived": 0, "did not compile": 0}

    def run(job):
        source, text, span = job
        folder = pathlib.Path(tempfile.mkdtemp(prefix="gg-mutant-"))
        try:
            return job, builder.try_one(source, mutant(text, span), folder)
        finally:
            shutil.rmtree(folder)

    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        for (source, text, span), noticed in pool.map(run, work):
            name = name_of(source, text, span)
            if noticed is None:
                counts["did not compile"] += 1
                print(f"does not compile: {name}", flush=True)
            elif noticed:
                counts["died"] += 1
                if wanted.verbose:
                    print(f"dies in {noticed}: {name}", flush=True)
            else:
                counts["survived"] += 1
                found.add(name)
                print(f"{'survives, as listed' if name in known else 'SURVIVES'}: {name}", flush=True)
    tried = counts["died"] + counts["survived"]
    percent = 100.0 * counts["died"] / max(tried, 1)
    print(", ".join(f"{number} {what}" for what, number in counts.items()), f"- {percent:.1f} % died")
    names = {source.name for source in sources}
    for name in sorted(known - found):
        if name.split(":")[0] in names:
            print(f"listed, but dies or is gone: {name}")
    return 0 if percent >= 90 and found <= known else 1


if __name__ == "__main__":
    sys.exit(main())
