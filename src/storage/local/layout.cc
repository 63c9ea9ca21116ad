#include "storage/local/layout.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "storage/local/failure.hh"

#include <fmt/format.h>

#include <unistd.h>

#include <charconv>
#include <filesystem>

namespace storage {

namespace {

using base::failure;
using base::FailureKind;

constexpr std::string_view kVersionPrefix = "gg store ";

std::string fanned_out(const std::string& folder, const object::Digest& digest) {
  const std::string hex = digest.hex();
  std::string path;
  path.reserve(folder.size() + hex.size() + 4);
  path.append(folder).append("/").append(hex, 0, 2).append("/").append(hex);
  return path;
}

base::Result<void> check_owner(const std::string& root) {
  struct stat status {};

  if (::stat(root.c_str(), &status) != 0) {
    throw base::SyscallError("look at the store", root);
  }
  const std::string quoted = base::shell_quoted(root);
  if (!S_ISDIR(status.st_mode)) {
    return failure("the store " + quoted + " is not a directory: move it away or choose another cache",
                   FailureKind::RetryElsewhere);
  }
  if (status.st_uid != ::geteuid()) {
    return failure(
        fmt::format("the store {} belongs to user {}, and this is user {}: run gg as its owner, or "
                    "choose another cache directory (XDG_CACHE_HOME)",
                    quoted, status.st_uid, ::geteuid()),
        FailureKind::RetryElsewhere);
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return failure(
        "anyone may write to the store " + quoted + ", so its records can't be trusted: chmod o-w " + quoted,
        FailureKind::RetryElsewhere);
  }
  return {};
}

// A symlinked folder would let gc delete elsewhere, and a rename out of tmp/ could not reach it.
base::Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    return {};
  }
  if (errno != EEXIST) {
    throw base::SyscallError("create directory", path);
  }

  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    throw base::SyscallError("look at", path);
  }
  if (!S_ISDIR(status.st_mode)) {
    return failure(base::shell_quoted(path) +
                       " must be a directory, not a link or file: move the whole store "
                       "instead of a part of it",
                   FailureKind::RetryElsewhere);
  }
  return {};
}

// What VERSION says; nullopt if that is not a number after the right word.
std::optional<unsigned> parse_version(std::string_view text) {
  if (text.substr(0, kVersionPrefix.size()) != kVersionPrefix || text.back() != '\n') {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(kVersionPrefix.size(), text.size() - kVersionPrefix.size() - 1);
  unsigned version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return version;
}

base::Result<void> check_version(const Layout& layout, Access access) {
  const std::optional<std::string> text = base::read_file_if_there(layout.version_file());
  if (!text && access == Access::ReadOnly) {
    return failure(base::shell_quoted(layout.root) + " is no gg store: it has no file VERSION",
                   FailureKind::RetryElsewhere);
  }
  if (!text) {
    base::write_file_atomically(layout.version_file(), fmt::format("{}{}\n", kVersionPrefix, kLayoutVersion),
                                0644, base::Durability::PowerLoss);
    return {};
  }
  const std::optional<unsigned> version = parse_version(*text);
  if (!version) {
    return failure(
        fmt::format("{} does not say which layout the store has ('gg store {}' is expected): if this "
                    "is gg's cache, remove the directory; nothing in it can't be made again",
                    base::shell_quoted(layout.version_file()), kLayoutVersion),
        FailureKind::RetryElsewhere);
  }
  if (*version != kLayoutVersion) {
    return failure(
        fmt::format("the store {} has layout {}, and this gg knows layout {}: use the gg that made it, "
                    "or choose another cache directory (XDG_CACHE_HOME)",
                    base::shell_quoted(layout.root), *version, kLayoutVersion),
        FailureKind::RetryElsewhere);
  }
  return {};
}

}  // namespace

std::string Layout::object(const object::Digest& digest) const {
  return fanned_out(objects(), digest);
}

std::string Layout::twin(const object::Digest& digest) const {
  return fanned_out(twins(), digest);
}

std::optional<object::Digest::Hash> hash_of_name(std::string_view folder, std::string_view name) {
  if (name.substr(0, 2) != folder) {
    return std::nullopt;
  }
  const std::optional<object::Digest> digest = object::Digest::from_hex(name, 0);
  return digest ? std::optional(digest->hash()) : std::nullopt;
}

base::Result<Layout> claim_directory(const std::string& directory, Access access) {
  // The process may change its working directory later.
  Layout layout{std::filesystem::absolute(directory).lexically_normal().native()};
  return in_store(layout.root, [&]() -> base::Result<Layout> {
    if (access == Access::ReadOnly) {
      return check_version(layout, access).map([&] { return layout; });
    }
    base::make_directories(layout.root, 0700);
    if (auto owned = check_owner(layout.root); !owned) {  // before anything is written there
      return tl::unexpected(owned.error());
    }
    if (auto known = check_version(layout, access); !known) {
      return tl::unexpected(known.error());
    }
    for (const std::string& folder :
         {layout.objects(), layout.twins(), layout.packs(), layout.temporaries(), layout.quarantine()}) {
      if (auto made = make_folder(folder); !made) {
        return tl::unexpected(made.error());
      }
    }
    if (::access(layout.temporaries().c_str(), W_OK | X_OK) != 0) {
      throw base::SyscallError("write to", layout.temporaries());
    }
    return layout;
  });
}

}  // namespace storage
