#include "model/trial.hh"

namespace model {
namespace {

class Nasm : public Trial {
 protected:
  void SetUp() override {
    write("t.asm",
          "%include \"inc.asm\"\nsection .text\nglobal f\nf: mov eax, X\n ret\nincbin \"data.bin\"\n");
    write("asm/inc.asm", "%ifdef MORE\n%include \"more.asm\"\n%endif\n%define X 1\n");
    write("asm/more.asm", "%define Y 2\n");
    write("data.bin", "bytes");
  }
};

TEST_F(Nasm, a_thunk_makes_the_bytes_that_the_real_command_makes) {
  expect_same({"nasm", "-f", "elf64", "-Iasm/", "-o", "t.o", "t.asm"});
  expect_same({"nasm", "-felf64", "-DPREFIX", "-DMORE=1", "-I", "asm/", "-w+all", "-g", "-F", "dwarf", "-O2",
               "-Pasm/more.asm", "-o", "t.o", "t.asm"});
  expect_same({"nasm", "-f", "elf64", "-Iasm/", "-MD", "t.d", "-MQ", "a b", "-MP", "-o", "t.o", "t.asm"});
}

TEST_F(Nasm, a_depfile_is_written_at_once) {
  write("my dir/$x#.asm", "%include \"inc.asm\"\nmov eax, X\n");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"-MP"}, {"-MQ", "a b"}, {"-MT", "a$b", "-MP"}, {"-DMORE", "-MP"}}) {
    std::vector<std::string> argv{"nasm", "-felf64", "-Iasm/", "-MD", "t.d"};
    argv.insert(argv.end(), words.begin(), words.end());
    argv.insert(argv.end(), {"-o", "my dir/t.o", "my dir/$x#.asm"});
    expect_same_depfile(argv);
  }
}

TEST_F(Nasm, a_depfile_is_broken_where_its_names_are_long_as_nasm_breaks_it) {
  for (const size_t length : {20U, 24U, 25U, 26U, 27U, 28U, 29U, 30U, 40U, 70U}) {
    const std::string name = std::string(length - 4, 'n') + ".asm";
    write(name, "%include \"inc.asm\"\nmov eax, X\n");
    for (const std::string& target : {std::string(60 - length % 60, 't'), std::string(70, 't'), name}) {
      expect_same_depfile(
          {"nasm", "-felf64", "-Iasm/", "-MD", "t.d", "-MP", "-MQ", target, "-o", "t.o", name});
    }
  }
}

TEST_F(Nasm, a_depfile_is_where_the_last_option_says_if_any_asks_for_one) {
  const std::vector<std::vector<std::string>> ways = {
      {"-MD", "y.d", "-MF", "x.d"}, {"-MF", "x.d", "-MD", "y.d"}, {"-MF", "x.d", "-MD"},
      {"-MD", "-MF", "x.d"},        {"-MD", "-MQ", "target"},     {"-MF", "x.d", "-MQ", "t.o"}};
  for (const auto& way : ways) {
    std::vector<std::string> argv{"nasm", "-felf64", "-Iasm/"};
    argv.insert(argv.end(), way.begin(), way.end());
    argv.insert(argv.end(), {"-o", "t.o", "t.asm"});
    expect_same(argv);
  }
}

TEST_F(Nasm, yasm_makes_the_bytes_that_the_real_command_makes) {
  write("t.asm", "%include \"inc.asm\"\nsection .text\nglobal f\nf: mov eax, X\n ret\n");
  expect_same({"yasm", "-f", "elf64", "-Iasm/", "-o", "t.o", "t.asm"});
  expect_same({"yasm", "-felf64", "-m", "amd64", "-DMORE=1", "-I", "asm/", "-Worphan-labels", "-g", "dwarf2",
               "-P", "asm/more.asm", "--objfile=t.o", "t.asm", "-pnasm"});
  EXPECT_EQ(reason({"yasm", "-p", "gas", "-felf64", "-o", "t.o", "t.asm"}), "other-language");
  EXPECT_EQ(reason({"yasm", "-felf64", "-Iasm/", "-l", "t.lst", "-o", "t.o", "t.asm"}), "listing");
  write("asm/inc.asm", "%define X 1\nIncBin \"data.bin\"\n");
  EXPECT_EQ(reason({"yasm", "-felf64", "-Iasm/", "-o", "t.o", "t.asm"}), "included-binary");
}

TEST_F(Nasm, what_depends_on_more_than_files_runs_here) {
  EXPECT_EQ(reason({"nasm", "-f", "elf64", "-o", "t.o", "t.asm"}), "missing-input") << "no -I";
  EXPECT_EQ(reason({"nasm", "-f", "elf64", "-o", "t.o", "none.asm"}), "preprocessing-fails");
  EXPECT_EQ(reason({"nasm", "-Iasm/", "--strange", "-o", "t.o", "t.asm"}), "unknown-option");
  EXPECT_EQ(reason({"nasm", "-Iasm/", "-M", "t.asm"}), "dependencies-only");
  EXPECT_EQ(reason({"nasm", "-v"}), "query");
  EXPECT_EQ(reason({"nasm", "-f", "win64", "-Iasm/", "-o", "t.o", "t.asm"}), "object-times");
  EXPECT_EQ(reason({"nasm", "-fwin64", "--reproducible", "-Iasm/", "-o", "t.o", "t.asm"}), "");
  EXPECT_EQ(reason({"nasm", "-felf64", "-Iasm/", "-MD", "-", "-o", "t.o", "t.asm"}), "dependencies-to-file");
  write("asm/inc.asm", "%define X 1\ndb __DATE__\n");
  EXPECT_EQ(reason({"nasm", "-f", "elf64", "-Iasm/", "-o", "t.o", "t.asm"}), "date-macro");
}

TEST_F(Nasm, dates_and_variables_in_words_of_the_command_are_seen) {
  write("d.asm", "db D\n");
  for (const std::string word : {"-DD=__?DATE?__", "-DD=__DATE__", "-DD='%!HOME'"}) {
    EXPECT_EQ(reason({"nasm", "-f", "bin", word, "-o", "d.bin", "d.asm"}), "date-macro") << word;
  }
  EXPECT_EQ(reason({"nasm", "--before", "%define D __?TIME?__", "-o", "d.bin", "d.asm"}), "date-macro");
  EXPECT_EQ(reason({"nasm", "-DD=1", "-o", "d.bin", "d.asm"}), "");
}

TEST_F(Nasm, a_map_that_the_source_asks_for_is_declined) {
  for (const std::string text :
       {"[map all n.map]\ndb 1\n", "\t[ MAP all n.map]\n", "%define M [map all n.map]\nM\n"}) {
    write("m.asm", text);
    EXPECT_EQ(reason({"nasm", "-f", "bin", "-o", "m.bin", "m.asm"}), "listing") << text;
    ::unlink(path("n.map").c_str());
    EXPECT_EQ(run_here({"nasm", "-f", "bin", "-o", "m.bin", "m.asm"}).exit_code, 0);
    EXPECT_TRUE(base::read_file_if_there(path("n.map"))) << text;
  }
  write("m.asm", "[map all n.map]\ndb 1\n");
  EXPECT_EQ(reason({"yasm", "-f", "bin", "-o", "m.bin", "m.asm"}), "listing");
  write("m.asm", "mov eax, [mapping]\nmapping: db 1\n");
  EXPECT_EQ(reason({"nasm", "--before", "[map all n.map]", "-o", "m.bin", "m.asm"}), "listing");
  expect_same({"nasm", "-f", "bin", "-o", "m.bin", "m.asm"});
}

}  // namespace
}  // namespace model
