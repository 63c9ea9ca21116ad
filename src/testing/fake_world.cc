#include "testing/fake_world.hh"

#include "object/hash.hh"

#include <fmt/format.h>

#include <algorithm>

namespace fake {

namespace {

std::string text(const object::Entry& entry) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    return "file " + file->digest.to_string();
  }
  if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
    return "directory " + directory->digest.to_string();
  }
  const auto& promise = std::get<object::Promise>(entry);
  return "promise " + promise.thunk.to_string() + " " + promise.output;
}

const object::Digest* object_of(const object::Entry& entry) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    return &file->digest;
  }
  const auto* directory = std::get_if<object::Subdirectory>(&entry);
  return directory == nullptr ? nullptr : &directory->digest;
}

object::Subdirectory directory_of(const object::Entry& content, bool owes) {
  return {object::hash("directory of " + text(content)), owes};
}

}  // namespace

size_t World::add_program(Program program) {
  programs_.push_back(std::move(program));
  return programs_.size() - 1;
}

size_t World::add_thunk(size_t program, Inputs inputs) {
  std::string whole = fmt::format("program {}", program);
  for (const object::Entry& input : inputs) {
    whole += "\n" + text(input);
  }
  const object::Digest name = object::hash(whole);
  const auto [known, is_new] = index_.try_emplace(name, thunks_.size());
  if (is_new) {
    thunks_.push_back({name, program, std::move(inputs)});
  }
  return known->second;
}

World World::random(std::mt19937_64& random, const Traits& traits) {
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  World world;
  const size_t count = 1 + below(24);
  // Each calls the next, and the last one may call one of those before.
  const bool chain = traits.tails && below(4) == 0;
  const size_t programs = chain ? count : 1 + below(8);
  for (size_t at = 0; at < programs; ++at) {
    Program program;
    program.reads_inputs = below(3) != 0;
    program.colour = static_cast<unsigned>(below(4));
    if (chain && below(20) != 0) {
      program.does = Program::Does::Tail;
      program.calls = at + 1 < count || below(2) == 0 ? (at + 1) % count : below(count);
    } else if (traits.tails && below(2) == 0) {
      program.does = below(3) == 0 ? Program::Does::TailInDirectory : Program::Does::Tail;
      program.calls = below(count);
      program.calls_output = below(4) == 0 ? "b" : "a";
    } else if (traits.failures && below(5) == 0) {
      program.does = below(3) == 0 ? Program::Does::OmitsOutput : Program::Does::Fails;
    }
    (void)world.add_program(program);
  }
  while (world.size() < count) {
    Inputs inputs;
    for (size_t edges = world.size() == 0 ? 0 : below(4); edges > 0; --edges) {
      inputs.emplace_back(object::Promise{world.name(below(world.size())), below(3) == 0 ? "b" : "a"});
    }
    if (below(3) == 0 || inputs.empty()) {
      inputs.emplace_back(object::File{object::hash(fmt::format("source {}", below(30))), false});
    }
    if (traits.literals && below(3) == 0) {
      inputs = {object::File{object::hash(fmt::format("a of colour {}", below(4))), false}};
    }
    (void)world.add_thunk(chain ? world.size() : below(programs), std::move(inputs));
  }
  return world;
}

std::vector<object::Promise> World::promises(const object::Digest& thunk) const {
  std::set<object::Promise> found;
  for (const object::Entry& input : at(thunk).inputs) {
    if (const auto* promise = std::get_if<object::Promise>(&input)) {
      found.insert(*promise);
    }
  }
  return {found.begin(), found.end()};
}

object::Digest World::substitute(const object::Digest& thunk, const Concrete& made) {
  Inputs inputs = at(thunk).inputs;
  for (object::Entry& input : inputs) {
    if (const auto* promise = std::get_if<object::Promise>(&input)) {
      input = object::Entry(made.at(promise->thunk)->outputs.at(promise->output));
    }
  }
  const object::Digest& concrete = thunks_.at(add_thunk(at(thunk).program, std::move(inputs))).name;
  lost_.erase(concrete);
  return concrete;
}

std::set<object::Digest> World::trees_of(const std::vector<object::Digest>& thunks) const {
  std::set<object::Digest> all;
  std::vector<object::Digest> open = thunks;
  while (!open.empty()) {
    const object::Digest thunk = open.back();
    open.pop_back();
    if (all.insert(thunk).second) {
      for (const object::Promise& promise : promises(thunk)) {
        open.push_back(promise.thunk);
      }
    }
  }
  return all;
}

ir::Result World::execute(const object::Digest& concrete) {
  const Thunk& thunk = at(concrete);
  const Program& program = programs_.at(thunk.program);
  ir::Result result;
  if (program.does == Program::Does::Fails) {
    result.exit_code = 3;
    return result;
  }
  std::string seen = fmt::format("colour {}", program.colour);
  for (const object::Entry& input : thunk.inputs) {
    seen += program.reads_inputs ? "\n" + text(input) : "";
  }
  const object::Digest a = object::hash("a of " + seen);
  const object::Digest b = object::hash("b of " + seen);
  lost_.erase(a);
  lost_.erase(b);
  result.outputs.emplace("a", object::File{a, false});
  if (program.does != Program::Does::OmitsOutput) {
    result.outputs.emplace("b", object::File{b, false});
  }
  if (program.does == Program::Does::Tail || program.does == Program::Does::TailInDirectory) {
    const object::Promise promise{name(program.calls), program.calls_output};
    for (const object::Digest& made : trees_of({promise.thunk})) {
      lost_.erase(made);
    }
    object::Entry& output = result.outputs.at("a");
    if (program.does == Program::Does::Tail) {
      output = promise;
    } else {
      const object::Subdirectory directory = directory_of(promise, true);
      owing_directories_.emplace(directory.digest, promise);
      output = directory;
    }
  }
  return result;
}

std::vector<object::Promise> World::promises(const ir::Result& result) const {
  std::set<object::Promise> found;
  for (const auto& [path, entry] : result.outputs) {
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      found.insert(*promise);
    }
    const auto* directory = std::get_if<object::Subdirectory>(&entry);
    if (directory != nullptr && directory->owes) {
      found.insert(owing_directories_.at(directory->digest));
    }
  }
  return {found.begin(), found.end()};
}

ir::Result World::substitute(const ir::Result& result, const Concrete& made) const {
  ir::Result whole = result;
  const auto become = [&made](const object::Promise& promise) {
    return made.at(promise.thunk)->outputs.at(promise.output);
  };
  for (auto& [path, entry] : whole.outputs) {
    const auto* directory = std::get_if<object::Subdirectory>(&entry);
    if (directory != nullptr && directory->owes) {
      entry = directory_of(become(owing_directories_.at(directory->digest)), false);
    } else if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      entry = object::Entry(become(*promise));
    }
  }
  return whole;
}

bool World::is_whole(const ir::Result& result) const {
  for (const auto& [path, entry] : result.outputs) {
    const object::Digest* object = object_of(entry);
    if (object != nullptr && lost_.count(*object) != 0) {
      return false;
    }
  }
  std::vector<object::Digest> owed;
  for (const object::Promise& promise : promises(result)) {
    owed.push_back(promise.thunk);
  }
  const std::set<object::Digest> thunks = trees_of(owed);
  return std::none_of(thunks.begin(), thunks.end(), [this](const auto& thunk) { return is_lost(thunk); });
}

std::vector<object::Digest> World::lost_inputs(const object::Digest& concrete) const {
  std::vector<object::Digest> gone;
  if (is_lost(concrete)) {
    gone.push_back(concrete);
  }
  for (const object::Entry& input : at(concrete).inputs) {
    const object::Digest* object = object_of(input);
    if (object != nullptr && lost_.count(*object) != 0) {
      gone.push_back(*object);
    }
  }
  return gone;
}

const std::optional<ir::Result>& World::truth(object::Digest thunk) {
  const auto known = truth_.find(thunk);
  if (known != truth_.end()) {
    return known->second;
  }
  if (!in_work_.insert(thunk).second) {
    static const std::optional<ir::Result> kCycle;
    return kCycle;
  }
  std::optional<ir::Result> result = work_out(thunk);
  in_work_.erase(thunk);
  return truth_.emplace(thunk, std::move(result)).first->second;
}

std::optional<ir::Result> World::work_out(const object::Digest& thunk) {
  const auto gather = [this](const std::vector<object::Promise>& promises, Concrete& made) {
    for (const object::Promise& promise : promises) {
      const std::optional<ir::Result>& result = truth(promise.thunk);
      if (!result || result->outputs.count(promise.output) == 0) {
        return false;
      }
      made.emplace(promise.thunk, &*result);
    }
    return true;
  };
  Concrete inputs;
  if (!gather(promises(thunk), inputs)) {
    return std::nullopt;
  }
  const ir::Result result = execute(substitute(thunk, inputs));
  if (result.exit_code != 0) {
    return std::nullopt;
  }
  Concrete tail;
  if (!gather(promises(result), tail)) {
    return std::nullopt;
  }
  return substitute(result, tail);
}

}  // namespace fake
