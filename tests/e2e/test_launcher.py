"""gg before the compiler (`gg cc gcc`, CMAKE_C_COMPILER_LAUNCHER=gg): within `gg run` and alone."""
import json
import os
import pathlib
import shutil
import signal
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, ENDLESS, ENDLESS_FLAGS, GG, NOBODY, Case, skip

WARNS = {"a.c": "#include \"a.h\"\nint f(void) { int unused; return A; }\n", "a.h": "#define A 3\n"}
COMPILE = ["gcc", "-Wall", "-g", "-MMD", "-c", "a.c"]
REFUSE = "echo 0 >/proc/sys/user/max_user_namespaces && echo 0 >/proc/sys/user/max_mnt_namespaces && exec \"$0\" \"$@\""


class Launcher(Case):
    def cc(self, *command, options=(), **more):
        return self.run_command([GG, "cc", *options, *command], **more)

    def refused(self, *words, **more):
        """As a machine that allows no namespaces."""
        return self.run_command(["unshare", "--user", "--map-root-user", "sh", "-c", REFUSE, *words], **more)

    def what_became(self, run):
        """Of one command with --explain: "ran", "hit" or "native"."""
        return [line.split()[1].decode() for line in run.err.splitlines() if line.startswith(b"gg: ")]

    def programs_below(self, pid):
        """Names of what runs below a process of ours, containers included."""
        found = []
        try:
            with open(f"/proc/{pid}/comm") as name, open(f"/proc/{pid}/task/{pid}/children") as children:
                found.append(name.read().strip())
                below = children.read().split()
        except OSError:  # it has ended meanwhile
            return found
        return found + [name for child in below for name in self.programs_below(child)]

    def blocks(self, pid, number):
        with open(f"/proc/{pid}/status") as status:
            blocked = next(line for line in status if line.startswith("SigBlk:")).split()[1]
        return int(blocked, 16) >> (number - 1) & 1 == 1

    def explained(self, output):
        return json.loads(self.ok(self.gg("explain", "--json", output)).out)

    def private_compiler(self):
        """A gcc that is not on PATH, and finds its parts."""
        parts = pathlib.Path(self.plain(["gcc", "-print-file-name=include"]).out.decode().strip()).parent
        compiler, own = self.tree / "opt/bin/gcc", self.tree / "opt" / parts.relative_to("/usr")
        compiler.parent.mkdir(parents=True)
        own.mkdir(parents=True)
        shutil.copy2(os.path.realpath("/usr/bin/gcc"), compiler)
        for part in parts.iterdir():
            (own / part.name).symlink_to(part)
        return compiler

    def makefile(self, compiler, archiver="ar"):
        return [*"make -j8".split(), f"CC={compiler}", f"AR={archiver}"]


class Alone(Launcher):
    def test_the_same_files_and_words_as_the_compiler_and_a_hit_the_second_time(self):
        self.fresh(WARNS)
        plain = self.plain(COMPILE)
        expected = self.snapshot()
        for outcome in ("ran", "hit"):
            self.fresh(WARNS)
            run = self.ok(self.cc(*COMPILE, options=["--explain"]))
            self.assertEqual(self.what_became(run), [outcome], str(run))
            self.assertEqual((run.out, run.foreign_err), (plain.out, plain.err))
            self.assert_same(expected, self.snapshot(), str(run))

    def test_a_changed_header_is_no_hit(self):
        self.fresh(WARNS)
        self.ok(self.cc(*COMPILE))
        self.write({"a.h": "#define A 4\n"})
        self.assertEqual(self.what_became(self.ok(self.cc(*COMPILE, options=["--explain"]))), ["ran"])

    def test_a_header_that_comes_up_earlier_in_the_search_path_is_no_hit(self):
        command = ["gcc", "-Ione", "-Itwo", "-c", "a.c"]
        self.fresh({"a.c": "#include <h.h>\nint a = A;\n", "two/h.h": "#define A 2\n", "one/other.h": ""})
        self.ok(self.cc(*command))
        self.write({"one/h.h": "#define A 1\n"})
        self.assertEqual(self.what_became(self.ok(self.cc(*command, options=["--explain"]))), ["ran"])

    def test_failures_are_the_compilers_own(self):
        self.fresh({"bad.c": "int f( {\n"})
        for command in (["gcc", "-c", "bad.c"], ["gcc", "-c", "absent.c"], ["gcc", "-fno-such-option", "-c", "bad.c"],
                        ["gcc"], ["/bin/false"], ["sh", "-c", "kill -9 $$"]):
            plain, run = self.run_command(command), self.cc(*command)
            self.assertEqual((run.status, run.out, run.err), (plain.status, plain.out, plain.err), command)
        run = self.cc("no-such-tool")
        self.assertEqual((run.status, run.err), (127, b"gg: 'no-such-tool' is not on PATH\n"))

    def test_a_path_as_first_word_is_a_command_and_a_bare_name_is_none(self):
        self.fresh(WARNS)
        self.ok(self.run_command([GG, "/usr/bin/gcc", "-c", "a.c"]))
        self.assertTrue((self.tree / "a.o").exists())
        run = self.run_command([GG, "gcc", "-c", "a.c"])
        self.assertEqual(run.status, 2)
        self.assertIn(b"gg cc --help", run.err)

    def test_options_of_the_command_are_not_ggs(self):
        self.fresh({"say.sh": "#!/bin/sh\necho \"$@\"\n"})
        for words in ([GG, "cc"], [GG], [GG, "run", "-q", "--summary=off"], [GG, "run", "-q", "--summary=off", "--"]):
            run = self.ok(self.run_command([*words, "./say.sh", "--config", "Release", "--profile=x", "--help"]))
            self.assertEqual(run.out, b"--config Release --profile=x --help\n")

    def test_cmake_takes_it_as_a_launcher(self):
        files = {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(p C CXX)\nadd_library(l STATIC l.c)\n"
                                   "add_executable(e e.cc)\ntarget_link_libraries(e l)\n",
                 "l.c": "int l(void) { return 1; }\n", "e.cc": "extern \"C\" int l();\nint main() { return l() - 1; }\n"}
        self.fresh(files)
        self.plain(["cmake", "-S", ".", "-B", "b", f"-DCMAKE_C_COMPILER_LAUNCHER={GG}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={GG}"])
        self.plain(["cmake", "--build", "b", "-j2"])
        launched = {name: entry for name, entry in self.snapshot().items() if name.endswith((b".o", b".a", b"/e"))}
        self.fresh(files)
        self.plain(["cmake", "-S", ".", "-B", "b"])
        self.plain(["cmake", "--build", "b", "-j2"])
        plain = {name: entry for name, entry in self.snapshot().items() if name.endswith((b".o", b".a", b"/e"))}
        self.assertEqual(launched, plain)
        self.assertEqual(len(plain), 4)
        for output in ("b/CMakeFiles/l.dir/l.c.o", "b/CMakeFiles/e.dir/e.cc.o"):
            self.assertEqual(self.explained(output)["outcome"], "ran", output)

    def test_the_tool_inherits_what_the_caller_does_about_signals(self):
        show = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
        self.fresh({})
        for word in ("--block-signal=USR2", "--ignore-signal=PIPE", "--default-signal=PIPE"):
            self.assertEqual(self.ok(self.run_command(["env", word, GG, "cc", *show])).out,
                             self.ok(self.run_command(["env", word, *show])).out)

    def test_many_at_once_share_a_store(self):
        count = 40
        files = {f"s{i}.c": f"#include <stdio.h>\nint f{i % 20}(void) {{ return {i % 20}; }}\n" for i in range(count)}
        files["Makefile"] = "all: " + " ".join(f"s{i}.o" for i in range(count)) + "\n"
        self.fresh(files)
        self.plain(["make", "-j8"])
        expected, done = self.snapshot(), []
        for _ in range(2):
            self.fresh(files)
            run = self.plain(["make", "-j64", f"CC={GG} cc cc"])
            self.assertEqual(run.err, b"", str(run))
            self.assert_same(expected, self.snapshot())
            done.append({name: self.stats()[name] for name in ("thunks", "hits", "native")})
        self.assertEqual(done, [{"thunks": count, "hits": 0, "native": 0}, {"thunks": 2 * count, "hits": count, "native": 0}])
        self.ok(self.gg("fsck"))

    def test_what_an_inference_left_is_made_real_before_the_tool_reads_it(self):
        self.fresh({**WARNS, "Makefile": "a.o: a.c\n\tgcc -c a.c\n"})
        self.ok(self.gg("infer", "--", "make"))
        self.assertEqual(len(self.placeholders()), 1)
        self.ok(self.cc("gcc", "-r", "-nostdlib", "-o", "whole.o", "a.o"))
        self.assertEqual(self.plain(["nm", "whole.o"]).out.split()[-1], b"f")
        self.ok(self.cc("size", "a.o"))  # without a model
        self.assert_no_placeholders()

    def test_what_a_command_reads_without_naming_it_is_made_real_too(self):
        """Of one that no model takes: a library along -L, a response file, a header."""
        files = {"Makefile": "all: libf.a words.rsp gen.h\nlibf.a: f.o\n\tar rcs $@ f.o\nf.o: f.c\n\tgcc -c f.c\n"
                             "words.rsp: words.c\n\tgcc -E -P -o $@ words.c\ngen.h: gen.c\n\tgcc -E -P -o $@ gen.c\n",
                 "f.c": "int f(void) { return 0; }\n", "words.c": "-DONE=1 -O1\n", "gen.c": "enum { TWO = 2 };\n",
                 "inc/deep.h": "#include \"gen.h\"\n",
                 "main.c": "#include <deep.h>\nint f(void);\nint main(void) { return f() + TWO - ONE - 1; }\n"}
        unmodelled = {"LD_LIBRARY_PATH": "/nowhere"}
        self.fresh(files)
        self.ok(self.gg("infer", "--", "make"))
        self.assertEqual(len(self.placeholders()), 4)
        run = self.ok(self.cc("gcc", "@words.rsp", "-Iinc", "-I", ".", "-c", "main.c", options=["--explain"], env=unmodelled))
        self.assertEqual(self.what_became(run), ["native"], str(run))
        self.assertEqual(len(self.placeholders()), 2)
        self.ok(self.cc("gcc", "main.o", "-L.", "-lf", "-o", "main", env=unmodelled))
        self.plain([self.tree / "main"])

    def test_what_a_linker_script_and_a_thin_archive_lead_to_is_made_real_too(self):
        """Of a link that no model takes."""
        names = ["f", "g", "h", "k"]
        rules = "".join(f"{name}.o: {name}.c\n\tgcc -c {name}.c\n" for name in names)
        self.fresh({**{f"{name}.c": f"int {name}(void) {{ return 0; }}\n" for name in names},
                    "Makefile": "all: f.o g.o libh.a libk.a\nlibh.a: h.o\n\tar rcs $@ h.o\n"
                                "libk.a: k.o\n\tar rcsT $@ k.o\n" + rules,
                    "lib/libf.so": "INPUT(f.o -lh)\nINCLUDE more.ld\n", "lib/more.ld": "INPUT ( g.o libk.a )\n",
                    "main.c": "int f(void), g(void), h(void), k(void);\nint main(void) { return f() + g() + h() + k(); }\n"})
        self.ok(self.gg("infer", "--", "make"))
        self.assertEqual(len(self.placeholders()), 6)
        run = self.ok(self.cc("gcc", "main.c", "-L.", "-Llib", "-lf", "-o", "main", options=["--explain"],
                              env={"LD_LIBRARY_PATH": "/nowhere"}))
        self.assertEqual(self.what_became(run), ["native"], str(run))
        self.plain([self.tree / "main"])

    def test_what_became_of_a_command_is_explained(self):
        self.fresh(WARNS)
        for outcome in ("ran", "hit"):
            self.ok(self.cc(*COMPILE))
            told = self.explained("a.o")
            self.assertEqual((told["outcome"], told["argv"]), (outcome, COMPILE), told)
        self.ok(self.under_gg(["touch", "b"]))  # another journal begins after a run
        self.write({"a.h": "#define A 5\n"})
        self.ok(self.cc(*COMPILE))
        told = self.explained("a.o")
        self.assertEqual(told["outcome"], "ran", told)
        self.assertEqual([item["name"] for item in told["compared_with"]["differences"]], [str(self.tree / "a.h")])
        self.ok(self.cc("gcc", "-c", "a.c", env={"LD_LIBRARY_PATH": "/nowhere"}))
        told = self.explained("a.o")
        self.assertEqual((told["outcome"], told["reason"]), ("native", "environment"), told)

    def test_tools_that_the_user_describes_are_known_anywhere_in_the_project(self):
        self.fresh({"gen": "#!/bin/sh\ncat $1 >$3\n", "deep/in.txt": "words\n",
                    ".gg/tools/gen.toml": "[[tool]]\nprogram = \"gen\"\nwords = \"input\"\nruns = [\"cat\"]\n"
                                          "[tool.options]\noutput = \"-o\"\n"})
        for outcome in ("ran", "hit"):
            run = self.ok(self.cc("../gen", "in.txt", "-o", "out.txt", options=["--explain"], cwd=self.tree / "deep"))
            self.assertEqual(self.what_became(run), [outcome], str(run))
            self.assertEqual((self.tree / "deep/out.txt").read_bytes(), b"words\n")
            (self.tree / "deep/out.txt").unlink()

    def test_without_a_store_the_compiler_runs_and_gg_says_why_it_does_not(self):
        self.fresh(WARNS)
        run = self.ok(self.cc(*COMPILE, options=["--store", "/proc/no/store"]))
        self.assertRegex(run.err, rb"(?m)^gg: .*'gcc' runs without gg$")
        self.assertTrue((self.tree / "a.o").exists())

    def test_interrupted_it_leaves_nothing_and_dies_of_the_signal(self):
        self.fresh({"a.cc": ENDLESS})
        process = self.start([GG, "cc", "g++", *ENDLESS_FLAGS.split(), "-c", "a.cc"])
        self.wait_until(lambda: "cc1plus" in self.programs_below(process.pid), "the compile", process)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (-signal.SIGINT, b"", b""))
        self.assertEqual(self.reap(seconds=10), [])
        self.assertFalse((self.tree / "a.o").exists())

    def test_interrupted_before_anything_is_started_it_dies_of_the_signal_too(self):
        headers = {f"h{i}.h": f"// {i}\n" for i in range(1000)}  # that many are put into the store before
        self.fresh({**headers, "a.cc": "".join(f'#include "{name}"\n' for name in headers) + ENDLESS})
        process = self.start([GG, "cc", "g++", *ENDLESS_FLAGS.split(), "-c", "a.cc"])
        self.wait_until(lambda: self.blocks(process.pid, signal.SIGINT), "its signals to be in its own hands", process,
                        every=0)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (-signal.SIGINT, b"", b""))
        self.assertEqual(self.reap(seconds=10), [])


class WithinARun(Launcher):
    def project(self, launcher):
        """Its compilers are found by an absolute path behind the launcher, as CMake writes it."""
        self.fresh(CALCULATOR)
        return self.makefile(f"{launcher} /usr/bin/gcc", f"{launcher} /usr/bin/ar")

    def expected(self, argv):
        self.plain(self.makefile("/usr/bin/gcc", "/usr/bin/ar"))
        snapshot = self.snapshot()
        self.fresh(CALCULATOR)
        return snapshot

    def test_the_run_takes_the_commands_over(self):
        for launcher in (GG, f"{GG} cc"):
            argv = self.project(launcher)
            expected = self.expected(argv)
            run = self.under_gg(argv)
            self.assert_same(expected, self.snapshot(), str(run))
            stats = self.stats()
            self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)

    def test_where_namespaces_are_refused_a_project_with_tools_of_its_own_has_its_own_shims(self):
        """Another build with the same PATH, which does not describe the tool, keeps to those it knows."""
        self.fresh({"bin/gen": "#!/bin/sh\n"})
        (self.tree / "bin/gen").chmod(0o755)
        path = {"PATH": f"{self.tree}/bin:{self.environment['PATH']}"}
        shims = []
        for description in ({}, {".gg/tools/gen.toml": "[[tool]]\nprogram = \"gen\"\nwords = \"input\"\n"
                                                       "[tool.options]\noutput = \"-o\"\n"}):
            self.write(description)
            run = self.ok(self.refused(GG, "run", "-q", "--sandbox=none", "--", "sh", "-c", "echo $PATH", env=path))
            shims.append(pathlib.Path(run.out.decode().partition(":")[0]))
        self.assertEqual([(folder / "gen").is_symlink() for folder in shims], [False, True])

    def test_what_it_hands_over_is_not_made_real_for_it(self):
        self.fresh({**WARNS, "Makefile": f"whole.o: a.c\n\tgcc -c a.c\n\t{GG} cc gcc -r -nostdlib -o whole.o a.o\n"})
        self.ok(self.gg("infer", "--", "make"))
        self.assertEqual(len(self.placeholders()), 2)

    def test_a_compiler_that_is_not_on_path_is_handed_over(self):
        for run_it in (self.gg, lambda *words: self.refused(GG, *words)):
            self.fresh(WARNS)
            argv = [GG, "cc", str(self.private_compiler()), "-c", "a.c"]
            self.ok(run_it("run", *([] if run_it == self.gg else ["--sandbox=none"]), "--", *argv))
            stats = self.stats()
            self.assertEqual((stats["thunks"], stats["native"]), (1, 0), stats)

    def test_what_a_script_behind_the_launcher_starts_is_a_command_of_the_run(self):
        for run_it in (self.gg, lambda *words: self.refused(GG, *words)):
            self.fresh(WARNS | {"build.sh": "#!/bin/sh\ngcc -c a.c\n"})
            self.ok(run_it("run", *([] if run_it == self.gg else ["--sandbox=none"]), "--", GG, "cc", "./build.sh"))
            self.assertEqual(self.stats()["thunks"], 1, self.stats())

    def test_a_store_with_a_colon_in_its_path_cannot_be_on_path(self):
        self.fresh(WARNS)
        store = ["--store", str(self.world / "a:b")]
        run = self.refused(GG, "run", *store, "--sandbox=none", "--", *COMPILE)
        self.assertEqual(run.status, 3, str(run))
        self.assertRegex(run.err, rb"(?m)^gg: .*/a:b/path' has a colon in it: choose another one")
        self.assertFalse((self.tree / "a.o").exists())
        self.under_gg(COMPILE, options=store)  # by mounts it needs no PATH

    def test_where_namespaces_are_refused_also_tools_with_an_absolute_path(self):
        argv = self.project(GG)
        expected = self.expected(argv)
        run = self.ok(self.refused(GG, "run", "--sandbox=none", "--", *argv))
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)

    def test_where_namespaces_are_refused_a_declined_command_runs_with_its_own_path_and_name(self):
        self.fresh({"tools/gcc": "#!/bin/sh\necho \"$0 $*\"\n"})
        for command in (["tools/gcc", "-x"], ["./tools/gcc", "-y"]):
            plain = self.plain(command)
            run = self.ok(self.refused(GG, "run", "-q", "--sandbox=none", "--", GG, "cc", *command))
            self.assertEqual(run.out, plain.out, str(run))
            self.assertEqual(self.cc(*command).out, plain.out)


class WithoutContainers(Launcher):
    def test_the_tool_runs_and_nothing_is_remembered(self):
        self.fresh(WARNS)
        plain = self.plain(COMPILE)
        expected = self.snapshot()
        for _ in range(2):
            self.fresh(WARNS)
            run = self.ok(self.refused(GG, "cc", "--explain", *COMPILE))
            self.assertEqual(self.what_became(run), ["native"], str(run))
            self.assertEqual((run.out, run.foreign_err), (plain.out, plain.err))
            self.assert_same(expected, self.snapshot(), str(run))

    def test_a_memo_made_elsewhere_is_used(self):
        self.fresh(WARNS)
        plain = self.ok(self.cc(*COMPILE))
        expected = self.snapshot()
        self.fresh(WARNS)
        run = self.ok(self.refused(GG, "cc", "--explain", *COMPILE))
        self.assertEqual(self.what_became(run), ["hit"], str(run))
        self.assertEqual(run.foreign_err, plain.err)
        self.assert_same(expected, self.snapshot(), str(run))

    def test_asked_for_it_uses_no_container(self):
        self.fresh(WARNS)
        run = self.ok(self.cc(*COMPILE, options=["--explain", "--sandbox=none"]))
        self.assertEqual(self.what_became(run), ["native"], str(run))


class OrdinaryUser(Launcher):
    def test_compiles_and_hits(self):
        if os.getuid() != 0:
            skip(self, "every other test here is of an ordinary user then")
        self.as_user = NOBODY
        os.chown(self.home, NOBODY, NOBODY)
        binary = self.world / "gg"  # the build directory may lie below a home that others cannot enter
        shutil.copy2(GG, binary)
        for outcome in ("ran", "hit"):
            self.fresh(WARNS)
            run = self.ok(self.run_command([binary, "cc", "--explain", *COMPILE]))
            self.assertEqual(self.what_became(run), [outcome], str(run))
            self.assertEqual(os.stat(self.tree / "a.o").st_uid, NOBODY)


if __name__ == "__main__":
    unittest.main(verbosity=2)
