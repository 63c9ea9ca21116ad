"""Builds on functions that fail by chance, and on a bucket that does: all end right, byte for byte, and what is charged to the cap is
never less than what was billed. GG_SEEDS says how many seeds of each."""
import os
import random
import unittest

from cloud_case import CloudCase
from functions import Function
from ggtest import CALCULATOR
from servers import MAKE


class Faults(CloudCase):
    """Each kind alone at 20 %, and all together at 1 %."""
    SEEDS = range(int(os.environ.get("GG_SEEDS", "1")))

    def survives(self, faults, bucket_fault=None):
        expected = self.expected()
        for seed in self.SEEDS:
            service = self.cloud(faults=faults, seed=seed, functions=[Function(f"gg-{n}", memory) for n, memory in enumerate((1769, 1769, 10240))])
            self.fresh(CALCULATOR)
            run = self.under_gg(MAKE, self.at(service, bucket=bucket_fault and self.relay(bucket_fault(seed))))
            self.assert_same(expected, self.snapshot(), f"{faults}, seed {seed}: {run}")
            self.assertGreaterEqual(self.stats()["billed_micro_dollars"], service.billed * 1e6 - 1e-6, f"{faults}, seed {seed}")
            for fault, share in faults.items():
                self.assertTrue(share < 0.2 or service.counts[f"fault {fault}"], service.counts)
            self.second_user()
            self.server.empty()

    def test_429(self):
        self.survives({"429": 0.2})

    def test_500(self):
        self.survives({"500": 0.2})

    def test_reset_in_mid_response(self):
        self.survives({"reset": 0.2})

    def test_executed_twice(self):
        self.survives({"twice": 0.2})

    def test_crash(self):
        self.survives({"crash": 0.2})

    def test_out_of_memory(self):
        self.survives({"memory": 0.2})

    def test_a_bucket_that_breaks_off_a_fifth_of_its_answers(self):
        def breaking(seed):
            chance = random.Random(seed)
            is_one = lambda direction, chunk: direction == "down" and chunk.startswith(b"HTTP/")
            return lambda direction, so_far, chunk: None if is_one(direction, chunk) and chance.random() < 0.2 else chunk
        self.survives({}, breaking)

    def test_a_bucket_that_flips_a_bit_in_a_fifth_of_its_answers(self):
        def flipping(seed):
            chance = random.Random(seed)

            def trouble(direction, so_far, chunk):
                body = chunk.find(b"\r\n\r\n") + 4 if direction == "down" and chunk.startswith(b"HTTP/") else len(chunk)
                if body >= len(chunk) or chance.random() > 0.2:
                    return chunk
                at = chance.randrange(body, len(chunk))
                return chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1:]
            return trouble
        self.survives({}, flipping)

    def test_all_together(self):
        self.survives({"429": 0.01, "500": 0.01, "reset": 0.01, "twice": 0.01, "crash": 0.01, "memory": 0.01})


if __name__ == "__main__":
    unittest.main(verbosity=2)
