"""What comes down from a Remote Execution server, and when: --download. The bytes are counted by a relay."""
import os
import random
import string
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from reapi_server import ReapiCase
from servers import MAKE, Relay

FINALS = {"calculator", "libshared.so"}
INTERMEDIATES = {f"src/{name}.o" for name in ("main", "parse", "print", "shared.pic")} | {
    f"lib/{name}" for name in ("add.o", "mul.o", "start.o", "libarith.a")}

# Two megabytes that go through a compiler and an archiver, and of which a linker takes nothing.
BIG = 2_000_000
CHAIN = {
    "Makefile": "prog: prog.o libbig.a\n\t$(CC) -o $@ prog.o libbig.a\nlibbig.a: big.o small.o\n\t$(AR) rcs $@ $^\n",
    "prog.c": "int small(void);\nint main(void) { return small(); }\n",
    "small.c": "int small(void) { return 0; }\n",
    "big.c": "const char big[] = \"%s\";\n" % "".join(random.Random(1).choices(string.ascii_letters, k=BIG)),
}


class Download(ReapiCase):
    def owed(self):
        return {os.fsdecode(os.path.relpath(path, os.fsencode(self.tree))) for path in self.placeholders()}

    def settings(self, what):
        return [*self.engine, f"--download={what}"]

    def assert_same_where_real(self, expected):
        owed = {os.fsencode(name) for name in self.owed()}
        actual = self.snapshot()
        self.assert_same({name: entry for name, entry in expected.items() if name not in owed},
                         {name: entry for name, entry in actual.items() if name not in owed})

    def real_bytes(self, name, expected):
        return (len(data := (self.tree / name).read_bytes()), data[:4]) == (expected[name.encode()][2], b"\x7fELF")

    def test_of_targets_only_what_no_other_thunk_read_becomes_real(self):
        expected = self.expected()
        self.under_gg(MAKE, self.settings("targets"))
        self.assertEqual(self.owed(), INTERMEDIATES)
        self.assert_same_where_real(expected)
        self.assert_nothing_to_do(MAKE)
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.settings("targets"))
        self.assertEqual((self.stats()["hits"], self.stats()["ran"]), (CALCULATOR_COMMANDS, 0))
        self.assertEqual(self.owed(), INTERMEDIATES)
        self.assert_same_where_real(expected)

    def test_what_was_left_is_what_a_later_build_goes_on_from(self):
        self.expected()
        self.under_gg(MAKE, self.settings("targets"))
        self.write({"src/print.c": "#include <stdio.h>\nvoid print(int n) { printf(\"=%d\\n\", n); }\n"})
        os.utime(self.tree / "src/print.c")
        self.under_gg(MAKE, self.settings("targets"))
        self.assertEqual(self.stats()["thunks"], 2)  # that file and the link
        self.assertEqual(self.owed(), INTERMEDIATES)
        self.assertEqual(self.plain(["./calculator", "2*4"]).out, b"=8\n")

    def test_what_is_left_is_real_for_whoever_opens_it(self):
        expected = self.expected()
        self.under_gg(MAKE, self.settings("targets"))
        self.under_gg(["grep", "-q", "add", "lib/add.o"], self.settings("targets"))
        self.assertTrue(self.real_bytes("lib/add.o", expected))
        self.ok(self.gg("force", *self.settings("targets"), "src/main.o"))
        self.assertEqual(self.owed(), INTERMEDIATES - {"lib/add.o", "src/main.o"})
        self.ok(self.gg("force", *self.settings("targets"), "--all"))
        self.assert_same(expected, self.snapshot())

    def test_with_none_nothing_is_real_until_somebody_reads_it(self):
        expected = self.expected()
        self.under_gg(MAKE, self.settings("none"))
        self.assertEqual(self.owed(), INTERMEDIATES | FINALS)
        self.assertEqual(self.stats()["ran"], CALCULATOR_COMMANDS)
        self.ok(self.gg("force", *self.settings("none"), "calculator"))
        self.assertEqual(self.owed(), INTERMEDIATES | FINALS)
        run = self.under_gg(["./calculator", "2+3"], self.settings("none"))
        self.assertIn(b"5\n", run.out)
        self.assertEqual(self.owed(), INTERMEDIATES | FINALS - {"calculator"})
        self.ok(self.gg("force", *self.engine, "--all"))
        self.assert_same(expected, self.snapshot())

    def test_what_the_server_has_lost_meanwhile_is_made_again_when_it_is_read(self):
        expected = self.expected()
        self.under_gg(MAKE, self.settings("targets"))
        self.server.stop()
        self.server.forget_everything()
        self.server.start()
        self.ok(self.gg("force", *self.settings("targets"), "--all"))
        self.assert_same(expected, self.snapshot())

    def test_a_build_that_fails_leaves_no_placeholder(self):
        self.fresh(CALCULATOR | {"src/print.c": "void print(int n) { undeclared(n) }\n"})
        self.failing(MAKE, self.settings("targets"))

    def test_the_local_engine_has_all_here(self):
        expected = self.expected()
        self.under_gg(MAKE, ["--download=none"])
        self.assert_same(expected, self.snapshot())

    def test_a_chain_stays_over_there(self):
        self.fresh(CHAIN | {"big.c": "const char big[] = \"x\";\n"})
        self.under_gg(MAKE, self.engine)  # the tools are over there from here on

        def carried(what):
            self.fresh(CHAIN)
            relay = Relay(self.server.port)
            self.addCleanup(relay.close)
            self.under_gg(MAKE, ["--engine", f"reapi://127.0.0.1:{relay.port}", f"--download={what}"])
            self.plain(["./prog"])
            return relay.carried

        executed = carried("targets")
        self.assertEqual(self.stats()["ran"], 3)  # prog.o and small.o are known
        self.assertLess(executed["up"], BIG + 500_000)  # the source, once
        self.assertLess(executed["down"], 500_000)
        self.second_user()
        hit = carried("targets")
        self.assertEqual(self.stats()["ran"], 0)
        self.assertLess(hit["up"] + hit["down"], 500_000)
        self.second_user()
        self.assertGreater(carried("all")["down"], 2 * BIG)  # what is counted would be seen


if __name__ == "__main__":
    unittest.main(verbosity=2)
