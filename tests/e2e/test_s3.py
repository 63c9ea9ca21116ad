"""Builds that share results through a bucket of a real S3 server: the same bytes as plainly, and hits only for a second user.
s3_server.py has the server, test_s3_trouble.py what goes wrong with it."""
import random
import re
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS
from s3_server import KEY, SECRET, S3Case
from servers import MAKE, Certificates


def objects_in(pack):
    """How many; its footer says so (spec/packs.md)."""
    return int.from_bytes(pack.read_bytes()[-56:-48], "big")


class Sharing(S3Case):
    def test_a_second_user_has_hits_only_and_runs_no_compiler(self):
        expected = self.expected()
        run = self.under_gg(MAKE, self.shared())
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS))
        self.second_user()
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, [*self.shared(), "--cache=read", "--max-executions=0"])
        self.assert_same(expected, self.snapshot(), str(run))
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))
        self.assertEqual(run.err.count(b"going on"), 0, str(run))

    def test_what_the_bucket_says_is_computed_again_and_compared(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.shared())
        verify = ("verify", "--remote", "--share", "100")
        run = self.ok(self.gg(*verify, *self.shared()))
        self.assertIn(f"{CALCULATOR_COMMANDS} the same, 0 not what the server says".encode(), run.out, str(run))
        run = self.gg(*verify, *self.shared(prefix="empty"))
        self.assertEqual(run.status, 1, str(run))
        self.assertIn(f"{CALCULATOR_COMMANDS} have no result there".encode(), run.out, str(run))

    def test_what_belongs_together_is_in_few_packs(self):
        self.fresh(CALCULATOR)
        run = self.under_gg(MAKE, self.shared())
        packs = self.server.packs()
        self.assertLessEqual(len(packs), 2 + run.seconds)  # two tellers, each every two seconds at most, and the end
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.shared())
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))
        # How far the build has come when a link is inferred decides which form of its thunk is asked for first: a memo may be new.
        self.assertEqual([objects_in(pack) for pack in self.server.packs() if pack not in packs and objects_in(pack)], [],
                         "what is there is not sent again")

    def test_the_bucket_may_be_a_host(self):
        endpoint = f"http://localhost:{self.server.port}"
        expected = self.expected()
        self.under_gg(MAKE, self.shared(endpoint, "&style=host"))
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.shared())
        self.assert_same(expected, self.snapshot())
        self.assertEqual(self.hits(), (CALCULATOR_COMMANDS, 0))

    def test_an_object_larger_than_one_part_comes_through(self):
        self.fresh({"Makefile": "blob.a: blob\n\t$(AR) rcD $@ $<\n"})
        self.write({"blob": random.Random(7).randbytes(20 << 20)})
        self.under_gg(MAKE, self.shared())
        expected = (self.tree / "blob.a").read_bytes()
        self.assertGreater(max(path.stat().st_size for path in self.server.packs()), 16 << 20)
        self.second_user()
        (self.tree / "blob.a").unlink()
        self.under_gg(MAKE, [*self.shared(), "--max-executions=0"])
        self.assertEqual((self.tree / "blob.a").read_bytes(), expected)

    def test_what_is_read_only_or_off_is_left_alone(self):
        for mode in ("read", "off"):
            self.fresh(CALCULATOR)
            self.under_gg(MAKE, [*self.shared(), f"--cache={mode}"])
            self.assertEqual(self.hits(), (0, CALCULATOR_COMMANDS), mode)
            self.assertEqual(self.server.packs(), [])
            self.second_user()

    def test_prefixes_do_not_see_each_other(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, self.shared(prefix="cache"))
        for hits in ((0, CALCULATOR_COMMANDS), (CALCULATOR_COMMANDS, 0)):
            self.second_user()
            self.fresh(CALCULATOR)
            self.under_gg(MAKE, self.shared(prefix="cache/an other+one/ä"))
            self.assertEqual(self.hits(), hits)

    def test_warnings_come_through_again_on_a_hit(self):
        files = {"Makefile": "w.o: w.c\n\t$(CC) -Wall -c -o $@ $<\n", "w.c": "int f(void) { int unused; return 1; }\n"}
        self.fresh(files)
        plain = self.plain(MAKE)
        for _ in range(2):
            self.fresh(files)
            run = self.under_gg(MAKE, self.shared())
            self.assertEqual(plain.err, run.foreign_err)
            self.second_user()

    def test_the_config_file_may_say_it_and_a_profile_may_sign(self):
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        self.write({".aws/config": f"[profile ci]\nregion = us-east-1\nendpoint_url = {self.server.endpoint}\n",
                    ".aws/credentials": f"[ci]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n",
                    ".config/gg/config.toml": 'store = "s3://team/cache?profile=ci"\n'}, self.home)
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assertNotEqual(self.server.packs(), [])


class OverTls(S3Case):
    def setUp(self):
        super().setUp()
        self.server.stop()
        self.server.certificates = Certificates(self.world / "certificates")
        self.server.start()

    def test_a_certificate_is_checked(self):
        self.fresh(CALCULATOR)
        run = self.gg("run", *self.shared(), "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertTrue(re.search(b"certificate", run.err), str(run))
        authority = ["--ca", self.server.certificates.path("ca.pem")]
        self.under_gg(MAKE, [*self.shared(), *authority])
        self.second_user()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE, [*self.shared(), *authority, "--max-executions=0"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
