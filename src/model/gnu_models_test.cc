#include "model/gnu_models.hh"

#include "base/clock.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "base/subprocess.hh"
#include "ir/reduce.hh"
#include "model/file_view.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

namespace model {
namespace {

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

// A user's folder, the real compiler, and models that look at both. A file whose text begins "promise "
// stands for a placeholder of the thunk named by the rest.
class GnuModelsTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    base::make_directories(path.substr(0, path.rfind('/')));
    base::write_file_atomically(path, text);
  }

  Invocation invocation(std::vector<std::string> argv) const {
    Invocation command;
    command.program = "/usr/bin/" + argv[0];
    command.argv = std::move(argv);
    command.environment = {{"PATH", kPath}, {"LC_ALL", "C"}};
    command.working_directory = folder_.path();
    return command;
  }

  Inference infer(std::vector<std::string> argv) {
    auto inference = models_.infer(invocation(std::move(argv)));
    if (const auto* inferred = std::get_if<Inferred>(&inference)) {
      EXPECT_TRUE(models_.keep(*inferred).value());
    }
    return inference;
  }

  // What the thunk's tree holds below the user's folder.
  std::set<std::string> own_inputs(const Inferred& inferred) {
    std::set<std::string> paths;
    const auto thunk = ir::decode_thunk(store_.get(inferred.thunk).value().value()).value();
    walk(thunk.input_root, "", paths);
    return paths;
  }

  std::string declined(std::vector<std::string> argv) {
    const Inference inference = infer(std::move(argv));
    const auto* refusal = std::get_if<Declined>(&inference);
    return refusal == nullptr ? "not declined" : refusal->reason;
  }

  base::Completed gcc(std::vector<std::string> argv) const {
    return base::run({"/usr/bin/" + argv[0],
                      argv,
                      {"PATH=" + std::string(kPath), "LC_ALL=C"},
                      folder_.path(),
                      "",
                      std::chrono::seconds(60)});
  }

  void walk(const object::Digest& digest, const std::string& prefix, std::set<std::string>& paths) {
    const auto directory = object::decode_directory(store_.get(digest).value().value()).value();
    for (const auto& entry : directory.entries) {
      const std::string path = prefix + "/" + entry.first;
      if (const auto* below = std::get_if<object::Subdirectory>(&entry.second)) {
        walk(below->digest, path, paths);
      } else if (path.starts_with(folder_.path() + "/")) {
        paths.insert(path.substr(folder_.path().size() + 1));
      }
    }
  }

  std::optional<object::Promise> as_placeholder(const std::string& path, const struct stat& status) const {
    constexpr std::string_view kMark = "promise ";
    if (!path.starts_with(folder_.path()) || status.st_size > 64) {
      return std::nullopt;
    }
    const std::string text = base::read_file(path);
    if (!text.starts_with(kMark)) {
      return std::nullopt;
    }
    return object::Promise{object::hash(text.substr(kMark.size())), "out"};
  }

  base::TemporaryDirectory folder_;
  base::SystemClock clock_;
  object::MemoryStore store_;
  object::MemoryRecords records_;
  FileView view_{store_, records_, clock_, "", [this](const std::string& path, const struct stat& status) {
                   return as_placeholder(path, status);
                 }};
  GnuModels models_{view_, store_, records_};
};

TEST_F(GnuModelsTest, a_compile_sees_its_source_and_exactly_the_headers_it_includes) {
  write("src/a.c", "#include \"h/b.h\"\n#ifdef NEVER\n#include \"c.h\"\n#endif\nint a(void) { return B; }\n");
  write("src/h/b.h", "#define B 1\n");
  write("src/c.h", "#error not read\n");
  const Inference inference = infer({"gcc", "-c", "src/a.c", "-o", "a.o"});
  ASSERT_TRUE(std::holds_alternative<Inferred>(inference)) << std::get<Declined>(inference).reason;
  const auto& inferred = std::get<Inferred>(inference);
  EXPECT_EQ(own_inputs(inferred), (std::set<std::string>{"src/a.c", "src/h/b.h"}));
  ASSERT_EQ(inferred.outputs.size(), 1U);
  EXPECT_EQ(inferred.outputs[0].path, folder_.path() + "/a.o");
  EXPECT_EQ(inferred.outputs[0].name, "a.o");
}

TEST_F(GnuModelsTest, the_same_command_is_the_same_thunk_and_a_touch_changes_nothing) {
  write("a.c", "int a;\n");
  const auto first = std::get<Inferred>(infer({"gcc", "-c", "a.c"})).thunk;
  write("a.c", "int a;\n");
  EXPECT_EQ(std::get<Inferred>(infer({"gcc", "-c", "a.c"})).thunk, first);
  write("a.c", "int b;\n");
  EXPECT_NE(std::get<Inferred>(infer({"gcc", "-c", "a.c"})).thunk, first);
}

TEST_F(GnuModelsTest, an_input_that_the_store_lost_is_put_again_from_its_file_unless_that_has_changed) {
  const std::string path = folder_.path() + "/lost.h";
  base::write_file_atomically(path, "int a;\n");
  const object::Entry entry = view_.at(path).value().value();
  const object::Digest digest = std::get<object::File>(entry).digest;
  EXPECT_EQ(view_.keep(digest, path).value(), true);
  store_.forget(digest);
  EXPECT_TRUE(view_.put_again(digest));
  EXPECT_EQ(store_.get(digest).value(), "int a;\n");
  store_.forget(digest);
  base::write_file_atomically(path, "int b;\n");
  EXPECT_FALSE(view_.put_again(digest));
  EXPECT_FALSE(view_.put_again(object::hash("never seen")));
}

TEST_F(GnuModelsTest, a_header_that_appears_earlier_in_the_search_path_is_noticed) {
  write("a.c", "#include \"h.h\"\n#include <k.h>\n");
  write("one/.keep", "");
  write("two/h.h", "");
  write("two/k.h", "");
  const std::vector<std::string> command{"gcc", "-Ione", "-Itwo", "-c", "a.c"};
  EXPECT_EQ(own_inputs(std::get<Inferred>(infer(command))),
            (std::set<std::string>{"a.c", "two/h.h", "two/k.h"}));
  write("one/k.h", "");
  EXPECT_EQ(own_inputs(std::get<Inferred>(infer(command))),
            (std::set<std::string>{"a.c", "two/h.h", "one/k.h"}));
  write("h.h", "");
  EXPECT_EQ(own_inputs(std::get<Inferred>(infer(command))), (std::set<std::string>{"a.c", "h.h", "one/k.h"}));
}

TEST_F(GnuModelsTest, the_depfile_written_at_inference_is_the_compilers_own) {
  write("dir x/a$b#.c", "#include <stdio.h>\n#include \"h h.h\"\n");
  write("dir x/h h.h", "");
  const std::vector<std::vector<std::string>> variants{{"-MD"},
                                                       {"-MD", "-MF", "d/x.d"},
                                                       {"-MD", "-MP"},
                                                       {"-MD", "-MT", "some target"},
                                                       {"-MD", "-MQ", "some $target"},
                                                       {"-MD", "-MT", "t1", "-MQ", "t2", "-MF", "x.d"}};
  write("d/.keep", "");
  for (const auto& variant : variants) {
    for (const bool named : {false, true}) {
      std::vector<std::string> command{"gcc", "-c", "dir x/a$b#.c"};
      command.insert(command.end(), variant.begin(), variant.end());
      if (named) {
        command.insert(command.end(), {"-o", "d/o.o"});
      }
      const Inference inference = infer(command);
      ASSERT_TRUE(std::holds_alternative<Inferred>(inference)) << ::testing::PrintToString(command);
      const auto& written = std::get<Inferred>(inference).written_now;
      ASSERT_EQ(written.size(), 1U);
      ASSERT_EQ(gcc(command).exit_code, 0);
      EXPECT_EQ(base::read_file_if_there(written[0].path), written[0].bytes)
          << ::testing::PrintToString(command);
      ::unlink(written[0].path.c_str());
    }
  }
}

TEST_F(GnuModelsTest, what_cannot_be_told_beforehand_runs_natively_for_a_stated_reason) {
  write("a.c", "int a;\n");
  write("date.c", "const char *d = __DATE__;\n");
  write("asm.c", "__asm__(\".incbin \\\"x\\\"\");\n");
  write("broken.c", "#include \"nowhere.h\"\n");
  EXPECT_EQ(declined({"gcc", "-c", "a.c", "-fplugin=x.so"}), "plugin");
  EXPECT_EQ(declined({"gcc", "--strange", "-c", "a.c"}), "unknown-option");
  EXPECT_EQ(declined({"gcc", "-v"}), "query");
  EXPECT_EQ(declined({"gcc", "-print-search-dirs"}), "query");
  EXPECT_EQ(declined({"gcc", "-dumpversion"}), "query");
  EXPECT_EQ(declined({"gcc", "-E", "a.c"}), "preprocess-only");
  EXPECT_EQ(declined({"gcc", "-xc", "-", "-c"}), "standard-input");
  EXPECT_EQ(declined({"gcc", "-c", "a.c", "-o", "-"}), "special-output");
  EXPECT_EQ(declined({"gcc", "-c", "date.c"}), "date-macro");
  EXPECT_EQ(declined({"gcc", "-c", "asm.c"}), "included-binary");
  EXPECT_EQ(declined({"gcc", "-c", "broken.c"}), "preprocessing-fails");
  EXPECT_EQ(declined({"gcc", "-c", "absent.c"}), "missing-input");
  EXPECT_EQ(declined({"gcc", "a.c", "-lnowhere"}), "missing-library");
  EXPECT_EQ(declined({"ar", "t", "x.a"}), "query");
}

TEST_F(GnuModelsTest, a_promised_header_must_be_read_and_a_promised_object_stays_a_promise) {
  write("a.c", "#include \"gen.h\"\n");
  write("gen.h", "promise gen");
  const Inference compile = infer({"gcc", "-c", "a.c"});
  // gcc reads the placeholder's text as C while it looks for dependencies, which is harmless.
  ASSERT_TRUE(std::holds_alternative<MustRead>(compile));
  EXPECT_EQ(std::get<MustRead>(compile).promises.at(0).thunk, object::hash("gen"));

  write("a.o", "promise a");
  write("b.o", "promise b");
  const Inference archive = infer({"ar", "rcs", "lib.a", "a.o", "b.o"});
  const auto thunk = ir::decode_thunk(store_.get(std::get<Inferred>(archive).thunk).value().value()).value();
  const auto read = [&](const object::Digest& digest) {
    return object::decode_directory(store_.get(digest).value().value());
  };
  EXPECT_EQ(ir::promises_in(thunk.input_root, read).value().size(), 2U);
}

TEST_F(GnuModelsTest, an_archive_whose_members_are_all_replaced_is_the_same_thunk_as_a_new_one) {
  const std::string long_name = "a_name_that_does_not_fit_into_a_header.o";
  for (const std::string& name : {std::string("a.o"), std::string("b.o"), long_name}) {
    write(name, name + "'s odd number of bytes");
  }
  const auto thunk_of = [&](const std::vector<std::string>& argv) {
    return std::get<Inferred>(infer(argv)).thunk;
  };
  const std::vector<std::string> all{"ar", "rcs", "lib.a", "a.o", long_name, "b.o"};
  const object::Digest anew = thunk_of(all);
  ASSERT_EQ(gcc({"ar", "rcs", "lib.a", "a.o", long_name}).exit_code, 0);
  EXPECT_EQ(thunk_of(all), anew) << "the first two are replaced, the third is added";
  ASSERT_EQ(gcc(all).exit_code, 0);
  EXPECT_EQ(thunk_of(all), anew);

  for (const std::vector<std::string>& other : {std::vector<std::string>{"ar", "rcs", "lib.a", "a.o"},
                                                {"ar", "rcs", "lib.a", "b.o", "a.o", long_name},
                                                {"ar", "rcsv", "lib.a", "a.o", long_name, "b.o"},
                                                {"ar", "rs", "lib.a", "a.o", long_name, "b.o"},
                                                {"ar", "qcs", "lib.a", "a.o", long_name, "b.o"}}) {
    ASSERT_EQ(gcc(all).exit_code, 0);
    const object::Digest over = thunk_of(other);
    std::filesystem::remove(folder_.path() + "/lib.a");
    EXPECT_NE(thunk_of(other), over) << other[1] << ": what the archive held shows in the answer";
    std::filesystem::remove(folder_.path() + "/lib.a");
  }
}

TEST_F(GnuModelsTest, a_file_changed_in_place_is_an_output_where_a_new_one_would_have_its_mode) {
  write("a.o", "an object");
  ASSERT_EQ(gcc({"ar", "rcs", "lib.a", "a.o"}).exit_code, 0);
  const auto reason = [&](const char* name, mode_t mode, mode_t mask) {
    EXPECT_EQ(::chmod((folder_.path() + "/" + name).c_str(), mode), 0);
    const bool archive = std::string_view(name) == "lib.a";
    Invocation command = invocation(archive ? std::vector<std::string>{"ar", "rcs", name, "a.o"}
                                            : std::vector<std::string>{"strip", name});
    command.file_mode_mask = mask;
    const Inference inference = models_.infer(command);
    const auto* const declined = std::get_if<Declined>(&inference);
    return declined == nullptr ? "" : declined->reason;
  };
  for (const char* const name : {"lib.a", "a.o"}) {
    for (const auto& [mode, mask] : {std::pair{0644U, 022U}, {0755U, 022U}, {0664U, 02U}, {0600U, 077U}}) {
      EXPECT_EQ(reason(name, mode, mask), "") << name << std::oct << mode << mask;
    }
    for (const auto& [mode, mask] : {std::pair{0664U, 022U}, {0775U, 022U}, {0644U, 02U}, {0644U, 077U}}) {
      EXPECT_EQ(reason(name, mode, mask), "file-mode") << name << std::oct << mode << mask;
    }
  }
}

TEST_F(GnuModelsTest, one_command_may_compile_several_sources_and_link_them) {
  write("a.c", "int b(void); int main(void) { return b(); }\n");
  write("b.c", "int b(void) { return 0; }\n");
  const auto inferred =
      std::get<Inferred>(infer({"gcc", "a.c", "b.c", "-o", "prog", "-Wl,-Map=prog.map", "-lm"}));
  ASSERT_EQ(inferred.outputs.size(), 2U);
  EXPECT_EQ(inferred.outputs[0].path, folder_.path() + "/prog.map");
  EXPECT_EQ(inferred.outputs[1].path, folder_.path() + "/prog");
  EXPECT_TRUE(inferred.outputs[1].executable);
}

TEST_F(GnuModelsTest, every_name_of_the_compilers_is_a_tool) {
  const std::vector<std::string> found = models_.tools(kPath);
  const std::set<std::string> tools(found.begin(), found.end());
  for (const char* name : {"gcc", "g++", "cc", "c++", "ar", "ranlib", "as", "ld"}) {
    std::string real(4096, '\0');
    ASSERT_NE(::realpath((std::string("/usr/bin/") + name).c_str(), real.data()), nullptr);
    EXPECT_TRUE(tools.contains(real.c_str())) << name;
  }
}

}  // namespace
}  // namespace model
