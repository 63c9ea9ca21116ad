#include "model/trial.hh"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

// Random combinations of the options that make depfiles: what inference writes is what the compiler writes.
// GG_DEPFILE_SEED and GG_DEPFILE_COUNT set the first seed and how many.
namespace model {
namespace {

uint32_t number(const char* variable, uint32_t otherwise) {
  const char* const given = std::getenv(variable);
  return given == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(given, nullptr, 10));
}

class Words {
 public:
  // Of one seed, each program gets words of its own.
  Words(uint32_t seed, std::string program) : program_(std::move(program)) {
    std::vector<uint32_t> seeds(program_.begin(), program_.end());
    seeds.push_back(seed);
    std::seed_seq sequence(seeds.begin(), seeds.end());
    random_.seed(sequence);
  }

  std::vector<std::string> take() {
    std::vector<std::string> words;
    words.push_back(program_);
    add(words, {{"-Ilib"}, {"-I", "lib"}, {"-isystem", "lib"}, {"-iquote", "inc", "-Ilib"}});
    std::vector<std::vector<std::string>> groups = {wanted()};
    for (int i = below(4); i > 0; --i) {
      groups.push_back(target());
    }
    for (int i = chance(60) ? 1 + below(2) : 0; i > 0; --i) {
      groups.push_back(chance(50) ? std::vector<std::string>{"-MF", file()}
                                  : std::vector<std::string>{"-MF" + file()});
    }
    if (chance(40)) {
      groups.push_back({"-MP"});
    }
    if (chance(60)) {
      groups.push_back(chance(70) ? std::vector<std::string>{"-o", file()}
                                  : std::vector<std::string>{"-o" + file()});
    }
    groups.push_back({chance(75) ? "-c" : "-S"});
    if (chance(30)) {
      // The last makes inference ask the compiler.
      const bool clang = program_.starts_with("clang");
      groups.push_back(
          {one_of({"-O1", "-g", "-DX=1", clang ? "-fsanitize=address" : "-fmax-include-depth=190"})});
    }
    if (chance(10)) {
      groups.push_back(wanted());
    }
    groups.push_back({one_of({"a.c", "b.cc", "start.S", "odd/we ird$#.c"})});
    std::shuffle(groups.begin(), groups.end(), random_);
    for (const auto& group : groups) {
      words.insert(words.end(), group.begin(), group.end());
    }
    return words;
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }

  bool chance(int percent) { return below(100) < percent; }

  std::string one_of(const std::vector<std::string>& choices) {
    return choices[static_cast<size_t>(below(static_cast<int>(choices.size())))];
  }

  void add(std::vector<std::string>& words, const std::vector<std::vector<std::string>>& choices) {
    const auto& chosen = choices[static_cast<size_t>(below(static_cast<int>(choices.size())))];
    words.insert(words.end(), chosen.begin(), chosen.end());
  }

  std::vector<std::string> wanted() {
    switch (below(6)) {
      case 0:
        return {"-Wp,-MD,dep.d"};
      case 1:
        return {"-Wp,-MMD,odd/d e.p"};
      case 2:
      case 3:
        return {"-MMD"};
      default:
        return {"-MD"};
    }
  }

  std::vector<std::string> target() {
    const std::string how = chance(50) ? "-MT" : "-MQ";
    const std::string name = chance(70) ? odd() : file();
    return chance(60) ? std::vector<std::string>{how, name} : std::vector<std::string>{how + name};
  }

  std::string odd() {
    return one_of({"x y", "$(objects)/x", "a$$b", "h#h", "\\#", "back\\slash", "a\\ b", "co:lon", "per%cent",
                   "tab\tx", "quo'te\"s", "~tilde", "*.o", "-dash", "a b  c", "\\", "./dir/../x.o",
                   "\xC3\xBC"});
  }

  // In a folder that is there.
  std::string file() {
    return one_of({"", "inc/", "odd/", "./"}) +
           one_of({"out", "out.o", "a.b.c", "x y.o", "d$llar.o", "h#h.x", "back\\slash.o", "co:lon.o", "%.o",
                   ".hidden", "end.", "quo'te.o", "\xC3\xBC.o", "long." + std::string(70, 'x')});
  }

  std::mt19937 random_;
  std::string program_;
};

class DepfileSoup : public Trial {
 protected:
  void SetUp() override {
    write(
        "a.c",
        "#include <stdio.h>\n#include \"inc/own.h\"\n#include <lib.h>\nint a(void) { return OWN + LIB; }\n");
    write("inc/own.h", "#include \"deep/../s$u b#.h\"\n#define OWN SUB\n");
    write("inc/s$u b#.h", "#pragma once\n#define SUB 1\n");
    write("inc/deep/empty.h", "");
    write("lib/lib.h", "#define LIB 2\n");
    write("b.cc", "#include <cstddef>\n#include <lib.h>\nint b = LIB;\n");
    write("start.S", "#include <lib.h>\n.globl _s\n_s: .long LIB\n");
    write("odd/we ird$#.c", "#include <lib.h>\n#include \"h d.h\"\n");
    write("odd/h d.h", "");
  }

  void compare(const std::string& program) {
    const uint32_t first = number("GG_DEPFILE_SEED", 1);
    const uint32_t count = number("GG_DEPFILE_COUNT", 40);
    uint32_t same = 0;
    ASSERT_GT(count, 0U);
    std::map<std::string, int> declined;
    for (uint32_t seed = first; seed < first + count; ++seed) {
      const std::vector<std::string> argv = Words(seed, program).take();
      SCOPED_TRACE("seed " + std::to_string(seed) + " " + ::testing::PrintToString(argv));
      auto answer = infer(argv);
      if (const auto* why = std::get_if<Declined>(&answer)) {
        EXPECT_TRUE(kContradictions.contains(why->reason)) << why->reason << " " << why->detail;
        ++declined[why->reason];
        continue;
      }
      same += is_as_written(std::get<Inferred>(answer), argv) ? 1U : 0U;
      if (HasFailure()) {
        return;
      }
    }
    for (const auto& reason : declined) {
      std::cout << program << " declined " << reason.first << ": " << reason.second << "\n";
    }
    std::cout << program << ": seeds from " << first << ", " << same << " of " << count << " alike\n";
    EXPECT_GT(same * 2, count);
  }

  // False: the compiler refuses the command, whatever we make of it.
  bool is_as_written(const Inferred& answer, const std::vector<std::string>& argv) {
    for (const auto& output : answer.outputs) {
      ::unlink(output.path.c_str());
    }
    if (run_here(argv).exit_code != 0) {
      return false;
    }
    EXPECT_EQ(answer.written_now.size(), 1U);
    for (const WrittenNow& written : answer.written_now) {
      EXPECT_EQ(base::read_file_if_there(written.path).value_or("no file"), written.bytes) << written.path;
    }
    for (const auto& output : answer.outputs) {
      EXPECT_EQ(::access(output.path.c_str(), F_OK), 0) << output.path;
      ::unlink(output.path.c_str());
    }
    // Nothing else was made.
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      EXPECT_TRUE(entry.is_directory() || entry.last_write_time() < began_) << entry.path();
    }
    return true;
  }

  const std::set<std::string> kContradictions = {"both-md-and-mmd", "one-depfile-for-many", "unknown-option",
                                                 "no-output", "special-output"};
  const std::filesystem::file_time_type began_ = std::filesystem::file_time_type::clock::now();
};

TEST_F(DepfileSoup, is_as_gcc_writes_it) {
  compare("gcc");
}

TEST_F(DepfileSoup, is_as_gxx_writes_it) {
  compare("g++");
}

TEST_F(DepfileSoup, is_as_clang_writes_it) {
  compare("clang-14");
}

TEST_F(DepfileSoup, is_as_clangxx_writes_it) {
  compare("clang++-14");
}

}  // namespace
}  // namespace model
