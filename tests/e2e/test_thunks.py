"""Thunks by hand, and graphs that grow while they run: the examples, and what is refused."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from ggtest import GG, Case

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SHELL = ["--dynamic", "--program", "/bin/sh", "--program", "/bin/mkdir", "--env", "PATH=/.gg:/bin"]


class Thunks(Case):
    """What all tests here do."""

    def setUp(self):
        super().setUp()
        self.tree.mkdir()

    def create(self, *words, **options):
        run = self.ok(self.gg("thunk", "create", *words, **options))
        self.assertRegex(run.out, rb"^[0-9a-f]{64}/[0-9]+\n$")
        return run.out.decode().strip()

    def stream(self, lines):
        """gg thunk create --stream, fed with these lines."""
        self.write({"lines": lines})
        with open(self.tree / "lines") as file:
            return self.gg("thunk", "create", "--stream", stdin=file)

    def shell(self, script, *flags):
        """A dynamic thunk that runs a script."""
        return self.create(*SHELL, *flags, "--", "/bin/sh", "-ec", script)

    def output(self, thunk, name="out"):
        """What is put where, forced; bytes of a file or a snapshot of a directory."""
        place = self.tree / "forced"
        self.ok(self.gg("force", "-o", place, f"promise:{thunk}:{name}"))
        if place.is_dir():
            found = {os.fsdecode(path): (pathlib.Path(place) / os.fsdecode(path)).read_bytes()
                     for path, entry in self.snapshot(place).items() if entry[0] == "file"}
            shutil.rmtree(place)
            return found
        found = place.read_bytes()
        place.unlink()
        return found

    def refused(self, thunk, *messages, name="out"):
        """Forcing it fails with these words, at once."""
        run = self.gg("force", f"promise:{thunk}:{name}")
        self.assertEqual(run.status, 1, str(run))
        for message in messages:
            self.assertIn(message.encode(), run.err, str(run))
        self.assertEqual(self.alive(), [])
        self.ok(self.gg("fsck"))
        return run


class Budgets(Thunks):
    def made(self, *names):
        return [self.create("--program", "/bin/sh", "--output", "out", "--", "/bin/sh", "-c", f"echo {name} > out")
                for name in names]

    def test_what_the_budget_refuses_fails_and_names_it(self):
        promises = [f"promise:{thunk}:out" for thunk in self.made("a", "b", "c")]
        run = self.gg("force", "-k", "--max-executions", "2", *promises)
        self.assertEqual(run.status, 1, str(run))
        self.assertEqual(run.out.count(b"file:"), 2, str(run))
        self.assertIn(b"local: the budget of 2 executions is used up", run.err, str(run))
        self.assertEqual(self.stats()["decisions"], {"over-budget": 1})
        told = self.ok(self.gg("log", "--outcome", "decision")).out
        self.assertIn(b"over-budget: no engine can take", told)
        self.ok(self.gg("force", "--max-executions", "1", *promises))

    def test_memos_are_free(self):
        (thunk,) = self.made("a")
        self.output(thunk)
        self.ok(self.gg("force", "--max-executions", "0", f"promise:{thunk}:out"))

    def test_the_local_engine_costs_nothing(self):
        (thunk,) = self.made("a")
        self.ok(self.gg("force", "--max-cost", "0", f"promise:{thunk}:out"))
        self.assertEqual(self.stats()["billed_micro_dollars"], 0)

    def test_a_loop_comes_to_an_end_by_its_budget(self):
        thunk = self.create(*SHELL, "--input", "count", "--output", "out", "--", "/count", "50", cwd=EXAMPLES / "shell")
        run = self.gg("force", "--max-executions", "7", f"promise:{thunk}:out")
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(b"the budget of 7 executions is used up", run.err)
        self.assertEqual(self.stats()["executions"], 7)

    def test_a_build_that_is_refused_says_so_and_leaves_nothing(self):
        self.write({"Makefile": "all: a.o b.o\na.o:\n\tcc -c a.c\nb.o:\n\tcc -c b.c\n", "a.c": "int a;\n", "b.c": "int b;\n",
                    "config.toml": "max-executions = 0\n"})
        run = self.gg("run", "--config", "config.toml", "--", "make")
        self.assertNotEqual(run.status, 0, str(run))
        self.assertIn(b"the budget of 0 executions is used up", run.err)
        self.assert_no_placeholders()
        self.under_gg(["make"], options=["--max-executions", "2"])
        self.assertEqual(self.gg("force", "--max-cost", "much", "a.o").status, 2)

    def test_a_command_that_is_waited_for_runs_natively_when_the_budget_refuses_its_thunk(self):
        self.write({"a.c": "int a;\n", "b.c": "int b;\n"})
        build = ["sh", "-c", "cc -c a.c; cc -c b.c; echo $?"]
        self.assertEqual(self.plain(build).out, b"0\n")
        expected = self.snapshot()
        for made in ("a.o", "b.o"):
            (self.tree / made).unlink()
        run = self.under_gg(build, options=["--max-executions", "1"])
        self.assertEqual(run.out, b"0\n", str(run))
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["executions"], stats["decisions"]), (1, {"over-budget": 1}))
        self.assertEqual(stats["declined"]["not-forced"]["tools"], {"cc": 1})
        self.assertIn("the budget of 1 executions is used up", stats["declined"]["not-forced"]["first"])

    def test_a_force_leaves_a_journal_unless_memos_had_everything(self):
        (thunk,) = self.made("a")
        self.ok(self.gg("force", thunk))
        (run,) = json.loads(self.ok(self.gg("log", "--json")).out)
        self.assertEqual((run["argv"], run["ran"], run["failed"]), (["gg", "force", thunk], 1, 0), run)
        self.assertIn("1 thunks, forced by hand", self.ok(self.gg("stats")).out.decode())
        events = json.loads(self.ok(self.gg("log", "--json", "--run", run["run"])).out)
        self.assertEqual([event["outcome"] for event in events], ["attempt", "ran"])
        self.ok(self.gg("verify", "--share", "100"))
        self.ok(self.gg("force", thunk))
        self.assertEqual(len(json.loads(self.ok(self.gg("log", "--json")).out)), 1)


class ByHand(Thunks):
    def test_a_thunk_sees_what_is_named_and_nothing_else(self):
        self.write({"words": "b\na\n", "secret": "x"})
        thunk = self.create("--program", "/bin/sh", "--program", "/bin/ls", "--program", "/bin/cat", "--input", "words",
                            "--cwd", "/srv/w",
                            "--env", "A=1", "--env", "PATH=/bin", "--output", "out", "--output", "never", "--",
                            "/bin/sh", "-c", "ls / > out; echo $A >> out; cat out")
        found = self.output(thunk).decode().split()
        self.assertIn("srv", found)
        self.assertEqual(found[-1], "1")
        self.assertNotIn("secret", found)
        self.assertNotIn(".gg", found)
        self.assertEqual(self.ok(self.gg("force", thunk)).out.decode().split(), found)
        described = json.loads(self.ok(self.gg("describe", "--json", thunk)).out)
        self.assertEqual(described["working_directory"], "/srv/w")
        self.assertEqual(described["environment"], {"A": "1", "PATH": "/bin"})
        self.assertIn("/srv/w/words", described["inputs"])
        self.assertIn("did not make it", self.gg("force", f"promise:{thunk}:never").err.decode())

    def test_flags_json_and_stream_make_the_same_thunk(self):
        self.write({"in": "1", "dir/a": "a", "dir/b/c": "c"})
        by_flags = self.create("--input", "/in=in", "--input", "sub/dir=dir", "--cwd", "srv/w", "--env", "B=2", "--env",
                               "A=1", "--output", "/srv/w/y", "--output", "x", "--platform", "k=v", "--dynamic", "--",
                               "/in", "é")
        draft = {"argv": ["/in", "é"], "inputs": {"/in": "in", "sub/dir": "dir"}, "cwd": "/srv/w", "env": {"A": "1", "B": "2"},
                 "outputs": ["x", "y"], "platform": {"k": "v"}, "dynamic": True}
        self.write({"draft.json": json.dumps(draft)})
        self.assertEqual(self.create("--from", "draft.json"), by_flags)
        self.assertEqual(self.ok(self.stream(json.dumps(draft))).out.decode().strip(), by_flags)
        words = {name: self.ok(self.gg("collect", name)).out.decode().strip() for name in ("in", "dir")}
        by_words = draft | {"inputs": {"/in": words["in"], "sub/dir": words["dir"]}}
        self.write({"words.json": json.dumps(by_words)})
        self.assertEqual(self.create("--from", "words.json"), by_flags)

    def test_promises_link_thunks(self):
        self.write({"words": "b\na\n"})
        first = self.create("--program", "/usr/bin/sort", "--input", "words", "--output", "s", "--",
                            "/usr/bin/sort", "words", "-o", "s")
        second = self.create("--program", "/usr/bin/head", "--input", f"s=promise:{first}:s", "--",
                             "/usr/bin/head", "-1", "s")
        graph = json.loads(self.ok(self.gg("graph", "--json", second)).out)
        self.assertEqual({node["thunk"] for node in graph["thunks"]}, {first, second})
        self.assertEqual(self.ok(self.gg("force", second)).out, b"a\n")

    def test_a_placeholder_is_a_promise(self):
        self.create("--program", "/bin/sh", "--output", "x", "--place", "x=made", "--", "/bin/sh", "-c", "echo 1 > x")
        thunk = self.create("--program", "/bin/sh", "--input", "in=made", "--", "/bin/sh", "-c", "read a < in; echo $a")
        self.assertEqual(self.ok(self.gg("force", thunk)).out, b"1\n")
        self.ok(self.gg("force", "made"))
        self.assertEqual((self.tree / "made").read_bytes(), b"1\n")

    def test_a_stream_names_earlier_lines(self):
        lines = [{"id": "a", "argv": ["/bin/sh", "-c", "echo 1 > x"], "programs": ["/bin/sh"], "outputs": ["x"]},
                 {"argv": ["/bin/sh", "-c", "read a < in; echo $a"], "programs": ["/bin/sh"],
                  "inputs": {"in": "promise:@a:x"}}]
        run = self.ok(self.stream("\n".join(map(json.dumps, lines))))
        names = run.out.decode().split()
        self.assertEqual(self.ok(self.gg("force", names[1])).out, b"1\n")
        self.write({"names": run.out})
        self.ok(self.gg("force", "@names"))

    def test_collect_filters(self):
        self.write({"src/a.c": "a", "src/a.o": "o", "src/deep/b.c": "b", "src/deep/only.o": "o", "src/.git/x": "x",
                    "src/empty/only.o": "o"})
        os.symlink("a.c", self.tree / "src/link.c")
        word = self.ok(self.gg("collect", "--include", "*.c", "--exclude", "deep/only*", "src")).out.decode().strip()
        thunk = self.create("--base", word, "--", "/a.c")
        inputs = json.loads(self.ok(self.gg("describe", "--json", thunk)).out)["inputs"]
        self.assertEqual(sorted(inputs), ["/a.c", "/deep/b.c", "/link.c"])
        word = self.ok(self.gg("collect", "--exclude", ".git", "--exclude", "*.o", "src")).out.decode().strip()
        thunk = self.create("--base", word, "--", "/a.c")
        inputs = json.loads(self.ok(self.gg("describe", "--json", thunk)).out)["inputs"]
        self.assertEqual(sorted(inputs), ["/a.c", "/deep/b.c", "/link.c"])

    def test_what_is_no_thunk_is_refused_by_name(self):
        self.write({"a": "1", "d/x": "1"})
        os.mkfifo(self.tree / "fifo")
        digest = "0" * 63 + "1/5"
        for words, message in (
                (["--output", ".."], "'..'"), (["--output", "a/../b"], "'a/../b'"), (["--output", "/"], "'/'"),
                (["--output", "a", "--output", "a/b"], "stands inside output"), (["--input", "../x=a"], "'../x'"),
                (["--input", "x/./y=a"], "'x/./y'"), (["--cwd", "/a/../b"], "'a/../b'"), (["--env", "=x"], "'=x'"),
                (["--input", "a", "--input", "a/b=a"], "no directory"), (["--input", "x=nowhere"], "nowhere"),
                (["--input", "x=fifo"], "neither file, directory nor symlink"), (["--input", "x=d/..x"], "d/..x"),
                (["--input", f"x=file:{digest}"], "does not hold"), (["--input", f"x=tree:{digest}"], "does not hold"),
                (["--input", f"x=promise:{digest}:out"], "does not hold"), (["--input", "x=promise:out"], "should read"),
                (["--input", "x=self:/a"], "only where a thunk runs"), (["--base", "a"], "is no directory"),
                (["--program", "nowhere"], "nowhere"), (["--place", "x=y"], "no output 'x'")):
            run = self.gg("thunk", "create", *words, "--", "/a")
            self.assertIn(run.status, (2, 3), str(run))
            self.assertIn(message, run.err.decode(), str(run))
        self.assertEqual(self.gg("thunk", "create").status, 2)
        self.assertEqual(self.gg("thunk", "return", "a", "b").status, 2)
        self.assertEqual(self.gg("thunk", "create", "--", "").status, 2)
        self.assertIn(b"should read", self.gg("force", "promise:x").err)

    def test_a_bad_line_is_named_and_those_before_it_are_made(self):
        good = json.dumps({"argv": ["/a"]})
        for bad, message in (("garbage", "no JSON object"), ("{}", "no program"), ('{"argv":"x"}', "a list of texts"),
                             ('{"argv":["x"],"outputs":[".."]}', "'..'"), ('{"argv":["x"],"inputs":{"../a":"lines"}}', "'../a'"),
                             ('{"argv":["x"],"cwd":"/..","outputs":["x"]}', "'..'"),
                             ('{"argv":["x"],"nonsense":1}', 'no "nonsense"'), ('{"argv":["a\\u0000b"]}', "without NUL"),
                             ('{"id":"me","argv":["x"],"inputs":{"a":"promise:@me:o"},"outputs":["o"]}', "cannot need itself")):
            run = self.stream(f"{good}\n{bad}\n{good}\n")
            self.assertEqual(run.status, 2, str(run))
            self.assertEqual(len(run.out.split()), 1, str(run))
            self.assertIn("line 2: ", run.err.decode())
            self.assertIn(message, run.err.decode())

    def test_a_great_argument_list_is_the_commands_own_failure(self):
        self.write({"thunk.json": json.dumps({"argv": ["/bin/sh", "-c", ":", "x" * (2 << 20)], "programs": ["/bin/sh"],
                                              "outputs": ["out"]})})
        run = self.refused(self.create("--from", "thunk.json"))
        self.assertRegex(run.err, b"(?i)argument list too long.* allows 2097152 in all and 131072 for one")

    def test_a_hundred_thousand_outputs(self):
        count = 100_000
        self.write({"thunk.json": json.dumps({
            "argv": ["/bin/sh", "-c", f"i=0; while [ $i -lt {count} ]; do echo > d/$i; i=$((i+1)); done; echo > f7"],
            "programs": ["/bin/sh"], "cwd": "/w", "inputs": {"d/in": "thunk.json"},
            "outputs": ["d/%d" % i for i in range(count)] + ["f7"]})})
        thunk = self.create("--from", "thunk.json")
        self.assertEqual(self.output(thunk, "d/99999"), b"\n")


class Rude(Thunks):
    """Programs that would go on for ever, or fill everything."""

    def interrupted(self, thunk, begun, over=False):
        """gg force, stopped by Ctrl-C once the program has begun, or is over; ends soon, and leaves nothing."""
        process = self.start([GG, "force", f"promise:{thunk}:out"])
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.wait_until(lambda: self.is_running(begun), "the program", process)
        if over:
            self.wait_until(lambda: not self.is_running(begun), "its end", process)
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail("does not end within 20 s of the signal")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.alive(), [])
        self.assertFalse(self.is_running(begun))
        self.ok(self.gg("fsck"))

    @staticmethod
    def is_running(words):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if words.encode() in pathlib.Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" "):
                    return True
            except OSError:
                pass
        return False

    def test_one_that_prints_for_ever_is_stopped_with_its_last_words(self):
        for stream in ("output", "error"):
            thunk = self.create("--program", "/usr/bin/yes", "--program", "/bin/sh", "--output", "out", "--",
                                "/bin/sh", "-c", "exec /usr/bin/yes" + (" >&2" if stream == "error" else ""))
            run = self.refused(thunk, f"printed more than 64 MiB to its standard {stream}; its last words:\ny\n")
            self.assertLess(len(run.err), 1000)

    def test_one_that_ignores_all_signals_is_gone_after_ctrl_c(self):
        script = "trap '' TERM INT HUP QUIT; setsid sleep 98765 & while :; do sleep 98765; done"
        self.interrupted(self.create("--program", "/bin/sh", "--program", "/bin/sleep", "--program", "/usr/bin/setsid",
                                     "--env", "PATH=/bin:/usr/bin", "--output", "out", "--", "/bin/sh", "-c", script), "sleep 98765")

    def test_ctrl_c_ends_the_reading_of_a_great_output(self):
        # With holes: it costs its maker nothing, and takes half a minute to be read.
        thunk = self.create("--program", "/bin/sh", "--program", "/usr/bin/truncate", "--program", "/bin/sleep", "--output", "out",
                            "--", "/bin/sh", "-c", "/usr/bin/truncate -s 60G out; /bin/sleep 1.2345")
        self.interrupted(thunk, "sleep 1.2345", over=True)

    def test_an_output_larger_than_any_that_is_kept_is_named(self):
        thunk = self.create("--program", "/usr/bin/truncate", "--output", "out", "--", "/usr/bin/truncate", "-s", "100T", "out")
        self.refused(thunk, "the output out has 109951162777600 bytes, and no file of more than 68719476736")


class Dynamic(Thunks):
    def test_recursion_in_shell_is_linear(self):
        thunk = self.create(*SHELL, "--input", "fib", "--input", "add", "--output", "out", "--", "/fib", "25",
                            cwd=EXAMPLES / "shell")
        self.assertEqual(self.output(thunk), b"75025\n")
        self.assertEqual(self.output(thunk), b"75025\n")

    def test_a_loop_in_shell(self):
        thunk = self.create(*SHELL, "--input", "count", "--output", "out", "--", "/count", "50", cwd=EXAMPLES / "shell")
        self.assertEqual(self.output(thunk), b"done\n")

    def test_a_map_in_shell_over_what_only_its_input_knows(self):
        self.write({"list": "".join(f"item{i}\n" for i in range(40))})
        thunk = self.create(*SHELL, "--input", "map", "--input", "work", "--input", f"list={self.tree}/list",
                            "--output", "out", "--", "/map", "list", cwd=EXAMPLES / "shell")
        self.assertEqual(self.output(thunk), {f"item{i}": b"<item%d>\n" % i for i in range(40)})

    def test_a_reduce_tree_in_shell(self):
        self.write({"numbers": "".join(f"{i}\n" for i in range(1, 31))})
        thunk = self.create(*SHELL, "--input", "reduce", "--input", "add", "--input", f"numbers={self.tree}/numbers",
                            "--output", "out", "--", "/reduce", "numbers", cwd=EXAMPLES / "shell")
        self.assertEqual(self.output(thunk), b"465\n")

    def test_the_same_in_cpp(self):
        for name in ("fib", "count", "words"):
            subprocess.run(["g++", "-std=c++17", "-static", "-O1", "-o", self.tree / name, EXAMPLES / f"cpp/{name}.cc"],
                           check=True)
        fib = self.create("--dynamic", "--input", "fib", "--output", "out", "--", "/fib", "25")
        self.assertEqual(self.output(fib), b"75025\n")
        # More turns than are waited for one by one.
        count = self.create("--dynamic", "--input", "count", "--output", "out", "--", "/count", "400")
        self.assertEqual(self.output(count), b"done\n")
        self.write({"text": "one two\n\nthree\nfour five six\nseven"})
        words = self.create("--dynamic", "--input", "words", "--input", "text", "--output", "out", "--",
                            "/words", "split", "text")
        self.assertEqual(self.output(words), b"7\n")

    def test_the_same_thunk_has_one_name_inside_and_outside(self):
        self.write({"in": "1", "dir/a": "a", "dir/b/c": "c"})
        flags = ["--input", "x/in=/in", "--input", "x/new=NEW", "--base", "BASE", "--cwd", "srv/w", "--env", "B=2",
                 "--env", "A=1", "--output", "/srv/w/y", "--platform", "k=v", "--", "/in", "é"]
        inside = " ".join(flag.replace("NEW", "/tmp/new").replace("BASE", "self:/dir") for flag in flags)
        thunk = self.shell(f"echo new > /tmp/new; gg thunk create {inside} > out", "--input", "in", "--input", "dir",
                           "--output", "out")
        self.write({"new": "new\n"})
        outside = [flag.replace("NEW", "new").replace("BASE", "dir").replace("/in", "in") if "=" in flag or "BASE" in flag
                   else flag for flag in flags]
        outside[1] = "x/in=in"
        self.assertEqual(self.output(thunk).decode().strip(), self.create(*outside))

    def test_promises_stand_beside_files_in_a_directory(self):
        thunk = self.shell("mkdir out out/sub; echo file > out/file; echo here > out/sub/here; "
                           "t=$(gg thunk create --base self: --output o -- /bin/sh -c 'echo later > o'); "
                           "gg thunk return out/sub/later promise:$t:o; gg thunk return out/new/deep/x promise:$t:o; "
                           "cd out; gg thunk return y promise:$t:o", "--output", "out", "--cwd", "w")
        self.assertEqual(self.output(thunk), {"file": b"file\n", "sub/here": b"here\n", "sub/later": b"later\n",
                                              "new/deep/x": b"later\n", "y": b"later\n"})

    def test_a_new_directory_tree_as_input_of_a_new_thunk(self):
        thunk = self.shell("mkdir -p /tmp/d/e; echo 7 > /tmp/d/e/f; tree=$(gg collect /tmp/d); "
                           "t=$(gg thunk create --base self: --input in=$tree --output o -- /bin/sh -c 'read x < in/e/f; echo $x > o'); "
                           "gg thunk return out promise:$t:o", "--output", "out")
        self.assertEqual(self.output(thunk), b"7\n")

    def test_results_that_owe_survive_a_kill_and_a_collection(self):
        """The parent has run; its child fails. What the parent returned is known to the next run, unless it was collected."""
        script = ("t=$(gg thunk create --base self: --output o -- /bin/sh -c 'exit 3'); gg thunk return out promise:$t:o")
        thunk = self.shell(script, "--output", "out")
        self.assertIn(b"status 3", self.refused(thunk).err)
        described = self.ok(self.gg("describe", thunk)).out
        self.assertIn(b"made     promise", described)
        self.assertIn(b"status 3", self.refused(thunk).err)
        self.ok(self.gg("gc", "--size", "0"))
        run = self.gg("force", f"promise:{thunk}:out")
        self.assertNotEqual(run.status, 0)

    def test_a_child_that_was_collected_makes_its_parent_run_again(self):
        script = ("t=$(gg thunk create --base self: --output o -- /bin/sh -c 'exit 3'); gg thunk return out promise:$t:o")
        thunk = self.shell(script, "--output", "out")
        self.refused(thunk)
        memo = json.loads(self.ok(self.gg("describe", "--json", thunk)).out)["result"]
        child = memo["outputs"]["out"]["thunk"]
        (self.store / "objects" / child[:2] / child[:64]).unlink()
        self.assertIn(b"status 3", self.refused(thunk).err)

    def test_verify_compares_what_promises_have_become(self):
        script = ("t=$(gg thunk create --base self: --output o -- /bin/sh -c 'echo $1 > o' sh $(echo $PPID)); "
                  "mkdir out; gg thunk return out/x promise:$t:o")
        thunk = self.shell(script.replace("$(echo $PPID)", "7"), "--output", "out")
        self.assertEqual(self.output(thunk), {"x": b"7\n"})
        run = self.ok(self.gg("verify", thunk))
        self.assertIn(b"same", run.out + run.err, str(run))
        random = self.shell(script.replace("$(echo $PPID)", "$(read x < /proc/sys/kernel/random/uuid; echo $x)"), "--output", "out")
        self.output(random)
        run = self.gg("verify", random)
        self.assertNotEqual(run.status, 0, str(run))
        self.assertIn(b"other thunks than at first", run.out + run.err, str(run))

    def test_a_thunk_that_is_not_dynamic_makes_none(self):
        gg = self.tree / "gg-inside"
        probe = self.shell("gg collect /.gg/gg > out", "--output", "out")
        word = self.output(probe).decode().strip()
        self.ok(self.gg("get", word.partition(":")[2], "-o", gg))
        os.chmod(gg, 0o755)
        thunk = self.create("--program", "/bin/sh", "--input", "gg=gg-inside", "--output", "out", "--",
                            "/bin/sh", "-c", "/gg thunk create -- /x 2> out; echo $? >> out")
        out = self.output(thunk)
        self.assertIn(b"may make no thunks", out)
        self.assertTrue(out.endswith(b"3\n"), out)

    def test_describe_and_graph_say_the_same_inside_and_outside(self):
        thunk = self.shell(
            "t=$(gg thunk create --base self: --output o -- /bin/sh -c 'echo 1 > o'); "
            "u=$(gg thunk create --base self: --input in=promise:$t:o --output p -- /bin/sh -c 'read x < in; echo $x > p'); "
            "mkdir out; cd out; gg describe $u > text; gg describe --json promise:$u:p > json; gg graph $u > graph; "
            "gg graph --json promise:$u:p > graph.json; gg graph --dot $u $t > dot; gg describe --json self:/bin > bin; "
            "gg describe self:/bin/sh > sh; echo $u > name; gg thunk return later promise:$u:p", "--output", "out")
        found = self.output(thunk)
        self.assertEqual(found["later"], b"1\n")
        made = found["name"].decode().strip()
        text = self.ok(self.gg("describe", f"promise:{made}:p")).out.decode().splitlines()
        self.assertEqual([line for line in text if not line.startswith(("result", "made"))] + ["result   none yet"],
                         found["text"].decode().splitlines())
        outside = json.loads(self.ok(self.gg("describe", "--json", made)).out)
        del outside["result"]
        self.assertEqual(json.loads(found["json"]), outside)
        graph = self.ok(self.gg("graph", made)).out.decode()
        self.assertEqual(found["graph"].decode(), graph.replace("finished ", "waiting  "))
        graph = json.loads(self.ok(self.gg("graph", "--json", made)).out)
        self.assertEqual(len(graph["thunks"]), 2)
        for node in graph["thunks"]:
            node["finished"] = False
        self.assertEqual(json.loads(found["graph.json"]), graph)
        self.assertEqual(found["dot"].decode(), self.ok(self.gg("graph", "--dot", made)).out.decode().replace(", style=filled", ""))
        word = "tree:" + json.loads(found["bin"])["digest"]
        self.assertIn("/sh", json.loads(found["bin"])["entries"])
        self.assertEqual(self.ok(self.gg("describe", "--json", word)).out, found["bin"])
        self.assertRegex(found["sh"], rb"^program   [0-9a-f]{64}/[0-9]+\n$")

    def test_what_was_left_is_checked(self):
        make = "t=$(gg thunk create --output o --base self: -- /bin/sh -c 'echo > o'); "
        for script, message in (
                ("echo garbage > /.gg/returned", "no such message"),
                ("mkdir /.gg/returned", "no regular file"),
                (make + "gg thunk return out promise:$t:o; echo >> /.gg/made/${t%/*}", "other bytes than its name says"),
                (make + "gg thunk return out promise:$t:o; : > /.gg/made/${t%/*}", "other bytes than its name says"),
                (make + "gg thunk return elsewhere promise:$t:o", "at or below no declared output"),
                (make + "gg thunk return out promise:$t:o; echo > out", "both a promise"),
                (make + "gg thunk return out promise:$t:o; gg thunk return out/x promise:$t:o", "both a promise"),
                (make + "u=$(gg thunk create --output o -- /x); gg thunk return out promise:$t:o; gg thunk return out promise:$u:o",
                 "two promises at 'out'")):
            self.refused(self.shell(script, "--output", "out"), message)

    def test_gg_inside_refuses_what_is_wrong(self):
        zero = "0" * 63 + "1/5"
        for call, message in (
                (f"gg thunk create --input x=file:{zero} -- /x", "does not hold"),
                (f"gg thunk create --input x=tree:{zero} -- /x", "does not hold"),
                (f"gg thunk return out promise:{zero}:o", "does not hold"),
                ("gg thunk return out /bin/sh", "is no promise"),
                ("gg thunk return / promise:$(gg thunk create --output o -- /x):o", "no path of an output"),
                ("gg thunk return out promise:$(gg thunk create --output o -- /x):p", "declares no output"),
                (f"gg describe {zero}", "not to be read here"), (f"gg graph {zero}", "not to be read here"),
                (f"gg describe promise:{zero}:o", "does not hold"), ("gg describe /bin/sh; gg graph /bin/sh", "neither a thunk"),
                ("gg describe self:/nowhere", "holds no '/nowhere'"), ("gg describe", "wants one"), ("gg graph", "wants thunks"),
                ("gg thunk return .. promise:$(gg thunk create --output o -- /x):o", "no path of an output"),
                ("echo '{\"argv\":[\"x\"],\"outputs\":[\"a/..\"]}' | gg thunk create --stream", "'a/..'"),
                ("gg thunk create --input ../x=self:/bin -- /x", "'../x'"),
                ("gg thunk create --program /bin/sh -- /x", "outside of containers only"),
                ("gg thunk create --output .. -- /x", "'..'"), ("gg force x", "gg inside a container"),
                ("gg thunk create --input x=self:/nowhere -- /x", "holds no '/nowhere'"),
                ("gg thunk create", "wants the thunk's command"), ("gg thunk nonsense", "gg thunk create or")):
            run = self.refused(self.shell(f"{call} || exit 9", "--output", "out"), "status 9")
            self.assertIn(message, run.err.decode(), call)

    def test_a_cycle_of_tail_calls_is_found_and_named(self):
        self.write({"itself": "#!/bin/sh\nset -e\nt=$(gg thunk create --dynamic --base self: --env PATH=$PATH --output out -- /itself)\n"
                              "gg thunk return out promise:$t:out\n"})
        thunk = self.create(*SHELL, "--input", "itself", "--output", "out", "--", "/itself")
        self.refused(thunk, "needs its own output", thunk)
        self.write({"turn": "#!/bin/sh\nset -e\nt=$(gg thunk create --dynamic --base self: --env PATH=$PATH --output out -- /turn $((($1 + 1) % 5)))\n"
                            "gg thunk return out promise:$t:out\n"})
        thunk = self.create(*SHELL, "--input", "turn", "--output", "out", "--", "/turn", "0")
        self.refused(thunk, "wait for one another", thunk)

    def test_a_child_that_the_store_loses_meanwhile_is_made_again_by_its_parent(self):
        child = ("s=$(gg thunk create --base self: --output out -- /bin/sh -c 'sleep 1; echo slow > out'); "
                 "gg thunk create --base self: --input x=promise:$s:out --output out %s -- /bin/sh -c 'cat x > out; echo done >> out'")
        flags = ["--program", "/bin/sleep", "--program", "/bin/cat", "--output", "out"]
        parent = self.shell(child % "--place out=out", *flags)
        elsewhere = self.shell(f"t=$({child % ''}); echo $t > out", *flags)
        name = self.output(elsewhere).decode().split("/")[0]
        force = self.start([GG, "force", "-o", self.tree / "forced", f"promise:{parent}:out"])
        lost = None
        while lost is None and force.poll() is None:
            lost = next((path for path in self.store.glob(f"objects/*/{name}")), None)
        lost.unlink()
        _, err = force.communicate()
        self.assertEqual(force.returncode, 0, err)
        self.assertEqual((self.tree / "forced").read_text(), "slow\ndone\n")
        self.assertTrue(lost.exists(), "only its parent makes it")

    def test_an_output_that_is_no_file(self):
        for program, make in (("/usr/bin/mkfifo", "mkfifo out"), ("/usr/bin/mkfifo", "mkdir out; mkfifo out/x")):
            thunk = self.create("--program", "/bin/sh", "--program", program, "--program", "/bin/mkdir", "--env",
                                "PATH=/usr/bin:/bin", "--output", "out", "--", "/bin/sh", "-ec", make)
            self.refused(thunk, "neither file, directory nor symlink")
        device = self.create("--program", "/bin/mknod", "--output", "out", "--", "/bin/mknod", "out", "c", "1", "3")
        self.refused(device, "mknod: out: Operation not permitted", "exit status 1")
        thunk = self.create("--program", "/bin/ln", "--output", "out", "--",
                            "/bin/ln", "-s", "/etc/passwd", "out")
        self.assertRegex(self.ok(self.gg("force", f"promise:{thunk}:out")).out, b"^link:/etc/passwd\n$")

    def test_nothing_of_a_failed_process_is_taken_over(self):
        thunk = self.shell("echo garbage > /.gg/returned; exit 4", "--output", "out")
        self.refused(thunk, "status 4")

    def test_an_input_tree_may_not_hold_the_runners_places(self):
        self.write({"x": "1"})
        thunk = self.create(*SHELL, "--input", "/.gg/made/x=x", "--output", "out", "--", "/bin/sh", "-c", ":")
        self.refused(thunk, "a place that a dynamic thunk has for itself")


if __name__ == "__main__":
    unittest.main()
