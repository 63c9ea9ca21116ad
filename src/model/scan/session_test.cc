#include "model/scan/session.hh"

#include "base/files.hh"
#include "base/subprocess.hh"
#include "model/scan/oracle.hh"

#include <gtest/gtest.h>

namespace model::scan {
namespace {

class Remembering final : public FactsStore {
 public:
  std::optional<std::string> get(const std::string& key) override {
    const auto found = kept.find(key);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }

  void put(const std::string& key, const std::string& value) override {
    kept[key] = value;
    ++puts;
  }

  std::map<std::string, std::string> kept;
  int puts = 0;
};

const std::map<std::string, std::string> kFiles = {
    {"src/main.c",
     "#include \"a.h\"\n#include <b.h>\n#include <c.h>\n#include <d.h>\n#include <stdio.h>\n#if "
     "__has_attribute(cold)\n"
     "#include <a.h>\n#endif\n#ifdef __OPTIMIZE__\n#include \"o.h\"\n#endif\n#if defined X && !defined "
     "Y\n#include "
     "\"x.h\"\n#endif\n"},
    {"inc/a.h", "#include <a2.h>\n"},
    {"inc/a2.h", ""},
    {"env/b.h", ""},
    {"sys/c.h", ""},
    {"after/d.h", ""},
    {"inc/o.h", ""},
    {"inc/x.h", ""},
    {"pre.h", ""}};

Unit unit_in(const std::string& folder) {
  Unit unit;
  unit.driver = "/usr/bin/gcc";
  unit.words = {"-Iinc", "-isystem", "sys", "-idirafterafter", "-O2",      "-Wall", "-DX=1",
                "-D",    "Y",        "-UY", "-include",        "pre.h",    "-g",    "-std=gnu11",
                "-fPIC", "-MP",      "-MQ", "o u t.o",         "-Imissing"};
  unit.language = "c";
  unit.source = "src/main.c";
  unit.environment = {{"PATH", "/usr/bin:/bin"}, {"CPATH", "env:/nonexistent"}, {"HOME", "/nowhere"}};
  unit.working_directory = folder;
  return unit;
}

TEST(Session, writes_the_depfile_that_the_command_would_write) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), kFiles);
  const Unit unit = unit_in(folder.path());
  Disk disk;
  Session session(disk);
  const auto outcome = session.scan(unit);
  ASSERT_TRUE(std::holds_alternative<Scanned>(outcome)) << describe(std::get<Inexact>(outcome));

  base::Subprocess subprocess;
  subprocess.program = unit.driver;
  subprocess.argv = {unit.driver};
  subprocess.argv.insert(subprocess.argv.end(), unit.words.begin(), unit.words.end());
  subprocess.argv.insert(subprocess.argv.end(), {"-MD", "-MF", "d", "-c", "-o", "o.o", unit.source});
  for (const auto& [name, value] : unit.environment) {
    subprocess.environment.push_back(name + "=" + value);
  }
  subprocess.working_directory = folder.path();
  ASSERT_EQ(base::run(subprocess).exit_code, 0);
  EXPECT_EQ(std::get<Scanned>(outcome).depfile, base::read_file(folder.path() + "/d"));
  const auto& absent = std::get<Scanned>(outcome).scan.absent;
  EXPECT_NE(std::find(absent.begin(), absent.end(), folder.path() + "/missing"), absent.end())
      << "a directory that comes to be changes the search";
}

TEST(Session, asks_a_compiler_once_and_not_again_in_the_next_session) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), kFiles);
  Disk disk;
  Remembering store;
  const Unit unit = unit_in(folder.path());
  {
    Session session(disk, &store);
    ASSERT_TRUE(std::holds_alternative<Scanned>(session.scan(unit)));
    const int puts = store.puts;
    EXPECT_GE(puts, 2) << "facts and answers";
    ASSERT_TRUE(std::holds_alternative<Scanned>(session.scan(unit)));
    EXPECT_EQ(store.puts, puts);
  }
  const int puts = store.puts;
  Session session(disk, &store);
  EXPECT_TRUE(std::holds_alternative<Scanned>(session.scan(unit)));
  EXPECT_EQ(store.puts, puts);
}

TEST(Session, leaves_to_the_compiler_what_it_does_not_know) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), kFiles);
  Disk disk;
  Session session(disk);
  for (const char* word :
       {"-I-", "-Wp,-DX", "-iprefix", "-I=inc", "-finput-charset=latin1", "-traditional", "-Xclang"}) {
    Unit unit = unit_in(folder.path());
    unit.words.emplace_back(word);
    const auto outcome = session.scan(unit);
    ASSERT_TRUE(std::holds_alternative<Inexact>(outcome)) << word;
    EXPECT_EQ(std::get<Inexact>(outcome).detail, word);
  }
}

}  // namespace
}  // namespace model::scan
