"""Warnings and errors: the compiler's own words, once, with the build's own exit status."""
import os
import unittest

from ggtest import Case

WARNS = {"Makefile": "CFLAGS = -Wall\napp: a.o b.o\n\t$(CC) -o app a.o b.o\n",
         "a.c": "int b(void);\nint main(void) { int unused_here; return b(); }\n",
         "b.c": "int b(void) { return 0; }\n"}
FAILS = WARNS | {"b.c": "int b(void) { return undeclared_thing; }\n"}


class Diagnostics(Case):
    def sorted_lines(self, data):
        return sorted(data.splitlines())

    def test_a_warning_comes_out_as_the_compiler_wrote_it(self):
        self.fresh(WARNS)
        plainly = self.plain(["make"])
        self.fresh(WARNS)
        run = self.under_gg(["make"])
        self.assertEqual(self.sorted_lines(run.foreign_err), self.sorted_lines(plainly.err))

    def test_colours_that_ninja_takes_away_stay_away(self):
        files = WARNS | {"build.ninja": "rule cc\n  command = cc -Wall -fdiagnostics-color=always -c $in -o $out\n"
                                        "build a.o: cc a.c\nbuild b.o: cc b.c\n"}
        for force in ({}, {"CLICOLOR_FORCE": "1"}):
            self.fresh(files)
            plainly = self.plain(["ninja", "--quiet"], env=force)
            self.assertEqual(b"\x1b" in plainly.out, bool(force), str(plainly))
            for state in ("cold", "warm"):
                self.fresh(files)
                run = self.under_gg(["ninja", "--quiet"], env=force)
                self.assertEqual(run.out, plainly.out, state)

    def test_a_memo_hit_replays_the_warning_exactly_once(self):
        self.fresh(WARNS)
        self.under_gg(["make"])
        self.fresh(WARNS)
        run = self.under_gg(["make"])
        self.assertEqual(self.stats()["ran"], 0, self.stats())
        self.assertEqual(run.err.count(b"[-Wunused-variable]"), 1, str(run))

    def test_a_compile_error_fails_the_build_in_the_compilers_words(self):
        self.fresh(FAILS)
        run = self.failing(["make"])
        self.assertIn(b"error: \xe2\x80\x98undeclared_thing\xe2\x80\x99 undeclared", run.err, str(run))
        self.assertFalse(os.path.exists(self.tree / "b.o"))
        self.assert_no_placeholders()

    def test_the_diagnostics_are_shown_as_they_come_and_once_more_at_the_end(self):
        self.fresh(FAILS)
        run = self.gg("run", "--", "make")
        self.assertLessEqual(run.err.count(b"undeclared_thing\xe2\x80\x99 undeclared"), 2, str(run))
        self.assertRegex(run.err, rb"cc .*-c.* b\.c", "the line that repeats it")  # make's own echo is on stdout

    def test_a_failed_command_is_not_memoised(self):
        self.fresh(FAILS)
        self.gg("run", "--", "make")
        run = self.failing(["make"])
        self.assertIn(b"undeclared_thing", run.err)

    def test_after_a_failure_a_plain_make_goes_on(self):
        self.fresh(FAILS)
        self.gg("run", "--", "make")
        (self.tree / "b.c").write_text(WARNS["b.c"])
        self.plain(["make"])
        self.plain([self.tree / "app"])

    def test_after_a_failure_gg_goes_on_from_the_memos(self):
        self.fresh(FAILS)
        self.gg("run", "-k", "--", "make", "-k")
        (self.tree / "b.c").write_text(WARNS["b.c"])
        self.under_gg(["make"])
        self.plain([self.tree / "app"])

    def test_keep_going_builds_all_that_does_not_depend_on_the_failure(self):
        files = FAILS | {"Makefile": "all: a.o b.o c.o d\nd: c.o\n\tcp c.o d\n", "c.c": "int c;\n"}
        self.fresh(files)
        run = self.gg("run", "-k", "--", "make", "-k")
        self.assertNotEqual(run.status, 0)
        self.assertTrue((self.tree / "c.o").exists() and (self.tree / "d").exists(), str(run))
        self.assertFalse((self.tree / "b.o").exists())
        self.assert_no_placeholders()

    def test_a_failing_link_names_the_missing_symbol(self):
        self.fresh(WARNS | {"b.c": "int other;\n"})
        run = self.failing(["make"])
        self.assertIn(b"undefined reference to `b'", run.err)
        self.assertFalse((self.tree / "app").exists())

    def test_a_missing_source_is_said_by_the_compiler(self):
        self.fresh({"Makefile": "all:\n\tcc -c nowhere.c\n"})
        run = self.failing(["make"])
        self.assertIn(b"nowhere.c: No such file or directory", run.err)

    def test_a_missing_header_is_said_by_the_compiler(self):
        self.fresh({"Makefile": "a.o: a.c\n\tcc -c a.c\n", "a.c": "#include \"nowhere.h\"\n"})
        run = self.failing(["make"])
        self.assertIn(b"nowhere.h: No such file or directory", run.err)

    def test_stderr_sent_to_a_file_is_whole_when_the_command_returns(self):
        files = WARNS | {"Makefile": "all:\n\tcc -Wall -c a.c 2>log\n\tgrep -c unused_here log >count\n"}
        self.build_both_ways(files, ["make"])
        self.assertIn("unused_here", (self.tree / "log").read_text())

    def test_make_with_grouped_output_shows_the_warning(self):
        self.fresh(WARNS)
        run = self.under_gg(["make", "-O", "-j2"])
        self.assertEqual((run.out + run.err).count(b"[-Wunused-variable]"), 1, str(run))

    def test_a_status_that_the_caller_looks_at_is_the_real_one(self):
        checks = ("all:\n\tif cc -c bad.c 2>/dev/null; then echo yes; else echo no; fi >if\n"
                  "\t! cc -c bad.c 2>/dev/null && echo failed >not\n"
                  "\tcc -c bad.c 2>/dev/null || echo instead >or\n"
                  "\tcc -c bad.c 2>/dev/null; echo $$? >status\n"
                  "\tcc -c good.c && test -s good.o && cp good.o copy.o\n")
        self.build_both_ways({"Makefile": checks, "bad.c": "bad\n", "good.c": "int good;\n"}, ["make"])
        self.assertEqual((self.tree / "if").read_text(), "no\n")

    def test_a_compiler_that_crashes_is_a_failure_with_its_own_words(self):
        nested = 800_000  # cc1 runs out of stack
        self.fresh({"Makefile": "a.o: a.c\n\tcc -c a.c\n", "a.c": "int x = " + "(" * nested + "1" + ")" * nested + ";\n"})
        run = self.failing(["make"])
        self.assertIn(b"signal terminated program cc1", run.err)
        self.assertFalse((self.tree / "a.o").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
