#include "intercept/ninja_output.hh"

#include "base/files.hh"
#include "base/subprocess.hh"

#include <gtest/gtest.h>

namespace intercept {
namespace {

// What ninja shows of a command that writes this.
std::string shown_by_ninja(const std::string& written, const std::string& variable) {
  const base::TemporaryDirectory folder;
  base::write_file_atomically(folder.path() + "/written", written);
  base::write_file_atomically(folder.path() + "/build.ninja",
                              "rule show\n  command = cat written\nbuild shown: show\n");
  base::Subprocess ninja;
  ninja.program = "/usr/bin/ninja";
  ninja.argv = {"ninja", "--quiet"};
  ninja.environment = {"PATH=/usr/bin:/bin", "TERM=xterm", variable};
  ninja.working_directory = folder.path();
  return base::run(ninja).out;
}

TEST(NinjaOutput, is_what_ninja_shows) {
  for (const std::string written :
       {"plain\n", "\x1b[01m\x1b[Kfile.c:1:2:\x1b[m\x1b[K \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kword\n",
        "a \x1b alone\n", "\x1b]8;;http://x\x07link\x1b]8;;\x07\n", "\x1b[12;\n", "at the end\n\x1b[0",
        "\x1b[", "\x1b"}) {
    EXPECT_EQ(as_ninja_shows(written, {}), shown_by_ninja(written, "A=b"))
        << ::testing::PrintToString(written);
    for (const std::string force : {"0", "1", ""}) {
      EXPECT_EQ(as_ninja_shows(written, {{"TERM", "dumb"}, {"CLICOLOR_FORCE", force}}),
                shown_by_ninja(written, "CLICOLOR_FORCE=" + force))
          << ::testing::PrintToString(written) << force;
    }
  }
}

}  // namespace
}  // namespace intercept
