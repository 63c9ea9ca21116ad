"""Names with spaces, newlines and bytes that are not UTF-8; directories that cannot be written to."""
import os
import pathlib
import tempfile
import unittest

from ggtest import NOBODY, Case

BUILD = "#!/bin/sh\nset -e\nfor f in \"$1\"/*.c; do gcc -MD -c \"$f\" -o \"${f%.c}.o\"; done\nar rcs \"$1/all.a\" \"$1\"/*.o\ngcc -o \"$1/app\" \"$1/all.a\"\n"


class Paths(Case):
    def check(self, folder):
        folder = os.fsencode(folder)
        files = {b"build.sh": BUILD, folder + b"/main.c": "#include \"odd.h\"\nint main(void) { return ODD; }\n",
                 folder + b"/odd.h": "#define ODD 0\n", folder + b"/two\xc3\xa9 parts.c": "const char* here = __FILE__;\n"}
        run = self.build_both_ways(files, ["./build.sh", folder])
        self.assertEqual(self.stats()["thunks"], 4, f"{self.stats()} {run}")

    def test_spaces(self):
        self.check("a directory  with spaces")

    def test_a_newline(self):
        self.check("two\nlines")

    def test_bytes_that_are_not_utf8(self):
        self.check(b"caf\xe9\xff")

    def test_quotes_dollars_and_percents(self):
        self.check("it's \"$HOME\" 100%d `x` \\n")

    def test_a_long_path(self):
        self.check("/".join(["d" * 120] * 6))

    def test_the_project_is_reached_by_a_symlink(self):
        self.fresh({"Makefile": "a.o: a.c\n\tgcc -g -c $(CURDIR)/a.c -o a.o\n", "a.c": "int a;\n"})
        link = self.world / "link"
        link.symlink_to(self.tree)
        self.plain(["make"], cwd=link)
        expected = self.snapshot()
        (self.tree / "a.o").unlink()
        self.under_gg(["make"], cwd=link)
        self.assert_same(expected, self.snapshot())

    def test_headers_and_outputs_reached_by_symlinks_and_dot_dot(self):
        files = {"Makefile": "all:\n\tln -sfn real include\n\tln -sfn ../out sub/build\n\tgcc -Iinclude -MD -c sub/../sub/a.c -o sub/build/a.o\n",
                 "real/h.h": "#include \"../other/deep.h\"\n", "other/deep.h": "#define DEEP 1\n",
                 "sub/a.c": "#include <h.h>\nint a = DEEP;\n", "out/.keep": ""}
        self.build_both_ways(files, ["make"])

    def test_a_project_in_memory_under_dev_shm(self):
        memory = tempfile.TemporaryDirectory(prefix="gg-e2e-", dir="/dev/shm")
        self.addCleanup(memory.cleanup)
        self.tree = pathlib.Path(memory.name) / "project"
        makefile = ("app: main.o all.a\n\tgcc -o $(CURDIR)/app main.o $(CURDIR)/all.a\n\t./app\n"
                    "main.o: main.c\n\tgcc -g -MD -c $(CURDIR)/main.c -o $(CURDIR)/main.o\n"
                    "all.a: two.c\n\tgcc -g -c two.c\n\tcp two.o $(CURDIR)/three.o\n\tar rcs all.a $(CURDIR)/three.o\n")
        files = {"Makefile": makefile, "main.c": "#include \"two.h\"\nint main(void) { return two() - 2; }\n",
                 "two.h": "int two(void);\n", "two.c": "#include \"two.h\"\nint two(void) { return 2; }\n"}
        self.fresh(files)
        self.plain(["make"])
        expected = self.snapshot()
        self.fresh(files)
        self.under_gg(["make"])
        self.assert_same(expected, self.snapshot())
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (4, 0))

    def test_a_read_only_source_directory(self):
        # Out-of-tree builds of sources that nobody may write to.
        files = {"src/a.c": "#include \"a.h\"\nint a = A;\n", "src/a.h": "#define A 1\n", "build/Makefile": "a.o:\n\tgcc -MD -c ../src/a.c\n"}
        self.fresh(files)
        os.chmod(self.tree / "src", 0o555)
        self.under_gg(["make", "-C", "build"])
        self.assertTrue((self.tree / "build/a.o").exists())

    def test_an_output_directory_that_cannot_be_written_to_fails_as_it_does_plainly(self):
        if os.getuid() == 0:
            self.as_user = NOBODY
            os.chown(self.home, NOBODY, NOBODY)
        self.fresh({"Makefile": "all:\n\tgcc -c a.c -o sealed/a.o\n", "a.c": "int a;\n", "sealed/x": ""})
        os.chmod(self.tree / "sealed", 0o555)
        plainly = self.run_command(["make"])
        run = self.gg("run", "--", "make")
        self.assertEqual(run.status, plainly.status, str(run))
        self.assertIn(b"sealed/a.o", run.err)
        self.assertIn(b"Permission denied", run.err)

    def test_an_output_directory_that_is_not_there_fails_as_it_does_plainly(self):
        self.fresh({"Makefile": "all:\n\tgcc -c a.c -o nowhere/a.o\n", "a.c": "int a;\n"})
        self.assertEqual(self.run_command(["make"]).status, 2)
        run = self.gg("run", "--", "make")
        self.assertIn(run.status, (1, 2), str(run))
        self.assertIn(b"nowhere/a.o", run.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
