"""What really goes to a Remote Execution server: who asks, of which run, and bytes compressed. The server is a strict double
(src/storage/reapi/strict_server.cc), since the real ones let everybody in."""
import collections
import os
import random
import subprocess
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, Case
from servers import MAKE, Relay

TOKEN = "a.secret.token"


class Strict(Case):
    def serve(self, *options):
        server = subprocess.Popen([os.environ["GG_STRICT_SERVER"], TOKEN, *options], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: server.communicate(timeout=20))
        self.port = int(server.stdout.readline())
        self.server = server

    def took(self):
        """The calls that the server took, by run. It is stopped."""
        runs = collections.defaultdict(collections.Counter)
        for line in self.server.communicate(timeout=20)[0].splitlines():
            call, run = line.split(" ")
            runs[run][call] += 1
        return list(runs.values())

    @property
    def shared(self):
        return ["--store", f"reapi://127.0.0.1:{self.port}"]

    def token(self, text=TOKEN):
        self.write({"../token": text + "\n"})
        return ["--token-file", str(self.world / "token")]

    def helper(self, script):
        self.write({"../bin/helper": "#!/bin/sh\n" + script})
        return ["--credential-helper", str(self.world / "bin/helper")]

    def refused(self, options, *words):
        self.fresh({"Makefile": "all:\n\ttouch built\n"})
        run = self.gg("run", *self.shared, *options, "--", "make")
        self.assertEqual(run.status, 3, str(run))
        self.assertFalse((self.tree / "built").exists(), str(run))
        for word in words:
            self.assertIn(word, run.err, str(run))
        self.assertNotIn(TOKEN.encode(), run.err, str(run))

    def test_each_call_says_who_asks_and_for_which_run(self):
        self.serve()
        for hits in (0, CALCULATOR_COMMANDS):
            self.fresh(CALCULATOR)
            self.under_gg(MAKE, [*self.shared, *self.token()])
            self.assertEqual(self.stats()["hits"], hits)
            subprocess.run(["rm", "-rf", self.store], check=True)
        first, second = self.took()
        self.assertEqual(first["UpdateActionResult"], CALCULATOR_COMMANDS)
        self.assertGreaterEqual(second["GetActionResult"], CALCULATOR_COMMANDS)
        self.assertEqual((first["GetCapabilities"], second["GetCapabilities"]), (1, 1))
        self.assertGreater(second["BatchReadBlobs"], 0)

    def test_who_is_not_let_in_is_told_so(self):
        self.serve()
        said = (b"127.0.0.1:%d' does not let gg in" % self.port, b"who are you?", b"--token-file", b"--credential-helper")
        self.refused([], *said)
        self.refused(self.token("another"), *said)
        self.refused(self.helper("echo '{\"headers\": {\"Authorization\": [\"Bearer other\"]}}'\n"), *said)

    def test_a_credential_helper_says_who_asks(self):
        self.serve()
        self.fresh(CALCULATOR)
        options = self.helper(f"""
            test "$*" = get && grep -q '"uri":"http://127.0.0.1:{self.port}/"' || exit 1
            echo asked >> {self.world}/asked
            echo '{{"headers": {{"Authorization": ["Bearer {TOKEN}"]}}, "expires": "2999-01-01T00:00:00Z"}}'
            """)
        self.under_gg(MAKE, [*self.shared, *options])
        self.assertEqual((self.world / "asked").read_text(), "asked\n")
        self.assertEqual(self.took()[0]["UpdateActionResult"], CALCULATOR_COMMANDS)

    def test_a_credential_helper_on_the_path_may_be_named_in_the_config(self):
        self.serve()
        self.helper(f"echo '{{\"headers\": {{\"Authorization\": [\"Bearer {TOKEN}\"]}}}}'\n")
        self.write({"../config.toml": f'store = "reapi://127.0.0.1:{self.port}"\ncredential-helper = "helper"\n'})
        self.fresh({"Makefile": "o.o: o.c\n\t$(CC) -c -o $@ $<\n", "o.c": "int o;\n"})
        path = f"{self.world}/bin:{self.environment['PATH']}"
        self.under_gg(MAKE, ["--config", str(self.world / "config.toml")], env={"PATH": path})
        self.assertEqual(self.took()[0]["UpdateActionResult"], 1)

    def test_a_credential_helper_of_no_use_is_named(self):
        self.serve()
        name = str(self.world / "bin/helper").encode()
        self.refused(self.helper("echo log in first >&2; exit 1\n"), name, b"exit 1", b"log in first")
        self.refused(self.helper(f"echo {TOKEN}\n"), name, b"does not answer with JSON")
        self.refused(["--credential-helper", "nowhere"], b"'nowhere' is not on PATH")
        self.refused([*self.helper("exit 1\n"), *self.token()], b"give one of them")

    def test_bytes_travel_compressed_where_the_server_offers_it(self):
        numbers = ", ".join(str(n) for n in random.Random(1).choices(range(100), k=600_000))
        files = {"Makefile": "o.o: o.c\n\t$(CC) -c -o $@ $<\n", "o.c": f"const short o[] = {{{numbers}}};\n"}
        carried = {}
        for options in ((), ("zstd",)):
            self.serve(*options)
            relay = Relay(self.port)
            self.addCleanup(relay.close)
            self.port = relay.port
            made = []
            for _ in range(2):
                self.fresh(files)
                run = self.under_gg(MAKE, [*self.shared, *self.token()])
                made.append((self.tree / "o.o").read_bytes())
                subprocess.run(["rm", "-rf", self.store], check=True)
            self.assertEqual(made[0], made[1], str(run))
            carried[options] = relay.carried
        plain, packed = carried.values()
        for direction in ("up", "down"):
            self.assertGreater(plain[direction], 1_200_000)
            self.assertLess(packed[direction], plain[direction] * 0.7, carried)


if __name__ == "__main__":
    unittest.main(verbosity=2)
