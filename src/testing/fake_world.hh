#pragma once

#include "ir/result.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

// Fakes for tests. (Not `testing`: that name is GoogleTest's.)
namespace fake {

// What a program of the fake world does, whatever its inputs are.
struct Program {
  enum class Does { Files, Tail, TailInDirectory, OmitsOutput, Fails };
  Does does = Does::Files;
  size_t calls = 0;  // Tail: the thunk whose output its own is
  std::string calls_output = "a";
  bool reads_inputs = true;  // else its outputs do not depend on them, so that consumers converge
  unsigned colour = 0;       // programs of one colour write the same bytes
};

// Thunks, what they stand for, and what really comes of them, worked out by plain recursion. Each thunk has
// outputs "a" and "b". The store is modelled as the set of what it lost.
class World {
 public:
  using Inputs = std::vector<object::Entry>;  // files, directories or promises

  size_t add_program(Program program);

  // The same program and inputs give the same thunk.
  size_t add_thunk(size_t program, Inputs inputs);

  struct Traits {
    bool failures = false;  // some programs fail or leave an output out
    bool tails = false;     // some results are promises; cycles come about that way
    bool literals = false;  // some thunks hold as written what others make
  };

  static World random(std::mt19937_64& random, const Traits& traits);

  [[nodiscard]] size_t size() const { return thunks_.size(); }

  [[nodiscard]] const object::Digest& name(size_t thunk) const { return thunks_.at(thunk).name; }

  [[nodiscard]] std::vector<object::Promise> promises(const object::Digest& thunk) const;

  // The truth: outputs, or nullopt when the thunk or something that it needs fails.
  [[nodiscard]] const std::optional<ir::Result>& truth(object::Digest thunk);

  // What a driver does.
  using Concrete = std::map<object::Digest, const ir::Result*>;
  object::Digest substitute(const object::Digest& thunk, const Concrete& made);
  [[nodiscard]] ir::Result execute(const object::Digest& concrete);
  [[nodiscard]] std::vector<object::Promise> promises(const ir::Result& result) const;
  [[nodiscard]] ir::Result substitute(const ir::Result& result, const Concrete& made) const;

  // Losses: of files, and of thunks.
  void lose(const object::Digest& object) { lost_.insert(object); }

  [[nodiscard]] bool is_lost(const object::Digest& object) const { return lost_.count(object) != 0; }

  // The thunks whose promises the trees of these hold, directly or not, and these themselves.
  [[nodiscard]] std::set<object::Digest> trees_of(const std::vector<object::Digest>& thunks) const;

  [[nodiscard]] bool is_whole(const ir::Result& result) const;
  [[nodiscard]] std::vector<object::Digest> lost_inputs(const object::Digest& concrete) const;

 private:
  struct Thunk {
    object::Digest name;
    size_t program = 0;
    Inputs inputs;
  };

  [[nodiscard]] const Thunk& at(const object::Digest& thunk) const { return thunks_.at(index_.at(thunk)); }

  [[nodiscard]] std::optional<ir::Result> work_out(const object::Digest& thunk);

  std::vector<Program> programs_;
  std::vector<Thunk> thunks_;  // as written first; concrete ones are appended
  std::map<object::Digest, size_t> index_;
  std::map<object::Digest, std::optional<ir::Result>> truth_;
  std::set<object::Digest> in_work_;
  std::map<object::Digest, object::Promise> owing_directories_;
  std::set<object::Digest> lost_;
};

}  // namespace fake
