"""CMake projects, with ninja and with make, configured plainly or under gg."""
import os
import signal
import unittest

from ggtest import ENDLESS, ENDLESS_FLAGS, GG, Case

FILES = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(demo C CXX)\nset(CMAKE_EXPORT_COMPILE_COMMANDS ON)\n"
                      "add_executable(generator generator.c)\n"
                      "add_custom_command(OUTPUT table.h COMMAND generator > table.h DEPENDS generator)\n"
                      "add_library(part STATIC part.cc ${CMAKE_BINARY_DIR}/table.h)\n"
                      "target_include_directories(part PRIVATE ${CMAKE_BINARY_DIR})\n"
                      "add_library(plug SHARED plug.cc)\nadd_executable(demo main.cc)\n"
                      "target_link_libraries(demo part plug)\n",
    "generator.c": "#include <stdio.h>\nint main(void) { puts(\"#define TABLE 5\"); }\n",
    "part.cc": "#include \"table.h\"\n#include <string>\nint part() { return static_cast<int>(std::string(TABLE, 'x').size()); }\n",
    "plug.cc": "int plug() { return 2; }\n",
    "main.cc": "int part();\nint plug();\nint main() { return part() + plug(); }\n",
}


class CMake(Case):
    def configure(self, generator):
        return ["cmake", "-G", generator, "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"]

    def test_ninja_leaves_the_very_files_and_nothing_to_do(self):
        self.build_both_ways(FILES, ["ninja", "-C", "build"], [self.configure("Ninja")])
        self.assertEqual(self.run_command([self.tree / "build/demo"]).status, 7)
        on_top = self.plain(["ninja", "-C", "build"])
        self.assertIn(b"no work to do", on_top.out)

    def test_ninja_cleaned_is_all_hits(self):
        self.fresh(FILES)
        self.plain(self.configure("Ninja"))
        self.under_gg(["ninja", "-C", "build"])
        self.plain(["ninja", "-C", "build", "-t", "clean"])
        self.under_gg(["ninja", "-C", "build"])
        stats = self.stats()
        self.assertEqual((stats["hits"], stats["ran"], stats["native"]), (stats["thunks"], 0, 0), stats)

    def test_makefiles_leave_the_very_files_and_nothing_to_do(self):
        self.build_both_ways(FILES, ["make", "-C", "build", "-j2"], [self.configure("Unix Makefiles")])
        self.assert_nothing_to_do(["make", "-C", "build"])

    def test_configured_under_gg(self):
        self.fresh(FILES)
        self.under_gg(self.configure("Ninja"))
        self.under_gg(["ninja", "-C", "build"])
        self.assertEqual(self.run_command([self.tree / "build/demo"]).status, 7)
        self.plain(["ninja", "-C", "build", "-t", "clean"])
        self.plain(["ninja", "-C", "build"])

    def test_configured_once_more_nothing_is_executed_in_a_container(self):
        # try_compile has a folder of a new name each time, so what is done there could never be a hit.
        for _ in range(2):
            self.fresh(FILES | {"CMakeLists.txt": FILES["CMakeLists.txt"] + "include(CheckSymbolExists)\n"
                                                  "check_symbol_exists(puts stdio.h HAVE_PUTS)\n"})
            self.under_gg(self.configure("Ninja"))
        stats = self.stats()
        self.assertEqual(stats["executions"], 0, stats)
        self.assertGreater(stats["experiments"], 0, stats)

    def test_the_status_of_a_ninja_that_gg_stopped_is_the_failed_commands(self):
        # ninja is in the middle of a command that never ends; plainly it would say 1, too.
        self.fresh({"build.ninja": "rule cc\n  command = cc -c $in -o $out\nrule wait\n  command = tail -f /dev/null\n"
                                   "build bad.o: cc bad.c\nbuild never: wait\n", "bad.c": "int f( {\n"})
        run = self.failing(["ninja", "-j4"])
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(b"gg: failed: compile bad.c (exit 1)", run.err)

    def test_a_failing_compile_stops_ninja(self):
        self.fresh(FILES | {"plug.cc": "int plug( { return 2; }\n"})
        self.plain(self.configure("Ninja"))
        run = self.failing(["ninja", "-C", "build"])
        self.assertIn(b"plug.cc:1", run.out + run.err)
        self.assert_no_placeholders()

    def precompile(self, compiler, generator, build, flags=""):
        files = FILES | {
            "CMakeLists.txt": FILES["CMakeLists.txt"] +
                              "target_precompile_headers(part PRIVATE <string> <vector> once.h)\n"
                              "target_precompile_headers(demo REUSE_FROM part)\n",
            "once.h": "#pragma once\ninline int once() { return 1; }\n",
            "main.cc": "#include \"once.h\"\nint part();\nint plug();\n"
                       "int main() { int unused; return part() + plug() + once() - 1 + int(std::string().size()); }\n",
        }
        cxx = ["-DCMAKE_CXX_COMPILER=" + compiler, "-DCMAKE_CXX_FLAGS=-Wall " + flags]
        self.build_both_ways(files, build, [self.configure(generator) + cxx])
        self.assertEqual(self.run_command([self.tree / "build/demo"]).status, 7)
        return self.stats()

    def test_precompiled_headers_of_gcc_are_thunks(self):
        for generator, build in (("Ninja", ["ninja", "-C", "build"]), ("Unix Makefiles", ["make", "-C", "build", "-j2"])):
            with self.subTest(generator=generator):
                stats = self.precompile("g++", generator, build)
                self.assertEqual(stats["native"], 0, stats)
                self.plain(build + ["clean"])
                self.under_gg(build)
                stats = self.stats()
                self.assertEqual((stats["hits"], stats["ran"]), (stats["thunks"], 0), stats)
        self.assert_nothing_to_do(["make", "-C", "build"])

    def test_precompiled_headers_of_clang_are_thunks_where_they_hold_no_times(self):
        stats = self.precompile("clang++-14", "Ninja", ["ninja", "-C", "build"], "-Xclang -fno-pch-timestamp")
        self.assertEqual(stats["native"], 0, stats)
        stats = self.precompile("clang++-14", "Ninja", ["ninja", "-C", "build"])
        self.assertEqual(stats["native"], 3, stats)  # the header, and what takes it
        self.plain(["touch", "once.h"])
        self.under_gg(["ninja", "-C", "build"])
        self.assertIn(b"no work to do", self.plain(["ninja", "-C", "build"]).out)

    def test_ninja_goes_on_while_a_thunk_runs(self):
        # A descriptor of the first command that somebody keeps open would make `ninja -j1` wait for it.
        rules = (f"rule cxx\n  command = g++ {ENDLESS_FLAGS} -c $in -o $out\n"
                 "build one.o: cxx one.cc\nbuild two.o: cxx two.cc\n")
        self.fresh({"build.ninja": rules, "one.cc": ENDLESS, "two.cc": ENDLESS})
        process = self.start([GG, "run", "--", "ninja", "-j1"])
        self.wait_until(lambda: len(self.placeholders()) == 2, "both placeholders", process)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
        self.assert_no_placeholders()


if __name__ == "__main__":
    unittest.main(verbosity=2)
