"""Whatever reads a file that is still a placeholder gets the real bytes."""
import os
import shutil
import unittest

from ggtest import PATH, Case, skip

# Half a second of compiling: its reader comes while it is a placeholder.
SLOW = "#include <iostream>\n#include <map>\nint main() { std::map<int, int> m{{1, 2}}; std::cout << m[1] << \"\\n\"; }\n"


def project(recipe, flags="-O1"):
    """The reader runs right behind the compile and the link, as make would see it."""
    return {"Makefile": f"all: reader\nslow.o: slow.cc\n\tg++ {flags} -c slow.cc -o slow.o\nslow: slow.o\n\tg++ -o slow slow.o\n"
                        f"reader: slow.o slow\n{recipe}", "slow.cc": SLOW}


class Readers(Case):
    def check(self, recipe, flags="-O1", more=None):
        files = project("".join(f"\t{line}\n" for line in recipe), flags) | (more or {})
        run = self.build_both_ways(files, ["make"])
        self.assert_no_placeholders()
        return run

    def test_shell_cmp_of_a_copy(self):
        self.check(["cp slow.o copy.o", "cmp slow.o copy.o", "cat slow.o | cmp - copy.o"])

    def test_shell_redirection_and_read(self):
        self.check(["head -c 4 < slow.o > magic", "wc -c < slow.o > size"])

    def test_grep(self):
        self.check(["grep -c GLIBC slow > found"])

    def test_python(self):
        self.check(["python3 -c 'import sys; print(len(open(\"slow.o\", \"rb\").read()))' > size"])

    def test_python_that_maps_the_file(self):
        self.check(["python3 map.py > found"], more={
            "map.py": "import mmap\nf = open('slow.o', 'rb')\nprint(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:4])\n"})

    def test_tar_holds_the_real_bytes(self):
        self.check(["tar --sort=name --mtime=@0 --owner=0 --group=0 -cf all.tar slow.o slow"])

    def test_tar_of_a_directory_and_out_again(self):
        self.check(["mkdir -p into && mv slow.o into/ && tar -C into -cf t.tar . && mkdir out && tar -C out -xf t.tar",
                    "cmp out/slow.o into/slow.o", "rm t.tar"])

    def test_archivers_that_are_told_names_by_a_list(self):
        self.check(["printf 'slow.o\\nslow\\n' > list",
                    "cmake -E tar cf cmake.tar --mtime=1970-01-01 --files-from=list",
                    "cmake -E tar cf named.tar --mtime=1970-01-01 slow.o slow",
                    "mkdir out && cd out && tar -xf ../cmake.tar && cmp slow.o ../slow.o && tar -xf ../named.tar && cmp slow ../slow",
                    "rm *.tar"])

    def test_busybox_whichever_way_it_is_called(self):
        if shutil.which("busybox", path=PATH) is None or shutil.which("cpio", path=PATH) is None:
            skip(self, "no busybox, or no cpio")
        self.check(["mkdir -p bin && ln -sf `command -v busybox` bin/cpio && ln -sf `command -v busybox` bin/sh",
                    "printf 'slow.o\\nslow\\n' > list", "mkdir one two three",
                    "bin/cpio -o -H newc <list | (cd one && cpio -i)", "busybox cpio -o -H newc <list | (cd two && cpio -i)",
                    "bin/sh -c 'cpio -o -H newc <list' | (cd three && cpio -i)",
                    "for d in one two three; do cmp slow.o $$d/slow.o && cmp slow $$d/slow || exit 1; done",
                    "busybox cp slow.o copy.o", "busybox stat -c %s slow > size", "busybox wc -c slow.o > count"])

    def test_copy_if_different_compares_what_is_real(self):
        self.check(["cmake -E copy_if_different slow.o same.o", "touch -d @1000000000 same.o",
                    "g++ -O1 -DSAME_BYTES -c slow.cc -o slow.o", "cmake -E copy_if_different slow.o same.o", "stat -c %Y same.o > kept"])

    def test_size_given_as_an_argument(self):
        self.check(["stat -c %s slow.o > size", "size slow.o > sections", "du --apparent-size -b slow > used"])

    def test_a_static_program(self):
        # No dynamic loader, so nothing that is preloaded could have helped.
        self.check(["cc -static -o head head.c", "./head slow.o > four"], more={
            "head.c": "#include <fcntl.h>\n#include <unistd.h>\nint main(int c, char** v) { char b[4]; int f = open(v[1], O_RDONLY);\n"
                      "  return read(f, b, 4) == 4 && write(1, b, 4) == 4 ? 0 : 1; }\n"})

    def test_the_product_is_run(self):
        self.check(["./slow > answer"])

    def test_a_script_runs_the_product(self):
        self.check(["./run.sh"], more={"run.sh": "#!/bin/sh\nset -e\n./slow > answer\n[ -x slow ] && echo yes >> answer\n"})

    def test_install_strip_and_objcopy(self):
        self.check(["install -m 755 slow installed", "cp slow stripped && strip stripped",
                    "objcopy -O binary -j .rodata slow.o rodata", "nm slow.o > symbols", "readelf -h slow > header"])

    def test_moved_and_hard_linked_placeholders_become_real(self):
        self.check(["mv slow.o moved.o", "ln -f slow hard", "ln -sf slow soft", "cp -p slow kept", "cp -a soft soft2"])
        info = os.stat(self.tree / "slow")
        self.assertEqual((info.st_nlink, os.stat(self.tree / "hard").st_ino), (2, info.st_ino))

    def test_a_directory_of_placeholders_is_renamed(self):
        self.check(["mkdir -p d && cp slow.o d/ && mv d e", "rm -rf f && cp -r e f"])

    def test_a_removed_placeholder_stays_away(self):
        self.check(["cp slow.o other.o", "rm other.o"])

    def test_a_newer_file_is_not_overwritten_by_a_late_result(self):
        self.check(["rm slow.o && echo mine > slow.o"])

    def test_a_file_written_over_a_placeholder_in_place_stays(self):
        self.check(["echo mine > slow.o", "echo more >> slow"])

    def test_appending_to_a_placeholder_appends_to_the_real_file(self):
        self.check(["printf tail >> slow"])

    def test_find_and_xargs(self):
        self.check(["find . -name '*.o' | sort | xargs sha256sum > sums"])

    def test_shell_builtin_tests_see_size_and_mode(self):
        self.check(["test -s slow.o && test -x slow && test ! -x slow.o"])

    def test_times_decide_as_in_a_plain_build(self):
        self.check(["touch stamp", "test slow -nt slow.o || test ! slow.o -nt slow"])
        self.assert_nothing_to_do(["make"])

    def test_read_only_objects_and_the_umask(self):
        self.check(["chmod 444 slow.o", "(umask 077; g++ -O1 -c slow.cc -o private.o)"])

    def test_an_archiver_that_is_told_names_by_a_pipe(self):
        self.check(["ls slow.o slow | tar -cf all.tar -T -", "tar -xOf all.tar slow.o | cmp - slow.o", "rm all.tar"])

    def test_a_response_file(self):
        self.check(["echo slow.o > list && g++ -o again @list"])

    def test_debuggers_notes_survive(self):
        self.check(["objcopy --only-keep-debug slow slow.debug && objcopy --strip-debug slow && "
                    "objcopy --add-gnu-debuglink=slow.debug slow"], flags="-g")


if __name__ == "__main__":
    unittest.main(verbosity=2)
