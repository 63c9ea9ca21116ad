#include "sched/steps.hh"

#include "ir/reduce.hh"
#include "ir/thunk.hh"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace sched {

namespace {

// Reads objects and remembers which were not there.
class Reader {
 public:
  explicit Reader(object::Store& store) : store_(store) {}

  base::Result<std::string> bytes(const object::Digest& digest, const char* what) {
    base::Result<std::optional<std::string>> found = store_.get(digest);
    if (!found) {
      return tl::unexpected<base::Error>(std::move(found.error()));
    }
    if (!*found) {
      lost_.push_back(digest);
      return base::failure(fmt::format("the store does not hold {} {}", what, digest.to_string()),
                           base::FailureKind::Deterministic);
    }
    return std::move(**found);
  }

  base::Result<object::Directory> directory(const object::Digest& digest) {
    return bytes(digest, "directory").and_then([](const std::string& encoded) {
      return object::decode_directory(encoded);
    });
  }

  base::Result<ir::Thunk> thunk(const object::Digest& digest) {
    return bytes(digest, "thunk").and_then([](const std::string& encoded) {
      return ir::decode_thunk(encoded);
    });
  }

  [[nodiscard]] ir::ReadDirectory as_function() {
    return [this](const object::Digest& digest) { return directory(digest); };
  }

  [[nodiscard]] tl::unexpected<AttemptFailure> failed(base::Error error) {
    return tl::unexpected<AttemptFailure>(AttemptFailure(std::move(error), std::move(lost_)));
  }

 private:
  object::Store& store_;
  std::vector<object::Digest> lost_;
};

tl::unexpected<AttemptFailure> failed(base::Error error) {
  return tl::unexpected<AttemptFailure>(AttemptFailure(std::move(error)));
}

ir::WriteDirectory writer(object::Store& store) {
  return [&store](const object::Directory& directory) { return store.put(object::encode(directory)); };
}

ir::Concrete lookup(std::span<const Made> made) {
  return [made](const object::Promise& promise) -> std::optional<object::Entry> {
    const auto at =
        std::lower_bound(made.begin(), made.end(), promise.thunk,
                         [](const Made& one, const object::Digest& thunk) { return one.thunk < thunk; });
    if (at == made.end() || at->thunk != promise.thunk) {
      return std::nullopt;
    }
    const auto output = at->result->outputs.find(promise.output);
    return output == at->result->outputs.end() ? std::nullopt : std::optional<object::Entry>(output->second);
  };
}

bool is_owing_directory(const object::Entry& entry) {
  const auto* directory = std::get_if<object::Subdirectory>(&entry);
  return directory != nullptr && directory->owes;
}

// All objects that a result stands on: its outputs, its streams, and, where it owes, the thunks that it
// promises with all that they need.
class Footing {
 public:
  explicit Footing(object::Store& store) : store_(store) {}

  base::Result<bool> is_whole(const ir::Result& result) {
    for (const auto& [path, entry] : result.outputs) {
      note(entry);
    }
    for (const auto& stream : {result.standard_output, result.standard_error}) {
      if (stream) {
        files_.insert(*stream);
      }
    }
    while (!directories_.open.empty() || !thunks_.open.empty()) {
      const base::Result<bool> read =
          directories_.open.empty() ? read_thunk(thunks_.take()) : read_directory(directories_.take());
      if (!read || !*read) {
        return read;
      }
    }
    if (files_.empty()) {
      return true;
    }
    const std::vector<object::Digest> all(files_.begin(), files_.end());
    return store_.missing(all).map(
        [](const std::vector<object::Digest>& missing) { return missing.empty(); });
  }

 private:
  struct ToRead {
    std::unordered_set<object::Digest> seen;
    std::vector<object::Digest> open;

    void note(const object::Digest& digest) {
      if (seen.insert(digest).second) {
        open.push_back(digest);
      }
    }

    object::Digest take() {
      const object::Digest digest = open.back();
      open.pop_back();
      return digest;
    }
  };

  void note(const object::Entry& entry) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      files_.insert(file->digest);
    } else if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
      directories_.note(directory->digest);
    } else if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      thunks_.note(promise->thunk);
    }
  }

  // False: not there, or not what the result says.
  base::Result<bool> read_directory(const object::Digest& digest) {
    return read(digest, object::decode_directory, [this](const object::Directory& directory) {
      for (const auto& [name, entry] : directory.entries) {
        note(entry);
      }
    });
  }

  base::Result<bool> read_thunk(const object::Digest& digest) {
    return read(digest, ir::decode_thunk, [this](const ir::Thunk& thunk) {
      files_.insert(thunk.command);
      directories_.note(thunk.input_root);
    });
  }

  template <class Value, class Use>
  base::Result<bool> read(const object::Digest& digest, base::Result<Value> (*decode)(std::string_view),
                          Use use) {
    const base::Result<std::optional<std::string>> bytes = store_.get(digest);
    if (!bytes) {
      return tl::unexpected<base::Error>(bytes.error());
    }
    if (!*bytes) {
      return false;
    }
    const base::Result<Value> value = decode(**bytes);
    if (value) {
      use(*value);
    }
    return value.has_value();
  }

  object::Store& store_;
  std::unordered_set<object::Digest> files_;
  ToRead directories_;
  ToRead thunks_;
};

}  // namespace

base::Result<bool> Steps::is_whole(const ir::Result& result) {
  return Footing(store_).is_whole(result);
}

Steps::Expected<std::optional<ir::Result>> Steps::memo(const object::Digest& thunk) {
  base::Result<std::optional<std::string>> bytes = records_.find(object::kMemoTable, thunk);
  if (!bytes) {
    return failed(std::move(bytes.error()));
  }
  if (!*bytes) {
    return std::nullopt;
  }
  base::Result<ir::Result> result = ir::decode_result(**bytes);
  if (!result || result->exit_code != 0) {
    // Not ours, or of another version: nothing that is worth to stop for. It is replaced.
    return std::nullopt;
  }
  const base::Result<bool> whole = is_whole(*result);
  if (!whole) {
    return failed(whole.error());
  }
  return *whole ? std::optional<ir::Result>(std::move(*result)) : std::nullopt;
}

Steps::Expected<Steps::Opened> Steps::open(const object::Digest& thunk, UseMemo use_memo) {
  if (use_memo == UseMemo::Yes) {
    Expected<std::optional<ir::Result>> known = memo(thunk);
    if (!known) {
      return tl::unexpected<AttemptFailure>(std::move(known.error()));
    }
    if (*known) {
      return Opened(std::move(**known));
    }
  }
  Reader reader(store_);
  auto promises = reader.thunk(thunk).and_then(
      [&reader](const ir::Thunk& read) { return ir::promises_in(read.input_root, reader.as_function()); });
  if (!promises) {
    return reader.failed(std::move(promises.error()));
  }
  return Opened(std::move(*promises));
}

Steps::Expected<Steps::Substituted> Steps::substitute(const object::Digest& thunk, std::span<const Made> made,
                                                      UseMemo use_memo) {
  Reader reader(store_);
  base::Result<ir::Thunk> concrete = reader.thunk(thunk);
  if (!concrete) {
    return reader.failed(std::move(concrete.error()));
  }
  base::Result<object::Digest> root =
      ir::substitute(concrete->input_root, reader.as_function(), writer(store_), lookup(made));
  if (!root) {
    return reader.failed(std::move(root.error()));
  }
  concrete->input_root = *root;
  base::Result<object::Digest> name = store_.put(ir::encode(*concrete));
  if (!name) {
    return failed(std::move(name.error()));
  }
  Substituted substituted{*name, std::nullopt};
  if (use_memo == UseMemo::Yes) {
    Expected<std::optional<ir::Result>> known = memo(*name);
    if (!known) {
      return tl::unexpected<AttemptFailure>(std::move(known.error()));
    }
    substituted.memo = std::move(*known);
  }
  return substituted;
}

Steps::Expected<std::vector<object::Promise>> Steps::promises_in(const ir::Result& result) {
  Reader reader(store_);
  std::vector<object::Promise> promises;
  for (const auto& [path, entry] : result.outputs) {
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      promises.push_back(*promise);
    } else if (is_owing_directory(entry)) {
      auto below = ir::promises_in(std::get<object::Subdirectory>(entry).digest, reader.as_function());
      if (!below) {
        return reader.failed(std::move(below.error()));
      }
      promises.insert(promises.end(), below->begin(), below->end());
    }
  }
  std::sort(promises.begin(), promises.end());
  promises.erase(std::unique(promises.begin(), promises.end()), promises.end());
  return promises;
}

Steps::Expected<ir::Result> Steps::substitute(const ir::Result& result, std::span<const Made> made) {
  Reader reader(store_);
  const ir::Concrete concrete = lookup(made);
  ir::Result whole = result;
  for (auto& [path, entry] : whole.outputs) {
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      std::optional<object::Entry> become = concrete(*promise);
      if (!become) {
        return failed(base::Error{fmt::format("output '{}' of thunk {} is not there to be passed on",
                                              promise->output, promise->thunk.to_string()),
                                  base::FailureKind::Ours});
      }
      entry = std::move(*become);
    } else if (is_owing_directory(entry)) {
      base::Result<object::Digest> root = ir::substitute(std::get<object::Subdirectory>(entry).digest,
                                                         reader.as_function(), writer(store_), concrete);
      if (!root) {
        return reader.failed(std::move(root.error()));
      }
      entry = object::Subdirectory{*root, false};
    }
  }
  return whole;
}

Steps::Expected<std::vector<NodeId>> Steps::not_whole(std::span<const Made> made) {
  std::vector<NodeId> some;
  for (const Made& one : made) {
    base::Result<bool> whole = is_whole(*one.result);
    if (!whole) {
      return failed(std::move(whole.error()));
    }
    if (!*whole) {
      some.push_back(one.node);
    }
  }
  return some;
}

base::Result<void> Steps::record(const object::Digest& thunk, const ir::Result& result) {
  return records_.record(object::kMemoTable, thunk, ir::encode(result));
}

}  // namespace sched
