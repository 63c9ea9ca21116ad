#include "intercept/ledger.hh"

#include <algorithm>
#include <array>
#include <utility>

namespace intercept {

namespace {

bool succeeded(const base::Result<ir::Result>& result) {
  return result && result->exit_code == 0;
}

// What another thunk made, under the names of the one it stands in for.
base::Result<ir::Result> renamed(base::Result<ir::Result> result,
                                 const std::map<std::string, std::string>& names) {
  if (!result) {
    return result;
  }
  const auto made = std::exchange(result->outputs, {});
  for (const auto& [ours, theirs] : names) {
    const auto output = made.find(theirs);
    if (output != made.end()) {
      result->outputs.emplace(ours, output->second);
    }
  }
  return result;
}

}  // namespace

Ledger::Ledger(Forcer& forcer, Registry& registry, object::FileStore& store, base::Crew& workers,
               Finished finished)
    : forcer_(forcer), registry_(registry), store_(store), workers_(workers), finished_(finished) {}

void Ledger::expect(const object::Digest& thunk, const std::string& label, Told told, Again again) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = entries_[thunk];
  entry.label = label;
  if (again) {
    entry.when_failed = std::move(again);
  }
  if (told) {
    note_told(entry.first, std::move(told));
  }
}

// Under the lock.
void Ledger::note_told(Making& making, Told told) {
  if (!making.result) {
    making.waiting.push_back(std::move(told));
    return;
  }
  post_counted([result = making.result, told = std::move(told)] { told(*result); });
}

// Under the lock.
void Ledger::post_counted(std::function<void()> work) {
  ++busy_;
  workers_.run([this, work = std::move(work)] {
    work();
    const std::scoped_lock lock(mutex_);
    --busy_;
    changed_.notify_all();
  });
}

void Ledger::post(std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  post_counted(std::move(work));
}

void Ledger::stop() {
  stopped_ = true;
  forcer_.cancel_all();
}

void Ledger::start(const object::Digest& thunk) {
  std::string label;
  {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[thunk];
    if (std::exchange(entry.first.started, true)) {
      return;
    }
    label = entry.label;
    ++busy_;
  }
  if (stopped_) {
    workers_.run([this, thunk] { finished(thunk, base::failure("the build is being stopped")); });
    return;
  }
  forcer_.submit(thunk, label,
                 [this, thunk](const base::Result<ir::Result>& result) { arrived(thunk, result); });
  if (stopped_) {
    forcer_.cancel_all();  // stop() came in between, and its own found nothing to cancel
  }
}

void Ledger::need(const object::Digest& thunk, Told told) {
  bool under_way = true;
  {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[thunk];
    under_way = !entry.first.result;
    note_told(entry.first, std::move(told));
  }
  start(thunk);
  if (under_way) {
    forcer_.hurry(thunk);
  }
}

// On the forcer's own thread, which is not ours to block.
void Ledger::arrived(const object::Digest& thunk, const base::Result<ir::Result>& result) {
  Again again;
  if (result && result->exit_code != 0) {
    // Noted at once: those that fail for want of its outputs arrive next, and maybe on another worker.
    const std::scoped_lock lock(mutex_);
    again = std::exchange(entries_[thunk].when_failed, nullptr);
    retrying_ += again ? 1U : 0U;
  }
  workers_.run([this, thunk, result, again = std::move(again)] {
    if (again) {
      try_again(thunk, result, again);
    } else {
      finished(thunk, result);
    }
  });
}

void Ledger::finished(const object::Digest& thunk, const base::Result<ir::Result>& result) {
  Again again;
  if (!result) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[thunk];
    if (entry.when_failed && retrying_ > 0) {
      parked_.emplace_back(thunk, result);
      return;
    }
    again = std::exchange(entry.when_failed, nullptr);
    retrying_ += again ? 1U : 0U;
  }
  if (again) {
    try_again(thunk, result, again);
  } else {
    settle(thunk, result, [] {});
  }
}

void Ledger::try_again(const object::Digest& thunk, const base::Result<ir::Result>& result,
                       const Again& again) {
  auto answer = again();
  if (!answer || !*answer || (*answer)->thunk == thunk) {
    settle(thunk, answer ? result : tl::unexpected(answer.error()), [this] { end_of_retry(); });
    return;
  }
  const Instead instead = **std::move(answer);
  {
    const std::scoped_lock lock(mutex_);
    entries_[thunk].instead = instead;
  }
  const Told told = [this, thunk, names = instead.output_names](const base::Result<ir::Result>& other) {
    settle(thunk, renamed(other, names), [this] { end_of_retry(); });
  };
  expect(instead.thunk, instead.label, told, nullptr);
  start(instead.thunk);
}

void Ledger::end_of_retry() {
  std::vector<std::pair<object::Digest, base::Result<ir::Result>>> parked;
  {
    const std::scoped_lock lock(mutex_);
    if (--retrying_ == 0) {
      parked.swap(parked_);
    }
  }
  for (const auto& [thunk, result] : parked) {
    finished(thunk, result);
  }
}

// False: the build is being stopped, and nobody will be told.
bool Ledger::make_again(const object::Digest& thunk, Told told) {
  std::optional<Instead> instead;
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) {
      return false;
    }
    Entry& entry = entries_[thunk];
    instead = entry.instead;
    if (!instead) {
      note_told(entry.again, std::move(told));
      if (std::exchange(entry.again.started, true)) {
        return true;
      }
      ++busy_;
    }
  }
  if (instead) {
    return make_again(instead->thunk,
                      [told = std::move(told), names = instead->output_names](
                          const base::Result<ir::Result>& other) { told(renamed(other, names)); });
  }
  forcer_.remake(thunk, [this, thunk](const base::Result<ir::Result>& result) {
    workers_.run([this, thunk, result] { conclude(thunk, &Entry::again, result); });
  });
  if (stopped_) {
    forcer_.cancel_all();  // it may have been too late for that of whoever stopped us
  }
  return true;
}

void Ledger::put(const object::Digest& thunk, const ir::Result& result, const Put& put, const Told& told) {
  const auto done = put(result);
  if (done) {
    told(result);
    return;
  }
  const Told put_once_more = [put, told](const base::Result<ir::Result>& again) {
    const auto second = succeeded(again) ? put(*again) : base::Result<void>();
    told(second ? again : tl::unexpected(second.error()));
  };
  if (done.error().kind != base::FailureKind::RetryHere || !make_again(thunk, put_once_more)) {
    told(tl::unexpected(done.error()));
  }
}

// `settled` is called when everybody has been told.
void Ledger::settle(const object::Digest& thunk, const base::Result<ir::Result>& result,
                    const std::function<void()>& settled) {
  const Told conclude_with = [this, thunk, settled](const base::Result<ir::Result>& outcome) {
    conclude(thunk, &Entry::first, outcome);
    settled();
  };
  if (!succeeded(result)) {
    conclude_with(result);
    return;
  }
  const Put put_all = [this, thunk](const ir::Result& made) { return put_in_place(thunk, made); };
  put(thunk, *result, put_all, conclude_with);
}

base::Result<void> Ledger::put_in_place(const object::Digest& thunk, const ir::Result& made) {
  const bool stays = [&] {
    // One that failed itself has no result but in this session.
    const std::scoped_lock lock(mutex_);
    return finished_ == Finished::StaysPromised && !entries_[thunk].instead;
  }();
  if (stays) {
    registry_.remove_unmade(thunk, made);
    return {};
  }
  const auto errors = registry_.put_all(thunk, made);
  return errors.empty() ? base::Result<void>() : tl::unexpected(errors.front());
}

void Ledger::expect_forcing(const std::set<object::Promise>& promises) {
  std::vector<object::Digest> files;
  {
    const std::scoped_lock lock(mutex_);
    for (const object::Promise& promise : promises) {
      const auto entry = entries_.find(promise.thunk);
      if (entry == entries_.end() || !entry->second.first.result || !succeeded(*entry->second.first.result)) {
        continue;
      }
      const object::File* file = (*entry->second.first.result)->file_at(promise.output);
      if (file != nullptr) {
        files.push_back(file->digest);
      }
    }
  }
  store_.expect_placing(files);
}

// Whoever asks while the others are told joins the list; the last look and the mark are under one lock.
void Ledger::conclude(const object::Digest& thunk, Making Entry::*which,
                      const base::Result<ir::Result>& outcome) {
  const auto shared = std::make_shared<const base::Result<ir::Result>>(outcome);
  for (;;) {
    std::vector<Told> waiting;
    {
      const std::scoped_lock lock(mutex_);
      Making& making = entries_[thunk].*which;
      waiting.swap(making.waiting);
      if (waiting.empty()) {
        making.result = shared;
        --busy_;
        changed_.notify_all();
        return;
      }
    }
    for (const Told& told : waiting) {
      told(*shared);
    }
  }
}

bool Ledger::knows(const object::Digest& thunk) {
  {
    const std::scoped_lock lock(mutex_);
    if (entries_.count(thunk) != 0) {
      return true;
    }
  }
  const std::array<object::Digest, 1> asked{thunk};
  const auto missing = store_.missing(asked);
  if (!missing || !missing->empty()) {
    return false;
  }
  expect(thunk, "from an earlier run", nullptr, nullptr);
  return true;
}

void Ledger::force(const object::Promise& promise, std::function<void(const base::Result<void>&)> told) {
  const Told put_or_not = [this, promise, told = std::move(told)](const base::Result<ir::Result>& result) {
    const auto answer = [&]() -> base::Result<void> {
      if (!result) {
        return tl::unexpected(result.error());
      }
      if (result->exit_code != 0 || result->outputs.count(promise.output) == 0) {
        return base::failure("the command that makes '" + promise.output + "' failed",
                             base::FailureKind::Deterministic);
      }
      return {};
    }();
    if (!answer) {
      registry_.remove(promise.thunk);  // it must not be read as data
    }
    told(answer);
  };
  // A copy may have come up since the thunk finished.
  const Put put_copies = [this, promise](const ir::Result& result) -> base::Result<void> {
    const auto made = result.outputs.find(promise.output);
    const auto errors =
        made == result.outputs.end() ? std::vector<base::Error>{} : registry_.put(promise, made->second);
    return errors.empty() ? base::Result<void>() : tl::unexpected(errors.front());
  };
  need(promise.thunk,
       [this, thunk = promise.thunk, put_copies, put_or_not](const base::Result<ir::Result>& result) {
         if (succeeded(result)) {
           put(thunk, *result, put_copies, put_or_not);
         } else {
           put_or_not(result);
         }
       });
}

bool Ledger::idle() const {
  const std::scoped_lock lock(mutex_);
  return busy_ == 0;
}

void Ledger::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return busy_ == 0; });
}

size_t Ledger::unfinished() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& one) {
    const auto& result = one.second.first.result;
    return !result || !succeeded(*result);
  }));
}

size_t Ledger::under_way() const {
  const std::scoped_lock lock(mutex_);
  return busy_;
}

std::vector<std::string> Ledger::labels_under_way(size_t most) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> labels;
  for (const auto& [thunk, entry] : entries_) {
    const auto under_way = [](const Making& making) { return making.started && !making.result; };
    if ((under_way(entry.first) || under_way(entry.again)) && labels.size() < most) {
      labels.push_back(entry.label);
    }
  }
  return labels;
}

}  // namespace intercept
