#include "intercept/ledger.hh"

#include <array>
#include <utility>

namespace intercept {

Ledger::Ledger(Forcer& forcer, Registry& registry, object::FileStore& store, Workers& workers)
    : forcer_(forcer), registry_(registry), store_(store), workers_(workers) {}

void Ledger::expect(const object::Digest& thunk, const std::string& label, Told told, Again again) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = entries_[thunk];
  entry.label = label;
  if (again) {
    entry.again = std::move(again);
  }
  if (told) {
    note_told(entry, std::move(told));
  }
}

// Under the lock.
void Ledger::note_told(Entry& entry, Told told) {
  if (!entry.result) {
    entry.waiting.push_back(std::move(told));
    return;
  }
  post_counted([result = entry.result, told = std::move(told)] { told(*result); });
}

// Under the lock.
void Ledger::post_counted(std::function<void()> work) {
  ++busy_;
  workers_.post([this, work = std::move(work)] {
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
    if (std::exchange(entry.started, true)) {
      return;
    }
    label = entry.label;
    ++busy_;
  }
  if (stopped_) {
    workers_.post([this, thunk] { finished(thunk, base::failure("the build is being stopped")); });
    return;
  }
  forcer_.submit(thunk, label, [this, thunk](const base::Result<ir::Result>& result) {
    // The forcer's own thread is not ours to block.
    workers_.post([this, thunk, result] { finished(thunk, result); });
  });
  if (stopped_) {
    forcer_.cancel_all();  // stop() came in between, and its own found nothing to cancel
  }
}

void Ledger::need(const object::Digest& thunk, Told told) {
  bool under_way = true;
  {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[thunk];
    under_way = !entry.result;
    note_told(entry, std::move(told));
  }
  start(thunk);
  if (under_way) {
    forcer_.hurry(thunk);
  }
}

void Ledger::finished(const object::Digest& thunk, const base::Result<ir::Result>& result) {
  const bool well = result && result->exit_code == 0;
  if (!well && try_again(thunk, result)) {
    return;
  }
  settle(thunk, result);
}

// True when the matter is in other hands: parked, or another thunk stands in.
bool Ledger::try_again(const object::Digest& thunk, const base::Result<ir::Result>& result) {
  Again again;
  {
    const std::scoped_lock lock(mutex_);
    if (!result && retrying_ > 0) {
      parked_.emplace_back(thunk, result);
      return true;
    }
    again = std::exchange(entries_[thunk].again, nullptr);
    if (!again) {
      return false;
    }
    ++retrying_;
  }
  auto answer = again();
  if (!answer || !*answer || (*answer)->thunk == thunk) {
    settle(thunk, answer ? result : tl::unexpected(answer.error()));
    end_of_retry();
    return true;
  }
  auto& instead = *answer;
  expect(
      instead->thunk, instead->label,
      [this, thunk, names = std::move(instead->output_names)](const base::Result<ir::Result>& other) {
        base::Result<ir::Result> renamed = other;
        if (renamed) {
          renamed->outputs.clear();
          for (const auto& [ours, theirs] : names) {
            const auto made = other->outputs.find(theirs);
            if (made != other->outputs.end()) {
              renamed->outputs.emplace(ours, made->second);
            }
          }
        }
        settle(thunk, renamed);
        end_of_retry();
      },
      nullptr);
  start(instead->thunk);
  return true;
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

// True when it is under way once more: a memo said what the outputs are, and now the store turns out to have
// one of them no longer, or damaged.
bool Ledger::remake(const object::Digest& thunk, const base::Error& why) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_ || why.kind != base::FailureKind::RetryHere || std::exchange(entries_[thunk].remade, true)) {
      return false;
    }
  }
  forcer_.remake(thunk, [this, thunk](const base::Result<ir::Result>& result) {
    workers_.post([this, thunk, result] { finished(thunk, result); });
  });
  if (stopped_) {
    forcer_.cancel_all();  // it may have been too late for that of whoever stopped us
  }
  return true;
}

void Ledger::settle(const object::Digest& thunk, const base::Result<ir::Result>& result) {
  base::Result<ir::Result> outcome = result;
  if (outcome && outcome->exit_code == 0) {
    const auto errors = registry_.put_all(thunk, *outcome);
    if (!errors.empty()) {
      if (remake(thunk, errors.front())) {
        return;
      }
      outcome = tl::unexpected(errors.front());
    }
  }
  const auto shared = std::make_shared<const base::Result<ir::Result>>(std::move(outcome));
  // Whoever asks while the others are told joins the list; the last look and the mark are under one lock.
  for (;;) {
    std::vector<Told> waiting;
    {
      const std::scoped_lock lock(mutex_);
      Entry& entry = entries_[thunk];
      waiting.swap(entry.waiting);
      if (waiting.empty()) {
        entry.result = shared;
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
  need(promise.thunk, [this, promise, told = std::move(told)](const base::Result<ir::Result>& result) {
    if (!result) {
      registry_.remove(promise.thunk);
      told(tl::unexpected(result.error()));
      return;
    }
    const auto made = result->outputs.find(promise.output);
    if (result->exit_code != 0 || made == result->outputs.end()) {
      registry_.remove(promise.thunk);  // it must not be read as data
      told(base::failure("the command that makes '" + promise.output + "' failed",
                         base::FailureKind::Deterministic));
      return;
    }
    // A copy may have come up since the thunk finished.
    const auto errors = registry_.put(promise, made->second);
    told(errors.empty() ? base::Result<void>() : tl::unexpected(errors.front()));
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

size_t Ledger::under_way() const {
  const std::scoped_lock lock(mutex_);
  return busy_;
}

std::vector<std::string> Ledger::labels_under_way(size_t most) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> labels;
  for (const auto& [thunk, entry] : entries_) {
    if (entry.started && !entry.result && labels.size() < most) {
      labels.push_back(entry.label);
    }
  }
  return labels;
}

}  // namespace intercept
