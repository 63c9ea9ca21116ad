"""Builds at BuildGrid, a cluster with a queue and workers. Of the servers that can be had it is the only one that tells of an
execution's stages while it goes on, and says which worker took it and how long it was queued."""
import json
import unittest

from buildgrid_server import WORKER, BuildGrid
from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from reapi_server import attempts_at
from servers import MAKE, SharingCase


class AtBuildGrid(SharingCase):
    def setUp(self):
        super().setUp()
        self.server = BuildGrid(self.world / "server")
        self.addCleanup(self.server.stop)
        self.engine = ["--engine", self.server.address]

    def test_a_build_makes_what_the_plain_one_makes_and_a_second_user_has_hits_only(self):
        expected = self.expected()
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)
        self.assertEqual(attempts_at(self), {"reapi"})
        self.assert_nothing_to_do(MAKE)

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
        broken = CALCULATOR | {"src/print.c": "void print(int n) { undeclared(n) }\n"}
        self.fresh(broken)
        plain = self.run_command(MAKE)
        self.fresh(broken)
        run = self.failing(MAKE, self.engine)
        self.assertIn(b"print.c:1:", plain.err)
        for line in plain.err.splitlines():
            if b"print.c" in line and b"make" not in line:
                self.assertIn(line, run.err.splitlines(), str(run))

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
