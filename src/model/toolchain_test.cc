#include "model/toolchain.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/subprocess.hh"
#include "model/driver_questions.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

namespace model {
namespace {

constexpr const char* kPath = "/usr/bin:/bin";

// In an hour, when all files of the test have settled.
class LaterClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds wall() const override {
    return base::SystemClock().wall() + std::chrono::hours(1);
  }

  [[nodiscard]] base::Nanoseconds steady() const override { return base::SystemClock().steady(); }
};

// A compiler of the test's own, which looks in its own folders first, and several processes, one after
// another, that share records.
class ToolchainTest : public ::testing::Test {
 protected:
  ToolchainTest() {
    install("/usr/bin/gcc", "bin/gcc");
    base::make_directories(path("first"));
    base::make_directories(path(own_folder()));
    for (const auto& part : std::filesystem::directory_iterator("/usr/" + own_folder())) {
      std::filesystem::create_symlink(part.path(),
                                      std::filesystem::path(path(own_folder())) / part.path().filename());
    }
  }

  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/" + name; }

  void install(const std::string& from, const std::string& name) const {
    base::make_directories(std::filesystem::path(path(name)).parent_path().string());
    std::filesystem::remove(path(name));
    std::filesystem::copy_file(std::filesystem::canonical(from), path(name));
  }

  // A program or library at `name` that needs these libraries, which it finds beside the test's own.
  void build(const std::string& name, const std::vector<std::string>& libraries) const {
    std::vector<std::string> argv{"gcc", "-xc",      "/dev/null", "-xnone",
                                  "-o",  path(name), "-nostdlib", "-Wl,--no-as-needed,-e0,-rpath," + root_};
    if (name.ends_with(".so")) {
      argv.emplace_back("-shared");
    }
    for (const std::string& library : libraries) {
      argv.push_back("-l:" + library);
    }
    argv.push_back("-L" + root_);
    const base::Completed done = base::run({"/usr/bin/gcc", argv, {"PATH=/usr/bin:/bin"}, "/", ""});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  // Where that compiler looks first for its parts.
  [[nodiscard]] std::string own_folder() const {
    const auto says = [](const char* question) {
      std::string answer = base::run({"/usr/bin/gcc", {"gcc", question}, {}, "/", ""}).out;
      return answer.substr(0, answer.find('\n'));
    };
    return "lib/gcc/" + says("-dumpmachine") + "/" + says("-dumpversion");
  }

  [[nodiscard]] std::string search_path() const { return path("first") + ":" + kPath; }

  Toolchain found(const std::string& root) {
    return *Toolchains(records_, clock_, root).find(path("bin/gcc"), search_path());
  }

  // One that can run nothing, since there is no such root.
  Toolchain found_without_asking() { return found("/nowhere"); }

  // An assembler that comes into `folder`, to which PATH or a word leads by way of `root`, and goes again.
  void expect_assembler_found_when_it_comes(const std::string& folder, const std::string& search,
                                            const std::vector<std::string>& words,
                                            const std::string& root = "") {
    base::make_directories(path(folder));
    const std::string as = root + path(folder) + "/as";
    Toolchains toolchains(records_, clock_, "");
    const auto assembler = [&] {
      return toolchains.find(path("bin/gcc"), search, "ld", words)->assemble.files;
    };
    EXPECT_FALSE(assembler().contains(as));
    install("/usr/bin/as", folder + "/as");
    EXPECT_TRUE(assembler().contains(as));
    ::unlink(as.c_str());
    EXPECT_FALSE(assembler().contains(as));
  }

  [[nodiscard]] bool asks_after(const std::function<void()>& change) {
    (void)found("");
    (void)found_without_asking();
    change();
    try {
      (void)found_without_asking();
      return false;
    } catch (const base::OperatorError&) {
      return true;
    } catch (const base::SyscallError&) {
      return true;
    }
  }

  const base::TemporaryDirectory folder_{"/tmp", "gg-test-"};
  std::string root_ = std::filesystem::canonical(folder_.path()).string();
  object::MemoryRecords records_;
  LaterClock clock_;
};

TEST_F(ToolchainTest, the_next_process_knows_the_same_and_asks_nothing) {
  const Toolchain asked = found("");
  const Toolchain known = found_without_asking();
  EXPECT_EQ(known.identity, asked.identity);
  EXPECT_EQ(known.linker, asked.linker);
  EXPECT_EQ(known.path_variable, asked.path_variable);
  EXPECT_EQ(known.compile_cxx.files, asked.compile_cxx.files);
  EXPECT_EQ(known.link.files, asked.link.files);
  EXPECT_EQ(known.assemble.directories, asked.assemble.directories);
  EXPECT_FALSE(asks_after([] {}));
}

TEST_F(ToolchainTest, a_changed_compiler_is_asked_again) {
  EXPECT_TRUE(asks_after([&] { install("/usr/bin/g++", "bin/gcc"); }));
  EXPECT_TRUE(asks_after([&] { install("/usr/bin/as", "first/as"); })) << "an assembler earlier on PATH";
  EXPECT_TRUE(asks_after([&] { install("/usr/bin/ld", "first/as"); })) << "another in its place";
  EXPECT_TRUE(asks_after([&] { ::unlink(path("first/as").c_str()); }));
  EXPECT_TRUE(asks_after([&] { base::write_file_atomically(path(own_folder() + "/specs"), ""); }))
      << "a spec file, where none was";
  EXPECT_TRUE(asks_after([&] { base::write_file_atomically(path(own_folder() + "/specs"), "\n"); }));
  EXPECT_TRUE(asks_after([&] { install("/usr/bin/true", own_folder() + "/cc1"); }))
      << "another compiler proper";
}

TEST_F(ToolchainTest, a_part_that_becomes_executable_where_it_stands_is_noticed) {
  install("/usr/bin/as", "first/as");
  ::chmod(path("first/as").c_str(), 0644);
  EXPECT_TRUE(asks_after([&] { ::chmod(path("first/as").c_str(), 0755); }));
  install("/usr/bin/true", own_folder() + "/cc1");
  ::chmod(path(own_folder() + "/cc1").c_str(), 0644);
  EXPECT_TRUE(asks_after([&] { ::chmod(path(own_folder() + "/cc1").c_str(), 0755); }));
}

TEST_F(ToolchainTest, another_search_path_or_word_is_another_question) {
  (void)found("");
  Toolchains without(records_, clock_, "/nowhere");
  EXPECT_ANY_THROW((void)without.find(path("bin/gcc"), kPath));
  EXPECT_ANY_THROW((void)without.find(path("bin/gcc"), search_path(), "ld.gold"));
  EXPECT_ANY_THROW((void)without.find(path("bin/gcc"), search_path(), "ld", {"-B" + root_ + "/"}));
}

TEST_F(ToolchainTest, a_part_that_comes_where_a_word_leads_is_found_by_the_same_process) {
  expect_assembler_found_when_it_comes("built", search_path(), {"-B" + path("built/")});
}

TEST_F(ToolchainTest, a_part_that_comes_where_PATH_leads_is_found_by_the_same_process) {
  expect_assembler_found_when_it_comes("own", path("own") + ":" + search_path(), {});
}

TEST_F(ToolchainTest, a_library_of_a_program_that_changes_is_noticed_by_the_same_process) {
  build("liby.so", {});
  build("libx.so", {});
  build("tool", {"libx.so"});
  Toolchains toolchains(records_, clock_, "");
  const auto files = [&] { return toolchains.program(path("tool"))->files; };
  EXPECT_TRUE(files().contains(path("libx.so")));
  EXPECT_FALSE(files().contains(path("liby.so")));
  build("libx.so", {"liby.so"});
  EXPECT_TRUE(files().contains(path("liby.so")));
}

TEST_F(ToolchainTest, a_library_that_a_plugin_lacks_is_noticed_when_it_comes) {
  build("libbfd-0.so", {});
  build("tool", {"libbfd-0.so"});
  build("late.so", {});
  base::make_directories(path("bfd-plugins"));
  build("bfd-plugins/plugin.so", {"late.so"});
  std::filesystem::rename(path("late.so"), path("not-yet.so"));
  const auto files = [&] { return Toolchains(records_, clock_, "").program(path("tool"))->files; };
  EXPECT_FALSE(files().contains(path("bfd-plugins/plugin.so")));
  std::filesystem::rename(path("not-yet.so"), path("late.so"));
  EXPECT_TRUE(files().contains(path("bfd-plugins/plugin.so")));
  EXPECT_TRUE(files().contains(path("late.so")));
}

TEST_F(ToolchainTest, another_program_for_a_wrapper_is_noticed_by_the_same_process) {
  install("/usr/bin/gcc-ar", "bin/gcc-ar");
  Toolchains toolchains(records_, clock_, "");
  const auto program = [&] { return toolchains.archiver(path("bin/gcc-ar"), "ar", search_path()).program; };
  EXPECT_EQ(program(), "/usr/bin/ar");
  install("/usr/bin/ar", "first/ar");
  EXPECT_EQ(program(), path("first/ar"));
}

TEST_F(ToolchainTest, a_tool_is_asked_again_by_the_same_process_when_what_runs_it_changes) {
  install("/bin/sh", "bin/interpreter");
  base::write_file_atomically(
      path("ar"), "#!" + path("bin/interpreter") + "\necho 'zero for timestamps (default)'\n", 0755);
  Toolchains toolchains(records_, clock_, "");
  EXPECT_TRUE(toolchains.is_deterministic_archiver(path("ar")));
  install("/usr/bin/true", "bin/interpreter");
  EXPECT_FALSE(toolchains.is_deterministic_archiver(path("ar")));
}

TEST_F(ToolchainTest, a_part_that_comes_into_a_folder_of_the_system_is_found_by_the_same_process) {
  const std::string root = "/proc/self/root";  // what is in /proc counts as the system's
  expect_assembler_found_when_it_comes("own", root + path("own") + ":" + search_path(), {}, root);
}

TEST_F(ToolchainTest, a_driver_that_is_a_script_is_asked_by_each_process) {
  ::unlink(path("bin/gcc").c_str());
  base::write_file_atomically(path("bin/gcc"), "#!/bin/sh\nexec /usr/bin/gcc \"$@\"\n", 0755);
  (void)found("");
  EXPECT_ANY_THROW((void)found_without_asking());
}

TEST_F(ToolchainTest, a_part_that_is_a_script_is_named_and_known_to_the_next_process) {
  EXPECT_EQ(found("").assemble.script, "");
  const std::string assembler = path("first/as");
  base::write_file_atomically(assembler, "#!/bin/sh\nexec /usr/bin/as \"$@\"\n", 0755);
  EXPECT_EQ(found("").assemble.script, assembler);
  EXPECT_EQ(found_without_asking().compile.script, assembler);
}

TEST_F(ToolchainTest, what_tools_say_is_known_to_the_next_process) {
  Toolchains asking(records_, clock_, "");
  Toolchains knowing(records_, clock_, "/nowhere");
  const auto toolchain = asking.find(path("bin/gcc"), search_path());
  const std::vector<std::string> native{"-march=native", "-c", "a.c"};
  const auto by_name = asking.for_this_processor(*toolchain, native);
  const auto directories = asking.linker_defaults("/usr/bin/ld", {}).directories;
  const bool deterministic = asking.is_deterministic_archiver("/usr/bin/ar");
  const auto files = asking.archiver("/usr/bin/gcc-ar", "ar", kPath).tools.files;
  EXPECT_EQ(knowing.for_this_processor(*toolchain, native), by_name);
  EXPECT_EQ(knowing.linker_defaults("/usr/bin/ld", {}).directories, directories);
  EXPECT_EQ(knowing.is_deterministic_archiver("/usr/bin/ar"), deterministic);
  EXPECT_EQ(knowing.archiver("/usr/bin/gcc-ar", "ar", kPath).tools.files, files);
}

}  // namespace
}  // namespace model
