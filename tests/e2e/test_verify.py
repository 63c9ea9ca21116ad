"""`gg verify`: finished thunks once more, compared and watched; and why a thunk was no hit."""
import hashlib
import json
import os
import re
import signal
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, ENDLESS, ENDLESS_FLAGS, GG, Case, skip
from wire_format import fields, varint

OPTIONAL = {"Makefile": "a.o: a.c\n\tgcc -c a.c\n",
            "a.c": '#if __has_include("optional.h")\n#include "optional.h"\n#endif\nint a;\n',
            "optional.h": "int optional;\n"}


def field(number, payload):
    """One length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def joined(message):
    return b"".join(field(number, value) if isinstance(value, bytes) else varint(number << 3) + varint(value)
                    for number, value in message)


def digest_of(data):
    return field(1, hashlib.sha256(data).hexdigest().encode()) + varint(2 << 3) + varint(len(data))


def name_of(data):
    return f"{hashlib.sha256(data).hexdigest()}/{len(data)}"


class Verify(Case):
    def json(self, *words, status=0):
        run = self.gg(*words, "--json")
        self.assertEqual(run.status, status, str(run))
        return json.loads(run.out)

    def test_a_deterministic_build_is_the_same_again_and_asks_for_nothing_more(self):
        self.fresh(CALCULATOR)
        self.under_gg(["make", "-j2"])
        shown = self.json("verify", "--share", "100", "--trace")["thunks"]
        self.assertEqual(len(shown), CALCULATOR_COMMANDS)
        self.assertEqual({(each["state"], *each["not_in_tree"]) for each in shown}, {("same",)}, shown)
        self.assertEqual(self.stats()["ran"], CALCULATOR_COMMANDS)

    def test_clang_asks_for_nothing_more(self):
        if not os.access("/usr/bin/clang-14", os.X_OK):
            skip(self, "no clang-14")
        self.fresh({**CALCULATOR, "include/sys/own.h": ""})
        self.under_gg(["make", "-j2", "CC=clang-14"])
        shown = self.json("verify", "--share", "100", "--trace")["thunks"]
        self.assertEqual({(each["state"], *each["not_in_tree"]) for each in shown}, {("same",)}, shown)

    def test_assemblers_ask_for_nothing_more(self):
        self.fresh({"Makefile": "all:\n\tnasm -f elf64 f.asm -o n.o\n\tyasm -f elf64 f.asm -o y.o\n"
                                "\tas -g g.s -o g.o\n\tgcc -c h.S\n",
                    "f.asm": "section .text\nglobal f\nf: ret\n", "g.s": ".globl g\ng: ret\n", "h.S": "#define H h\nH: ret\n"})
        self.ok(self.gg("run", "--", "make"))
        shown = self.json("verify", "--share", "100", "--trace")["thunks"]
        self.assertEqual([(each["state"], *each["not_in_tree"]) for each in shown], [("same",)] * 4, shown)

    def test_a_share_is_drawn_and_files_can_be_named(self):
        self.fresh(CALCULATOR)
        self.under_gg(["make", "-j2"])
        self.assertEqual(len(self.json("verify")["thunks"]), 1)
        self.assertEqual(len(self.json("verify", "--count", "2")["thunks"]), 2)
        shown = self.json("verify", "calculator")["thunks"]
        self.assertEqual([each["state"] for each in shown], ["same"])

    def test_what_is_not_deterministic_is_named_and_its_memo_stays(self):
        self.fresh({"Makefile": "all: a.o b.o\n%.o: %.c\n\tgcc $(CFLAGS) -c $<\na.o: CFLAGS = -flto\n",
                    "a.c": "int a;\n", "b.c": "int b;\n"})
        self.under_gg(["make"])
        run = self.gg("verify", "--share", "100")
        self.assertEqual(run.status, 1, str(run))
        lines = [line for line in run.out.decode().splitlines() if line.startswith("not deterministic")]
        self.assertEqual(len(lines), 1, str(run))
        # The numbers in the names of LTO's sections are random, and so, now and then, is their length.
        self.assertRegex(lines[0], r"a\.c: a\.o: the first different byte is at offset \d+ "
                                   r"(\(section \.|of \d+ bytes before, \d+ now$)")
        self.assertIn(b"1 the same, 1 not deterministic; 0 could not", run.out)
        before = (self.tree / "a.o").read_bytes()
        os.remove(self.tree / "a.o")
        self.under_gg(["make"])
        self.assertEqual((self.tree / "a.o").read_bytes(), before)
        self.assertEqual(self.stats()["hits"], 1)

    def without_file(self, root, path):
        """The name of the tree without the file, which the store then holds."""
        data = self.ok(self.gg("get", root)).out
        name, _, rest = path.partition("/")
        changed = []
        for number, node in fields(data):
            if number in (1, 2) and dict(fields(node))[1] == name.encode():
                if not rest:
                    continue
                digest = dict(fields(dict(fields(node))[2]))
                below = self.without_file(f"{digest[1].decode()}/{digest[2]}", rest)
                node = joined([(2, digest_of(below)) if key == 2 else (key, value) for key, value in fields(node)])
            changed.append((number, node))
        return self.put(joined(changed))

    def put(self, data):
        (self.world / "object").write_bytes(data)
        self.ok(self.gg("put", str(self.world / "object")))
        return data

    def test_a_path_that_the_tree_lacks_and_the_machine_has_is_named(self):
        self.fresh(OPTIONAL)
        self.under_gg(["make"])
        described = self.json("describe", "a.o")
        header = str(self.tree / "optional.h")
        self.assertIn(header, described["inputs"])
        root = self.without_file(described["input_root"], header[1:])
        thunk = joined([(2, digest_of(root)) if number == 2 else (number, value)
                        for number, value in fields(self.ok(self.gg("get", described["thunk"])).out)])
        self.put(thunk)
        run = self.gg("verify", "--trace", name_of(thunk))
        self.assertEqual(run.status, 1, str(run))
        self.assertRegex(run.out.decode(), rf"not in its tree .*: {re.escape(header)}\n")
        os.remove(header)
        self.assertEqual(self.json("verify", "--trace", name_of(thunk))["thunks"][0]["state"], "only-watched")

    def test_what_was_made_after_the_command_is_no_defect(self):
        self.fresh({**OPTIONAL, "Makefile": OPTIONAL["Makefile"] + "\techo 'int optional;' >optional.h\n"})
        os.remove(self.tree / "optional.h")
        self.under_gg(["make"])
        shown = self.json("verify", "--trace", "a.o")["thunks"][0]
        self.assertEqual((shown["state"], shown["not_in_tree"]), ("same", []))
        self.assertEqual(shown["made_since"], [str(self.tree / "optional.h")])

    def test_what_has_no_result_is_not_taken_for_verified(self):
        self.fresh(CALCULATOR)
        self.ok(self.gg("infer", "--", "make"))
        shown = self.json("verify", "--share", "100", status=1)["thunks"]
        self.assertEqual({each["state"] for each in shown}, {"no-result"})

    def test_where_nothing_was_compared_nothing_is_taken_for_verified(self):
        self.fresh({"Makefile": "all:\n\ttrue\n"})
        self.under_gg(["make"])
        self.assertEqual(self.json("verify", status=1)["thunks"], [])
        self.assertEqual(self.gg("verify", "--share", "0").status, 2)

    def test_what_was_executed_and_cannot_be_compared_is_not_called_not_executed(self):
        self.fresh({"Makefile": "a.o: a.c\n\tgcc -flto -c a.c\n", "a.c": "int a;\n"})
        self.under_gg(["make"])
        digest = hashlib.sha256((self.tree / "a.o").read_bytes()).hexdigest()
        held = [path for path in self.store.rglob("*") if digest[2:] in path.name]
        self.assertNotEqual(held, [])
        for path in held:
            path.unlink()
        shown = self.json("verify", "--share", "100", status=1)["thunks"]
        self.assertEqual([each["state"] for each in shown], ["not-compared"], shown)
        self.assertIn(b"1 thunks executed again: 0 the same, 0 not deterministic, 1 could not be compared; 0 could not",
                      self.gg("verify", "--share", "100").out)

    def programs_below(self, ancestor):
        """Names of the processes that descend from this one."""
        parents, names = {}, {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    head, _, tail = file.read().rpartition(") ")
            except OSError:
                continue  # it has just ended
            names[int(pid)], parents[int(pid)] = head.partition("(")[2], int(tail.split()[1])
        below = set()
        for pid, name in names.items():
            while pid in parents and pid != ancestor:
                pid = parents[pid]
            if pid == ancestor:
                below.add(name)
        return below

    def test_ctrl_c_ends_it_and_what_runs(self):
        self.fresh({"Makefile": f"a.o: a.cc\n\tg++ {ENDLESS_FLAGS} -c a.cc\n", "a.cc": ENDLESS})
        self.ok(self.gg("infer", "--", "make"))
        process = self.start([GG, "verify", "--trace", "a.o"])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.wait_until(lambda: "cc1plus" in self.programs_below(process.pid), "the compiler", process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (130, b""), err)
        self.assertEqual(self.alive(), [], "still running when gg had ended")

    def test_without_a_run_it_says_so(self):
        self.tree.mkdir()
        run = self.gg("verify")
        self.assertEqual((run.status, run.out), (3, b""), str(run))
        self.assertIn(b"no run yet", run.err)


class NoHit(Case):
    """gg explain names what is another than in the nearest earlier thunk."""

    FILES = {"Makefile": "a.o: a.c a.h\n\tgcc $(FLAGS) -c a.c\n", "a.c": '#include "a.h"\nint a = A;\n', "a.h": "#define A 1\n"}

    def built(self, *words, **options):
        for made in self.tree.glob("*.o"):
            made.unlink()
        self.under_gg(["make", *words], **options)

    def differences(self):
        return json.loads(self.ok(self.gg("explain", "a.o", "--json")).out)["compared_with"]["differences"]

    def setUp(self):
        super().setUp()
        self.fresh(self.FILES)
        self.built("FLAGS=-O1")

    def test_a_first_build_is_compared_with_nothing(self):
        self.assertNotIn("compared_with", json.loads(self.ok(self.gg("explain", "a.o", "--json")).out))

    def test_an_option(self):
        self.built("FLAGS=-O2")
        self.assertEqual(self.differences(), [{"kind": "word", "name": "", "before": "-O1", "now": "-O2"}])
        self.assertIn(b"the word -O1 became -O2", self.ok(self.gg("explain", "a.o")).out)

    def test_a_header(self):
        self.write({"a.h": "#define A 2\n"})
        self.built("FLAGS=-O1")
        self.assertEqual([(each["kind"], each["name"]) for each in self.differences()], [("input", str(self.tree / "a.h"))])

    def test_a_variable(self):
        self.built("FLAGS=-O1", env={"SOURCE_DATE_EPOCH": "1"})
        self.assertEqual(self.differences(),
                         [{"kind": "variable", "name": "SOURCE_DATE_EPOCH", "before": "", "now": "1"}])

    def test_the_same_thunk_that_failed_before(self):
        self.fresh({**self.FILES, "a.c": "int a = ;\n"})
        for _ in range(2):
            self.failing(["make"])
        self.assertIn(b"it was the same thunk in run", self.ok(self.gg("explain", "a.o")).out)

    def test_a_damaged_journal_of_an_earlier_run_is_none_to_compare_with(self):
        self.built()
        for journal in (self.store / "runs").glob("*.jsonl"):
            journal.write_text("{}\n")
        self.write({"a.h": "#define A 7\n"})
        self.built()
        self.assertEqual(json.loads(self.ok(self.gg("explain", "a.o", "--json")).out)["outcome"], "ran")

    def test_a_native_command_is_found_by_the_output_that_it_names(self):
        self.write({"Makefile": "a.o: a.c\n\tgcc -fplugin=none -c a.c -o a.o || gcc -ftime-report -c a.c 2>/dev/null\n"})
        self.built()
        shown = json.loads(self.ok(self.gg("explain", "a.o", "--json")).out)
        self.assertEqual((shown["outcome"], shown["reason"]), ("native", "timings"), shown)
        self.assertEqual(self.stats()["declined"]["timings"]["tools"], {"gcc": 1})


if __name__ == "__main__":
    unittest.main(verbosity=2)
