"""Builds whose thunks a real Remote Execution server executes: the same bytes as plainly, hits for a second user, and
right ends when the server, its memory or the network fails. reapi_server.py has the servers."""
import os
import pathlib
import shutil
import signal
import socket
import threading
import time
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, Case
from reapi_server import Certificates, Relay, Server, free_port

MAKE = ["make", "-j4"]


class ReapiCase(Case):
    def setUp(self):
        super().setUp()
        self.server = Server(self.world / "server")
        self.addCleanup(self.server.stop)
        self.server.start()

    @property
    def engine(self):
        return ["--engine", self.server.address]

    def second_user(self):
        """Another store; the same paths."""
        shutil.rmtree(self.store)

    def expected(self, files=CALCULATOR, argv=MAKE):
        self.fresh(files)
        self.plain(argv)
        expected = self.snapshot()
        self.fresh(files)
        return expected


class Building(ReapiCase):
    def test_a_build_at_a_server_makes_what_the_plain_one_makes(self):
        expected = self.expected()
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (CALCULATOR_COMMANDS, 0), stats)
        self.assert_nothing_to_do(MAKE)

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

    def test_a_failing_compile_is_told_as_the_compiler_tells_it(self):
        broken = CALCULATOR | {"src/print.c": "void print(int n) { undeclared(n) }\n"}
        self.fresh(broken)
        plain = self.run_command(MAKE)
        self.fresh(broken)
        run = self.failing(MAKE, self.engine)
        self.assertIn(b"print.c:1:", plain.err)
        said = [line for line in plain.err.splitlines() if b"print.c" in line and b"make" not in line]
        for line in said:
            self.assertIn(line, run.err.splitlines(), str(run))
        self.assertIn(b"gg: to reproduce:", run.err)

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


class Trouble(ReapiCase):
    def test_results_whose_objects_are_gone_are_made_again(self):
        expected = self.expected()
        self.under_gg(MAKE, self.engine)
        self.server.stop()
        self.server.forget_objects()
        self.second_user()
        self.server.start()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.engine)
        self.assert_same(expected, self.snapshot(), str(run))

    def test_a_server_that_is_killed_and_comes_back_empty_in_mid_run_costs_time_only(self):
        expected = self.expected()
        process = self.start([os.environ["GG"], "run", *self.engine, "--", *MAKE])
        self.wait_until(lambda: len(self.server.objects()) > 20, "the first objects at the server", process)
        self.server.stop(signal.SIGKILL)
        self.server.forget_everything()
        self.server.start()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, f"{out!r} {err!r}")
        self.assert_same(expected, self.snapshot(), repr(err))

    def test_connections_that_are_cut_again_and_again_cost_time_only(self):
        expected = self.expected()
        cuts = []

        def trouble(direction, so_far, chunk):
            if direction == "up" and so_far > 300_000 + 400_000 * len(cuts) and len(cuts) < 8:
                cuts.append(so_far)
                return None
            return chunk

        relay = Relay(self.server.port, trouble)
        self.addCleanup(relay.close)
        run = self.under_gg(MAKE, ["--engine", f"reapi://127.0.0.1:{relay.port}"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(len(cuts), 2, "the relay had no occasion to cut")

    def test_bytes_that_are_damaged_on_the_way_are_never_put_in_place(self):
        expected = self.expected()
        self.under_gg(MAKE, self.engine)
        self.second_user()
        damaged = []

        def trouble(direction, so_far, chunk):
            at = chunk.find(b"\x7fELF")
            if direction == "down" and 0 <= at < len(chunk) - 200 and len(damaged) < 5:
                damaged.append(at)
                chunk = chunk[:at + 100] + bytes([chunk[at + 100] ^ 1]) + chunk[at + 101:]
            return chunk

        relay = Relay(self.server.port, trouble)
        self.addCleanup(relay.close)
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, ["--engine", f"reapi://127.0.0.1:{relay.port}"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertGreater(len(damaged), 0, "the relay had no occasion to damage anything")

    def test_ctrl_c_stops_at_once_and_leaves_no_placeholder(self):
        self.fresh(CALCULATOR)
        process = self.start([os.environ["GG"], "run", *self.engine, "--", *MAKE])
        self.wait_until(lambda: len(self.server.objects()) > 20, "the first objects at the server", process)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (0, 130))  # 0: it had ended before
        self.assertLess(time.monotonic() - begin, 20)
        self.assert_no_placeholders()


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
        self.refused(["--engine", "http://127.0.0.1:80"], "there is no engine")

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


class Tls(ReapiCase):
    """TLS ends at a relay before the server, as at a cluster's front."""

    def setUp(self):
        super().setUp()
        self.files = Certificates(self.world / "certificates")

    def relay(self, **context):
        relay = Relay(self.server.port, tls=self.files.context(**context))
        self.addCleanup(relay.close)
        return f"grpcs://127.0.0.1:{relay.port}"

    def test_a_server_whose_authority_is_known(self):
        expected = self.expected()
        run = self.under_gg(MAKE, ["--engine", self.relay(), "--ca", self.files.path("ca.pem")])
        self.assert_same(expected, self.snapshot(), str(run))

    def test_a_server_whose_authority_is_unknown_is_not_talked_to(self):
        self.fresh(CALCULATOR)
        run = self.gg("run", "--engine", self.relay(), "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"--ca", run.err)

    def test_an_expired_certificate_is_not_talked_to(self):
        self.files.issue("expired", "0")
        self.fresh(CALCULATOR)
        time.sleep(1.1)  # a certificate for no days ends within its second
        run = self.gg("run", "--engine", self.relay(name="expired"), "--ca", self.files.path("ca.pem"), "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"certificate", run.err)

    def test_a_server_that_wants_a_clients_certificate(self):
        address = self.relay(clients=True)
        options = ["--engine", address, "--ca", self.files.path("ca.pem")]
        self.fresh(CALCULATOR)
        run = self.gg("run", *options, "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        run = self.under_gg(MAKE, [*options, "--client-certificate", self.files.path("client.pem"), "--client-key",
                                   self.files.path("client.key")])
        self.assertTrue((self.tree / "calculator").exists(), str(run))


if __name__ == "__main__":
    unittest.main(verbosity=2)
