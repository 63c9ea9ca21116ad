"""Builds at BuildGrid, a cluster with a queue and workers. Of the servers that can be had it is the only one that tells of an
execution's stages while it goes on, and says which worker took it and how long it was queued."""
import json
import unittest

from buildgrid_server import WORKER, BuildGrid
from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from reapi_server import ReapiCase
from servers import MAKE


class AtBuildGrid(ReapiCase):
    def open_server(self):
        server = BuildGrid(self.world / "server")  # has started
        self.addCleanup(server.stop)
        return server

    def test_a_build_makes_what_the_plain_one_makes_and_a_second_user_has_hits_only(self):
        expected = self.assert_built_there()

        self.second_user()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_worker_queue_time_and_stages_go_to_the_journal(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.engine)
        stats = self.stats()
        self.assertEqual(list(stats["workers"].values()), [CALCULATOR_COMMANDS], stats)
        self.assertIn(WORKER, *stats["workers"])
        for stage in ("queued_ns", "fetch_ns", "execute_ns", "collect_ns"):
            self.assertGreater(stats[stage], 0, stats)
        journal = self.store / f"runs/{stats['run']}.jsonl"
        attempts = [line for line in map(json.loads, journal.read_text().splitlines()) if line["type"] == "attempt"]
        self.assertEqual(len(attempts), CALCULATOR_COMMANDS)
        for line in attempts:
            self.assertIn(WORKER, line["worker"])
            self.assertGreater(line["queued_ns"], 0)
        told = self.ok(self.gg("explain", self.tree / "src/main.o", cwd=self.world)).out.decode()
        self.assertIn(f"reapi, worker {stats['workers'].popitem()[0]}: ", told)
        self.assertIn("queued ", told)

    def test_a_failing_compile_is_told_as_the_compiler_tells_it(self):
        self.assert_failure_is_told()

    def test_a_platform_that_no_worker_has_is_refused_with_its_name(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.engine, "--platform", "OSFamily=linux"])
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.gg("run", *self.engine, "--platform", "Flavour=sweet", "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"Flavour", run.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
