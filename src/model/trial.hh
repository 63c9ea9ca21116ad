#pragma once

#include "base/clock.hh"
#include "base/files.hh"
#include "base/program_path.hh"
#include "base/subprocess.hh"
#include "model/file_view.hh"
#include "model/gnu_models.hh"
#include "model/paths.hh"
#include "object/memory_store.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>

// For tests with the real compiler as the oracle: a small project in a directory of its own, models over it,
// and a way to run a thunk with nothing but its tree. Needs to be root, or user namespaces, for the chroot;
// without either the test fails rather than passing for nothing.
namespace model {

class Trial : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    base::make_directories(parent_of(path(name)));
    base::write_file_atomically(path(name), bytes);
    age(name);
  }

  // As if it had been there for a while: what is fresh is never trusted by its signature. Only ctime cannot
  // be set.
  void age(const std::string& name) {
    const std::array<timespec, 2> long_ago{timespec{1'600'000'000, 0},
                                           timespec{1'600'000'000, next_mtime_++}};
    ::utimensat(AT_FDCWD, path(name).c_str(), long_ago.data(), 0);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return absolute(root_, name); }

  [[nodiscard]] Invocation invocation(std::vector<std::string> argv,
                                      const std::string& directory = "") const {
    Invocation made;
    made.program = argv[0].starts_with('/') ? argv[0] : base::find_program(argv[0], kPath, "/").value_or("");
    made.argv = std::move(argv);
    made.environment = environment_;
    made.working_directory = directory.empty() ? root_ : path(directory);
    return made;
  }

  [[nodiscard]] Inference infer(std::vector<std::string> argv, const std::string& directory = "") {
    return kept(models_.infer(invocation(std::move(argv), directory)));
  }

  // What it names is in the store from then on.
  [[nodiscard]] Inference kept(Inference answer) {
    if (const auto* inferred = std::get_if<Inferred>(&answer)) {
      EXPECT_TRUE(models_.keep(*inferred).value());
    }
    return answer;
  }

  [[nodiscard]] Inferred inferred(std::vector<std::string> argv, const std::string& directory = "") {
    auto answer = infer(std::move(argv), directory);
    if (const auto* declined = std::get_if<Declined>(&answer)) {
      ADD_FAILURE() << "declined: " << declined->reason << " " << declined->detail;
      return {};
    }
    if (std::holds_alternative<MustRead>(answer)) {
      ADD_FAILURE() << "asks for promised bytes";
      return {};
    }
    return std::get<Inferred>(answer);
  }

  [[nodiscard]] std::string reason(std::vector<std::string> argv) {
    const auto answer = infer(std::move(argv));
    const auto* declined = std::get_if<Declined>(&answer);
    return declined == nullptr ? "" : declined->reason;
  }

  // The real tool, here.
  base::Completed run_here(const std::vector<std::string>& argv, const std::string& directory = "") {
    std::vector<std::string> variables;
    for (const auto& variable : environment_) {
      variables.push_back(variable.first + "=" + variable.second);
    }
    return base::run(
        {invocation(argv).program, argv, variables, directory.empty() ? root_ : path(directory), ""});
  }

  [[nodiscard]] ir::Command command_of(const object::Digest& thunk) {
    const ir::Thunk decoded = ir::decode_thunk(store_.get(thunk).value().value()).value();
    return ir::decode_command(store_.get(decoded.command).value().value()).value();
  }

  // Every path of the thunk's tree that is not a directory.
  [[nodiscard]] std::map<std::string, object::Entry> leaves_of(const object::Digest& thunk) {
    std::map<std::string, object::Entry> leaves;
    collect(ir::decode_thunk(store_.get(thunk).value().value()).value().input_root, "", leaves);
    return leaves;
  }

  // Lays the thunk's tree out in a fresh directory and runs its command there, with that directory as its
  // root.
  struct Ran {
    base::Completed completed;
    std::map<std::string, std::string> outputs;  // by the thunk's name for them
  };

  Ran run_thunk(const object::Digest& thunk) {
    const base::TemporaryDirectory box("/tmp", "gg-box-");
    const ir::Thunk decoded = ir::decode_thunk(store_.get(thunk).value().value()).value();
    const ir::Command command = command_of(thunk);
    lay_out(decoded.input_root, box.path());
    base::make_directories(box.path() + "/tmp");
    base::make_directories(box.path() + "/dev");
    base::make_directories(box.path() + "/proc");
    base::write_file_atomically(box.path() + "/dev/null", "");  // a shell writes to it
    base::write_file_atomically(box.path() + "/proc/cpuinfo",
                                "");  // LLVM counts processors and says if it can't
    std::vector<std::string> variables;
    for (const auto& variable : command.environment) {
      variables.push_back(variable.first + "=" + variable.second);
    }
    const std::string directory = "/" + command.working_directory;
    const std::string& word = command.arguments[0];
    const std::string program =
        word.find('/') == std::string::npos
            ? base::find_program(word, command.environment.at("PATH"), "/").value_or("")
            : absolute(directory, word);
    Ran ran;
    ran.completed = base::run({program, command.arguments, variables, directory, box.path()});
    for (const std::string& name : command.output_paths) {
      if (auto bytes = base::read_file_if_there(box.path() + directory + "/" + name)) {
        ran.outputs.emplace(name, *std::move(bytes));
      }
    }
    return ran;
  }

  // The command's thunk, run with nothing but its tree, makes the very bytes that the real command makes
  // here, says the same, and the depfile written at once is the real one.
  void expect_same(const std::vector<std::string>& argv, const std::string& directory = "") {
    SCOPED_TRACE(::testing::PrintToString(argv));
    const Inferred answer = inferred(argv, directory);
    if (HasFailure()) {
      return;
    }
    const Ran ran = run_thunk(answer.thunk);
    const base::Completed real = run_here(argv, directory);
    EXPECT_EQ(ran.completed.exit_code, real.exit_code) << ran.completed.err;
    EXPECT_EQ(ran.completed.err, real.err);
    EXPECT_EQ(ran.completed.out, real.out);
    for (const Output& output : answer.outputs) {
      const auto bytes = base::read_file_if_there(output.path);
      const auto made = ran.outputs.find(output.name);
      ASSERT_EQ(bytes.has_value(), made != ran.outputs.end()) << output.path;
      EXPECT_TRUE(!bytes || *bytes == made->second) << output.path << " differs";
      for (const WrittenNow& written : answer.written_now) {
        if (written.path == output.path && bytes) {
          EXPECT_EQ(written.bytes, *bytes);
        }
      }
    }
  }

  // What was written at inference is what the real command writes. Costs no container.
  void expect_same_depfile(const std::vector<std::string>& argv) {
    SCOPED_TRACE(::testing::PrintToString(argv));
    const Inferred answer = inferred(argv);
    if (HasFailure()) {
      return;
    }
    ASSERT_EQ(answer.written_now.size(), 1U);
    ::unlink(answer.written_now[0].path.c_str());
    EXPECT_EQ(run_here(argv).exit_code, 0);
    EXPECT_EQ(answer.written_now[0].bytes,
              base::read_file_if_there(answer.written_now[0].path).value_or("no file"));
  }

  // Every option with one source, and every source with the first `few`, tell the same as all pairs in a
  // tenth of the time. The sources are there, and lib/.
  void expect_same_depfiles(const std::string& c, const std::string& cxx,
                            const std::vector<std::vector<std::string>>& options, size_t few) {
    for (const std::string source : {"a.c", "b.cc", "start.S", "odd/we ird$#.c"}) {
      const size_t count = source == "a.c" ? options.size() : few;
      for (size_t i = 0; i < count; ++i) {
        std::vector<std::string> argv = {source.ends_with(".c") ? c : cxx, "-Ilib"};
        argv.insert(argv.end(), options[i].begin(), options[i].end());
        argv.insert(argv.end(), {"-c", source});
        expect_same_depfile(argv);
        argv.insert(argv.end(), {"-o", "odd/out.x.o"});
        expect_same_depfile(argv);
      }
    }
  }

  static constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";
  const base::TemporaryDirectory folder_{"/tmp", "gg-trial-"};
  std::string root_ = std::filesystem::canonical(folder_.path()).string();
  std::map<std::string, std::string> environment_{{"PATH", kPath}};
  base::SystemClock clock_;
  object::MemoryStore store_;
  object::MemoryRecords records_;
  std::map<std::string, object::Promise> promises_;  // what stands for what, by path
  FileView view_{store_, records_, clock_, "",
                 [this](const std::string& at, const struct stat&) -> std::optional<object::Promise> {
                   const auto found = promises_.find(std::filesystem::canonical(at).string());
                   return found == promises_.end() ? std::nullopt : std::optional(found->second);
                 }};
  GnuModels models_{view_, store_, records_};

 private:
  void collect(const object::Digest& digest, const std::string& at,
               std::map<std::string, object::Entry>& leaves) {
    const auto directory = object::decode_directory(store_.get(digest).value().value()).value();
    for (const auto& entry : directory.entries) {
      const std::string below = at + "/" + entry.first;
      if (const auto* sub = std::get_if<object::Subdirectory>(&entry.second)) {
        collect(sub->digest, below, leaves);
      } else {
        leaves.emplace(below, entry.second);
      }
    }
  }

  void lay_out(const object::Digest& digest, const std::string& at) {
    base::make_directories(at);
    const auto directory = object::decode_directory(store_.get(digest).value().value()).value();
    for (const auto& entry : directory.entries) {
      const std::string below = at + "/" + entry.first;
      if (const auto* sub = std::get_if<object::Subdirectory>(&entry.second)) {
        lay_out(sub->digest, below);
      } else if (const auto* link = std::get_if<object::Symlink>(&entry.second)) {
        ASSERT_EQ(::symlink(link->target.c_str(), below.c_str()), 0) << below;
      } else if (const auto* file = std::get_if<object::File>(&entry.second)) {
        link_object(*file, below);
      } else {
        FAIL() << below << " is a promise";
      }
    }
  }

  // Compilers are some 80 MB, so a box is filled with hard links; nothing in it writes to its inputs in place
  // but ar, whose archives are small.
  void link_object(const object::File& file, const std::string& at) {
    constexpr uint64_t kSmall = 100'000;
    static const base::TemporaryDirectory objects("/tmp", "gg-objects-");
    const mode_t mode = file.executable ? 0755 : 0644;
    if (file.digest.size() < kSmall) {
      base::write_file_atomically(at, store_.get(file.digest).value().value(), mode);
      return;
    }
    const std::string kept = objects.path() + "/" + file.digest.hex() + (file.executable ? "x" : "");
    if (::access(kept.c_str(), F_OK) != 0) {
      base::write_file_atomically(kept, store_.get(file.digest).value().value(), mode);
    }
    ASSERT_EQ(::link(kept.c_str(), at.c_str()), 0) << at;
  }

  long next_mtime_ = 1;
};

}  // namespace model
