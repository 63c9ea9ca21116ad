"""What no build should contain and some do: the answer is the real tool's own, word for word."""
import os
import unittest

from ggtest import Case


class BadInput(Case):
    def check(self, files, *commands):
        """Each command, run plainly and under gg: same status, same words, same files."""
        for argv in commands:
            with self.subTest(argv=argv):
                self.fresh(files)
                expected = self.run_command(argv)
                tree = self.snapshot()
                self.fresh(files)
                run = self.gg("run", "--", *argv)
                self.assertEqual((run.status, run.out), (expected.status, expected.out), str(run))
                self.assertEqual(run.foreign_err, expected.err, str(run))
                self.assert_same(tree, self.snapshot(), str(run))
        return run

    def test_a_header_that_includes_itself(self):
        endless = {"a.c": '#include "a.h"\n', "a.h": '#include "a.h"\n'}
        self.check(endless, ["gcc", "-c", "a.c"], ["clang-14", "-c", "a.c"], ["gcc", "-MD", "-c", "a.c"])
        self.check(endless | {"Makefile": "a.o: a.c\n\tcc -c a.c\n"}, ["make"])
        counted = {"a.c": '#define N 0\n#include "a.h"\nint a = N;\n',
                   "a.h": '#if __INCLUDE_LEVEL__ < 150\n#include "a.h"\n#endif\n',
                   "b.c": '#include "b.h"\n#include "b.h"\n', "b.h": '#pragma once\n#include "b.h"\nint b;\n'}
        self.check(counted, ["gcc", "-MD", "-c", "a.c"], ["gcc", "-MD", "-c", "b.c"], ["clang-14", "-MD", "-c", "b.c"])
        self.assertEqual(self.stats()["native"], 0)

    def test_a_missing_header(self):
        files = {"a.c": '#include "there.h"\n', "there.h": "#include <nowhere/at/all.h>\n"}
        self.check(files, ["gcc", "-c", "a.c"], ["clang-14", "-c", "a.c"], ["gcc", "-MMD", "-c", "a.c", "-o", "b.o"],
                   ["g++", "-E", "a.c", "-o", "a.i"], ["gcc", "-MM", "a.c"], ["gcc", "-fsyntax-only", "a.c"])

    def test_an_option_file_that_is_not_utf_8(self):
        words = b"-DNAME=\"\xff\xfe\x80\" -I\xe9 -MD -MF d\xe9p.d -o \xe9.o"
        files = {"a.c": '#include "in.h"\nconst char* a = NAME;\n', b"\xe9/in.h": "", "words": words,
                 "noise": bytes(range(256)) * 4}
        self.check(files, ["gcc", "-c", "a.c", "@words"], ["clang-14", "-c", "a.c", "@words"])
        self.check(files, ["gcc", "-c", "a.c", "@noise"], ["gcc", "-c", "a.c", "@nowhere"])
        self.check(files | {"a.c": "int main(void) { return 0; }\n"}, ["gcc", "a.c", "@words"])

    def test_a_depfile_that_cannot_be_written(self):
        files = {"a.c": "int a;\n", "folder.d/keep": ""}
        for compiler in ("gcc", "clang-14"):
            self.check(files, [compiler, "-MD", "-MF", "nowhere/a.d", "-c", "a.c"],
                       [compiler, "-MD", "-MF", "folder.d", "-c", "a.c"],
                       [compiler, "-MD", "-MF", "/proc/nowhere.d", "-c", "a.c"],
                       [compiler, "-Wp,-MD,nowhere/a.d", "-c", "a.c"],
                       [compiler, "-c", "a.c", "-o", "nowhere/a.o"])
        for depfile in ("nowhere/a.d", "folder.d"):
            self.check(files | {"Makefile": f"a.o: a.c\n\tcc -MD -MF {depfile} -c a.c\n"}, ["make"])

    def test_a_source_that_changed_though_size_and_time_are_the_same(self):
        files = {"Makefile": "a.o: a.c a.h\n\tcc -c a.c\n", "a.c": '#include "a.h"\nint a = A;\n', "a.h": "#define A 1\n"}
        self.fresh(files)
        self.under_gg(["make"])
        first = self.snapshot()[b"a.o"]
        (self.tree / "a.o").unlink()
        self.write({"a.h": "#define A 2\n"})  # the time that all files get
        self.under_gg(["make"])
        self.assertNotEqual(self.snapshot()[b"a.o"], first)
        self.assertEqual(self.stats()["hits"], 0, self.stats())

    def test_times_of_another_age(self):
        for year in (0, 4_000_000_000):
            with self.subTest(time=year):
                files = {"a.c": f'#include "a.h"\nint a{year} = A;\n', "a.h": "#define A 1\n"}
                self.fresh(files)
                for value in (1, 2):
                    self.write({"a.h": f"#define A {value}\n"})
                    for name in files:
                        os.utime(self.tree / name, (year, year))
                    self.under_gg(["gcc", "-c", "a.c"])
                    made = self.snapshot()[b"a.o"]
                    self.plain(["gcc", "-c", "a.c"])
                    self.assertEqual(self.snapshot()[b"a.o"], made)


if __name__ == "__main__":
    unittest.main()
