"""Other compilers than gcc, options that make more than an object, and tools that change what is made."""
import os
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, Case

SOURCES = {
    "twice.c": "int twice(int x) { return 2 * x; }\n",
    "main.c": "int twice(int); int main(void) { return twice(21) - 42; }\n",
}


def makefile(rules):
    return {"Makefile": "main.o: main.c\ntwice.o: twice.c\n" + rules}


class Compilers(Case):
    def check(self, rules, commands):
        self.build_both_ways(SOURCES | makefile(rules), ["make", "-j2", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (commands, 0), stats)
        self.assert_nothing_to_do(["make", "prog"])

    def test_clang_builds_the_same_and_natively_nothing(self):
        self.build_both_ways(CALCULATOR, ["make", "-j2", "CC=clang-14"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)
        self.assertEqual(self.plain([self.tree / "calculator", "6*7"]).out, b"42\n")

    def test_clang_optimises_at_link_time(self):
        self.check("CC = clang-14\nCFLAGS = -O2 -flto=thin\n"
                   "prog: main.o libtwice.a\n\t$(CC) $(CFLAGS) -o $@ $^\n"
                   "libtwice.a: twice.o\n\tllvm-ar-14 rcs $@ $^\n", 4)

    def test_gcc_optimises_at_link_time(self):
        # Names of sections are random but for the seed, in a plain build as well.
        self.check("CFLAGS = -O2 -flto -frandom-seed=$@\n"
                   "prog: main.o twice.o\n\t$(CC) -O2 -flto=2 -o $@ $^\n", 3)

    def test_files_beside_the_object_come_with_it(self):
        self.check("CFLAGS = -g -gsplit-dwarf -fstack-usage --coverage -frandom-seed=$@\n"
                   "prog: main.o twice.o\n\t$(CC) --coverage -o $@ $^\n", 3)

    def test_what_the_stages_hand_on_is_kept(self):
        for compiler in ("gcc", "clang-14"):
            with self.subTest(compiler=compiler):
                self.check(f"CC = {compiler}\nCFLAGS = -g -save-temps=obj\n"
                           "prog: main.o twice.o\n\t$(CC) $(CFLAGS) -o $@ $^\n"
                           "\tmkdir -p sub\n\t$(CC) $(CFLAGS) main.c twice.c -o sub/both\n", 4)
                self.assertTrue((self.tree / "main.i").exists() and (self.tree / "twice.s").exists())

    def test_clang_tells_a_compilation_database_of_it(self):
        rules = ("CC = clang-14\nCFLAGS = -MJ $@.json\nprog: main.o twice.o\n\t$(CC) -o $@ $^\n"
                 "\t(echo [ && cat *.o.json && echo ]) > compile_commands.json\n")
        self.check(rules, 3)
        self.build_both_ways(SOURCES | makefile(rules), ["make", "-B", "prog"], [["make", "prog"]])
        self.assertEqual(self.stats()["native"], 0)

    def test_scripts_in_place_of_tools_may_run_anything(self):
        def call(name):
            return f"#!/bin/sh\necho {name} >> log\nexec /usr/bin/{name} \"$@\"\n"

        # What the script of a compiler calls is a thunk; a linker's is called past gg, by the real compiler.
        self.environment["PATH"] = f"{self.tree}/bin:{self.environment['PATH']}"
        self.build_both_ways(
            SOURCES | {"bin/gcc-12": call("gcc"), "bin/ld": call("ld")}
            | makefile("CC = gcc-12\nprog: main.o twice.o\n\tgcc -o $@ $^\n"), ["make", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (2, 1), stats)
        self.assertIn("gcc", (self.tree / "log").read_text())

    def test_what_is_made_for_its_diagnostics_alone(self):
        self.build_both_ways(SOURCES | makefile(
            "prog: main.o twice.o\n\t$(CC) -c -Wall -o /dev/null twice.c\n\tclang-14 -c -MD -MF twice.d -o /dev/null twice.c\n"
            "\t$(CC) -o $@ $^\n\t$(CC) -o /dev/null $^\n"), ["make", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (6, 0), stats)
        self.fresh(SOURCES | {"bad.c": "int f(void) { return g; }\n"} | makefile("prog:\n\t$(CC) -c -o /dev/null bad.c\n"))
        run = self.failing(["make", "prog"])
        self.assertIn(b"bad.c:1:22: error:", run.err)

    def test_debugging_information_tells_of_this_machines_processor(self):
        self.check("CFLAGS = -g -O2 -march=native\nprog: main.o twice.o\n\t$(CC) -o $@ $^\n", 3)

    def test_tools_and_headers_below_relative_folders(self):
        self.check("CFLAGS = -Bown/ --sysroot=.\nCC = clang-14\nprog: main.o twice.o\n\tclang-14 -o $@ $^\n", 3)

    def test_stripped_in_place_and_split_in_two(self):
        self.check("CFLAGS = -g\nprog: main.o twice.o\n\t$(CC) -o $@ $^\n"
                   "\tobjcopy --only-keep-debug $@ $@.debug\n\tstrip --strip-debug $@\n"
                   "\tobjcopy --add-gnu-debuglink=$@.debug $@\n", 6)

    def test_other_linkers_build_the_same(self):
        for linker in ("bfd", "gold", "lld", "mold"):
            for compiler in ("gcc", "clang-14"):
                with self.subTest(linker=linker, compiler=compiler):
                    self.check(f"CC = {compiler}\nLDFLAGS = -fuse-ld={linker} -Wl,--gc-sections\n"
                               "prog: main.o twice.o\n\t$(CC) $(LDFLAGS) -o $@ $^\n", 3)

    def test_sources_go_through_cpp_and_yasm(self):
        files = {"five.asm": '%include "five.inc"\nglobal five\nsection .text\nfive: mov eax, FIVE\n ret\n',
                 "five.inc": "%define FIVE 5\n", "twice.in": "#define TWICE(x) (2 * (x))\n" + SOURCES["twice.c"],
                 "main.c": "int twice(int); int five(void); int main(void) { return twice(five()) - 10; }\n",
                 "Makefile": "prog: main.o twice.o five.o\n\t$(CC) -o $@ $^\nmain.o: main.c\ntwice.o: twice.c\n"
                             "twice.c: twice.in\n\tcpp -P twice.in $@\n"
                             "five.o: five.asm five.inc\n\tyasm -f elf64 -o $@ five.asm\n"}
        self.build_both_ways(files, ["make", "-j2", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (5, 0), stats)
        self.plain([self.tree / "prog"])

    def test_llvm_tools_strip_and_copy(self):
        self.check("CFLAGS = -g\nprog: main.o twice.o\n\t$(CC) -o $@ $^\n"
                   "\tllvm-objcopy-14 --only-keep-debug $@ $@.debug\n\tllvm-strip-14 --strip-debug $@\n"
                   "\tllvm-objcopy-14 --add-gnu-debuglink=$@.debug $@\n", 6)

    def test_tools_that_only_read_see_what_is_made_and_are_counted(self):
        rules = "prog: main.o twice.o\n\tnm twice.o > symbols\n\treadelf -h main.o > header\n\t$(CC) -o $@ $^\n\tsize $@\n"
        self.build_both_ways(SOURCES | makefile(rules), ["make", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"], stats["reads_only"]), (3, 0, 3), stats)

    def test_stripping_in_place_keeps_an_unusual_mode(self):
        rules = "CFLAGS = -g\nprog: main.o twice.o\n\t$(CC) -o $@ $^\n\tchmod 4750 $@\n\tstrip $@\n"
        self.build_both_ways(SOURCES | makefile(rules), ["make", "prog"])
        self.assertEqual(os.stat(self.tree / "prog").st_mode & 0o7777, 0o4750)
        self.assertEqual(list(self.stats()["declined"]), ["file-mode"])

    def test_archives_changed_in_place_keep_mode_and_names(self):
        self.build_both_ways(SOURCES | makefile(
            "prog: main.o twice.o\n\tar rc all.a main.o\n\tchmod 600 all.a\n\tar rc all.a twice.o\n\tranlib all.a\n"
            "\tchmod 755 all.a\n\tar d all.a main.o\n\tln all.a other.a\n\tar rc all.a main.o\n\tcmp all.a other.a\n"
            "\t$(CC) -o $@ all.a\n"), ["make", "prog"])
        declined = {reason: why["count"] for reason, why in self.stats()["declined"].items()}
        self.assertEqual(declined, {"file-mode": 2, "special-output": 1})

    def test_llvms_archives_are_new_each_time(self):
        self.build_both_ways(SOURCES | makefile(
            "prog: main.o twice.o\n\tllvm-ar-14 rcS all.a main.o\n\tchmod 600 all.a\n\tllvm-ar-14 rcS all.a twice.o\n"
            "\tchmod 600 all.a\n\tllvm-ranlib-14 all.a\n\t$(CC) -o $@ all.a\n"), ["make", "prog"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (6, 0), stats)


if __name__ == "__main__":
    unittest.main()
