#include "engine/reapi/input_sender.hh"

#include "object/tree.hh"

#include <chrono>
#include <unordered_set>
#include <utility>

namespace engine {

namespace {

// Shorter than a store's own leases, so that what a directory stands for is asked about in time.
constexpr std::chrono::minutes kBelieved{3};

}  // namespace

bool InputSender::is_whole(const object::Digest& directory) const {
  return whole_until_.with([&](const auto& until) {
    const auto found = until.find(directory);
    return found != until.end() && found->second > clock_.steady();
  });
}

ReapiExpected<InputSender::Closure> InputSender::closure(const object::Digest& root, Trust trust) {
  Closure closure;
  std::vector<object::Digest> open;
  std::unordered_set<object::Digest> seen;
  const auto visit = [&](const object::Digest& directory) {
    if (seen.insert(directory).second && (trust == Trust::Nothing || !is_whole(directory))) {
      open.push_back(directory);
    }
  };
  visit(root);
  while (!open.empty()) {
    const object::Digest digest = open.back();
    open.pop_back();
    auto bytes = here_.get(digest);
    if (!bytes) {
      return tl::unexpected<sched::AttemptFailure>(std::move(bytes.error()));
    }
    if (!*bytes) {
      return tl::unexpected(sched::AttemptFailure(
          {"the store does not hold directory " + digest.to_string(), base::FailureKind::Deterministic},
          {digest}));
    }
    const auto directory = object::decode_directory(**bytes);
    if (!directory) {
      return tl::unexpected<sched::AttemptFailure>(directory.error());
    }
    closure.objects.push_back(digest);
    closure.directories.push_back(digest);
    for (const auto& [name, entry] : directory->entries) {
      if (const auto* file = std::get_if<object::File>(&entry)) {
        closure.objects.push_back(file->digest);
      } else if (const auto* below = std::get_if<object::Subdirectory>(&entry)) {
        visit(below->digest);
      } else if (const auto* link = std::get_if<object::Symlink>(&entry); link && with_link_targets_) {
        const auto put = here_.put(link->target);
        if (!put) {
          return tl::unexpected<sched::AttemptFailure>(put.error());
        }
        closure.objects.push_back(*put);
      } else if (std::holds_alternative<object::Promise>(entry)) {
        return tl::unexpected<sched::AttemptFailure>(
            base::Error{"the tree of a thunk that was to be executed still owes '" + name + "'",
                        base::FailureKind::Ours});
      }
    }
  }
  return closure;
}

ReapiExpected<void> InputSender::send(const Lowered& action, Trust trust,
                                      const object::RemoteStore::Wanted& wanted) {
  if (trust == Trust::Nothing) {
    with_link_targets_ = true;
  }
  auto closure = this->closure(action.input_root, trust);
  if (!closure) {
    return tl::unexpected(std::move(closure.error()));
  }
  closure->objects.push_back(action.command);
  closure->objects.push_back(action.action);
  if (trust == Trust::Nothing) {
    there_.distrust(closure->objects);
  }
  auto lost = there_.send(closure->objects, here_, wanted);
  if (!lost) {
    return tl::unexpected<sched::AttemptFailure>(std::move(lost.error()));
  }
  if (!lost->empty()) {
    std::string message = "neither the server nor the store holds object " + lost->front().to_string();
    return tl::unexpected(
        sched::AttemptFailure({std::move(message), base::FailureKind::Deterministic}, std::move(*lost)));
  }
  const base::Nanoseconds until = clock_.steady() + kBelieved;
  whole_until_.with([&](auto& whole) {
    for (const object::Digest& directory : closure->directories) {
      whole.insert_or_assign(directory, until);
    }
  });
  return {};
}

}  // namespace engine
