#include "engine/reapi/input_sender.hh"

#include <unordered_set>
#include <utility>

namespace engine {

Attempted<InputSender::Closure> InputSender::closure(const object::Digest& root, Trust trust) {
  Closure closure;
  std::vector<object::Digest> open;
  std::unordered_set<object::Digest> seen;
  const auto visit = [&](const object::Digest& directory) {
    if (seen.insert(directory).second && (trust == Trust::Nothing || !whole_.believes(directory))) {
      open.push_back(directory);
    }
  };
  visit(root);
  while (!open.empty()) {
    const object::Digest digest = open.back();
    open.pop_back();
    const auto directory = read_directory(here_, digest, "directory");
    if (!directory) {
      return tl::unexpected(directory.error());
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
          return failed(put.error());
        }
        closure.objects.push_back(*put);
      } else if (std::holds_alternative<object::Promise>(entry)) {
        return failed({"the tree of a thunk that was to be executed still owes '" + name + "'",
                       base::FailureKind::Ours});
      }
    }
  }
  return closure;
}

Attempted<void> InputSender::send(const Lowered& action, Trust trust, const base::StillWanted& wanted) {
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
    return failed(std::move(lost.error()));
  }
  if (!lost->empty()) {
    std::string message = "neither the server nor the store holds object " + lost->front().to_string();
    return tl::unexpected(
        sched::AttemptFailure({std::move(message), base::FailureKind::Deterministic}, std::move(*lost)));
  }
  whole_.note(closure->directories);
  return {};
}

}  // namespace engine
