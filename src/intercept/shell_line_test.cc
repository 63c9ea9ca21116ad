#include "intercept/shell_line.hh"

#include <gtest/gtest.h>

namespace intercept {
namespace {

struct Case {
  const char* line;
  LineVerdict verdict;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.line;
}

class ShellLine : public testing::TestWithParam<Case> {};

TEST_P(ShellLine, is_judged) {
  EXPECT_EQ(judge_line(GetParam().line, {"gcc", "-c", "a.c"}), GetParam().verdict) << GetParam().line;
}

constexpr LineVerdict kStops = LineVerdict::CanOnlyStop;
constexpr LineVerdict kGoesOn = LineVerdict::MayGoOn;
constexpr LineVerdict kUnsure = LineVerdict::Unsure;

INSTANTIATE_TEST_SUITE_P(
    can_only_stop, ShellLine,
    testing::Values(Case{"gcc -c a.c", kStops}, Case{"cd sub && gcc -c a.c", kStops},
                    Case{"gcc -c a.c && mv a.o b.o", kStops}, Case{"echo CC; gcc -c a.c", kStops},
                    Case{"gcc -c a.c 2>log && true", kStops}, Case{"A=b C='d e' gcc -c a.c", kStops},
                    Case{"gcc -c 'a.c'", kStops}, Case{"gcc -c \"a.c\" # compile", kStops},
                    // automake
                    Case{"depbase=`echo a.o | sed 's|[^/]*$|.deps/&|;s|\\.o$||'`;gcc -c a.c && mv -f "
                         "$depbase.Tpo $depbase.Po",
                         kStops},
                    Case{"x=$(date); gcc -c a.c", kStops}, Case{"(cd sub && gcc -c a.c)", kStops},
                    Case{"{ gcc -c a.c; }", kStops}, Case{"gcc -c a.c || exit 1", kStops},
                    Case{"gcc -c a.c || exit $?; echo next", kStops},
                    Case{"gcc -c a.c || { exit 1; }", kStops},
                    Case{"for d in a b; do gcc -c a.c || exit 1; done", kStops},
                    Case{"set -e; gcc -c a.c; echo next", kStops},
                    Case{"set -e; for d in a b; do gcc -c a.c; done; echo", kStops},
                    Case{"if test -f x; then gcc -c a.c; else echo; fi", kStops},
                    Case{"case x in x) gcc -c a.c ;; y) echo ;; esac", kStops},
                    Case{"gcc -c b.c; gcc -c a.c", kStops}, Case{"\\\n gcc -c a.c", kStops},
                    Case{"test -d x || mkdir x; gcc -c a.c", kStops}, Case{"env LC_ALL=C gcc -c a.c", kStops},
                    Case{"exec gcc -c a.c", kStops}, Case{"[ -d x ] || mkdir x; gcc -c a.c", kStops},
                    Case{"echo '; gcc -c a.c ||' && gcc -c a.c", kStops}));

INSTANTIATE_TEST_SUITE_P(
    may_go_on, ShellLine,
    testing::Values(
        Case{"gcc -c a.c; echo done", kGoesOn}, Case{"gcc -c a.c\necho done", kGoesOn},
        Case{"gcc -c a.c || true", kGoesOn}, Case{"gcc -c a.c || gcc -c a.c -g", kGoesOn},
        Case{"! gcc -c a.c", kGoesOn}, Case{"gcc -c a.c | cat", kGoesOn}, Case{"echo | gcc -c a.c", kGoesOn},
        Case{"gcc -c a.c &", kGoesOn}, Case{"gcc -c a.c & wait", kGoesOn},
        Case{"if gcc -c a.c; then echo; fi", kGoesOn}, Case{"while gcc -c a.c; do break; done", kGoesOn},
        Case{"until gcc -c a.c; do :; done", kGoesOn}, Case{"for d in a b; do gcc -c a.c; done", kGoesOn},
        Case{"(gcc -c a.c); echo", kGoesOn}, Case{"x=`gcc -c a.c`", kGoesOn},
        Case{"echo $(gcc -c a.c)", kGoesOn}, Case{"echo \"$(gcc -c a.c)\"", kGoesOn},
        Case{"gcc -c a.c; r=$?; exit $r", kGoesOn}, Case{"gcc -c a.c && echo yes || echo no", kGoesOn},
        Case{"set -e; gcc -c a.c && echo; echo", kGoesOn}, Case{"set -e; if gcc -c a.c; then :; fi", kGoesOn},
        Case{"set -e; (gcc -c a.c) || echo", kGoesOn}, Case{"set -e; set +e; gcc -c a.c; echo", kGoesOn},
        Case{"trap 'rm -f x' 0; gcc -c a.c", kGoesOn}, Case{"f() { gcc -c a.c; }; f", kGoesOn},
        Case{"gcc -c a.c || exit 0", kGoesOn}, Case{"eval \"$CMD\"; gcc -c a.c", kGoesOn},
        Case{"$CC -c a.c; gcc -c a.c", kGoesOn}, Case{"(gcc -c a.c || exit 1); echo", kGoesOn},
        Case{"echo | (gcc -c a.c || exit 1)", kGoesOn},
        Case{"{ set -e; gcc -c a.c; echo; } || true", kGoesOn}));

INSTANTIATE_TEST_SUITE_P(unsure, ShellLine,
                         testing::Values(Case{"make", kUnsure}, Case{"", kUnsure},
                                         Case{"cat <<EOF\ngcc -c a.c\nEOF", kUnsure},
                                         Case{"gcc -c 'a.c", kUnsure}, Case{"gcc -c b.c", kUnsure},
                                         Case{"if gcc -c a.c", kUnsure},
                                         Case{"[[ x ]] && gcc -c a.c", kUnsure}, Case{"gcc -c a.c)", kUnsure},
                                         Case{"gcc -c $'a.c'", kUnsure}));

TEST(ShellLineOptions, sh_e_stops_at_any_simple_failure) {
  EXPECT_EQ(judge_line("gcc -c a.c; echo", {"gcc", "-c", "a.c"}, {true}), kStops);
  EXPECT_EQ(judge_line("gcc -c a.c | cat; echo", {"gcc", "-c", "a.c"}, {true}), kGoesOn);
}

TEST(ShellLineMake, automakes_recursion_stops_when_a_make_below_fails) {
  const std::string line =
      "fail=; if (target_option=k; case ${target_option-} in ?) ;; *) echo \"am__make_running_with_option\" "
      ">&2; "
      "exit 1;; esac; has_opt=no; test $has_opt = yes); then failcom='fail=yes'; else failcom='exit 1'; fi; "
      "dot_seen=no; target=`echo all-recursive | sed s/-recursive//`; case \"all-recursive\" in distclean-*) "
      "list='lib src' ;; *) list='lib src' ;; esac; for subdir in $list; do echo \"Making $target in "
      "$subdir\"; if "
      "test \"$subdir\" = \".\"; then dot_seen=yes; local_target=\"$target-am\"; else "
      "local_target=\"$target\"; fi; "
      "(CDPATH=\"${ZSH_VERSION+.}:\" && cd $subdir && make  $local_target) || eval $failcom; done; if test "
      "\"$dot_seen\" = \"no\"; then make  \"$target-am\" || exit 1; fi; test -z \"$fail\"";
  EXPECT_EQ(judge_line(line, {"make", "all"}), kStops);
}

}  // namespace
}  // namespace intercept
