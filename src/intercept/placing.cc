#include "intercept/placing.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "intercept/placeholder.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

namespace intercept {

namespace {

constexpr mode_t kFileMode = 0666;
constexpr size_t kNameBytes = 12;
constexpr std::string_view kTemporaryStart = ".gg-";
constexpr std::string_view kTemporaryEnd = ".tmp";

bool was_written_now(const model::Inferred& inferred, const std::string& path) {
  return std::any_of(inferred.written_now.begin(), inferred.written_now.end(),
                     [&](const model::WrittenNow& file) { return file.path == path; });
}

std::string maker_part(pid_t maker) {
  return "-" + std::to_string(maker) + "-";
}

base::Error system_failure(const std::string& attempt, const std::string& path, int error = errno) {
  const auto kind = error == ENOSPC || error == EDQUOT ? base::FailureKind::RetryElsewhere
                                                       : base::FailureKind::Deterministic;
  return {attempt + " '" + path + "': " + std::generic_category().message(error), kind};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// renameat2 by number: musl and old glibc lack the wrapper.
int exchange(const std::string& a, const std::string& b) {
  return static_cast<int>(
      ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE));
}

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  auto operator<=>(const FileId&) const = default;
};

struct Standing {
  FileId id;
  mode_t mode = 0;
  uid_t user = 0;
  gid_t group = 0;
  timespec modified{};
};

// The placeholder of `promise` that stands at `path`; nullopt if something else does.
std::optional<Standing> standing_at(const std::string& path, const object::Promise& promise) {
  struct stat status {};

  const auto read = read_placeholder(path);
  if (!read || *read != promise || ::lstat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return Standing{
      {status.st_dev, status.st_ino}, status.st_mode & 07777U, status.st_uid, status.st_gid, status.st_mtim};
}

base::Result<void> make_directory_tree(object::FileStore& store, const object::Digest& digest,
                                       const std::string& path);

// A new entry at `path`, which does not exist.
base::Result<void> make(object::FileStore& store, const object::Entry& entry, const std::string& path) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    const auto held = store.place(file->digest, file->executable, path, object::FileStore::Placing::Copy);
    if (!held) {
      return tl::unexpected(held.error());
    }
    if (!*held) {
      return base::failure("the store no longer holds " + file->digest.to_string() + "; run the build again",
                           base::FailureKind::RetryHere);
    }
    return {};
  }
  if (const auto* link = std::get_if<object::Symlink>(&entry)) {
    if (::symlink(link->target.c_str(), path.c_str()) != 0) {
      return tl::unexpected(system_failure("create symlink", path));
    }
    return {};
  }
  if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
    return make_directory_tree(store, directory->digest, path);
  }
  return base::failure("a promise cannot be put in place as it is at '" + path + "'");
}

base::Result<void> make_directory_tree(object::FileStore& store, const object::Digest& digest,
                                       const std::string& path) {
  const auto bytes = store.get(digest);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  if (!*bytes) {
    return base::failure("the store no longer holds directory " + digest.to_string() + " for '" + path + "'",
                         base::FailureKind::RetryHere);
  }
  const auto directory = object::decode_directory(**bytes);
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  if (::mkdir(path.c_str(), 0777) != 0) {
    return tl::unexpected(system_failure("create directory", path));
  }
  for (const auto& [name, entry] : directory->entries) {
    auto made = make(store, entry, path + "/" + name);
    if (!made) {
      return made;
    }
  }
  return {};
}

// False, with errno: it is still there.
bool remove_any(const std::string& path) {
  const auto removed = [&path] {
    return ::unlink(path.c_str()) == 0 || errno == ENOENT || (errno == EISDIR && base::remove_tree(path));
  };
  return removed() || removed();  // an error of a disk may be of that one call
}

// Moves `temporary` to `path` if the placeholder `standing` is what stands there. Exchanging instead of
// replacing shows afterwards what stood there, so that a file which came in between is given back, and a path
// that was removed meanwhile stays removed.
base::Result<bool> swap_in(const std::string& temporary, const std::string& path, const Standing& standing) {
  if (exchange(temporary, path) != 0) {
    if (errno == ENOENT) {
      return false;
    }
    if (errno != EINVAL && errno != ENOSYS) {
      return tl::unexpected(system_failure("put the real file in place at", path));
    }
    // A file system that cannot exchange: the window between look and rename is as small as can be.
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      return tl::unexpected(system_failure("put the real file in place at", path));
    }
    return true;
  }

  struct stat status {};

  const bool ours =
      ::lstat(temporary.c_str(), &status) == 0 && FileId{status.st_dev, status.st_ino} == standing.id;
  if (!ours && exchange(temporary, path) != 0) {
    return tl::unexpected(system_failure("give back the newer file at", path));
  }
  return ours;
}

mode_t mode_for(const object::Entry& entry, mode_t placeholder_mode) {
  const auto* file = std::get_if<object::File>(&entry);
  if (file == nullptr || !file->executable) {
    return placeholder_mode;
  }
  return placeholder_mode | ((placeholder_mode & 0444U) >> 2U);  // executable by whoever may read
}

// Somebody may have given the placeholder away (install -o, chown, chgrp). False: to somebody to whom we may
// not give anything (root without CAP_CHOWN, say); the result is ours then, which beats having none.
base::Result<bool> give_away(const std::string& temporary, const Standing& standing) {
  struct stat status {};

  if (::lstat(temporary.c_str(), &status) != 0) {
    return tl::unexpected(system_failure("look at", temporary));
  }
  if ((status.st_uid != standing.user || status.st_gid != standing.group) &&
      ::lchown(temporary.c_str(), standing.user, standing.group) != 0) {
    if (errno == EPERM) {
      return false;
    }
    return tl::unexpected(system_failure("set the owner of", temporary));
  }
  return true;
}

base::Result<void> dress(const std::string& temporary, const object::Entry& entry, const Standing& standing) {
  const timespec times[2] = {{0, UTIME_NOW}, standing.modified};
  mode_t mode = mode_for(entry, standing.mode);
  // Before the mode: a change of owner takes the set-user and set-group bits away.
  if (!std::holds_alternative<object::Subdirectory>(entry)) {
    const auto given = give_away(temporary, standing);
    if (!given) {
      return tl::unexpected(given.error());
    }
    if (!*given) {
      mode &= 0777U;  // those bits were meant for another's rights, not for ours
    }
  }
  if (std::holds_alternative<object::File>(entry) && ::chmod(temporary.c_str(), mode) != 0) {
    return tl::unexpected(system_failure("set the mode of", temporary));
  }
  if (::utimensat(AT_FDCWD, temporary.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return tl::unexpected(system_failure("set the time of", temporary));
  }
  return {};
}

// The first name of an inode gets a copy, each further one a link to it.
base::Result<bool> put_one(object::FileStore& store, const object::Promise& promise,
                           const object::Entry& entry, const std::string& path, const Standing& standing,
                           const std::optional<std::string>& sibling, const Gate& gate) {
  const std::string temporary = temporary_beside(path);
  remove_any(temporary);  // of an earlier process of our id
  if (!sibling || ::link(sibling->c_str(), temporary.c_str()) != 0) {
    const auto made = make(store, entry, temporary);
    const auto dressed = made ? dress(temporary, entry, standing) : made;
    if (!dressed) {
      remove_any(temporary);
      return base::failure("put the real file in place at '" + path + "': " + dressed.error().message,
                           dressed.error().kind);
    }
  }
  auto placed = gate(path, [&]() -> base::Result<bool> {
    const auto now = standing_at(path, promise);
    return now && now->id == standing.id ? swap_in(temporary, path, standing) : base::Result<bool>(false);
  });
  if (!remove_any(temporary) && placed) {
    return tl::unexpected(
        system_failure("the real file is in place at '" + path + "', but cannot remove", temporary));
  }
  return placed;
}

}  // namespace

std::string temporary_beside(const std::string& path) {
  static std::atomic<uint64_t> made{0};
  return folder_of(path) + std::string(kTemporaryStart) + object::hash(path).hex().substr(0, kNameBytes) +
         maker_part(::getpid()) + std::to_string(made++) + std::string(kTemporaryEnd);
}

void remove_temporaries(const std::string& folder, pid_t maker) {
  std::vector<std::string> left;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const size_t maker_at = kTemporaryStart.size() + kNameBytes;
    if (name.size() > maker_at && name.starts_with(kTemporaryStart) && name.ends_with(kTemporaryEnd) &&
        name.substr(maker_at).starts_with(maker_part(maker))) {
      left.push_back(entry.path().string());
    }
  }
  std::for_each(left.begin(), left.end(), remove_any);
}

base::Result<void> place_outputs(object::FileStore& store, const model::Inferred& inferred,
                                 const ir::Result& result, OutputsToPlace which, mode_t mask,
                                 const std::function<std::string(const std::string& path)>& at) {
  for (const model::Output& output : inferred.outputs) {
    if (which == OutputsToPlace::OnlyPerhaps && output.made == model::Output::Made::Always) {
      continue;
    }
    // Inference writes it when the command is answered; later the caller may have moved it away (automake's
    // .Tpo).
    if (was_written_now(inferred, output.path)) {
      continue;
    }
    const auto made = result.outputs.find(output.name);
    if (made == result.outputs.end()) {
      if (output.made == model::Output::Made::Always) {
        return base::failure("'" + output.path + "' was not made", base::FailureKind::Deterministic);
      }
      continue;
    }
    auto placed = place_now(store, made->second, at(output.path), mask);
    if (!placed) {
      return placed;
    }
  }
  return {};
}

base::Result<void> write_now_files(const model::Inferred& inferred, mode_t mask,
                                   const std::function<std::string(const std::string& path)>& at) {
  for (const model::WrittenNow& file : inferred.written_now) {
    auto written = write_now(at(file.path), file.bytes, kFileMode & ~mask);
    if (!written) {
      return written;
    }
  }
  return {};
}

bool can_be_made(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
    return false;
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

base::Result<void> write_now(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string temporary = temporary_beside(path);
  remove_any(temporary);
  const base::UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) {
    return tl::unexpected(system_failure("create", temporary));
  }
  try {
    base::write_all(fd.get(), bytes, temporary);
  } catch (const base::SyscallError& error) {
    remove_any(temporary);
    return base::failure(error.what(), base::FailureKind::RetryElsewhere);
  }
  if (::fchmod(fd.get(), mode) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = system_failure("write", path);
    remove_any(temporary);
    return tl::unexpected(std::move(error));
  }
  return {};
}

base::Result<void> place_now(object::FileStore& store, const object::Entry& entry, const std::string& path,
                             mode_t mask) {
  const std::string temporary = temporary_beside(path);
  remove_any(temporary);
  auto made = make(store, entry, temporary);
  if (made) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      const mode_t mode = (file->executable ? 0777U : 0666U) & ~mask;
      if (::chmod(temporary.c_str(), mode) != 0) {
        made = tl::unexpected(system_failure("set the mode of", temporary));
      }
    }
  }
  if (made && ::rename(temporary.c_str(), path.c_str()) != 0) {
    made = tl::unexpected(system_failure("put the file in place at", path));
  }
  if (!made) {
    remove_any(temporary);
    return base::failure("put the file in place at '" + path + "': " + made.error().message,
                         made.error().kind);
  }
  return made;
}

Putting put_in_place(object::FileStore& store, const object::Promise& promise, const object::Entry& entry,
                     const std::vector<std::string>& paths, const Gate& gate) {
  Putting putting;
  std::map<FileId, std::string> siblings;
  for (const std::string& path : paths) {
    const auto standing = standing_at(path, promise);
    if (!standing) {
      continue;
    }
    const auto sibling = siblings.find(standing->id);
    const auto placed =
        put_one(store, promise, entry, path, *standing,
                sibling == siblings.end() ? std::nullopt : std::optional<std::string>(sibling->second), gate);
    if (!placed) {
      putting.errors.push_back(placed.error());
    } else if (*placed) {
      siblings.emplace(standing->id, path);
      putting.placed.push_back(path);
    }
  }
  return putting;
}

bool remove_placeholder(const std::string& path, const object::Promise& promise) {
  const auto read = read_placeholder(path);
  return read && *read == promise && ::unlink(path.c_str()) == 0;
}

}  // namespace intercept
