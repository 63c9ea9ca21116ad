#include "intercept/registry.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "intercept/placeholder.hh"
#include "intercept/process.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

namespace intercept {

namespace {

// The first name in order that is not below the directory which ends at this slash of `path`.
std::string behind(const std::string& path, size_t slash) {
  return path.substr(0, slash) + static_cast<char>('/' + 1);
}

const std::string& name_of(const std::string& name) {
  return name;
}

const std::string& name_of(const std::pair<const std::string, object::Promise>& named) {
  return named.first;
}

// Of sorted paths those directly in the directory with this prefix; what lies deeper is stepped over.
template <class Sorted>
std::vector<std::string> directly_in(const Sorted& sorted, const std::string& prefix) {
  std::vector<std::string> found;
  for (auto it = sorted.lower_bound(prefix); it != sorted.end() && name_of(*it).starts_with(prefix);) {
    const std::string& path = name_of(*it);
    const size_t deeper = path.find('/', prefix.size());
    if (deeper == std::string::npos) {
      found.push_back(path);
      ++it;
    } else {
      it = sorted.lower_bound(behind(path, deeper));
    }
  }
  return found;
}

std::set<std::string> moved(const std::set<std::string>& paths, const std::string& from,
                            const std::string& to) {
  std::set<std::string> found;
  for (auto it = paths.lower_bound(from); it != paths.end() && it->starts_with(from); ++it) {
    found.insert(to + it->substr(from.size()));
  }
  return found;
}

}  // namespace

std::string canonical(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) {
    return path;
  }
  const auto folder = base::real_path(path.substr(0, slash));
  if (!folder) {
    return path;
  }
  return (*folder == "/" ? "" : *folder) + path.substr(slash);
}

Registry::Registry(const std::string& state_dir, object::FileStore& store, Outstanding::Stay stay)
    : state_dir_(state_dir), outstanding_(state_dir), stay_(stay), journal_(state_dir), store_(store) {}

// Whoever announces has a journal by then: sessions that announce after the count was taken may be overlooked
// here, but they are not settled.
std::vector<std::string> Registry::clean_up_after_others() {
  const uint64_t announced = outstanding_.announced();
  CleanedUp done = clean_up_after_dead_sessions(state_dir_);
  if (done.living <= 1) {
    outstanding_.settle(announced);
  }
  return std::move(done.removed);
}

Registry::~Registry() {
  const auto is_gone = [](const std::string& path) { return ::access(path.c_str(), F_OK) != 0; };
  if (closed_ && std::all_of(owned_.begin(), owned_.end(), is_gone)) {
    journal_.forget();
  }
}

void Registry::own_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  journal_.record(path + "/");
  owned_.push_back(path);
}

base::Result<bool> Registry::write(const object::Promise& promise, const std::string& path, mode_t mode) {
  const auto text = placeholder_text(promise);
  if (!text) {
    return false;
  }
  const std::string real = canonical(path);
  {
    const std::scoped_lock lock(mutex_);
    record(real);
    if (!recorded_.contains(real)) {
      return base::failure(trouble_, base::FailureKind::RetryElsewhere);
    }
    insert(promise, real);
  }
  const auto written = write_now(real, *text, mode);
  if (!written) {
    return tl::unexpected(written.error());
  }
  return true;
}

void Registry::add(const object::Promise& promise, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  insert(promise, path);
}

void Registry::record(const std::string& path) {
  if (recorded_.contains(path)) {
    return;
  }
  noting_trouble([&] {
    prepare_for_power_loss(path);
    journal_.record(path);
    recorded_.insert(path);
  });
}

// Costs some milliseconds, so once a session, and once more for each folder elsewhere.
void Registry::prepare_for_power_loss(const std::string& path) {
  const auto covers = [&path](const std::string& folder) {
    return !folder.empty() && path.starts_with(folder == "/" ? folder : folder + "/");
  };
  if (!announced_) {
    outstanding_.announce(stay_);
    announced_ = true;
  }
  if (std::none_of(searched_.begin(), searched_.end(), covers)) {
    const std::string folder = covers(work_) ? work_ : std::filesystem::path(path).parent_path().string();
    journal_.record_search(folder);
    searched_.insert(folder);
  }
}

// Where nothing can be written down (a full disk) the build goes on: only a kill would leave something
// behind.
void Registry::noting_trouble(const std::function<void()>& write_down) {
  try {
    write_down();
  } catch (const base::SyscallError& error) {
    if (trouble_.empty()) {
      trouble_ = error.what();
    }
  }
}

std::string Registry::trouble() const {
  const std::scoped_lock lock(mutex_);
  return trouble_;
}

void Registry::insert(const object::Promise& promise, const std::string& path) {
  if (path.empty()) {
    return;  // its folder vanished while we looked
  }
  record(path);
  const auto before = promise_at_.find(path);
  if (before != promise_at_.end() && before->second != promise) {
    // An older promise's path that may be about to be overwritten: the older one keeps it, too, since the
    // rename that was announced may fail. Looking at the file decides.
    paths_[promise].insert(path);
    before->second = promise;
    return;
  }
  promise_at_.insert_or_assign(path, promise);
  paths_[promise].insert(path);
}

void Registry::abandon(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (promise_at_.erase(path) == 0) {
    return;
  }
  for (auto& [promise, paths] : paths_) {
    paths.erase(path);
  }
  // Should the announced write not come about, the placeholder is still there in the end.
  suspects_.insert(path);
}

void Registry::directory_moves(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<object::Promise, std::string>> moved;
  const std::string prefix = from + "/";
  for (auto it = promise_at_.lower_bound(prefix);
       it != promise_at_.end() && it->first.compare(0, prefix.size(), prefix) == 0; ++it) {
    moved.emplace_back(it->second, to + "/" + it->first.substr(prefix.size()));
  }
  for (const auto& [promise, path] : moved) {
    insert(promise, path);
  }
  // As suspects all: with a new name, something else may be found there.
  for (const std::set<std::string>* paths : {&suspects_, &cleared_}) {
    for (const std::string& path : intercept::moved(*paths, prefix, to + "/")) {
      insert_suspect(path);
    }
  }
}

void Registry::suspect(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  insert_suspect(path);
}

void Registry::insert_suspect(const std::string& path) {
  if (path.empty()) {
    return;
  }
  record(path);
  cleared_.erase(path);
  suspects_.insert(path);
}

// Whoever was going to write there may not have begun: a file that is absent or empty stays suspect.
std::optional<object::Promise> Registry::look_at(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0 || status.st_size == 0) {
    return std::nullopt;
  }
  const auto promise = read_placeholder(path, status);
  suspects_.erase(path);
  if (promise) {
    cleared_.erase(path);
    insert(*promise, path);
  } else {
    cleared_.insert(path);
  }
  return promise;
}

std::set<object::Promise> Registry::look_at_suspects() {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> paths = suspects_;
  paths.insert(cleared_.begin(), cleared_.end());
  std::set<object::Promise> found;
  for (const std::string& path : paths) {
    if (const auto promise = look_at(path)) {
      found.insert(*promise);
    }
  }
  return found;
}

std::set<object::Promise> Registry::promises() const {
  const std::scoped_lock lock(mutex_);
  std::set<object::Promise> all;
  for (const auto& [promise, paths] : paths_) {
    all.insert(promise);
  }
  return all;
}

std::set<object::Promise> Registry::promises_in(const std::string& directory) {
  if (directory.empty()) {
    return {};  // it vanished while we looked
  }
  const std::string prefix = directory == "/" ? directory : directory + "/";
  std::map<std::string, object::Promise> candidates;
  {
    const std::scoped_lock lock(mutex_);
    for (const std::string& path : directly_in(suspects_, prefix)) {
      (void)look_at(path);
    }
    for (const std::string& path : directly_in(promise_at_, prefix)) {
      candidates.emplace(path, promise_at_.at(path));
    }
  }
  std::set<object::Promise> found;
  for (const auto& [path, promise] : candidates) {
    if (read_placeholder(path) == promise) {
      found.insert(promise);
    }
  }
  return found;
}

bool Registry::empty() const {
  const std::scoped_lock lock(mutex_);
  return paths_.empty() && suspects_.empty() && cleared_.empty();
}

std::set<std::string> Registry::take_paths(const object::Promise& promise) {
  const std::scoped_lock lock(mutex_);
  const auto it = paths_.find(promise);
  return it == paths_.end() ? std::set<std::string>{} : it->second;
}

void Registry::leave_to(base::UniqueFd process, std::set<std::string> paths) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(others_, [](const Other& other) { return has_ended(*other.process); });
  others_.push_back({std::make_shared<const base::UniqueFd>(std::move(process)), std::move(paths)});
}

std::vector<std::shared_ptr<const base::UniqueFd>> Registry::others_at(
    const std::set<std::string>& paths) const {
  std::vector<std::shared_ptr<const base::UniqueFd>> processes;
  for (const Other& other : others_) {
    if (!has_ended(*other.process) &&
        std::any_of(other.paths.begin(), other.paths.end(),
                    [&paths](const std::string& path) { return paths.count(path) != 0; })) {
      processes.push_back(other.process);
    }
  }
  return processes;
}

void Registry::wait_for_others(const std::set<std::string>& paths) {
  const auto processes = [&] {
    const std::scoped_lock lock(mutex_);
    return others_at(paths);
  }();
  if (processes.empty()) {
    return;
  }
  // It may be stopped, or wait for this very file: then it is not waited for.
  const auto patient_until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (const auto& process : processes) {
    const auto time =
        std::chrono::ceil<std::chrono::milliseconds>(patient_until - std::chrono::steady_clock::now());
    if (!has_ended(*process, std::max(time, std::chrono::milliseconds(0)))) {
      break;
    }
  }
  const std::scoped_lock lock(mutex_);
  std::erase_if(others_, [&processes](const Other& other) {
    return std::find(processes.begin(), processes.end(), other.process) != processes.end();
  });
}

std::vector<base::Error> Registry::put(const object::Promise& promise, const object::Entry& entry) {
  std::vector<base::Error> errors;
  std::set<std::string> left;
  for (std::set<std::string> paths = take_paths(promise); !paths.empty(); paths = std::exchange(left, {})) {
    wait_for_others(paths);
    const std::vector<base::Error> failed = put_at(promise, entry, paths, left);
    errors.insert(errors.end(), failed.begin(), failed.end());
  }
  return errors;
}

std::vector<base::Error> Registry::put_at(const object::Promise& promise, const object::Entry& entry,
                                          const std::set<std::string>& taken, std::set<std::string>& left) {
  // The decisive look and the rename happen under the lock that abandon() and leave_to() take: a writer that
  // was announced is never overwritten.
  const Gate gate = [&](const std::string& path, const std::function<base::Result<bool>()>& swap) {
    const std::scoped_lock lock(mutex_);
    const auto it = paths_.find(promise);
    if (it == paths_.end() || it->second.count(path) == 0) {
      return base::Result<bool>(false);
    }
    if (!others_at({path}).empty()) {
      left.insert(path);
      return base::Result<bool>(false);
    }
    return swap();
  };
  Putting putting = put_in_place(store_, promise, entry, {taken.begin(), taken.end()}, gate);
  const std::scoped_lock lock(mutex_);
  const auto it = paths_.find(promise);
  for (const std::string& path :
       putting.errors.empty() ? taken : std::set<std::string>(putting.placed.begin(), putting.placed.end())) {
    if (left.count(path) != 0) {
      continue;
    }
    if (it != paths_.end()) {
      it->second.erase(path);
    }
    const auto at = promise_at_.find(path);
    if (at != promise_at_.end() && at->second == promise) {
      promise_at_.erase(at);
    }
  }
  if (it != paths_.end() && it->second.empty()) {
    paths_.erase(it);
  }
  return putting.errors;
}

std::set<object::Promise> Registry::promises_of(const object::Digest& thunk) const {
  const std::scoped_lock lock(mutex_);
  std::set<object::Promise> of_thunk;
  for (auto it = paths_.lower_bound({thunk, ""}); it != paths_.end() && it->first.thunk == thunk; ++it) {
    of_thunk.insert(it->first);
  }
  return of_thunk;
}

void Registry::remove_unmade(const object::Digest& thunk, const ir::Result& result) {
  for (const object::Promise& promise : promises_of(thunk)) {
    if (!result.outputs.contains(promise.output)) {
      remove_paths(promise);
    }
  }
}

std::vector<base::Error> Registry::put_all(const object::Digest& thunk, const ir::Result& result) {
  remove_unmade(thunk, result);
  std::vector<base::Error> errors;
  for (const object::Promise& promise : promises_of(thunk)) {
    const auto made = result.outputs.find(promise.output);
    if (made == result.outputs.end()) {
      continue;  // it came up meanwhile
    }
    auto failed = put(promise, made->second);
    errors.insert(errors.end(), failed.begin(), failed.end());
  }
  return errors;
}

void Registry::remove_paths(const object::Promise& promise) {
  const std::scoped_lock lock(mutex_);
  const auto it = paths_.find(promise);
  if (it == paths_.end()) {
    return;
  }
  for (const std::string& path : it->second) {
    remove_placeholder(path, promise);
    const auto at = promise_at_.find(path);
    if (at != promise_at_.end() && at->second == promise) {
      promise_at_.erase(at);
    }
  }
  paths_.erase(it);
}

void Registry::remove(const object::Digest& thunk) {
  (void)look_at_suspects();
  for (const object::Promise& promise : promises_of(thunk)) {
    remove_paths(promise);
  }
}

void Registry::remove_all() {
  (void)look_at_suspects();
  for (const object::Promise& promise : promises()) {
    remove_paths(promise);
  }
}

void Registry::will_place(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  noting_trouble([&] { journal_.record_temporaries_beside(canonical(path)); });
}

void Registry::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

}  // namespace intercept
