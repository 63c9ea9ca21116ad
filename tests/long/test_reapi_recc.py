"""recc, another client of Remote Execution servers, and gg at one server: neither's objects and results harm the other's."""
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from reapi_server import Casd
from servers import MAKE, SharingCase, installed


class WithRecc(SharingCase):
    """Its actions bring no compiler, so the workers' own is shown to them, and gg goes through gg-exec."""

    def setUp(self):
        super().setUp()
        self.recc = installed("install-newer-debian", "buildbox") / "bin/recc"
        show = [f"--bind-mount={path}:{path}" for path in ("/usr", "/bin", "/lib", "/lib64")]
        self.server = Casd(self.world / "server", runner=show)
        self.addCleanup(self.server.stop)
        self.server.start()

    def recc_over(self, files):
        self.fresh(files)
        address = f"http://127.0.0.1:{self.server.port}"
        return self.run_command(
            [*MAKE, f"CC={self.recc} /usr/bin/cc"],
            env={"RECC_SERVER": address, "RECC_CAS_SERVER": address, "RECC_ACTION_CACHE_SERVER": address, "RECC_INSTANCE": "",
                 "RECC_PROJECT_ROOT": "/", "RECC_REMOTE_ENV_PATH": "/usr/bin:/bin", "RECC_RETRY_LIMIT": "0"})

    def build_with_recc(self):
        self.ok(self.recc_over(CALCULATOR))
        return self.snapshot()

    def build_with_gg(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, ["--engine", self.server.address, "--platform", "unixUID=1000", "--platform", "unixGID=1000"])
        return self.snapshot()

    def test_each_makes_right_files_and_has_hits_of_its_own(self):
        expected = self.expected()
        self.assert_same(expected, self.build_with_recc())
        self.assertEqual(len(self.server.results()), 6, "recc has its compiles executed; the rest it does itself")
        self.assert_same(expected, self.build_with_gg())
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))

        self.server.stop()
        (self.server.programs / "buildbox-run").write_text("#!/bin/false\n")  # it executes nothing any more
        self.server.start()
        self.assert_same(expected, self.build_with_recc())
        self.second_user()
        self.assert_same(expected, self.build_with_gg())
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))
        self.assert_same(expected, self.build_with_recc())
        changed = self.recc_over(CALCULATOR | {"src/print.c": "void print(int n) {}\n"})
        self.assertNotEqual(changed.status, 0, "what is no hit would be seen")


if __name__ == "__main__":
    unittest.main(verbosity=2)
