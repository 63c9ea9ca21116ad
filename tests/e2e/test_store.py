"""A store that is full, damaged, read-only or somebody else's: a clear word, or it works; never a wrong byte."""
import os
import subprocess
import unittest

from ggtest import CALCULATOR, CALCULATOR_COMMANDS, NOBODY, Case, skip

MAKE = ["make", "-j2"]


class Store(Case):
    def built(self):
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        return self.snapshot()

    def objects(self):
        return sorted(path for path in (self.store / "objects").rglob("*") if path.is_file())

    def flip_a_bit(self, path):
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            byte = file.read(1)
            file.seek(0)
            file.write(bytes([byte[0] ^ 1]))
        os.utime(path, (946684800, 946684800))  # so that nothing but the bytes tells
        os.chmod(path, 0o444)

    def test_a_flipped_bit_in_any_object_never_reaches_the_tree(self):
        made = self.built()
        for path in self.objects():
            if path.stat().st_size > 0:
                self.flip_a_bit(path)
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())
        self.assertEqual((self.stats()["ran"], self.stats()["native"]), (CALCULATOR_COMMANDS, 0), "made again, as thunks")

    def test_fsck_finds_and_quarantines_a_flipped_bit(self):
        made = self.built()
        victim = next(path for path in self.objects() if path.read_bytes()[:4] == b"\x7fELF")
        self.flip_a_bit(victim)
        looked = self.gg("fsck", "--dry-run", cwd=self.world)
        self.assertEqual((looked.status, victim.exists()), (1, True), str(looked))
        found = self.gg("fsck", cwd=self.world)
        self.assertEqual((found.status, victim.exists()), (1, False), str(found))
        self.assertIn(victim.name.encode(), found.out + found.err)
        self.ok(self.gg("fsck", cwd=self.world))
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())

    def test_lost_objects_are_made_again(self):
        made = self.built()
        for path in self.objects():
            path.unlink()
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())

    def test_a_store_emptied_to_nothing_is_filled_again(self):
        made = self.built()
        self.ok(self.gg("gc", "--size", "0", cwd=self.world))
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())

    def test_gc_comes_down_to_the_size_asked_for(self):
        self.built()
        self.ok(self.gg("gc", "--size", "64K", cwd=self.world))
        left = sum((path.stat().st_size + 4095) // 4096 * 4096 for path in self.objects())
        self.assertLessEqual(left, 64 * 1024)

    def test_a_damaged_memo_database_is_set_aside(self):
        made = self.built()
        (self.store / "records.sqlite").write_bytes(b"this is no database" * 1000)
        for name in ("records.sqlite-wal", "records.sqlite-shm"):
            (self.store / name).unlink(missing_ok=True)
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())

    def test_writing_to_an_output_in_place_does_not_reach_the_store(self):
        made = self.built()
        for name in ("calculator", "src/main.o", "lib/libarith.a"):
            with open(self.tree / name, "r+b") as file:
                file.write(b"scribble")
        self.fresh(CALCULATOR)
        self.under_gg(MAKE)
        self.assert_same(made, self.snapshot())
        self.ok(self.gg("fsck", cwd=self.world))

    def test_a_store_that_cannot_be_made_is_said(self):
        self.fresh(CALCULATOR)
        (self.world / "file").write_text("in the way")
        run = self.gg("run", "--store", str(self.world / "file"), "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(str(self.world / "file").encode(), run.err)
        self.assert_no_placeholders()

    def test_a_store_of_somebody_else_is_refused_with_advice(self):
        if os.getuid() != 0:
            skip(self, "only root can make a store that is somebody else's")
        self.built()
        for folder, folders, names in os.walk(self.store):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                os.chown(path, NOBODY, NOBODY)
        self.fresh(CALCULATOR)
        run = self.gg("run", "--", *MAKE)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(str(self.store).encode(), run.err)
        self.assertIn(b"own", run.err)

    def test_a_full_disk_is_said_and_nothing_wrong_is_left(self):
        if os.getuid() != 0:
            skip(self, "only root can mount a small file system")
        small = self.world / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "small", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        self.fresh(CALCULATOR)
        run = self.gg("run", "--store", str(small / "store"), "--", *MAKE)
        self.assert_no_placeholders()
        if run.status == 0:  # what could not be kept ran natively: fine, if it is right
            made = self.snapshot()
            self.fresh(CALCULATOR)
            self.plain(MAKE)
            self.assert_same(self.snapshot(), made, str(run))
        else:
            self.assertIn(b"No space left on device", run.err, str(run))
            self.assertIn(str(small).encode(), run.err, str(run))
        self.plain(MAKE)
        self.assertEqual(self.plain([self.tree / "calculator", "6*7"]).out, b"42\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
