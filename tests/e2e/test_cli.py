"""Every sub-command, as its help says."""
import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import stat
import struct
import termios
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, ENDLESS, ENDLESS_FLAGS, GG, Case

COMMANDS = ["run", "infer", "cc", "force", "describe", "graph", "explain", "verify", "stats", "hash", "put", "get", "gc", "fsck", "doctor",
            "version"]
MAKE = ["make", "-j2"]


class Help(Case):
    def setUp(self):
        super().setUp()
        self.tree.mkdir()

    def test_every_command_has_one_and_the_overview_lists_all(self):
        overview = self.ok(self.gg("--help")).out.decode()
        for command in COMMANDS:
            text = self.ok(self.gg(command, "--help")).out.decode()
            self.assertTrue(text.startswith(f"# gg {command} -- "), text)
            self.assertIn(f"    {command} ", overview)

    def test_every_option_that_a_text_names_is_known_to_the_parser(self):
        values = {"N": "2", "SIZE": "1K", "--sandbox": "auto", "--engine": "local", "--summary": "off",
                  "--cache": "read", "--platform": "OSFamily=linux"}
        tried_elsewhere = {"--profile", "--config"}  # need a file: Config
        for command in COMMANDS:
            section = self.ok(self.gg(command, "--help")).out.decode().split("## Options")[1].split("## Exit")[0]
            for line in re.findall(r"^    (-.*?)(?:  |$)", section, re.M):
                for names, word in re.findall(r"((?:-[a-z], )?--?[a-z-]+)(?: ([A-Z]+))?", line):
                    for name in set(names.split(", ")) - tried_elsewhere:
                        value = [values.get(name, values.get(word, "word"))] if word else []
                        run = self.gg(command, name, *value, "--help")
                        self.assertEqual(run.status, 0, f"{command} {name}: {run}")

    def test_wrong_usage_ends_with_2_and_points_to_help(self):
        for words in ([], ["nonsense"], ["run"], ["gc"], ["run", "--nonsense", "--", "true"], ["get", "no-digest"],
                      ["run", "--sandbox=maybe", "--", "true"], ["infer", "--sandbox=none", "--", "true"]):
            run = self.gg(*words)
            self.assertEqual((run.status, run.out), (2, b""), str(run))
            command = " " + words[0] if words and words[0] in COMMANDS else ""
            self.assertRegex(run.err.decode(), f"see `gg{command} --help`|is no digest")


class Commands(Case):
    def built(self):
        self.fresh(CALCULATOR)
        return self.under_gg(MAKE)

    def json(self, *words):
        return json.loads(self.ok(self.gg(*words, "--json")).out)

    def test_version(self):
        self.tree.mkdir()
        self.assertRegex(self.ok(self.gg("version")).out, rb"^gg \d+\.\d+")
        self.assertIn("version", self.json("version"))

    def test_doctor_says_that_it_works_here(self):
        self.tree.mkdir()
        self.ok(self.gg("doctor"))
        self.json("doctor")

    def test_hash_put_and_get(self):
        data = os.urandom(100_000)
        self.fresh({"data": data, "empty": b""})
        for name, content in (("data", data), ("empty", b"")):
            digest = f"{hashlib.sha256(content).hexdigest()}/{len(content)}"
            self.assertEqual(self.ok(self.gg("hash", name)).out.decode(), f"{digest}  {name}\n")
            self.assertEqual(self.ok(self.gg("put", name)).out.decode(), f"{digest}  {name}\n")
            self.assertEqual(self.ok(self.gg("get", digest)).out, content)
            self.ok(self.gg("get", digest, "-o", "copy"))
            self.assertEqual((self.tree / "copy").read_bytes(), content)

    def test_get_of_what_is_not_there_says_so(self):
        self.fresh({"data": "never put"})
        digest = self.ok(self.gg("hash", "data")).out.split()[0].decode()
        run = self.gg("get", digest, "-o", "copy")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(digest[:12].encode(), run.err)
        self.assertFalse((self.tree / "copy").exists())

    def test_describe_shows_command_inputs_and_outputs(self):
        self.built()
        text = self.ok(self.gg("describe", "src/main.o")).out.decode()
        for word in ("src/main.c", "include/parse.h", "src/main.o", "-Iinclude"):
            self.assertIn(word, text)
        self.json("describe", "src/main.o")

    def test_graph_of_the_executable_reaches_every_object(self):
        self.built()
        dot = self.ok(self.gg("graph", "--dot", "calculator")).out.decode()
        self.assertTrue(dot.startswith("digraph"), dot)
        self.assertGreaterEqual(dot.count("->"), 7, dot)  # 3 objects, the archive, its 3 members
        self.json("graph", "calculator")
        self.ok(self.gg("graph", "calculator"))

    def test_explain_tells_ran_hit_and_native(self):
        self.fresh({"Makefile": "all: a.o b.o\na.o: a.c\n\tcc -c a.c\nb.o: b.c\n\tcc -fplugin=none -c b.c || touch b.o\n",
                    "a.c": "int a;\n", "b.c": "int b;\n"})
        self.under_gg(["make"])
        self.assertEqual(self.json("explain", "a.o")["outcome"], "ran")
        os.remove(self.tree / "a.o")
        self.under_gg(["make"])
        self.assertEqual(self.json("explain", "a.o")["outcome"], "hit")
        self.assertIn(b"cc -c a.c", self.ok(self.gg("explain", "a.o")).out)
        run = self.gg("explain", "Makefile")
        self.assertEqual(run.status, 3, str(run))

    def test_stats_shows_the_summary_again(self):
        run = self.built()
        again = self.ok(self.gg("stats")).out.decode()
        self.assertIn(f"{CALCULATOR_COMMANDS} thunks", again)
        self.assertIn("thunks", run.err.decode())
        run_id = self.json("stats")["run"]
        self.assertEqual(self.json("stats", "--run", run_id)["run"], run_id)
        self.assertIn(run_id, self.ok(self.gg("log")).out.decode())

    def test_log_tells_what_happened_in_a_run(self):
        self.fresh({"Makefile": "all:\n\tgcc -c a.c\n\tgcc -c b.c\n", "a.c": "int a;\n", "b.c": "int b(\n"})
        self.assertEqual(self.gg("run", "--", "make").status, 2)  # as make itself ends, whatever gcc ended with
        (run,) = self.json("log")
        self.assertEqual((run["argv"], run["ran"], run["failed"]), (["make"], 1, 1), run)
        events = self.json("log", "--run", run["run"])
        self.assertEqual([event["at_ns"] for event in events], sorted(event["at_ns"] for event in events))
        told = [(event["outcome"], event["text"].split("  ")[0]) for event in events]
        for expected in ("promised", "compile a.c"), ("attempt", "compile a.c"), ("ran", "compile a.c"), ("failed", "compile b.c"):
            self.assertIn(expected, told)
        self.assertEqual([event["text"] for event in self.json("log", "--outcome", "failed")], ["compile b.c  command-failed"])
        text = self.ok(self.gg("log", "--outcome", "attempt")).out.decode()
        self.assertIn("compile a.c  on local: exit 0", text)
        self.assertEqual(self.gg("log", "--run", "none").status, 3)

    def test_declines_are_counted_with_their_reason(self):
        self.fresh({"Makefile": "all:\n\tgcc -fwrapv-nonsense -c a.c || true\n\tgcc -c a.c -o - >a.s -S\n", "a.c": "int a;\n"})
        run = self.under_gg(["make"])
        stats = self.stats()
        self.assertEqual(sum(each["count"] for each in stats["declined"].values()), stats["native"], stats)
        self.assertEqual(stats["native"], 2, f"{stats} {run}")

    def test_explain_while_running_prints_a_line_a_command(self):
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, ["--explain", "--summary=off"])
        lines = [line for line in run.err.splitlines() if line.startswith(b"gg: ")]
        self.assertGreaterEqual(len(lines), CALCULATOR_COMMANDS, str(run))

    def test_progress_keeps_to_the_terminals_last_line_and_gives_it_back(self):
        self.fresh({"Makefile": "a.o: a.cc\n\tg++ -c a.cc\n\t@echo built\n", "a.cc": "#include <iostream>\n"})
        terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        process = self.start([GG, "run", "--", "make"], env={"TERM": "xterm"}, stderr=inside, stdout=inside)
        os.close(inside)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the last writer is gone
            while piece := os.read(terminal, 4096):
                shown += piece
        os.close(terminal)
        self.assertEqual(process.wait(), 0, shown)
        self.assertRegex(shown, rb"(?s)\033\[1;23r.*\033\[24;1H\033\[2Kgg: \[0/1\] .*\033\[1;24r", "the region is set, used, undone")
        self.assertIn(b"\nbuilt\r\n", shown, "the build's own lines are whole")

    def test_quiet_adds_no_byte(self):
        self.fresh(CALCULATOR)
        plainly = self.plain(["make"])
        self.fresh(CALCULATOR)
        run = self.under_gg(["make"], ["--quiet"])
        self.assertEqual((run.out, run.err), (plainly.out, plainly.err))

    def test_summary_as_json_is_one_line(self):
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, ["--summary=json"])
        lines = [json.loads(line) for line in (run.out + run.err).splitlines() if line.startswith(b"{")]
        self.assertEqual([line["thunks"] for line in lines], [CALCULATOR_COMMANDS], str(run))

    def test_the_builds_status_streams_and_stdin_come_through(self):
        self.tree.mkdir()
        self.assertEqual(self.gg("run", "--", "sh", "-c", "exit 7").status, 7)
        self.assertEqual(self.gg("run", "-q", "--", "sh", "-c", "echo out; echo err >&2").out, b"out\n")
        (self.tree / "input").write_text("typed\n")
        with open(self.tree / "input", "rb") as typed:
            self.assertEqual(self.ok(self.gg("run", "-q", "--", "cat", stdin=typed)).out, b"typed\n")

    def test_a_build_command_that_is_not_there(self):
        self.tree.mkdir()
        run = self.gg("run", "--", "no-such-build-tool")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"no-such-build-tool", run.err)

    def test_sandbox_none_builds_the_same_and_memoises_nothing(self):
        self.fresh(CALCULATOR)
        self.plain(MAKE)
        expected = self.snapshot()
        for _ in range(2):
            self.fresh(CALCULATOR)
            self.under_gg(MAKE, ["--sandbox=none"])
            self.assert_same(expected, self.snapshot())
            self.assertEqual(self.stats()["hits"], 0, self.stats())


class Lazily(Case):
    def inferred(self):
        self.fresh(CALCULATOR)
        self.plain(MAKE)
        self.expected = self.snapshot()
        self.fresh(CALCULATOR)
        return self.ok(self.gg("infer", "--", *MAKE))

    def test_infer_leaves_placeholders_and_executes_nothing(self):
        self.inferred()
        names = {os.path.relpath(os.fsdecode(path), self.tree) for path in self.placeholders()}
        self.assertLessEqual({"calculator", "libshared.so", "lib/libarith.a", "src/main.o"}, names)
        self.assertEqual(self.stats()["executions"], 0, self.stats())

    def test_force_makes_one_real_and_what_it_needs_only(self):
        self.inferred()
        self.ok(self.gg("force", "calculator"))
        self.assertEqual(self.plain(["./calculator", "6*7"]).out, b"42\n")
        self.assertIn(os.fsencode(self.tree / "libshared.so"), self.placeholders())
        mode = stat.S_IMODE(os.stat(self.tree / "calculator").st_mode)
        self.assertEqual(mode & 0o111, 0o111)

    def test_force_all_leaves_the_plain_build(self):
        self.inferred()
        self.ok(self.gg("force", "--all"))
        self.assert_same(self.expected, self.snapshot())
        self.assert_nothing_to_do(["make"])

    def test_force_all_below_a_directory(self):
        self.inferred()
        self.ok(self.gg("force", "--all", "lib"))
        self.assertEqual(self.placeholders(self.tree / "lib"), [])
        self.assertNotEqual(self.placeholders(), [])

    def test_force_of_a_list(self):
        self.inferred()
        (self.tree / "list").write_text("src/main.o\nsrc/parse.o\n")
        self.ok(self.gg("force", "@list"))
        left = self.placeholders()
        self.assertNotIn(os.fsencode(self.tree / "src/main.o"), left)
        self.assertIn(os.fsencode(self.tree / "src/print.o"), left)
        for name, outcome in (("src/main.o", "ran"), ("src/print.o", "unfinished")):
            explained = json.loads(self.ok(self.gg("explain", "--json", f"./{name}")).out)
            self.assertEqual(explained["outcome"], outcome, explained)

    def test_force_of_a_plain_file_changes_nothing_and_of_none_fails(self):
        self.inferred()
        self.ok(self.gg("force", "Makefile"))
        run = self.gg("force", "nowhere")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"nowhere", run.err)

    def test_graph_and_describe_work_on_placeholders(self):
        self.inferred()
        self.assertIn(b"digraph", self.ok(self.gg("graph", "--dot", "calculator")).out)
        self.assertIn(b"libarith.a", self.ok(self.gg("describe", "calculator")).out)

    def test_a_failing_thunk_is_told_by_force(self):
        self.fresh({"Makefile": "a.o: a.c\n\tcc -c a.c\n", "a.c": "int a = nonsense;\n"})
        self.ok(self.gg("infer", "--", "make"))
        run = self.gg("force", "a.o")
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(b"nonsense", run.err)

    def test_an_inferred_executable_forces_itself_within_a_run(self):
        self.inferred()
        self.assertEqual(self.under_gg(["./calculator", "6*7"], ["-q"]).out, b"42\n")


class Config(Case):
    def configured(self, text):
        path = self.home / ".config/gg/config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        self.fresh(CALCULATOR)

    def test_a_profile_is_laid_over_the_file_and_a_flag_over_both(self):
        self.configured("summary = \"off\"\n[profile.loud]\nsummary = \"json\"\n")
        self.assertNotIn(b"{", self.under_gg(MAKE).err)
        loud = self.under_gg(MAKE, ["--profile", "loud"])
        self.assertIn(b"\"thunks\"", loud.out + loud.err)
        again = self.under_gg(MAKE, ["--profile", "loud", "--summary=off"])
        self.assertNotIn(b"\"thunks\"", again.out + again.err)

    def test_an_unknown_key_names_file_and_line(self):
        self.configured("jobs = 2\nnonsense = 1\n")
        run = self.gg("run", "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"config.toml:2", run.err)
        self.assertIn(b"nonsense", run.err)

    def test_another_file_can_be_given_and_has_to_be_there(self):
        self.configured("nonsense = 1\n")
        (self.world / "mine.toml").write_text("summary = \"off\"\n")
        self.under_gg(MAKE, ["--config", str(self.world / "mine.toml")])
        run = self.gg("run", "--config", str(self.world / "none.toml"), "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))

    def test_jobs_bound_how_many_containers_run_at_once(self):
        self.configured("jobs = 1\n")
        self.fresh({"Makefile": f"all: a.o b.o\n%.o: %.cc\n\tg++ {ENDLESS_FLAGS} -c $<\n", "a.cc": ENDLESS, "b.cc": ENDLESS})
        process = self.start([GG, "run", "--", "make", "-j2"])
        self.wait_until(lambda: len(self.placeholders()) == 2 and self.compilers_of(process.pid), "two placeholders", process)
        self.assertEqual(len(self.compilers_of(process.pid)), 1)
        process.terminate()
        process.communicate(timeout=20)

    def compilers_of(self, top):
        """Descendants of the process that are cc1plus."""
        found, waiting = [], [top]
        while waiting:
            pid = waiting.pop()
            try:
                for thread in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{thread}/children") as file:
                        waiting += [int(child) for child in file.read().split()]
                with open(f"/proc/{pid}/comm") as file:
                    found += [pid] if file.read() == "cc1plus\n" else []
            except OSError:
                continue  # ended meanwhile
        return found


if __name__ == "__main__":
    unittest.main(verbosity=2)
