#include "model/compiler_dependencies.hh"
#include "model/step.hh"
#include "model/trial.hh"

#include <fstream>
#include <functional>

// Files that change while a command is inferred: what was concluded from one state must not be built of
// another.
namespace model {
namespace {

// A view in which something happens between one look at a file and the next.
class RestlessView final : public View {
 public:
  explicit RestlessView(View& view) : view_(view) {}

  base::Result<std::optional<Seen>> see(const std::string& path) override {
    note(path);
    if (before_looked) {
      before_looked(path, ++looks_[path]);
    }
    auto seen = view_.see(path);
    if (seen && *seen) {
      (*seen)->identity = blurred((*seen)->identity);
    }
    return seen;
  }

  std::optional<object::Digest> known(const scan::Identity& identity) override {
    return view_.known(identity);
  }

  base::Result<scan::Contents> read(const std::string& path) override {
    note(path);
    auto contents = view_.read(path);
    if (contents) {
      contents->identity = blurred(contents->identity);
      contents->settled = contents->settled && times_tell;
    }
    return contents;
  }

  base::Result<bool> keep(const object::Digest& digest, const std::string& path) override {
    return view_.keep(digest, path);
  }

  scan::Look look(const std::string& path) override {
    if (before_looked) {
      before_looked(path, ++looks_[path]);
    }
    scan::Look look = view_.look(path);
    look.identity = blurred(look.identity);
    return look;
  }

  std::string pristine_root() const override { return view_.pristine_root(); }

  std::function<void(const std::string& path, int time)> before_seen;
  std::function<void(const std::string& path, int time)> before_looked;  // at its state alone, too
  bool times_tell = true;  // false: as if all happened within one tick of the kernel's clock, just now

 private:
  void note(const std::string& path) {
    if (before_seen) {
      before_seen(path, ++times_[path]);
    }
  }

  [[nodiscard]] scan::Identity blurred(scan::Identity identity) const {
    if (!times_tell) {
      identity.mtime = identity.ctime = kFuture;
    }
    return identity;
  }

  static constexpr int64_t kFuture = 4'000'000'000'000'000'000;  // no clock is past it
  View& view_;
  std::map<std::string, int> times_;
  std::map<std::string, int> looks_;
};

class Changing : public Trial {
 protected:
  void SetUp() override {
    write("a.c", "#include \"a.h\"\nint main(void) { return A; }\n");
    write("a.h", "#define A 1\n");
    write("b.h", "#define A 2\n");
  }

  // The file is first read for what it includes, and then laid out.
  void change_before_layout(const std::string& name, const std::string& bytes) {
    restless_.before_seen = [this, name, bytes](const std::string& at, int time) {
      if (at == path(name) && time == 2) {
        std::ofstream(at, std::ios::trunc) << bytes;
      }
    };
  }

  // Until the clock is past the tick that stamped them: their next change will show.
  void let_settle(const std::vector<std::string>& names) {
    const base::SystemClock clock;
    for (const std::string& name : names) {
      while (!scan::is_settled(view_.look(path(name)).identity, clock.wall())) {
      }
    }
  }

  [[nodiscard]] Inference infer_restless(std::vector<std::string> argv) {
    return restless_models_.infer(invocation(std::move(argv)));
  }

  void expect_of_now(const Inference& answer, const std::vector<std::string>& files) {
    ASSERT_TRUE(std::holds_alternative<Inferred>(answer));
    ASSERT_TRUE(restless_models_.keep(std::get<Inferred>(answer)).value());
    const auto leaves = leaves_of(std::get<Inferred>(answer).thunk);
    for (const std::string& name : files) {
      const auto leaf = leaves.find(path(name));
      ASSERT_NE(leaf, leaves.end()) << name;
      EXPECT_EQ(std::get<object::File>(leaf->second).digest,
                std::get<object::File>(*view_.at(path(name)).value()).digest);
    }
    EXPECT_EQ(run_thunk(std::get<Inferred>(answer).thunk).completed.exit_code, 0);
  }

  RestlessView restless_{view_};
  GnuModels restless_models_{restless_, store_, records_};
};

TEST_F(Changing, a_header_that_includes_more_by_the_time_it_is_laid_out_is_scanned_again) {
  restless_.times_tell = false;
  change_before_layout("a.h", "#include \"b.h\"\n");
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "a.h", "b.h"});
}

TEST_F(Changing, a_header_whose_state_tells_is_laid_out_as_it_was_scanned_and_found_changed_afterwards) {
  let_settle({"a.c", "a.h"});
  restless_.before_looked = [this](const std::string& at, int time) {
    EXPECT_FALSE(at == path("a.h") && time > 1) << "a second look";
  };
  const auto before = infer_restless({"gcc", "-c", "a.c"});
  ASSERT_TRUE(std::holds_alternative<Inferred>(before));
  write("a.h", "#include \"b.h\"\n");
  EXPECT_FALSE(restless_models_.keep(std::get<Inferred>(before)).value()) << "nobody has the old bytes";
  restless_.before_looked = nullptr;
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "a.h", "b.h"});
}

TEST_F(Changing, a_header_that_changes_between_two_commands_is_noticed_by_the_second) {
  let_settle({"a.c", "a.h"});
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "a.h"});
  std::ofstream(path("a.h"), std::ios::trunc) << "#include \"b.h\"\n";
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "a.h", "b.h"});
  write("a.h", "#define A 3\n");
  let_settle({"a.h"});
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "a.h"});
}

TEST_F(Changing, a_source_is_scanned_again_too_even_if_only_its_bytes_tell) {
  restless_.times_tell = false;
  change_before_layout("a.c", "#include \"b.h\"\nint main(void) { return A; }\n");
  expect_of_now(infer_restless({"gcc", "-c", "a.c"}), {"a.c", "b.h"});
}

TEST_F(Changing, a_header_that_the_compiler_was_asked_about_is_asked_about_again) {
  change_before_layout("a.h", "#include \"b.h\"\n");
  expect_of_now(infer_restless({"gcc", "-traditional-cpp", "-c", "a.c"}), {"a.c", "a.h", "b.h"});
}

TEST_F(Changing, what_was_concluded_from_an_assemblers_source_holds_for_the_bytes_it_is_given) {
  for (const int moment : {1, 2, 3}) {  // -M was asked, and there is such a file; it is read; it is laid out
    const std::string name = "t" + std::to_string(moment) + ".asm";
    write(name, "%include \"one.inc\"\n");
    write("one.inc", "db 1\n");
    write("two.inc", "db 2\n");
    restless_.before_seen = [&](const std::string& at, int time) {
      if (at == path(name) && time == moment) {
        std::ofstream(at, std::ios::trunc) << "%include \"two.inc\"\n";
      }
    };
    expect_of_now(infer_restless({"nasm", "-o", "t.bin", name}), {name, "two.inc"});
  }
  write("t.asm", "db 1\n");
  restless_.before_seen = [&](const std::string& at, int time) {
    if (at == path("t.asm") && time == 3) {
      std::ofstream(at, std::ios::trunc) << "db __?DATE?__\n";
    }
  };
  const auto answer = infer_restless({"nasm", "-o", "t.bin", "t.asm"});
  const auto* declined = std::get_if<Declined>(&answer);
  EXPECT_EQ(declined == nullptr ? "" : declined->reason, "date-macro") << "it is inferred anew";
}

TEST_F(Changing, an_archive_is_as_it_was_when_it_was_decided_what_becomes_of_it) {
  for (const std::string name : {"one", "two"}) {
    write(name + ".c", "int " + name + ";\n");
    ASSERT_EQ(run_here({"gcc", "-c", name + ".c"}).exit_code, 0);
  }
  ASSERT_EQ(run_here({"ar", "rc", "both.a", "two.o", "one.o"}).exit_code, 0);
  ASSERT_EQ(run_here({"ar", "rc", "lib.a", "one.o"}).exit_code, 0);
  const std::string both = base::read_file(path("both.a"));
  bool changed = false;
  restless_.before_seen = [&](const std::string& at, int) {
    if (at == path("one.o") && !changed) {  // the archive was read: it would be made anew
      changed = true;
      std::ofstream(path("lib.a"), std::ios::trunc) << both;
    }
  };
  const auto answer = infer_restless({"ar", "rc", "lib.a", "one.o"});
  ASSERT_TRUE(std::holds_alternative<Inferred>(answer));
  ASSERT_TRUE(restless_models_.keep(std::get<Inferred>(answer)).value());
  EXPECT_TRUE(leaves_of(std::get<Inferred>(answer).thunk).contains(path("lib.a"))) << "two.o has to stay";
}

TEST_F(Changing, what_an_old_output_holds_is_nobodys_business) {
  write("a.o", "old");
  restless_.before_seen = [&](const std::string& at, int) { EXPECT_NE(at, path("a.o")); };
  EXPECT_TRUE(std::holds_alternative<Inferred>(infer_restless({"gcc", "-c", "a.c"})));
  base::make_directories(path("folder"));
  ASSERT_EQ(::symlink("a.o", path("link.o").c_str()), 0);
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-o", "folder"}), "special-output");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-o", "link.o"}), "special-output");
}

TEST_F(Changing, a_response_file_is_read_again) {
  write("words", "-DX=1");
  change_before_layout("words", "-DX=2 -include b.h -DA=A");
  expect_of_now(infer_restless({"gcc", "-c", "@words", "a.c"}), {"a.c", "words", "b.h"});
}

TEST_F(Changing, what_never_holds_still_is_left_to_the_real_command) {
  int time = 0;
  restless_.before_seen = [&](const std::string& at, int) {
    if (at == path("a.h")) {
      std::ofstream(at, std::ios::trunc) << "#define A " << ++time << "\n";
    }
  };
  const auto answer = infer_restless({"gcc", "-c", "a.c"});
  ASSERT_TRUE(std::holds_alternative<Declined>(answer));
  EXPECT_EQ(std::get<Declined>(answer), (Declined{"changing-input", path("a.h")}));
}

}  // namespace
}  // namespace model
