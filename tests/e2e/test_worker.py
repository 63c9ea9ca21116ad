"""Builds on workers that are asked over HTTP, with a bucket of a real S3 server between: the same bytes as plainly.
test_worker_trouble.py has what goes wrong."""
import os
import signal
import subprocess
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from s3_server import KEY, SECRET
from servers import MAKE, Certificates
from workers import EXAMPLES, HUNT, SECRETS, WorkerCase


class Building(WorkerCase):
    def test_two_workers_make_what_a_plain_build_makes(self):
        workers = self.worker("one", jobs=1), self.worker("two", jobs=1)
        expected = self.expected()
        run = self.under_gg(MAKE, self.at(*workers))
        self.assert_same(expected, self.snapshot(), str(run))
        executed = self.stats()["workers"]
        self.assertEqual(sum(executed.values()), CALCULATOR_COMMANDS, "nothing was executed here")
        self.assertEqual(set(executed), {"one", "two"})

    def test_a_second_user_has_hits_only_wherever_thunks_would_run(self):
        worker = self.worker()
        expected = self.expected()
        self.under_gg(MAKE, self.at(worker))
        for options in (self.at(worker), self.shared()):
            self.second_user()
            self.fresh(CALCULATOR)
            run = self.under_gg(MAKE, [*options, "--max-executions=0"])
            self.assert_same(expected, self.snapshot(), str(run))
            self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_a_result_outlives_the_coordinator_that_asked_for_it(self):
        worker = self.worker()
        files = {"Makefile": "all: a.o b.o\n%.o: %.c\n\t$(CC) -c -o $@ $<\nb.o: wait\nwait:\n\tsleep 100\n", "a.c": "int a;\n",
                 "b.c": "int b;\n"}
        self.fresh(files)
        process = self.start([os.environ["GG"], "run", *self.at(worker), "--", *MAKE])
        self.wait_until(lambda: any("." in path.name for path in self.server.packs()), "a pack that the worker wrote", process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        self.second_user()
        self.fresh(files)
        self.under_gg(["make", "a.o"], [*self.shared(), "--max-executions=0"])
        self.assertEqual(self.hits(), (1, 0))

    def test_outputs_may_stay_in_the_bucket(self):
        worker = self.worker()
        expected = self.expected()
        run = self.under_gg(MAKE, [*self.at(worker), "--download=targets"])
        self.assertTrue(self.placeholders(), str(run))
        for name in (b"calculator", b"libshared.so"):
            self.assertEqual(self.snapshot()[name], expected[name])
        self.ok(self.gg("force", *self.at(worker), "--all"))
        self.assert_same(expected, self.snapshot())

    def test_what_results_say_of_the_bucket_may_be_left_alone(self):
        worker = self.worker()
        expected = self.expected()
        run = self.under_gg(MAKE, [*self.at(worker), "--cache=off"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.at(worker))
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))

    def test_a_command_that_fails_says_the_same_as_plainly(self):
        files = {"Makefile": "bad.o: bad.c\n\t$(CC) -c -o $@ $<\n", "bad.c": "int f(void) { return undeclared; }\n"}
        self.fresh(files)
        plain = self.run_command(MAKE)
        self.fresh(files)
        run = self.failing(MAKE, self.at(self.worker()))
        self.assertIn(b"undeclared", run.err)
        for line in plain.err.splitlines():
            if b"bad.c" in line:
                self.assertIn(line, run.err, str(run))

    def test_thunks_that_make_thunks_run_there(self):
        self.tree.mkdir()
        made = self.ok(self.gg("thunk", "create", "--dynamic", "--program", "/bin/sh", "--program", "/bin/mkdir", "--env", "PATH=/.gg:/bin",
                               "--input", "fib", "--input", "add", "--output", "out", "--", "/fib", "6", cwd=EXAMPLES / "shell"))
        place = self.tree / "forced"
        run = self.ok(self.gg("force", *self.at(self.worker()), "-o", place, f"promise:{made.out.decode().strip()}:out"))
        self.assertEqual(place.read_bytes(), b"8\n")
        executed = self.stats()
        self.assertEqual(executed["workers"], {"one": executed["ran"]}, str(run))


class Guarded(WorkerCase):
    """Over TLS, with tokens and certificates."""

    def setUp(self):
        super().setUp()
        self.files = Certificates(self.world / "certificates")
        self.tls = ["--certificate", self.files.path("server.pem"), "--key", self.files.path("server.key")]
        self.authority = ["--ca", self.files.path("ca.pem")]
        self.write({"token": "open-sesame\n", "wrong": "open-barley\n"}, self.world)

    def test_a_token_over_tls(self):
        worker = self.worker("one", *self.tls, "--token-file", str(self.world / "token"))
        self.assertTrue(worker.url.startswith("https://"))
        self.fresh(CALCULATOR)
        for options, said in (([], b"certificate"), (self.authority, b"--token-file"),
                              ([*self.authority, "--token-file", self.world / "wrong"], b"does not know the token")):
            run = self.gg("run", *self.at(worker), *options, "--", *MAKE)
            self.assertEqual(run.status, 3, str(run))
            self.assertIn(said, run.err, str(run))
        self.under_gg(MAKE, [*self.at(worker), *self.authority, "--token-file", self.world / "token"])
        self.assertEqual(self.stats()["workers"], {"one": CALCULATOR_COMMANDS})

    def test_a_clients_certificate(self):
        worker = self.worker("one", *self.tls, "--client-ca", self.files.path("ca.pem"))
        self.fresh(CALCULATOR)
        run = self.gg("run", *self.at(worker), *self.authority, "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        who = ["--client-certificate", self.files.path("client.pem"), "--client-key", self.files.path("client.key")]
        self.under_gg(MAKE, [*self.at(worker), *self.authority, *who])
        self.assertEqual(self.stats()["workers"], {"one": CALCULATOR_COMMANDS})

    def test_a_worker_that_anybody_could_order_about_does_not_start(self):
        from workers import GG_WORKER
        for options in ([], self.tls, ["--token-file", str(self.world / "token")]):
            run = self.run_command([GG_WORKER, "--listen", "0.0.0.0:0", "--cache", str(self.world / "cache"), *options], cwd="/")
            self.assertEqual(run.status, 3, str(run))
            self.assertIn(b"off this machine gg-worker wants", run.err)


class Stranger(WorkerCase):
    """A thunk that hunts for keys."""

    def test_a_thunk_finds_no_secret_and_reaches_nobody(self):
        worker = self.worker()
        self.tree.mkdir()
        script = HUNT.replace("PLACES", f"127.0.0.1/{self.server.port} 127.0.0.1/{worker.port} 169.254.169.254/80")
        programs = [word for name in ("bash", "cat", "tr", "find", "readlink", "env") for word in ("--program", f"/usr/bin/{name}")]
        made = self.ok(self.gg("thunk", "create", *programs, "--env", "PATH=/usr/bin", "--output", "out", "--", "/usr/bin/bash", "-c",
                               script))
        found = self.tree / "found"
        self.ok(self.gg("force", *self.at(worker), "-o", found, f"promise:{made.out.decode().strip()}:out"))
        text = found.read_bytes()
        self.assertTrue(b"PATH=/usr/bin" in text, "it has looked")
        self.assertGreater(len(text), 10_000)
        for secret in (*SECRETS.values(), SECRET, KEY, "X-Amz-Signature"):
            self.assertFalse(secret.encode() in text, secret)
        self.assertFalse(b"reached:1" in text)

    def test_the_worker_itself_shows_its_environment_to_nobody(self):
        worker = self.worker()
        environ = subprocess.run(["cat", f"/proc/{worker.process.pid}/environ"], capture_output=True).stdout
        for secret in SECRETS.values():
            self.assertNotIn(secret.encode(), environ)


if __name__ == "__main__":
    unittest.main(verbosity=2)
