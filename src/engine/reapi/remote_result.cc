#include "engine/reapi/remote_result.hh"

#include "base/quote.hh"
#include "object/hash.hh"
#include "object/tree.hh"
#include "object/wire.hh"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "build/bazel/remote/execution/v2/remote_execution.pb.h"
#include "gg/v1/object.pb.h"

namespace engine {

namespace {

namespace re = build::bazel::remote::execution::v2;
using std::chrono::nanoseconds;

tl::unexpected<base::Error> refused(const std::string& why) {
  return base::failure("the server's result cannot be: " + why, base::FailureKind::RetryElsewhere);
}

nanoseconds time_between(const google::rpc::Timestamp& from, const google::rpc::Timestamp& to) {
  const auto since_epoch = [](const google::rpc::Timestamp& time) {
    constexpr int64_t kLatest = std::numeric_limits<int64_t>::max() / 2'000'000'000;
    return nanoseconds(std::clamp<int64_t>(time.seconds(), 0, kLatest) * 1'000'000'000 + time.nanos());
  };
  return std::max(since_epoch(to) - since_epoch(from), nanoseconds(0));
}

// What the server does not say is nothing.
ir::Timings timings_of(const re::ExecutedActionMetadata& said) {
  ir::Timings timings;
  if (said.has_queued_timestamp() && said.has_worker_start_timestamp()) {
    timings.queued = time_between(said.queued_timestamp(), said.worker_start_timestamp());
  }
  if (said.has_input_fetch_start_timestamp() && said.has_input_fetch_completed_timestamp()) {
    timings.fetch = time_between(said.input_fetch_start_timestamp(), said.input_fetch_completed_timestamp());
  }
  if (said.has_execution_start_timestamp() && said.has_execution_completed_timestamp()) {
    timings.execute = time_between(said.execution_start_timestamp(), said.execution_completed_timestamp());
  }
  if (said.has_output_upload_start_timestamp() && said.has_output_upload_completed_timestamp()) {
    timings.collect =
        time_between(said.output_upload_start_timestamp(), said.output_upload_completed_timestamp());
  }
  timings.worker = said.worker();
  return timings;
}

// A server's directories, which may be encoded in another order than ours or say more than we read, rebuilt
// as ours. Recursion is bounded: each is named by the digest of the other's bytes, so there is no circle, and
// a tree is no deeper than paths are long.
class TreeTaker {
 public:
  TreeTaker(const re::Tree& tree, object::Store& here, std::vector<object::Digest>& files)
      : here_(here), files_(files) {
    for (const std::string& child : tree.children()) {
      children_.emplace(object::hash(child), &child);
    }
  }

  base::Result<object::Digest> take(const std::string& encoded, unsigned depth = 0) {
    constexpr unsigned kDeepest = 2048;
    gg::v1::Directory message;
    if (depth > kDeepest || !object::parse(encoded, message)) {
      return refused("an output directory cannot be read");
    }
    object::Directory directory;
    for (const auto& file : message.files()) {
      const object::Digest digest = object::from_wire(file.digest());
      directory.entries.emplace(file.name(), object::File{digest, file.is_executable()});
      files_.push_back(digest);
    }
    for (const auto& link : message.symlinks()) {
      directory.entries.emplace(link.name(), object::Symlink{link.target()});
    }
    for (const auto& below : message.directories()) {
      const auto child = children_.find(object::from_wire(below.digest()));
      if (child == children_.end()) {
        return refused("a tree lacks its directory '" + base::printable(below.name()) + "'");
      }
      const auto taken = take(*child->second, depth + 1);
      if (!taken) {
        return taken;
      }
      directory.entries.emplace(below.name(), object::Subdirectory{*taken, false});
    }
    if (const auto fit = object::check(directory); !fit) {
      return refused(fit.error().message);
    }
    return here_.put(object::encode(directory));
  }

 private:
  object::Store& here_;
  std::vector<object::Digest>& files_;
  std::unordered_map<object::Digest, const std::string*> children_;
};

class Taker {
 public:
  Taker(const std::map<std::string, std::string>& outputs, object::Store& here, object::RemoteStore& there)
      : outputs_(outputs), here_(here), there_(there) {}

  base::Result<std::optional<RemoteResult>> take(const re::ActionResult& answer) {
    taken_.result.exit_code = answer.exit_code();
    for (const auto& file : answer.output_files()) {
      const object::Digest digest = object::from_wire(file.digest());
      if (add(file.path(), object::File{digest, file.is_executable()})) {
        taken_.objects.push_back(digest);
      }
    }
    for (const auto* links :
         {&answer.output_symlinks(), &answer.output_file_symlinks(), &answer.output_directory_symlinks()}) {
      for (const auto& link : *links) {
        add(link.path(), object::Symlink{link.target()});
      }
    }
    for (const auto& directory : answer.output_directories()) {
      const auto held = add_directory(directory);
      if (!held || !*held) {
        return held.map([](bool) { return std::optional<RemoteResult>(); });
      }
    }
    auto& result = taken_.result;
    for (const auto& done : {stream(answer.stdout_raw(), answer.stdout_digest(), result.standard_output),
                             stream(answer.stderr_raw(), answer.stderr_digest(), result.standard_error)}) {
      if (!done) {
        return tl::unexpected(done.error());
      }
    }
    result.timings = timings_of(answer.execution_metadata());
    if (const auto fit = ir::check(result); !fit) {
      return refused(fit.error().message);
    }
    return std::optional<RemoteResult>(std::move(taken_));
  }

 private:
  // False: nobody asked for it.
  bool add(const std::string& path, object::Entry entry) {
    const auto declared = outputs_.find(path);
    return declared != outputs_.end() &&
           taken_.result.outputs.emplace(declared->second, std::move(entry)).second;
  }

  base::Result<bool> add_directory(const re::OutputDirectory& output) {
    auto bytes = there_.get(object::from_wire(output.tree_digest()));
    if (!bytes) {
      return tl::unexpected(std::move(bytes.error()));
    }
    re::Tree tree;
    if (!*bytes) {
      return false;
    }
    if (!object::parse(**bytes, tree)) {
      return refused("output '" + base::printable(output.path()) + "' is no tree");
    }
    return TreeTaker(tree, here_, taken_.objects).take(tree.root()).map([&](const object::Digest& root) {
      add(output.path(), object::Subdirectory{root, false});
      return true;
    });
  }

  base::Result<void> stream(const std::string& bytes, const gg::v1::Digest& named,
                            std::optional<object::Digest>& digest) {
    if (!bytes.empty()) {
      return here_.put(bytes).map([&](const object::Digest& put) { digest = put; });
    }
    const object::Digest there = object::from_wire(named);
    if (there.size() != 0) {
      digest = there;
      taken_.objects.push_back(there);
    }
    return {};
  }

  const std::map<std::string, std::string>& outputs_;
  object::Store& here_;
  object::RemoteStore& there_;
  RemoteResult taken_;
};

// Our directories as a server's tree.
class TreeMaker {
 public:
  TreeMaker(object::Store& here, std::vector<object::Digest>& files) : here_(here), files_(files) {}

  // False: it owes, or a part of it is gone.
  base::Result<bool> add(const object::Digest& digest, std::string* root) {
    if (root == nullptr && !seen_.insert(digest).second) {
      return true;
    }
    const auto bytes = here_.get(digest);
    if (!bytes || !*bytes) {
      return bytes.map([](const auto&) { return false; });
    }
    const auto directory = object::decode_directory(**bytes);
    if (!directory || directory->owes()) {
      return directory.map([](const auto&) { return false; });
    }
    *(root != nullptr ? root : tree_.add_children()) = **bytes;
    for (const auto& [name, entry] : directory->entries) {
      if (const auto* file = std::get_if<object::File>(&entry)) {
        files_.push_back(file->digest);
      } else if (const auto* below = std::get_if<object::Subdirectory>(&entry)) {
        if (const auto added = add(below->digest, nullptr); !added || !*added) {
          return added;
        }
      }
    }
    return true;
  }

  [[nodiscard]] re::Tree& tree() { return tree_; }

 private:
  object::Store& here_;
  std::vector<object::Digest>& files_;
  re::Tree tree_;
  std::unordered_set<object::Digest> seen_;
};

}  // namespace

base::Result<std::optional<RemoteResult>> from_remote(const re::ActionResult& answer,
                                                      const std::map<std::string, std::string>& outputs,
                                                      object::Store& here, object::RemoteStore& there) {
  return Taker(outputs, here, there).take(answer);
}

base::Result<std::optional<std::vector<object::Digest>>> to_remote(const ir::Result& result,
                                                                   object::Store& here,
                                                                   re::ActionResult& answer) {
  using Objects = std::optional<std::vector<object::Digest>>;
  std::vector<object::Digest> objects;
  answer.set_exit_code(result.exit_code);
  for (const auto& [path, entry] : result.outputs) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      auto& output = *answer.add_output_files();
      output.set_path(path);
      output.set_is_executable(file->executable);
      object::to_wire(file->digest, *output.mutable_digest());
      objects.push_back(file->digest);
    } else if (const auto* link = std::get_if<object::Symlink>(&entry)) {
      auto& output = *answer.add_output_symlinks();
      output.set_path(path);
      output.set_target(link->target);
    } else if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
      TreeMaker maker(here, objects);
      const auto added = maker.add(directory->digest, maker.tree().mutable_root());
      if (!added || !*added) {
        return added.map([](bool) { return Objects(); });
      }
      const auto put = here.put(maker.tree().SerializeAsString());
      if (!put) {
        return tl::unexpected(put.error());
      }
      auto& output = *answer.add_output_directories();
      output.set_path(path);
      object::to_wire(*put, *output.mutable_tree_digest());
      objects.push_back(*put);
    } else {
      return Objects();
    }
  }
  if (result.standard_output) {
    object::to_wire(*result.standard_output, *answer.mutable_stdout_digest());
    objects.push_back(*result.standard_output);
  }
  if (result.standard_error) {
    object::to_wire(*result.standard_error, *answer.mutable_stderr_digest());
    objects.push_back(*result.standard_error);
  }
  return Objects(std::move(objects));
}

}  // namespace engine
