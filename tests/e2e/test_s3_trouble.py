"""What goes wrong with a bucket: refusals are told before anything is built, with what to do; in mid-run nothing fails the
build."""
import http.server
import itertools
import json
import threading
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from s3_server import KEY, SECRET, S3Case
from servers import MAKE, Relay, free_port


def expiring(when):
    """What a relay does so that the credentials have expired for the answers whose number `when` says yes to."""
    answers = itertools.count(1)

    def trouble(direction, so_far, chunk):
        return EXPIRED if direction == "down" and chunk.startswith(b"HTTP/1.1 ") and when(next(answers)) else chunk
    return trouble


class Refused(S3Case):
    """Each with a reason that names the bucket and what to do, before anything is built."""

    def refused(self, options, *words, env=None):
        self.fresh({"Makefile": "all:\n\ttouch built\n"})
        run = self.gg("run", *options, "--", "make", env=env)
        self.assertEqual(run.status, 3, str(run))
        self.assertFalse((self.tree / "built").exists(), str(run))
        for word in words:
            self.assertIn(word.encode(), run.err, str(run))
        self.assertNotIn(SECRET.encode(), run.err, str(run))
        return run

    def test_what_is_no_address(self):
        self.refused(["--store", "s3://a b"], "'a b' is no name of a bucket", "s3://BUCKET/PREFIX")
        self.refused(["--store", "s3://team?regoin=x"], "nobody knows its 'regoin=x'")
        self.refused(["--store", "redis://host"], "redis://host")

    def test_no_credentials(self):
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        self.refused(self.shared(), "no AWS credentials", "AWS_ACCESS_KEY_ID", "aws configure")
        self.refused(self.shared(more="&profile=nobody"), "has a profile 'nobody'")

    def test_credentials_of_somebody_else(self):
        self.refused(self.shared(), "InvalidAccessKeyId", "does not know this access key", env={"AWS_ACCESS_KEY_ID": "AKIDOTHER"})
        self.refused(self.shared(), "SignatureDoesNotMatch", "secret access key", env={"AWS_SECRET_ACCESS_KEY": "wrong"})

    def test_a_bucket_that_is_not_there(self):
        self.refused(["--store", f"s3://other/cache?endpoint={self.server.endpoint}"], "NoSuchBucket", "no bucket 'other'", "aws s3 mb")

    def test_a_region_that_is_another(self):
        self.refused(self.shared(more="&region=mars-1"), "'mars-1'", "region=us-east-1")

    def test_a_user_who_may_not_list(self):
        self.server.make_user("AKIDGUEST", "guest-secret")
        self.refused(self.shared(), "AccessDenied", "s3:ListBucket on arn:aws:s3:::team",
                     env={"AWS_ACCESS_KEY_ID": "AKIDGUEST", "AWS_SECRET_ACCESS_KEY": "guest-secret"})

    def test_a_port_where_nobody_listens_and_one_that_speaks_something_else(self):
        port = free_port()
        self.refused(self.shared(f"http://127.0.0.1:{port}"), f"127.0.0.1:{port}", "s3://team/cache")

        class Greeter(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *words):
                pass

        other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeter)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        self.refused(self.shared(f"http://127.0.0.1:{other.server_address[1]}"), "is that an S3 server?")

    def test_it_does_not_go_with_an_engine_elsewhere(self):
        self.refused([*self.shared(), "--engine", "reapi://127.0.0.1:1"], "keeps its own results")


def answer(status, code):
    body = f"<Error><Code>{code}</Code><Message>The relay says so.</Message></Error>"
    return f"HTTP/1.1 {status} Refused\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


SLOW_DOWN, EXPIRED = answer(503, "SlowDown"), answer(400, "ExpiredToken")


class MidRun(S3Case):
    """A relay between gg and the server."""

    def relay(self, trouble):
        relay = Relay(self.server.port, trouble)
        self.addCleanup(relay.close)
        return f"http://127.0.0.1:{relay.port}"

    def through(self, trouble, options=()):
        return self.under_gg(MAKE, [*self.shared(self.relay(trouble)), *options])

    def rarely(self, fault, every=3):
        """`fault` is done to the first chunk that comes down and that it would change, and to each so-manieth such chunk after it. Not by
        chance, so that a failure can be repeated."""
        lock, count, self.faults = threading.Lock(), [0], 0

        def trouble(direction, so_far, chunk):
            if direction == "up":
                return chunk
            with lock:
                changed = fault(chunk)
                if changed == chunk:
                    return chunk
                count[0] += 1
                if count[0] % every != 1:
                    return chunk
                self.faults += 1
                return changed

        return trouble

    def both_ways(self, fault):
        """One user tells, another asks, both with that trouble; the bytes are those of a plain build."""
        expected = self.expected()
        run = self.through(self.rarely(fault))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertNotIn(b"going on without", run.err, str(run))
        faults = self.faults
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.through(self.rarely(fault), ["--cache=read", "--max-executions=0"])
        self.assertGreater(faults + self.faults, 0)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_503(self):
        self.both_ways(lambda chunk: SLOW_DOWN if chunk.startswith(b"HTTP/1.1 ") else chunk)

    def test_resets(self):
        self.both_ways(lambda chunk: None)

    def test_answers_that_break_off(self):
        expected = self.expected()
        self.under_gg(MAKE, self.shared())
        self.second_user()
        self.fresh(CALCULATOR)
        broken = []  # the first just stops, the second is cut

        def trouble(direction, so_far, chunk):
            if direction == "up":
                return chunk
            if len(broken) >= 2 or len(chunk) < 300:
                return chunk
            broken.append(True)
            return chunk[:len(chunk) // 2] if len(broken) == 1 else None

        run = self.through(trouble, ["--cache=read", "--max-executions=0"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(len(broken), 2)

    def test_bits_that_flip(self):
        def flip(chunk):
            return chunk[:-3] + bytes([chunk[-3] ^ 1]) + chunk[-2:] if len(chunk) > 600 else chunk

        self.both_ways(flip)

    def test_bits_that_flip_on_the_way_up_are_refused_and_sent_again(self):
        flipped = []

        def flip(direction, so_far, chunk):
            if direction == "up" and len(chunk) > 2000 and not flipped:
                flipped.append(True)
                return chunk[:-70] + bytes([chunk[-70] ^ 1]) + chunk[-69:]
            return chunk

        self.fresh(CALCULATOR)
        run = self.through(flip)
        self.assertTrue(flipped)
        self.assertNotIn(b"going on without", run.err, str(run))
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.shared(), "--max-executions=0"])

    def test_a_server_that_goes_away_costs_one_warning(self):
        expected = self.expected()
        cut = []

        def trouble(direction, so_far, chunk):
            cut.extend([True] * (b"PUT /" in chunk))
            return None if cut else chunk  # the listing passes

        run = self.through(trouble)
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(run.err.count(b"going on without"), 1, str(run))

    def test_a_bucket_that_is_emptied_in_mid_run_is_filled_again(self):
        expected = self.expected()
        self.under_gg(MAKE, self.shared())
        self.second_user()
        emptied = []

        def trouble(direction, so_far, chunk):
            if direction == "up" and b"list-type" not in chunk and b"Range: bytes=" in chunk and len(emptied) < 2:
                emptied.append(True)
                if len(emptied) == 2:  # the index has been read
                    self.server.empty()
            return chunk

        self.fresh(CALCULATOR)
        run = self.through(trouble)
        self.assertEqual(len(emptied), 2)
        self.assert_same(expected, self.snapshot(), str(run))
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.shared(), "--max-executions=0"])
        self.assert_same(expected, self.snapshot())

    def test_a_session_that_expires_in_mid_run_is_renewed(self):
        """Credentials come from a process. The server says once that they have expired; the process then gives others."""
        self.server.make_user("AKIDADMIN", "admin-secret", "admin")
        calls = self.world / "calls"
        first, others = ({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret}
                         for key, secret in ((KEY, SECRET), ("AKIDADMIN", "admin-secret")))
        self.write({"../process": f"#!/bin/sh\nif [ -e {calls} ]; then echo '{json.dumps(others)}'; else echo '{json.dumps(first)}'; fi\n"
                                  f"echo call >> {calls}\n",
                    "../home/.aws/config": f"[default]\ncredential_process = {self.world}/process\n"})
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        expected = self.expected()
        run = self.through(expiring(lambda answer: answer == 2))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertNotIn(b"going on", run.err, str(run))
        self.assertEqual(calls.read_text(), "call\n" * 2)
        self.assertNotEqual(self.server.packs(), [])

    def test_a_session_that_has_expired_for_good_costs_one_warning(self):
        expected = self.expected()
        run = self.through(expiring(lambda answer: answer != 1))
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertIn(b"the session has expired: sign in again", run.err, str(run))
        self.assertEqual(run.err.count(b"going on without"), 1, str(run))

    def test_who_may_only_read_is_told_once_and_has_all_hits(self):
        expected = self.expected()
        self.under_gg(MAKE, self.shared())
        self.second_user()

        def no_writing(direction, so_far, chunk):
            return chunk.replace(b"PUT /", b"PUT /x", 1) if direction == "up" and chunk.startswith(b"PUT /") else chunk

        self.fresh(CALCULATOR | {"src/print.c": CALCULATOR["src/print.c"] + "\n"})
        run = self.through(no_writing)  # what is signed is not what arrives: it is refused
        self.assertEqual(run.err.count(b"going on without telling others"), 1, str(run))
        self.assertGreater(self.hits()[0], 0)
        self.assert_same(expected | {b"src/print.c": None}, self.snapshot() | {b"src/print.c": None}, str(run))


if __name__ == "__main__":
    unittest.main(verbosity=2)
