"""One small project of each kind of build system, with the habits that the real ones have."""
import os
import shutil
import unittest

from ggtest import PATH, Case, skip

# What the kernel, busybox, U-Boot and buildroot share: a make that calls itself for each directory, commands kept in
# .cmd files by a helper that the build makes first, a configuration tool of its own, thin archives, a partial link.
KBUILD = {
    "Makefile": """\
MAKEFLAGS += -rR --no-print-directory
CC = gcc
LD = ld
AR = ar
HOSTCC = gcc
export CC LD AR HOSTCC
objs := init/ lib/
all: vmlinux
scripts/fixdep: scripts/fixdep.c
	$(HOSTCC) -Wp,-MMD,scripts/.fixdep.d -O2 -o $@ $<
scripts/conf: scripts/conf.c
	$(HOSTCC) -O2 -o $@ $<
include/generated/autoconf.h: .config scripts/conf
	@mkdir -p $(@D)
	scripts/conf .config > $@
prepare: scripts/fixdep include/generated/autoconf.h
$(objs): prepare
	$(MAKE) -f scripts/Makefile.build obj=$(patsubst %/,%,$@)
vmlinux: $(objs)
	sh scripts/link.sh $@ $(addsuffix built-in.a,$(objs))
.PHONY: all prepare $(objs)
""",
    "scripts/Makefile.build": """\
include $(obj)/Makefile
depfile = $(obj)/.$(@F).d
squote := '
cmd_cc_o_c = $(CC) -Wp,-MMD,$(depfile) -nostdinc -Iinclude -include include/generated/autoconf.h -O2 -ffreestanding -fno-pie \
  -DKBUILD_MODNAME='"$(basename $(@F))"' -c -o $@ $<
cmd_ar = rm -f $@; $(AR) cDPrST $@ $(real)
arg-check = $(if $(strip $(cmd_$@)),,1)
if_changed_dep = $(if $(newer-prereqs)$(arg-check),@set -e; echo '  CC      $@'; $(cmd_$(1)); \
  scripts/fixdep $(depfile) $@ '$(subst $(squote),,$(cmd_$(1)))' > $(obj)/.$(@F).cmd; rm -f $(depfile),@:)
newer-prereqs = $(filter-out $(PHONY),$?)
real := $(addprefix $(obj)/,$(obj-y))
PHONY += build FORCE
build: $(obj)/built-in.a
$(obj)/built-in.a: $(real) FORCE
	$(if $(newer-prereqs)$(arg-check),@$(cmd_ar); printf '%s\\n' 'cmd_$@ := made' > $(obj)/.built-in.a.cmd,@:)
$(obj)/%.o: $(obj)/%.c FORCE
	$(call if_changed_dep,cc_o_c)
FORCE:
-include $(foreach o,$(real) $(obj)/built-in.a,$(dir $(o)).$(notdir $(o)).cmd)
.PHONY: $(PHONY)
""",
    "scripts/fixdep.c": r"""
#include <stdio.h>
#include <string.h>
/* Turns gcc's depfile into a .cmd file. */
int main(int argc, char** argv) {
  FILE* in = fopen(argv[1], "r");
  char word[4096];
  if (argc != 4 || !in || fscanf(in, "%4095s", word) != 1) return 1;
  printf("cmd_%s := %s\n\ndeps_%s := \\\n", argv[2], argv[3], argv[2]);
  while (fscanf(in, "%4095s", word) == 1)
    if (strcmp(word, "\\")) printf("  %s \\\n", word);
  printf("\n%s: $(deps_%s)\n$(deps_%s):\n", argv[2], argv[2], argv[2]);
  return fclose(in);
}
""",
    "scripts/conf.c": r"""
#include <stdio.h>
int main(int argc, char** argv) {
  FILE* in = fopen(argv[1], "r");
  char name[256], value[256];
  if (!in) return 1;
  while (fscanf(in, "CONFIG_%255[^=]=%255s\n", name, value) == 2) printf("#define CONFIG_%s %s\n", name, value[0] == 'y' ? "1" : value);
  return fclose(in);
}
""",
    "scripts/link.sh": "#!/bin/sh\nset -e\n${LD} -r -o vmlinux.o --whole-archive $2 $3\n${LD} -e start -o $1 vmlinux.o\n"
                       "nm -n $1 | grep -v '\\( [aNUw] \\)' > System.map\n",
    ".config": "CONFIG_PRINT=y\nCONFIG_DEPTH=4\n",
    "include/k.h": "#pragma once\nint depth(void);\nint twice(int n);\n",
    "init/Makefile": "obj-y := main.o\n",
    "init/main.c": "#include <k.h>\nconst char* name = KBUILD_MODNAME;\nvoid start(void) { volatile int d = depth(); (void)d; for (;;) {} }\n",
    "lib/Makefile": "obj-y := depth.o twice.o\n",
    "lib/depth.c": "#include <k.h>\nint depth(void) { return twice(CONFIG_DEPTH); }\n",
    "lib/twice.c": "#include <k.h>\n#ifdef CONFIG_PRINT\nint twice(int n) { return 2 * n; }\n#endif\n",
}
KBUILD_COMMANDS = 2 + 3 + 2 + 2

# What a generated libtool does for a .lo and a library: both kinds of object, the messages of the second silenced, a
# temporary that is moved, a relink by ln and rm.
LIBTOOL = {
    "libtool": """\
#!/bin/sh
set -e
mode=$2; shift 2
case $mode in
--mode=compile)
  for word; do case $word in *.c) src=$word ;; *.lo) lo=$word ;; esac; done
  base=${lo%.lo}
  test -d .libs || mkdir .libs 2>/dev/null || test -d .libs
  gcc -g -O1 -Wall -MT $lo -MD -MP -MF .deps/$base.Tpo -c $src -fPIC -DPIC -o .libs/$base.o
  gcc -g -O1 -Wall -MT $lo -MD -MP -MF .deps/$base.Tpo -c $src -o $base.o >/dev/null 2>&1
  cat > ${lo}T <<E
# $lo - a libtool object file
pic_object='.libs/$base.o'
non_pic_object='$base.o'
E
  mv ${lo}T $lo ;;
--mode=link)
  gcc -shared -fPIC -DPIC .libs/one.o .libs/two.o -g -O1 -Wl,-soname -Wl,libx.so.1 -o .libs/libx.so.1.0.0
  (cd .libs && rm -f libx.so.1 && ln -s libx.so.1.0.0 libx.so.1)
  (cd .libs && rm -f libx.so && ln -s libx.so.1.0.0 libx.so)
  ar cr .libs/libx.a one.o two.o
  ranlib .libs/libx.a
  (cd .libs && rm -f libx.la && ln -s ../libx.la libx.la)
  echo "dlname='libx.so.1'" > libx.la ;;
esac
""",
    "Makefile": """\
all: app
.c.lo:
	@mkdir -p .deps
	./libtool --silent --mode=compile gcc -c -o $@ $< && mv -f .deps/$*.Tpo .deps/$*.Plo
libx.la: one.lo two.lo
	./libtool --silent --mode=link gcc -o $@ one.lo two.lo
app: app.c libx.la
	gcc -o $@ app.c .libs/libx.so -Wl,-rpath,.libs
.SUFFIXES: .c .lo
""",
    "one.c": "int one(void) { int unused; return 1; }\n", "two.c": "int two(void) { return 2; }\n",
    "app.c": "int one(void);\nint two(void);\nint main(void) { return one() + two(); }\n",
}
LIBTOOL_COMMANDS = 4 + 3 + 1


class BuildSystems(Case):
    def test_kbuild(self):
        run = self.build_both_ways(KBUILD, ["make", "-j2"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (KBUILD_COMMANDS, 0), stats)
        self.assertEqual(run.foreign_err, b"")
        self.assertEqual(self.tools_started(["make"]), ["ld", "ld"], "only what depends on a phony target is made again")

    def test_kbuild_in_a_configured_directory_after_a_change_of_its_configuration(self):
        self.fresh(KBUILD)
        self.plain(["make"])
        expected = self.snapshot()
        self.write({".config": "CONFIG_PRINT=y\nCONFIG_DEPTH=5\n"})
        os.utime(self.tree / ".config")
        self.under_gg(["make", "-j2"])
        changed = {name for name, entry in self.snapshot().items() if expected.get(name) != entry}
        self.assertEqual(changed, {b".config", b"include/generated/autoconf.h", b"lib/depth.o", b"vmlinux", b"vmlinux.o"})

    def test_libtool(self):
        run = self.build_both_ways(LIBTOOL, ["make", "-j2"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (LIBTOOL_COMMANDS, 0), stats)
        self.assertEqual(run.err.count(b"[-Wunused-variable]"), 1, "of the two compiles the second was to be silent")

    def test_a_sub_make_gets_its_jobs_from_the_one_above(self):
        files = {"Makefile": "all: a b\na b:\n\t+$(MAKE) -C $@\n.PHONY: all a b\n"}
        for folder in "ab":
            files |= {f"{folder}/Makefile": "export MAKEFLAGS\nall: x.o y.o\n\tgcc -r -nostdlib -o both.o x.o y.o\n\techo \"$(MAKEFLAGS)\" > flags\n",
                      f"{folder}/x.c": f"int x_{folder};\n", f"{folder}/y.c": f"int y_{folder};\n"}
        run = self.build_both_ways({name: text.replace("> flags", "> /dev/null") for name, text in files.items()}, ["make", "-j3"])
        self.assertNotIn(b"jobserver", run.err)
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (6, 0))

    def test_cmake_with_an_absolute_compiler(self):
        compiler = os.path.realpath(shutil.which("gcc", path=PATH))
        files = {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(p C)\nadd_executable(e e.c)\n",
                 "e.c": "int main(void) { return 0; }\n"}
        self.build_both_ways(files, ["make", "-C", "b"], [["cmake", "-S", ".", "-B", "b", f"-DCMAKE_C_COMPILER={compiler}"]])
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (2, 0))

    def test_meson(self):
        if shutil.which("meson", path=PATH) is None:
            skip(self, "no meson")
        files = {"meson.build": "project('p', 'c')\ngen = executable('gen', 'gen.c', native: true)\n"
                                "table = custom_target('t', output: 'table.h', command: [gen], capture: true)\n"
                                "l = static_library('l', 'l.c', table)\nexecutable('e', 'e.c', link_with: l)\n",
                 "gen.c": "#include <stdio.h>\nint main(void) { puts(\"#define TABLE 5\"); return 0; }\n",
                 "l.c": "#include \"table.h\"\nint l(void) { return TABLE; }\n", "e.c": "int l(void);\nint main(void) { return l() - 5; }\n"}
        # Unasked, meson puts ccache before its compiler; the plain build would fill it for gg's.
        self.build_both_ways(files, ["ninja", "-C", "b"], [["env", "CC=cc", "meson", "setup", "b"]])
        self.assertEqual((self.stats()["thunks"], self.stats()["native"]), (6, 0), self.stats())
        self.assertIn(b"no work to do", self.plain(["ninja", "-C", "b"]).out)


# The tool that makes a header takes its own table from an object and an archive.
GENERATED = {"gen.c": "#include <stdio.h>\nint number(void);\nint main(void) { printf(\"#define N %d\\n\", number()); return 0; }\n",
             "number.c": "int number(void) { return 7; }\n", "use.c": "#include \"n.h\"\nint use(void) { return N; }\n",
             "other.c": "int other(void) { return 1; }\n",
             "main.c": "int use(void);\nint other(void);\nint main(void) { return use() - other(); }\n"}
NEEDED = {"gen.o", "number.o", "libnumber.a", "gen"}
LAZY = {"use.o", "other.o", "main.o", "app"}


class ToolsOfTheBuildItself(Case):
    """Only what such a tool needs is forced, and the rest stays lazy."""

    def check(self, files, build):
        self.fresh(GENERATED | files)
        self.ok(self.gg("infer", "--", *build))
        left = {os.path.relpath(os.fsdecode(path), self.tree) for path in self.placeholders()}
        # What went into the tool has been executed, but nobody has read it, so it stays where it is.
        self.assertEqual(left, LAZY | NEEDED - {"gen"})
        self.assertEqual((self.tree / "n.h").read_text(), "#define N 7\n")
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["ran"], stats["native"]), (len(NEEDED | LAZY), len(NEEDED), 0), stats)
        self.ok(self.gg("force", "app"))
        self.assertEqual(self.run_command([self.tree / "app"]).status, 6)

    def test_under_make(self):
        self.check({"Makefile": "app: main.o use.o other.o\n\tcc -o $@ $^\nother.o main.o gen.o number.o: %.o: %.c\n\tcc -c $<\n"
                                "use.o: use.c n.h\n\tcc -c use.c\nn.h: gen\n\t./gen > n.h\n"
                                "gen: gen.o libnumber.a\n\tcc -o gen gen.o -L. -lnumber\nlibnumber.a: number.o\n\tar rcs $@ number.o\n"},
                   ["make", "-j4"])

    def test_under_ninja(self):
        self.check({"build.ninja": "rule cc\n  command = cc -c $in -o $out -MD -MF $out.d\n  depfile = $out.d\n  deps = gcc\n"
                                   "rule ar\n  command = rm -f $out && ar rcs $out $in\nrule link\n  command = cc -o $out $in\n"
                                   "rule gen\n  command = ./gen > $out\n"
                                   "build gen.o: cc gen.c\nbuild number.o: cc number.c\nbuild libnumber.a: ar number.o\n"
                                   "build gen: link gen.o libnumber.a\nbuild n.h: gen | gen\nbuild use.o: cc use.c || n.h\n"
                                   "build other.o: cc other.c\nbuild main.o: cc main.c\nbuild app: link main.o use.o other.o\n"},
                   ["ninja", "-j4"])


class CompilerCache(Case):
    """ccache before the compiler: it hashes the real one, and does without gg what it can."""

    FILES = {"Makefile": "app: a.o b.o\n\tgcc -o app a.o b.o\n%.o: %.c h.h\n\t$(CC) -O1 -Wall -MMD -c $<\n",
             "h.h": "int b(void);\n", "a.c": "#include \"h.h\"\nint main(void) { int unused; return b(); }\n", "b.c": "#include \"h.h\"\nint b(void) { return 0; }\n"}

    def setUp(self):
        super().setUp()
        self.ccache = shutil.which("ccache")
        if self.ccache is None:
            skip(self, "no ccache")
        self.environment["CCACHE_DIR"] = str(self.world / "ccache")
        self.make = ["make", "-j2", f"CC={self.ccache} gcc"]

    def counts(self):
        lines = self.plain([self.ccache, "--print-stats"], cwd=self.world).out.decode().splitlines()
        numbers = dict(line.split("\t")[:2] for line in lines)
        return int(numbers["cache_miss"]), int(numbers["direct_cache_hit"])

    def test_the_very_files_and_words_of_a_build_without_both(self):
        self.fresh(self.FILES)
        plain = self.plain([*self.make[:2], "CC=gcc"])
        expected = self.snapshot()
        for misses, hits in ((2, 0), (2, 2)):
            self.fresh(self.FILES)
            run = self.under_gg(self.make)
            self.assert_same(expected, self.snapshot(), str(run))
            self.assertEqual(run.foreign_err, plain.err)
            self.assertEqual(self.counts(), (misses, hits))

    def test_one_cache_serves_builds_with_and_without_gg(self):
        # So it knows the compiler by its own bytes and times, and not by the shim's.
        self.fresh(self.FILES)
        self.plain(self.make)
        expected = self.snapshot()
        self.fresh(self.FILES)
        self.under_gg(self.make)
        self.assert_same(expected, self.snapshot())
        self.assertEqual(self.counts(), (2, 2))
        self.fresh(self.FILES | {"b.c": "int b(void) { return 1; }\n"})
        self.under_gg(self.make)
        self.fresh(self.FILES | {"b.c": "int b(void) { return 1; }\n"})
        self.plain(self.make)
        self.assertEqual(self.counts(), (3, 5))


if __name__ == "__main__":
    unittest.main(verbosity=2)
