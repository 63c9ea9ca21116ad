#include "intercept/journal.hh"

#include "base/boot.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "intercept/placeholder.hh"
#include "intercept/placing.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

namespace intercept {

namespace {

// Ends the record of a folder in which nothing but temporaries is to be removed. No file has that name.
constexpr std::string_view kOnlyTemporaries = "/.";

// Begins the record of a folder to be searched; the boot's name and the folder follow. No path begins so.
constexpr std::string_view kSearch = "search ";

std::string folder_in(const std::string& state_dir) {
  return state_dir + "/sessions";
}

std::vector<std::string> journals_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".journal") {
      paths.push_back(entry.path().string());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw base::SyscallError("list", folder, error.value());
  }
  return paths;
}

// Whose journal it is: the name begins with its process.
pid_t owner_of(const std::string& journal) {
  return static_cast<pid_t>(std::strtol(std::filesystem::path(journal).filename().c_str(), nullptr, 10));
}

// What ends without its zero was torn by the kill: nothing of that name was written yet.
std::vector<std::string> records_in(std::string_view bytes) {
  std::vector<std::string> records;
  for (size_t end = bytes.find('\0'); end != std::string_view::npos; end = bytes.find('\0')) {
    records.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  return records;
}

bool names_only_temporaries(const std::vector<std::string>& records) {
  return std::all_of(records.begin(), records.end(),
                     [](const std::string& record) { return record.ends_with(kOnlyTemporaries); });
}

void remove_if_placeholder(const std::string& path, std::vector<std::string>& removed) {
  if (read_placeholder(path) && ::unlink(path.c_str()) == 0) {
    removed.push_back(path);
  }
}

// Where the machine went down under a session its journal may lack its last paths, so all of its folder is
// searched. While the same boot goes on, the journal is whole.
void search(std::string_view record, std::vector<std::string>& removed) {
  record.remove_prefix(kSearch.size());
  const size_t space = std::min(record.find(' '), record.size());
  const std::string boot = base::this_boot();
  if (!boot.empty() && record.substr(0, space) == boot) {
    return;
  }
  std::error_code error;
  using Walk = std::filesystem::recursive_directory_iterator;
  const auto how = std::filesystem::directory_options::skip_permission_denied;
  for (Walk at(record.substr(std::min(space + 1, record.size())), how, error), end; !error && at != end;
       at.increment(error)) {
    remove_if_placeholder(at->path().string(), removed);
  }
}

void clean_up(const std::vector<std::string>& records, pid_t owner, std::vector<std::string>& removed) {
  std::set<std::string> folders;
  for (const std::string& path : records) {
    if (path.starts_with(kSearch)) {
      search(path, removed);
      continue;
    }
    if (!path.empty() && path.back() == '/') {
      base::remove_tree(path.substr(0, path.size() - 1));
      continue;
    }
    folders.insert(std::filesystem::path(path).parent_path().string());
    remove_if_placeholder(path, removed);
  }
  for (const std::string& folder : folders) {
    remove_temporaries(folder, owner);
  }
}

}  // namespace

Journal::Journal(const std::string& state_dir) {
  base::make_directories(folder_in(state_dir), 0700);

  struct stat status {};

  // A clean-up that starts between our create and our lock takes the journal for a dead one's and removes it.
  do {
    path_ = folder_in(state_dir) + "/" + std::to_string(::getpid()) + "-XXXXXX.journal";
    file_.reset(::mkostemps(path_.data(), 8, O_CLOEXEC | O_APPEND));
    if (!file_) {
      throw base::SyscallError("create", path_);
    }
    if (::flock(file_.get(), LOCK_EX) != 0 || ::fstat(file_.get(), &status) != 0) {
      throw base::SyscallError("lock", path_);
    }
  } while (status.st_nlink == 0);
}

void Journal::record(const std::string& path) {
  base::append_whole(file_.get(), {path.c_str(), path.size() + 1}, path_);
}

void Journal::record_search(const std::string& folder) {
  record(std::string(kSearch) + base::this_boot() + " " + folder);
  base::keep_through_power_loss(file_.get(), path_);
}

void Journal::record_temporaries_beside(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (folders_.insert(folder).second) {
    record(folder + std::string(kOnlyTemporaries));
  }
}

void Journal::forget() {
  ::unlink(path_.c_str());
}

CleanedUp clean_up_after_dead_sessions(const std::string& state_dir, CleanUp which) {
  CleanedUp done;
  for (const std::string& path : journals_in(folder_in(state_dir))) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) {
      continue;  // it has ended meanwhile
    }
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      ++done.living;  // or another gg cleans up
      continue;
    }
    const std::vector<std::string> records = records_in(base::read_all(file.get(), path));
    if (which == CleanUp::Everything || names_only_temporaries(records)) {
      clean_up(records, owner_of(path), done.removed);
      ::unlink(path.c_str());
    }
  }
  return done;
}

}  // namespace intercept
