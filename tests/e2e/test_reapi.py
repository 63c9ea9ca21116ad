"""Builds whose thunks a real Remote Execution server executes, or whose results it keeps: the same bytes as plainly, and hits
for a second user. reapi_server.py has the servers, test_reapi_trouble.py what goes wrong with them."""
import hashlib
import json
import os
import socket
import threading
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, Case
from reapi_server import Casd, ReapiCase, attempts_at
from servers import MAKE, Certificates, Relay, free_port


class Building(ReapiCase):
    def test_a_build_at_a_server_makes_what_the_plain_one_makes(self):
        self.assert_built_there()

    def test_how_long_each_stage_took_there_is_told(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.engine)
        stats = self.stats()
        for stage in ("fetch_ns", "execute_ns", "collect_ns"):
            self.assertGreater(stats[stage], 0, stage)

    def test_who_executed_what_is_shown_where_the_server_says_so(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.engine)
        run = self.stats()["run"]
        # casd says neither; other servers do.
        journal = self.store / f"runs/{run}.jsonl"
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        journal.write_text("".join(json.dumps(line | ({"worker": "worker-3", "queued_ns": 1_500_000_000}
                                                      if line["type"] == "attempt" else {})) + "\n" for line in lines))
        stats = self.stats()
        self.assertEqual((stats["workers"], stats["queued_ns"]),
                         ({"worker-3": CALCULATOR_COMMANDS}, CALCULATOR_COMMANDS * 1_500_000_000))
        for words, said in ((("stats",), (b"queued 15.00 s", b"executed by 1 worker: worker-3 10")),
                            (("log", "--run", run, "--outcome", "attempt"), (b"on reapi, worker worker-3: ", b"queued 1.500 s")),
                            (("explain", self.tree / "src/main.o"), (b"reapi, worker worker-3: ", b"queued 1500.0 ms"))):
            told = self.ok(self.gg(*words, cwd=self.world)).out
            for word in said:
                self.assertIn(word, told, words)

    def test_a_second_user_with_the_same_paths_has_hits_only(self):
        expected = self.expected()
        self.under_gg(MAKE, self.engine)
        self.second_user()
        self.server.stop()
        (self.server.programs / "buildbox-run").write_text("#!/bin/false\n")  # it executes nothing any more
        self.server.start()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual((self.stats()["hits"], self.stats()["ran"]), (CALCULATOR_COMMANDS, 0))

    def test_a_failing_compile_is_told_as_the_compiler_tells_it(self):
        self.assert_failure_is_told()

    def test_equal_headers_that_are_read_once_are_not_taken_for_one(self):
        files = {"Makefile": "o.o: o.c\n\t$(CC) -c -o $@ $<\n", "o.c": "#include \"a/x.h\"\n#include \"b/x.h\"\n",
                 "a/x.h": "#pragma once\n#include \"y.h\"\n", "b/x.h": "#pragma once\n#include \"y.h\"\n",
                 "a/y.h": "int a = 1;\n", "b/y.h": "int b = 2;\n"}
        self.fresh(files)
        os.utime(self.tree / "b/x.h", (1_500_000_000, 1_500_000_000))  # plainly gcc tells them by their times
        self.plain(MAKE)
        expected = self.snapshot()
        self.fresh(files)
        os.utime(self.tree / "b/x.h", (1_500_000_000, 1_500_000_000))
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(attempts_at(self), {"reapi", "local"})

    def test_warnings_come_through_again_on_a_hit(self):
        files = {"Makefile": "w.o: w.c\n\t$(CC) -Wall -c -o $@ $<\n", "w.c": "int f(void) { int unused; return 1; }\n"}
        self.fresh(files)
        plain = self.plain(MAKE)
        for _ in range(2):
            self.fresh(files)
            run = self.under_gg(MAKE, self.engine)
            self.assertEqual(plain.err, run.foreign_err)
            self.second_user()

    def test_platform_and_instance_are_part_of_what_is_asked(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.engine, "--platform", "OSFamily=linux"])
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.engine, "--platform", "OSFamily=linux"])
        run = self.gg("run", *self.engine, "--platform", "OSFamily", "--", "true")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"KEY=VALUE", run.err)


class Rootless(Case):
    """A cluster whose workers show actions their own files."""

    def setUp(self):
        super().setUp()
        show = [f"--bind-mount={path}:{path}" for path in ("/usr", "/bin", "/lib", "/lib64")]
        self.server = Casd(self.world / "server", runner=show)
        self.addCleanup(self.server.stop)
        self.server.start()

    def test_is_refused_where_gg_exec_is_refused(self):
        self.fresh({"Makefile": "all:\n\ttouch built\n"})
        run = self.gg("run", "--engine", self.server.address, "--", "make")  # there as root of a user namespace
        self.assertEqual(run.status, 3, str(run))
        self.assertFalse((self.tree / "built").exists())
        for said in (b"see files of the worker's own, such as '/", b"gg-exec: cannot write '/proc/self/uid_map'"):
            self.assertIn(said, run.err, str(run))

    def test_makes_the_same_bytes_through_gg_exec(self):
        options = ["--engine", self.server.address, "--platform", "unixUID=1000", "--platform", "unixGID=1000"]
        self.fresh(CALCULATOR)
        self.plain(MAKE)
        expected = self.snapshot()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, options)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(attempts_at(self), {"reapi"})


class Sharing(ReapiCase):
    """The local engine with the server's store behind it."""

    @property
    def shared(self):
        return ["--store", self.server.address]

    def test_a_second_user_has_hits_only(self):
        expected = self.expected()
        self.under_gg(MAKE, self.shared)
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, [*self.shared, "--cache=read"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_what_is_read_only_or_off_is_left_alone(self):
        for mode in ("read", "off"):
            self.fresh(CALCULATOR)
            self.under_gg(MAKE, [*self.shared, f"--cache={mode}"])
            self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS), mode)
            self.second_user()

    def test_the_engine_takes_what_the_store_has_and_the_other_way_round(self):
        expected = self.expected()
        self.under_gg(MAKE, self.shared)
        self.second_user()
        self.server.stop()
        (self.server.programs / "buildbox-run").write_text("#!/bin/false\n")
        self.server.start()
        self.fresh(CALCULATOR)
        # The question what actions see is one for a server that executes; here it cannot be answered.
        run = self.gg("run", *self.engine, "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"executes nothing", run.err)
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.shared)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_results_of_the_engine_are_hits_for_the_store(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.engine)
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.shared)
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_a_server_that_goes_away_in_mid_run_costs_a_warning(self):
        expected = self.expected()
        cut = threading.Event()
        relay = Relay(self.server.port, lambda direction, so_far, chunk: None if cut.is_set() else chunk)
        self.addCleanup(relay.close)
        process = self.start([os.environ["GG"], "run", "--store", f"reapi://127.0.0.1:{relay.port}", "--", *MAKE])
        self.wait_until(lambda: relay.carried["up"] > 1000, "the first questions", process)
        cut.set()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{out!r} {err!r}")
        self.assert_same(expected, self.snapshot(), repr(err))
        self.assertEqual(err.count(b"going on without the shared results"), 1, repr(err))

    def test_it_does_not_go_with_an_engine_elsewhere(self):
        self.fresh(CALCULATOR)
        run = self.gg("run", *self.shared, *self.engine, "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"keeps its own results", run.err)


class Verifying(ReapiCase):
    FILES = {"Makefile": "all: a.o b.o\n%.o: %.c\n\t$(CC) -c -o $@ $<\n", "a.c": "int f(void) { return 1; }\n",
             "b.c": "int f(void) { return 2; }\n"}

    def verify(self, *options):
        return self.gg("verify", "--share", "100", *options)

    def lie(self):
        """The server says from now on that a.c becomes what b.c does."""
        a, b = (hashlib.sha256((self.tree / name).read_bytes()).hexdigest().encode() for name in ("a.o", "b.o"))
        lying, = (path for path in self.server.results() if a in path.read_bytes())
        lying.write_bytes(lying.read_bytes().replace(a, b))

    def test_a_result_there_that_is_another_here_is_named(self):
        for options in (["--store", self.server.address], self.engine):
            self.fresh(self.FILES)
            self.under_gg(MAKE, options)
            run = self.ok(self.verify("--remote", *options))
            self.assertIn(b"2 thunks executed again: 2 the same, 0 not what the server says", run.out)
            self.lie()
            run = self.verify("--remote", *options)
            self.assertEqual(run.status, 1, str(run))
            self.assertIn(b"the server differs  compile a.c: a.o: ", run.out)
            self.assertIn(b"1 the same, 1 not what the server says", run.out)
            self.ok(self.verify())  # our own memo is right
            self.second_user()
            self.fresh(self.FILES)
            self.under_gg(MAKE, options)
            self.assertEqual((self.tree / "a.o").read_bytes(), (self.tree / "b.o").read_bytes(), "what believing comes to")
            self.assertEqual(self.verify("--remote", *options).status, 1)
            self.second_user()
            self.server.stop()
            self.server.forget_everything()
            self.server.start()

    def test_what_the_server_does_not_know_is_said(self):
        self.fresh(self.FILES)
        self.under_gg(MAKE)
        run = self.verify("--remote", "--store", self.server.address)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(b"2 have no result there", run.out)
        run = self.verify("--remote")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"--store ADDRESS", run.err)


class Refused(Case):
    """Each with a reason that names the server and what to do, before anything is built."""

    def refused(self, options, *words):
        self.fresh({"Makefile": "all:\n\ttouch built\n"})
        run = self.gg("run", *options, "--", "make")
        self.assertEqual(run.status, 3, str(run))
        self.assertFalse((self.tree / "built").exists(), str(run))
        for word in words:
            self.assertIn(word.encode(), run.err, str(run))
        return run

    def test_what_is_no_address(self):
        self.refused(["--engine", "reapi://nowhere"], "reapi://nowhere", "a host and a port")
        run = self.gg("run", "--engine", "ftp://127.0.0.1:80", "--", "make")
        self.assertEqual(run.status, 2, str(run))
        self.assertIn(b"there is no engine 'ftp://127.0.0.1:80'", run.err)

    def test_a_port_where_nobody_listens(self):
        port = free_port()
        self.refused(["--engine", f"reapi://127.0.0.1:{port}"], f"127.0.0.1:{port}", "is it up")

    def test_a_server_that_speaks_something_else(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                    client.recv(1024)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    client.close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        self.refused(["--engine", f"reapi://127.0.0.1:{listener.getsockname()[1]}"], "is it a Remote Execution server")

    def test_a_server_that_never_answers(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        run = self.refused(["--engine", f"reapi://127.0.0.1:{listener.getsockname()[1]}"], "127.0.0.1")
        self.assertLess(run.seconds, 30)

    def test_certificates_without_tls_and_half_a_pair(self):
        files = Certificates(self.world / "certificates")
        self.refused(["--engine", "reapi://127.0.0.1:1", "--ca", files.path("ca.pem")], "grpcs://")
        self.refused(["--engine", "grpcs://127.0.0.1:1", "--client-key", files.path("client.key")], "go together")
        self.refused(["--engine", "grpcs://127.0.0.1:1", "--ca", "missing.pem"], "missing.pem")

    def test_a_token_over_an_open_connection(self):
        self.write({"../token": "secret\n"})
        self.refused(["--engine", "reapi://build.example:1", "--token-file", str(self.world / "token")], "unencrypted")
        self.refused(["--engine", "reapi://127.0.0.1:1", "--token-file", "missing"], "missing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
