"""An ordinary user, without any privilege; and root."""
import os
import shutil
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, GG, NOBODY, Case, skip

MAKE = ["make", "-j2"]


class Unprivileged(Case):
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


class WithoutNamespaces(Case):
    """Where the machine refuses namespaces, as Docker's default profile does."""

    def refused(self, *words):
        shut = "echo 0 >/proc/sys/user/max_user_namespaces && echo 0 >/proc/sys/user/max_mnt_namespaces && exec \"$0\" \"$@\""
        return self.run_command(["unshare", "--user", "--map-root-user", "sh", "-c", shut, GG, *words])

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


    def test_a_build_that_puts_a_directory_before_path_still_means_the_real_tools(self):
        self.fresh({"Makefile": "export PATH := /nowhere:$(PATH)\napp: a.o\n\tcc -o app a.o\na.o: a.c\n\tcc -c a.c\n",
                    "a.c": "int main(void) { return 0; }\n"})
        self.ok(self.refused("run", "--sandbox=none", "--", "make"))
        self.plain([self.tree / "app"])
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (2, 0), self.stats())


class Root(Case):
    def test_root_keeps_its_rights_in_the_build(self):
        if os.getuid() != 0:
            skip(self, "not root")
        self.fresh({"Makefile": "all:\n\tcc -c a.c\n\tinstall -o 12345 -g 54321 -m 640 a.o installed.o\n", "a.c": "int a;\n"})
        self.under_gg(["make"])
        info = os.stat(self.tree / "installed.o")
        self.assertEqual((info.st_uid, info.st_gid, info.st_mode & 0o777), (12345, 54321, 0o640))


if __name__ == "__main__":
    unittest.main(verbosity=2)
