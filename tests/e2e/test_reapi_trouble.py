"""Right ends when a Remote Execution server, its memory or the network fails, and TLS."""
import os
import signal
import time
import unittest

from ggtest import CALCULATOR
from reapi_server import ReapiCase
from servers import MAKE, Certificates, Relay


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

    def test_a_server_at_the_other_end_of_the_world_is_reached(self):
        relay = Relay(self.server.port, delay=0.15)
        self.addCleanup(relay.close)
        self.tree.mkdir()
        self.under_gg(["true"], ["--engine", f"reapi://127.0.0.1:{relay.port}"])

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
