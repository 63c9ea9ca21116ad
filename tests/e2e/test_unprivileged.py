"""Builds of each kind as root, as an ordinary user without any privilege, and where namespaces are refused."""
import os
import shutil
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, GG, NOBODY, Case, skip
from test_configure import FILES as CONFIGURED

MAKE = ["make", "-j2"]
REFUSE = "echo 0 >/proc/sys/user/max_user_namespaces && echo 0 >/proc/sys/user/max_mnt_namespaces && exec \"$0\" \"$@\""
CMAKE = {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(p C CXX)\nadd_library(l STATIC l.c)\n"
                           "add_executable(g g.c)\nadd_custom_command(OUTPUT t.h COMMAND g > t.h DEPENDS g)\n"
                           "add_executable(e e.cc ${CMAKE_BINARY_DIR}/t.h)\ntarget_include_directories(e PRIVATE ${CMAKE_BINARY_DIR})\n"
                           "target_link_libraries(e l)\n",
         "l.c": "int l(void) { return 1; }\n", "g.c": "#include <stdio.h>\nint main(void) { puts(\"#define T 1\"); return 0; }\n",
         "e.cc": "#include \"t.h\"\nextern \"C\" int l();\nint main() { return l() - T; }\n"}
CMAKE_COMMANDS = 3 + 2 + 2  # compiles, ar and ranlib, links
PRODUCTS = (b".o", b".a", b"/e", b"/g", b"/t.h")


class Builds:
    """What has to work wherever gg runs. `build` runs a command under gg; `whole` says whether each command is seen
    there, wherever its tool is found."""

    whole = True

    def build(self, argv):
        return self.under_gg(argv)

    def launcher(self):
        return getattr(self, "binary", GG)

    def both_ways(self, files, *steps):
        """Each step plainly and under gg; products only, since CMake's own logs differ from one time to the next."""
        self.fresh(files)
        for step in steps:
            self.plain(step)
        expected = {name: entry for name, entry in self.snapshot().items() if name.endswith(PRODUCTS)}
        self.fresh(files)
        for step in steps:
            run = self.build(step)
        actual = {name: entry for name, entry in self.snapshot().items() if name.endswith(PRODUCTS)}
        self.assertEqual(expected, actual, str(run))
        self.assertGreater(len(expected), 0)
        self.assert_no_placeholders()
        return self.stats()

    def test_make(self):
        stats = self.both_ways(CALCULATOR, MAKE)
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)

    def test_make_with_absolute_paths(self):
        argv = [*MAKE, "CC=/usr/bin/gcc", "AR=/usr/bin/ar"]
        stats = self.both_ways(CALCULATOR, argv)
        if self.whole:
            self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)

    def test_make_with_absolute_paths_behind_the_launcher(self):
        self.fresh(CALCULATOR)
        self.plain([*MAKE, "CC=/usr/bin/gcc", "AR=/usr/bin/ar"])
        expected = self.snapshot()
        self.fresh(CALCULATOR)
        run = self.build([*MAKE, f"CC={self.launcher()} /usr/bin/gcc", f"AR={self.launcher()} /usr/bin/ar"])
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)

    def test_cmake_and_make(self):
        stats = self.both_ways(CMAKE, ["cmake", "-S", ".", "-B", "b"], ["make", "-C", "b"])
        self.assertEqual((stats["thunks"], stats["native"]), (CMAKE_COMMANDS, 0), stats)

    def test_cmake_and_ninja_with_the_launcher(self):
        configure = ["cmake", "-G", "Ninja", "-S", ".", "-B", "b",
                     *(f"-DCMAKE_{language}_COMPILER_LAUNCHER={self.launcher()}" for language in ("C", "CXX"))]
        stats = self.both_ways(CMAKE, configure, ["ninja", "-C", "b"])
        self.assertEqual((stats["thunks"], stats["native"]), (CMAKE_COMMANDS, 0), stats)

    def test_configure_and_make(self):
        self.fresh(CONFIGURED)
        for step in (["./configure"], ["make"]):
            self.plain(step)
        expected = self.snapshot()
        self.fresh(CONFIGURED)
        for step in (["./configure"], ["make"]):
            run = self.build(step)
        self.assert_same(expected, self.snapshot(), str(run))


class OrdinaryUser(Case):
    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            return  # we are one
        self.as_user = NOBODY
        os.chown(self.home, NOBODY, NOBODY)
        os.chown(self.world, NOBODY, NOBODY)
        # The build directory may lie below a home that others cannot enter.
        self.binary = self.world / "gg"
        shutil.copy2(GG, self.binary)

    def gg(self, *words, **options):
        return self.run_command([getattr(self, "binary", GG), *words], **options)


class Unprivileged(OrdinaryUser, Builds):
    def test_builds_the_very_files_of_a_plain_build(self):
        self.build_both_ways(CALCULATOR, MAKE)
        self.assertEqual(self.stats()["thunks"], CALCULATOR_COMMANDS, self.stats())
        self.assert_no_placeholders()

    def test_a_described_tool_and_another_linker_are_thunks_too(self):
        copy = '[[tool]]\nprogram = "sed"\nwords = ["text", "input"]\n'
        self.build_both_ways({"Makefile": "app: a.o\n\t$(CC) -fuse-ld=gold -o $@ a.o\na.o: a.c\n"
                                          "a.c: a.in\n\tsed s/x/main/ a.in > $@\n",
                              "a.in": "int x(void) { return 0; }\n", ".gg/tools/sed.toml": copy}, MAKE)
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (3, 0), stats)

    def test_files_belong_to_the_user(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        wanted = os.getuid() if self.as_user is None else NOBODY
        self.assertEqual({os.stat(self.tree / name).st_uid for name in ("calculator", "src/main.o", "src/main.d")}, {wanted})

    def test_the_build_sees_its_own_user(self):
        self.fresh({"who.sh": "#!/bin/sh\nid -u\nid -g\nstat -c %u who.sh\n"})
        self.assertEqual(self.under_gg(["./who.sh"]).out, self.plain(["./who.sh"]).out)

    def test_a_home_that_is_not_there(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, env={"HOME": str(self.world / "new/home")})

    def test_no_home_at_all_works_with_a_store_given(self):
        self.fresh(CALCULATOR)
        del self.environment["HOME"]
        self.under_gg(MAKE, ["--store", str(self.world / "elsewhere")])
        self.assertTrue((self.world / "elsewhere/objects").is_dir())


class WithoutNamespaces(Case, Builds):
    """Where the machine refuses namespaces, as Docker's default profile does."""

    whole = False  # a tool with an absolute path and no launcher before it is not seen

    def refused(self, *words):
        return self.run_command(["unshare", "--user", "--map-root-user", "sh", "-c", REFUSE, GG, *words])

    def build(self, argv):
        return self.ok(self.refused("run", "--sandbox=none", "--", *argv))

    def test_containers_are_refused_with_advice(self):
        self.fresh(CALCULATOR)
        run = self.refused("run", "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"--sandbox=none", run.err, str(run))
        self.assertFalse((self.tree / "calculator").exists())

    def test_without_a_sandbox_tools_are_found_by_path_and_all_commands_are_thunks(self):
        self.fresh(CALCULATOR)
        self.plain(MAKE)
        expected = self.snapshot()
        self.fresh(CALCULATOR)
        run = self.ok(self.refused("run", "--sandbox=none", "--", *MAKE))
        self.assertIn(b"gg: this machine refuses mount namespaces", run.err, str(run))
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)


    def test_what_was_configured_there_builds_later_with_and_without_gg(self):
        # CMake writes down the path at which it found the compiler.
        self.fresh(CMAKE)
        self.build(["cmake", "-S", ".", "-B", "b"])
        self.plain(["make", "-C", "b"])
        expected = {name: entry for name, entry in self.snapshot().items() if name.endswith(PRODUCTS)}
        self.plain(["make", "-C", "b", "clean"])
        self.build(["make", "-C", "b"])
        self.assertEqual({name: entry for name, entry in self.snapshot().items() if name.endswith(PRODUCTS)}, expected)
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (CMAKE_COMMANDS, 0), self.stats())

    def test_a_build_that_puts_a_directory_before_path_still_means_the_real_tools(self):
        self.fresh({"Makefile": "export PATH := /nowhere:$(PATH)\napp: a.o\n\tcc -o app a.o\na.o: a.c\n\tcc -c a.c\n",
                    "a.c": "int main(void) { return 0; }\n"})
        self.ok(self.refused("run", "--sandbox=none", "--", "make"))
        self.plain([self.tree / "app"])
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (2, 0), self.stats())


class Root(Case, Builds):
    def test_root_keeps_its_rights_in_the_build(self):
        if os.getuid() != 0:
            skip(self, "not root")
        self.fresh({"Makefile": "all:\n\tcc -c a.c\n\tinstall -o 12345 -g 54321 -m 640 a.o installed.o\n", "a.c": "int a;\n"})
        self.under_gg(["make"])
        info = os.stat(self.tree / "installed.o")
        self.assertEqual((info.st_uid, info.st_gid, info.st_mode & 0o777), (12345, 54321, 0o640))


if __name__ == "__main__":
    unittest.main(verbosity=2)
