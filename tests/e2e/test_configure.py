"""Scripts that probe the compiler behave under gg as they do without it."""
import unittest

from ggtest import Case

CONFIGURE = """\
#!/bin/sh
# What configure scripts do: compile, link and run small programs and believe the status and stderr they get.
set -u
exec 5>config.log
probe() {
  name=$1 compiler=$2
  shift 2
  cat > conftest.c
  if "$compiler" conftest.c -o conftest "$@" >conftest.out 2>conftest.err && test ! -s conftest.err && ./conftest; then
    result=yes
  else
    result=no
  fi
  echo "$name=$result" | tee -a answers >&5
  rm -f conftest conftest.*
}
: > answers
cc -v >/dev/null 2>&1 || exit 1
probe links cc <<'E'
int main(void) { return 0; }
E
probe has_nothing cc <<'E'
#include <no_such_header.h>
int main(void) { return 0; }
E
probe no_such_function cc <<'E'
int no_such_function(void); int main(void) { return no_such_function(); }
E
probe libm cc -lm <<'E'
#include <math.h>
int main(int c, char** v) { return cos(c - 1) == 1.0 ? 0 : 1; }
E
probe runs_nonzero cc <<'E'
int main(void) { return 3; }
E
probe unknown_flag cc -fthis-is-no-option <<'E'
int main(void) { return 0; }
E
probe warns cc -Wall <<'E'
int main(void) { int unused; return 0; }
E
echo 'int x;' > conftest.c; cc -c conftest.c; ls -s conftest.o >/dev/null
nm conftest.o | grep -q ' [BC] x' && echo nm=works >> answers
echo "target=$(cc -dumpmachine)" >> answers
echo "predefined=$(echo | cc -dM -E - | grep -c __GNUC__)" >> answers
rm -f conftest*
sed "s/@ANSWERS@/$(grep -c yes answers)/" Makefile.in > Makefile
"""
FILES = {"configure": CONFIGURE, "Makefile.in": "app: app.c\n\tcc -DANSWERS=@ANSWERS@ -o app app.c\n",
         "app.c": "int main(void) { return ANSWERS; }\n"}


class Configure(Case):
    def test_answers_are_those_of_a_plain_configure(self):
        self.build_both_ways(FILES, ["./configure"])
        self.assertIn("links=yes\nhas_nothing=no\nno_such_function=no\nlibm=yes\nruns_nonzero=no\nunknown_flag=no\n",
                      (self.tree / "answers").read_text())

    def test_configure_and_make_in_one_run(self):
        self.build_both_ways(FILES, ["sh", "-c", "./configure && make"])

    def test_configured_under_gg_builds_plainly(self):
        self.fresh(FILES)
        self.under_gg(["./configure"])
        self.plain(["make"])

    def test_a_script_is_called_by_the_name_it_was_given(self):
        # It writes that down: config.status, config.log.
        self.fresh({"tools/who": "#!/bin/sh\necho \"$0\"\n"})
        for name in ("tools/who", "./tools/who", str(self.tree / "tools/who"), "who"):
            plain = self.plain([name], env={"PATH": f"{self.tree}/tools:{self.environment['PATH']}"}) if name != "who" else None
            run = self.under_gg([name], env={"PATH": f"{self.tree}/tools:{self.environment['PATH']}"})
            self.assertEqual(run.out, plain.out if plain else f"{self.tree}/tools/who\n".encode())

    def test_shell_functions_of_make_wait_for_the_result(self):
        makefile = ("kind := $(shell cc -c probe.c -o probe.o && wc -c < probe.o)\n"
                    "bad := $(shell cc -c bad.c 2>/dev/null && echo yes || echo no)\nall:\n\techo $(kind) $(bad) > said\n")
        self.build_both_ways({"Makefile": makefile, "probe.c": "int p;\n", "bad.c": "bad\n"}, ["make"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
