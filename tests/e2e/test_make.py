"""An unmodified make build: same bytes, same make afterwards, and nothing twice."""
import os
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, Case

MAKE = ["make", "-j2"]


class Make(Case):
    def test_leaves_the_very_files_of_a_plain_build(self):
        self.build_both_ways(CALCULATOR, MAKE)
        self.assertEqual(self.plain([self.tree / "calculator", "6*7"]).out, b"42\n")
        self.assert_no_placeholders()

    def test_every_command_became_a_thunk(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"], stats["declined"]), (CALCULATOR_COMMANDS, 0, {}), stats)

    def test_a_plain_make_on_top_starts_no_tool(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_nothing_to_do(["make"])

    def test_cleaned_and_run_again_everything_is_a_hit_and_nothing_is_executed(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        made = self.snapshot()
        self.plain(["make", "clean"])
        self.under_gg(MAKE)
        stats = self.stats()
        self.assertEqual((stats["hits"], stats["ran"], stats["executions"]), (CALCULATOR_COMMANDS, 0, 0), stats)
        self.assert_same(made, self.snapshot())
        self.assert_nothing_to_do(["make"])

    def test_shared_libraries_of_the_build_are_linked_once_and_for_all(self):
        # libg needs libdeep by its soname, and is compiled by the command that links it; all are promised at first.
        files = {"Makefile": "all: prog\n"
                             "deep/libdeep.so.1.0: deep.c\n\tmkdir -p deep\n"
                             "\tgcc -fPIC -shared -Wl,-soname,libdeep.so.1 -o $@ deep.c -lz\n"
                             "\tln -sf libdeep.so.1.0 deep/libdeep.so.1\n\tln -sf libdeep.so.1 deep/libdeep.so\n"
                             "libg.so: g.c deep/libdeep.so.1.0\n"
                             "\tgcc -fPIC -shared -o $@ g.c -Ldeep -ldeep -Wl,-rpath,$(CURDIR)/deep\n"
                             "prog: main.c libg.so\n\tgcc -o $@ main.c -L. -lg\n",
                 "deep.c": "int deep(void) { return 1; }\n", "g.c": "int deep(void);\nint g(void) { return deep(); }\n",
                 "main.c": "int g(void);\nint main(void) { return g() - 1; }\n"}
        self.build_both_ways(files, ["make"])
        stats = self.stats()
        self.assertEqual((stats["ran"], stats["failed"]), (3, 0), stats)
        self.fresh(files)
        self.under_gg(["make"])
        stats = self.stats()
        self.assertEqual((stats["hits"], stats["executions"]), (3, 0), stats)

    def test_a_touch_is_all_hits(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        os.utime(self.tree / "include/arith.h")
        self.under_gg(MAKE)
        stats = self.stats()
        # main.o, parse.o, add.o, mul.o, the archive and the link.
        self.assertEqual((stats["thunks"], stats["hits"], stats["ran"]), (6, 6, 0), stats)

    def test_one_changed_byte_executes_its_dependents_only(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        source = self.tree / "lib/mul.c"
        source.write_text(source.read_text().replace("a * b", "a - b"))
        self.under_gg(MAKE)
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["ran"]), (3, 3), stats)  # mul.o, libarith.a, calculator
        self.assertEqual(self.plain([self.tree / "calculator", "6*7"]).out, b"-1\n")

    def test_a_comment_changed_ends_where_the_object_comes_out_the_same(self):
        files = CALCULATOR | {"lib/Makefile": CALCULATOR["lib/Makefile"].replace("-O1 -g", "-O1")}
        self.fresh(files)
        self.under_gg(MAKE)
        source = self.tree / "lib/mul.c"
        source.write_text("/* more */ " + source.read_text())
        self.under_gg(MAKE)
        stats = self.stats()
        self.assertEqual(stats["executions"], 1, stats)  # the compile; the archive's inputs are as before

    def test_what_one_directory_built_hits_in_the_same_place_later(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.fresh(CALCULATOR)  # removed and unpacked again
        self.under_gg(MAKE)
        self.assertEqual(self.stats()["ran"], 0, self.stats())

    def test_several_sources_in_one_command_and_no_output_name(self):
        self.build_both_ways({
            "Makefile": "a.out: one.c two.c\n\tgcc one.c two.c\n"
                        "both: one.c two.c\n\tgcc -c one.c two.c\n\tld -r -o both one.o two.o\nall: a.out both\n",
            "one.c": "int two(void); int main(void) { return two(); }\n",
            "two.c": "int two(void) { return 0; }\n"}, ["make", "all"])

    def test_a_header_that_the_build_makes(self):
        self.build_both_ways({
            "Makefile": "app: app.o\n\tcc -o app app.o\napp.o: app.c numbers.h\n\tcc -c app.c\n"
                        "numbers.h: generate\n\t./generate > numbers.h\ngenerate: generate.o\n\tcc -o $@ $^\n",
            "generate.c": "#include <stdio.h>\nint main(void) { puts(\"#define NUMBER 7\"); }\n",
            "app.c": "#include \"numbers.h\"\nint main(void) { return NUMBER; }\n"}, MAKE)
        self.assertEqual(self.run_command([self.tree / "app"]).status, 7)

    def test_depfiles_with_names_of_their_own(self):
        self.build_both_ways({
            "Makefile": "all:\n\tmkdir -p d o\n\tcc -MD -MF d/x.dep -MT 'some target' -MP -c x.c -o o/x.o\n"
                        "\tcc -MMD -MQ '$$weird' -c x.c -o o/y.o\n\tcc -M x.c > d/printed\n",
            "x.c": "#include <stddef.h>\n#include \"x.h\"\nsize_t n = X;\n", "x.h": "#define X 1\n"}, ["make"])

    def test_an_object_is_no_older_than_what_is_written_beside_it(self):
        names = [f"f{i}" for i in range(60)]
        self.fresh({
            "Makefile": "all: " + " ".join(name + ".o" for name in names) + "\n"
                        "%.o: %.c\n\tcc -MMD -MF $*.d -fstack-usage --coverage -gsplit-dwarf -c $< -o $@\n",
            **{name + ".c": f"int {name}(void) {{ return 1; }}\n" for name in names}})
        for state in ("cold", "warm"):
            self.under_gg(MAKE)
            for name in names:
                times = {ending: (self.tree / (name + ending)).stat().st_mtime_ns
                         for ending in (".o", ".d", ".su", ".gcno", ".dwo")}
                self.assertEqual(max(times.values()), times[".o"], (state, name, times))
            self.under_gg(["sh", "-c", "rm f*.o"])

    def test_dates_are_compiled_anew_each_time(self):
        self.fresh({"Makefile": "t.o: t.c\n\tcc -c t.c\n", "t.c": "const char* t = __DATE__ __TIME__;\n"})
        self.under_gg(["make"])
        os.remove(self.tree / "t.o")
        self.under_gg(["make"])
        self.assertEqual(self.stats()["hits"], 0, self.stats())

    def test_queries_and_streams_pass_through_unchanged(self):
        script = ("gcc --version; gcc -dumpversion; gcc -print-search-dirs; echo 'int a;' | gcc -E -x c -; "
                  "echo 'int a;' | gcc -S -x c - -o - | grep -c globl; gcc -v; ld --version; ar --version\n")
        self.fresh({"ask.sh": script})
        plainly = self.plain(["sh", "ask.sh"])
        asked = self.under_gg(["sh", "ask.sh"], ["--summary=off", "-q"])
        self.assertEqual((asked.out, asked.err), (plainly.out, plainly.err))


if __name__ == "__main__":
    unittest.main(verbosity=2)
