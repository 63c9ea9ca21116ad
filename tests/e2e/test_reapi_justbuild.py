"""Builds at justbuild's execution service: it speaks an older API than casd, streams results otherwise, and shows actions
the worker's own files, so that every thunk goes through gg-exec."""
import pathlib
import tempfile
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from reapi_server import Justbuild, ReapiCase
from servers import MAKE

QUESTION = "/gg-probe/list-root"


class AtJustbuild(ReapiCase):
    def open_server(self):
        return self.started(Justbuild(self.world / "server"))

    def test_a_build_makes_what_the_plain_one_makes(self):
        self.assert_built_there()

    def test_a_project_in_dev_shm_is_in_sight(self):
        memory = tempfile.TemporaryDirectory(prefix="gg-e2e-", dir="/dev/shm")
        self.addCleanup(memory.cleanup)
        self.tree = pathlib.Path(memory.name) / "project"
        self.assert_built_there()

    def test_commands_go_through_gg_exec_since_the_workers_own_files_are_seen_there(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.engine)
        plainly, *others = self.server.executed()
        self.assertEqual(plainly, QUESTION)
        self.assertEqual(len(others), 1 + CALCULATOR_COMMANDS, others)
        for words in others:
            self.assertTrue(words.startswith("gg/gg-exec root "), words)

    def test_a_second_user_with_the_same_paths_has_hits_only(self):
        expected = self.expected()
        self.under_gg(MAKE, self.engine)
        executed = self.server.executed()
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))
        # But for the question what actions see: there is no result of it, since it is answered by a failure.
        self.assertEqual(self.server.executed()[len(executed):], [QUESTION])

    def test_a_failing_compile_is_told_as_the_compiler_tells_it(self):
        self.assert_failure_is_told()


if __name__ == "__main__":
    unittest.main(verbosity=2)
