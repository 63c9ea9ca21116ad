#include "engine/reapi/action_memos.hh"

#include "engine/reapi/lowered.hh"
#include "engine/reapi/remote_result.hh"
#include "object/tree.hh"

#include <utility>

namespace engine {

namespace re = build::bazel::remote::execution::v2;

ActionMemos::ActionMemos(const ReapiEngine::Surroundings& with, Options options)
    : with_(with), options_(std::move(options)), cache_(with.service, options_.instance) {}

// A thunk with promises in its tree is nobody else's Action.
bool ActionMemos::owes(const object::Digest& root) {
  const auto bytes = with_.here.get(root);
  const auto directory = bytes && *bytes ? object::decode_directory(**bytes)
                                         : base::Result<object::Directory>(base::failure("not here"));
  return !directory || directory->owes();
}

base::Result<std::optional<ir::Result>> ActionMemos::ask(const object::Digest& thunk) {
  const auto action = lower(with_.whole, thunk, options_.lowering);
  if (!action || owes(action->input_root)) {
    return std::nullopt;  // whoever opens the thunk will say what is wrong with it
  }
  const auto answer = cache_.find(action->action, {});
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  if (!*answer || (*answer)->exit_code() != 0) {
    return std::nullopt;
  }
  auto remote = from_remote(**answer, action->outputs, with_.here, with_.there);
  if (!remote || !*remote) {
    return std::nullopt;  // no result of ours; it is made here
  }
  if (options_.download == ReapiEngine::Download::Nothing) {
    return std::move((*remote)->result);  // whoever uses it looks whether the server still holds its outputs
  }
  const auto gone = with_.there.fetch((*remote)->objects, with_.here, {});
  if (!gone) {
    return tl::unexpected(gone.error());
  }
  return gone->empty() ? std::optional(std::move((*remote)->result)) : std::nullopt;
}

base::Result<void> ActionMemos::tell(std::span<const Memo> memos, const base::StillWanted& wanted) {
  for (const Memo& memo : memos) {
    if (auto told = tell(memo, wanted); !told) {
      return told;
    }
  }
  return {};
}

base::Result<void> ActionMemos::tell(const Memo& memo, const base::StillWanted& wanted) {
  const auto action = lower(with_.whole, memo.thunk, options_.lowering);
  if (!action || owes(action->input_root)) {
    return {};
  }
  re::ActionResult answer;
  auto objects = to_remote(memo.result, with_.here, answer);
  if (!objects || !*objects) {
    return {};
  }
  // Servers want to see the action that a result is of.
  (*objects)->push_back(action->action);
  (*objects)->push_back(action->command);
  const auto lost = with_.there.send(**objects, with_.whole, wanted);
  if (!lost) {
    return tl::unexpected(lost.error());
  }
  return lost->empty() ? cache_.record(action->action, answer, wanted) : base::Result<void>();
}

}  // namespace engine
