#include "engine/reapi/shared_memos.hh"

#include "engine/reapi/lowered.hh"
#include "engine/reapi/remote_result.hh"
#include "object/tree.hh"

#include <utility>

namespace engine {

namespace {

namespace re = build::bazel::remote::execution::v2;

constexpr size_t kTellers = 4;  // they wait for the server

}  // namespace

SharedMemos::SharedMemos(object::Records& own, const ReapiEngine::Surroundings& with, Options options,
                         Warn warn)
    : own_(own),
      with_(with),
      options_(std::move(options)),
      warn_(std::move(warn)),
      cache_(with.service, options_.instance) {}

SharedMemos::~SharedMemos() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    last_at_ = std::chrono::steady_clock::now() + options_.last_wait;
  }
  changed_.notify_all();
  for (std::thread& thread : tellers_) {
    thread.join();
  }
}

base::Result<std::optional<std::string>> SharedMemos::find(std::string_view table,
                                                           const object::Digest& key) {
  auto own = own_.find(table, key);
  if (table != object::kMemoTable || !own || *own || broken_) {
    return own;
  }
  auto shared = ask(key);
  if (!shared) {
    give_up(shared.error());
    return own;
  }
  if (!*shared) {
    return own;
  }
  std::string encoded = ir::encode(**shared);
  if (const auto recorded = own_.record(table, key, encoded); !recorded) {
    return tl::unexpected(recorded.error());
  }
  return encoded;
}

base::Result<void> SharedMemos::record(std::string_view table, const object::Digest& key,
                                       std::string_view value) {
  auto recorded = own_.record(table, key, value);
  if (!recorded || table != object::kMemoTable || broken_ || options_.use == Use::Read) {
    return recorded;
  }
  auto result = ir::decode_result(value);
  if (!result || result->exit_code != 0 || result->owes()) {
    return recorded;
  }
  {
    const std::scoped_lock lock(mutex_);
    untold_.push_back({key, std::move(*result)});
    if (tellers_.size() < kTellers) {
      tellers_.emplace_back([this] { work(); });
    }
  }
  changed_.notify_one();
  return recorded;
}

void SharedMemos::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !untold_.empty(); });
    if (untold_.empty() || (closing_ && std::chrono::steady_clock::now() > last_at_)) {
      return;
    }
    const Memo memo = std::move(untold_.front());
    untold_.pop_front();
    lock.unlock();
    if (!broken_) {
      if (const auto told = tell(memo); !told) {
        give_up(told.error());
      }
    }
    lock.lock();
  }
}

// A thunk with promises in its tree is nobody else's Action.
bool SharedMemos::owes(const object::Digest& root) {
  const auto bytes = with_.here.get(root);
  const auto directory = bytes && *bytes ? object::decode_directory(**bytes)
                                         : base::Result<object::Directory>(base::failure("not here"));
  return !directory || directory->owes();
}

base::Result<std::optional<ir::Result>> SharedMemos::ask(const object::Digest& thunk) {
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
  const auto gone = with_.there.fetch((*remote)->objects, with_.here, {});
  if (!gone) {
    return tl::unexpected(gone.error());
  }
  return gone->empty() ? std::optional(std::move((*remote)->result)) : std::nullopt;
}

base::Result<void> SharedMemos::tell(const Memo& memo) {
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
  const auto wanted = [this] { return in_time(); };
  const auto lost = with_.there.send(**objects, with_.whole, wanted);
  if (!lost) {
    return tl::unexpected(lost.error());
  }
  return lost->empty() ? cache_.record(action->action, answer, wanted) : base::Result<void>();
}

bool SharedMemos::in_time() {
  const std::scoped_lock lock(mutex_);
  return !closing_ || std::chrono::steady_clock::now() < last_at_;
}

void SharedMemos::give_up(const base::Error& error) {
  if (!broken_.exchange(true)) {
    warn_(error.message + "; going on without the shared results");
  }
}

}  // namespace engine
