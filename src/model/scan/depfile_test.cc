#include "model/scan/depfile.hh"

#include "model/scan/oracle.hh"

#include <gtest/gtest.h>

namespace model::scan {
namespace {

// Names that want quoting and lines that just do or do not fit.
const std::map<std::string, std::string> kFiles = {
    {"main.c",
     "#include \"with space.h\"\n#include \"dollar$.h\"\n#include \"hash#.h\"\n#include \"back\\slash.h\"\n"
     "#include \"back\\ space.h\"\n#include \"colon:.h\"\n#include \"per%cent.h\"\n#include \"tab\there.h\"\n"
     "#include \"a_rather_long_name_that_fills_a_line_nearly_to_its_very_end_abcdef.h\"\n#include \"x.h\"\n"
     "#include \"a_rather_long_name_that_is_longer_than_what_a_line_of_the_depfile_can_ever_hold_at_all.h\"\n"
     "#include <stddef.h>\n#include \"./d/../x.h\"\n"},
    {"with space.h", ""},
    {"dollar$.h", ""},
    {"hash#.h", ""},
    {"back\\slash.h", ""},
    {"back\\ space.h", ""},
    {"colon:.h", ""},
    {"per%cent.h", ""},
    {"tab\there.h", ""},
    {"d/x.h", ""},
    {"x.h", ""},
    {"a_rather_long_name_that_fills_a_line_nearly_to_its_very_end_abcdef.h", ""},
    {"a_rather_long_name_that_is_longer_than_what_a_line_of_the_depfile_can_ever_hold_at_all.h", ""}};

void compare(const std::string& program) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), kFiles);
  Disk disk;
  Oracle oracle(disk);
  Case c;
  c.program = program;
  const Outcome outcome = oracle.scan(c, folder.path());
  ASSERT_TRUE(std::holds_alternative<Scan>(outcome)) << describe(std::get<Inexact>(outcome));
  const Flavour flavour = program.find("clang") == std::string::npos ? Flavour::Gcc : Flavour::Clang;

  struct Way {
    std::vector<std::string> options;
    std::vector<DepfileTarget> targets;  // after the -MT x.o that the oracle always gives
    DepfileOptions format;
  };

  const std::string long_name(70, 't');
  const std::vector<Way> ways = {
      {{"-MD"}, {}, {}},
      {{"-MMD"}, {}, {false, false}},
      {{"-MD", "-MP"}, {}, {true, true}},
      {{"-MMD", "-MP"}, {}, {false, true}},
      {{"-MD", "-MQ", "a $b#.o"}, {{"a $b#.o", true}}, {}},
      {{"-MD", "-MT", "a $b#.o", "-MQ", "./c.o"}, {{"a $b#.o", false}, {"./c.o", true}}, {}},
      {{"-MD", "-MQ", long_name, "-MT", long_name}, {{long_name, true}, {long_name, false}}, {}},
  };
  for (const Way& way : ways) {
    const auto wanted = Oracle::compiler(c, folder.path(), way.options);
    ASSERT_TRUE(wanted);
    std::vector<DepfileTarget> targets = way.targets;
    targets.push_back({"x.o", false});
    EXPECT_EQ(format_depfile(flavour, targets, std::get<Scan>(outcome).dependencies, way.format), *wanted)
        << program << " " << way.options[0];
  }
}

TEST(Depfile, has_the_bytes_of_gcc) {
  compare("/usr/bin/gcc");
}

TEST(Depfile, has_the_bytes_of_clang) {
  if (Disk().look("/usr/bin/clang-14").what != Look::What::File) {
    GTEST_SKIP() << "there is no /usr/bin/clang-14";
  }
  compare("/usr/bin/clang-14");
}

TEST(Depfile, names_its_target_after_the_source) {
  EXPECT_EQ(default_target("d.x/a.b.c"), "a.b.o");
  EXPECT_EQ(default_target("noext"), "noext.o");
}

}  // namespace
}  // namespace model::scan
