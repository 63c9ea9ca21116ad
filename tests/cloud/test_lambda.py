"""Builds on functions: the same bytes as plainly, and right ends when functions or credentials fail.
test_lambda_faults.py has what fails by chance."""
import asyncio
import os
import signal
import unittest

from aws_signature import Identity
from cloud_case import CloudCase
from functions import REGION, Function
from ggtest import CALCULATOR, CALCULATOR_COMMANDS, GG
from s3_server import KEY, SECRET
from servers import MAKE


class Building(CloudCase):
    def test_two_real_workers_make_what_a_plain_build_makes(self):
        service = self.cloud()
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(service, "--fallback=never"))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))
        self.assertEqual(service.counts["executed"], CALCULATOR_COMMANDS)
        self.assertLessEqual(service.most_running, 2)

    def test_what_gg_cloud_up_has_written_down_need_not_be_said(self):
        service = self.cloud(functions=[Function("team-0"), Function("team-1")])
        config = self.home / ".config/gg/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f"[lambda]\nregion = '{REGION}'\nfunctions = 'team-'\ncount = 2\nstore = '{self.shared(None)[1]}'\n")
        self.environment["AWS_ENDPOINT_URL_LAMBDA"] = service.url
        del self.environment["AWS_REGION"]
        expected = self.expected()
        run = self.under_gg(MAKE, ["--engine", "lambda", "--fallback=never"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(service.counts["executed"], CALCULATOR_COMMANDS)

    def test_what_is_billed_is_what_the_functions_say(self):
        service = self.cloud()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.at(service))
        said = self.stats()["billed_micro_dollars"]
        self.assertGreaterEqual(said, service.billed * 1e6 - 1e-6)
        self.assertLess(said, service.billed * 1e6 + 2)

    def test_a_second_user_has_hits_only(self):
        service = self.cloud()
        expected = self.expected()
        self.under_gg(MAKE, self.at(service))
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.at(service, "--max-executions=0"))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))
        self.assertEqual(service.counts["executed"], CALCULATOR_COMMANDS)

    def test_this_machine_shares_the_work(self):
        service = self.cloud()
        expected = self.expected()
        options = self.at(service)
        options[1] += ",local"
        run = self.under_gg(MAKE, options)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))
        self.assertGreater(service.counts["executed"], 0)

    def test_outputs_may_stay_in_the_bucket(self):
        service = self.cloud()
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(service, "--download=targets"))
        self.assertTrue(self.placeholders(), str(run))
        self.assertEqual(self.snapshot()[b"calculator"], expected[b"calculator"])


class Limits(CloudCase):
    def test_throttling_is_waited_out_and_counts_as_nobody_s_failure(self):
        service = self.cloud(concurrency=1)
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(service, "--fallback=never", jobs=8))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(service.counts["throttled"], 0)
        self.assertEqual(service.counts["executed"], CALCULATOR_COMMANDS, "no thunk was tried twice")

    def test_no_more_than_so_many_invocations(self):
        service = self.cloud()
        self.fresh(CALCULATOR)
        run = self.failing(MAKE, self.at(service, "--max-executions=3"))
        self.assertIn(b"budget of 3 executions", run.err, str(run))
        self.assertLessEqual(service.counts["executed"], 3)

    def test_no_more_than_so_many_dollars(self):
        functions = [Function(f"gg-{number}", timeout=5) for number in range(2)]
        service = self.cloud(functions)
        self.fresh(CALCULATOR)
        cap = 0.0005  # an invocation may cost $0.00044 at most: 5 s, and 10 to start
        self.failing(MAKE, self.at(service, f"--max-cost={cap}", "--fallback=never"))
        self.assertLessEqual(service.billed, cap)
        self.assertGreater(service.counts["executed"], 0)

    def test_what_runs_out_of_memory_gets_more_once(self):
        service = self.cloud([Function("gg-0", 1769), Function("gg-1", 10240)])
        out = []
        original = service.strikes
        service.strikes = lambda fault: (fault == "memory" and not out and not out.append(1)) or original(fault)
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(service, "--fallback=never"))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertTrue(any(environment.folder.name.startswith("gg-1") for environment in service.environments))


class Trouble(CloudCase):
    def refused(self, service, *words, env=None, options=None):
        self.fresh({"Makefile": "all:\n\ttouch built\n"})
        run = self.gg("run", *(options or self.at(service)), "--", "make", env=env)
        self.assertEqual(run.status, 3, str(run))
        self.assertFalse((self.tree / "built").exists(), str(run))
        for word in words:
            self.assertIn(word.encode(), run.err, str(run))
        self.assertNotIn(SECRET.encode(), run.err)

    def test_what_cannot_begin_says_what_to_do(self):
        service = self.cloud()
        self.refused(service, "no function gg-0", "gg cloud up", options=["--engine", "lambda", *self.shared()],
                     env={"AWS_ENDPOINT_URL_LAMBDA": self.cloud(functions=0).url})
        self.refused(service, "--store s3://", options=self.at(service)[:4])
        self.refused(service, "Credential should be scoped", options=[*self.at(service)[:1], self.at(service)[1] + "&region=eu-other-1",
                                                                      *self.shared()])
        service.identities[KEY].allowed = ("lambda:InvokeFunction",)
        self.refused(service, "AccessDenied", "lambda:GetFunctionConfiguration")
        service.identities = {}
        self.refused(service, "AWS does not know that access key", "AWS_ACCESS_KEY_ID")
        service.identities = {KEY: Identity("another")}
        self.refused(service, "AWS_SECRET_ACCESS_KEY")
        service.identities = {KEY: Identity(SECRET, expired=True)}
        self.refused(service, "log in again")
        self.refused(self.cloud([Function("gg-0", architecture="arm64")]), "runs on arm64")

    def test_a_function_that_is_deleted_is_left(self):
        service = self.cloud()
        expected = self.expected()
        names = iter(["gg-1"])
        original = service.admitted

        async def admitted(function, request):
            service.functions.pop(next(names, None), None)  # once the first of all is under way
            return await original(function, request)

        service.admitted = admitted
        run = self.under_gg(MAKE, self.at(service, "--fallback=never"))
        self.assert_same(expected, self.snapshot(), str(run))

    def test_where_all_functions_are_deleted_the_rest_runs_here_or_fails(self):
        for fallback, ends_well in (("always", True), ("never", False)):
            service = self.cloud()
            expected = self.expected()
            original = service.admitted

            async def admitted(function, request, service=service, original=original):
                service.functions.clear()
                return await original(function, request)

            service.admitted = admitted
            run = self.gg("run", *self.at(service, f"--fallback={fallback}"), "--cache=off", "--", *MAKE)
            self.assertEqual(run.status == 0, ends_well, str(run))
            if ends_well:
                self.assert_same(expected, self.snapshot(), str(run))
            else:
                self.assertIn(b"gg cloud up", run.err, str(run))
            self.second_user()

    def test_credentials_that_expire_in_mid_run(self):
        service = self.cloud()
        expected = self.expected()
        original = service.admitted

        async def admitted(function, request):
            service.identities[KEY].expired = True
            return await original(function, request)

        service.admitted = admitted
        run = self.under_gg(MAKE, self.at(service))
        self.assert_same(expected, self.snapshot(), str(run))
        self.second_user()
        self.server.empty()
        self.fresh(CALCULATOR)
        service.identities[KEY].expired = False
        run = self.failing(MAKE, self.at(service, "--fallback=never"))
        self.assertIn(b"log in again", run.err, str(run))

    def test_ctrl_c_says_what_may_still_be_billed(self):
        service = self.cloud()
        self.fresh({"Makefile": "all: a.o\n%.o: %.c\n\t$(CC) -c -o $@ $<\n", "a.c": "int a;\n"})
        held = []
        original = service.execute

        async def execute(function, environment, payload, start):
            held.append(1)
            await asyncio.sleep(3)
            return await original(function, environment, payload, start)

        service.execute = execute
        process = self.start([GG, "run", *self.at(service), "--", *MAKE])
        self.wait_until(lambda: held, "an invocation under way", process)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, repr(err))
        self.assertIn(b"1 invocation that nobody waits for any more may run for up to", err)
        self.assert_no_placeholders()


if __name__ == "__main__":
    unittest.main(verbosity=2)
