#include "base/files.hh"
#include "base/subprocess.hh"
#include "model/clang_options.hh"
#include "model/gcc_options.hh"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <map>
#include <set>

// Every option that the compilers here know of is one that a table knows. What a table makes of each is
// written down in lists beside it, for people and for review: with GG_ACCEPT=1 in the environment the test
// writes them anew.
namespace model {
namespace {

std::string class_of(const std::optional<Match>& match) {
  if (!match) {
    return "unknown";
  }
  switch (match->option->does) {
    case Does::Declines:
      return "declined: " + std::string(match->option->word);
    case Does::Neutral:
    case Does::LinkOnly:
      return "neutral";
    default:
      return "modelled";
  }
}

// The first word of each line that is indented by two and begins with a dash, less what stands for an
// argument: "-Wfoo=<0,3>", "-D<macro>[=<val>]", "-fada-spec-parent=unit".
std::set<std::string> options_in(const std::string& help) {
  std::set<std::string> found;
  std::string_view rest = help;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.starts_with("  -")) {
      line = line.substr(2, line.find_first_of(" \t,", 2) - 2);
      found.emplace(line.substr(0, line.find_first_of("<[{")));
    }
  }
  return found;
}

std::string printed_by(const std::vector<std::string>& argv) {
  return base::run({argv[0], argv, {"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/", ""}).out;
}

std::set<std::string> gcc_knows() {
  std::set<std::string> all = options_in(printed_by({"/usr/bin/gcc", "--help"}));
  for (const std::string kind : {"common", "target", "optimizers", "warnings", "params", "c", "c++", "joined",
                                 "separate", "undocumented"}) {
    all.merge(options_in(printed_by({"/usr/bin/gcc", "--help=" + kind})));
  }
  return all;
}

void expect_classed(const std::set<std::string>& known, const DriverOptions& table, const std::string& name) {
  ASSERT_GT(known.size(), 500U) << "the compiler's help is not as it was";
  const auto line_of = [&](const std::string& option) {
    // An argument is there for those that take one.
    return option + "\t" + class_of(table.match({option, "argument"}, 0)) + "\n";
  };
  std::string now;
  for (const std::string& option : known) {
    now += line_of(option);
  }
  EXPECT_EQ(now.find("\tunknown"), std::string::npos) << now.substr(now.find("\tunknown") - 60, 80);
  // Compilers of other releases print other options, so the list is held against the table alone.
  const std::string path = std::string(GG_OPTION_LISTS) + "/" + name;
  if (::getenv("GG_ACCEPT") != nullptr) {
    base::write_file_atomically(path, now);
  }
  const std::string list = base::read_file(path);
  for (size_t at = 0; at < list.size(); at = list.find('\n', at) + 1) {
    const std::string option = list.substr(at, list.find('\t', at) - at);
    EXPECT_EQ(list.substr(at, list.find('\n', at) + 1 - at), line_of(option)) << path;
  }
}

TEST(OptionLists, every_reason_is_told_of) {
  const std::string told = base::read_file(GG_MODELS_PAGE);
  for (const std::string name : {"gcc-12.tsv", "clang-14.tsv"}) {
    const std::string list = base::read_file(std::string(GG_OPTION_LISTS) + "/" + name);
    constexpr std::string_view kLabel = "declined: ";
    for (size_t at = list.find(kLabel); at != std::string::npos; at = list.find(kLabel, at + 1)) {
      const size_t start = at + kLabel.size();
      const std::string reason = list.substr(start, list.find('\n', start) - start);
      EXPECT_NE(told.find("`" + reason + "`"), std::string::npos) << reason;
    }
  }
}

TEST(OptionLists, every_option_of_gcc_is_classed) {
  expect_classed(gcc_knows(), gcc_options(), "gcc-12.tsv");
}

TEST(OptionLists, every_option_of_clang_is_classed) {
  expect_classed(options_in(printed_by({"/usr/bin/clang-14", "--help-hidden"})), clang_options(),
                 "clang-14.tsv");
}

}  // namespace
}  // namespace model
