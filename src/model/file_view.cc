#include "model/file_view.hh"

#include "base/unique_fd.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace model {

namespace {

constexpr int kAttempts = 5;  // a file that changes while it is read is read again

// One record for all: a build looks at thousands of files, and a query for each would cost more than their
// hashes.
constexpr std::string_view kSavedName = "model: signatures, version 1";

base::Error system_error(std::string_view attempt, const std::string& path) {
  return {std::string(attempt) + " '" + path + "': " + std::strerror(errno), base::FailureKind::Ours};
}

base::Result<std::optional<object::Entry>> read_symlink(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) {
    return tl::unexpected(system_error("read the symlink", path));
  }
  return object::Entry(object::Symlink{{target.data(), static_cast<size_t>(length)}});
}

// Fixed width, host order: the record never leaves the machine it describes.
struct SavedSignature {
  scan::Identity identity;
  object::Digest::Hash hash;
};

}  // namespace

size_t HashOfIdentity::operator()(const scan::Identity& identity) const noexcept {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15U;
  uint64_t value = identity.inode * kOdd;
  value = (value ^ identity.device) * kOdd;
  value = (value ^ static_cast<uint64_t>(identity.mtime)) * kOdd;
  return static_cast<size_t>((value ^ static_cast<uint64_t>(identity.ctime) ^ identity.size) * kOdd);
}

FileView::FileView(object::Store& store, object::Records& records, const base::Clock& clock,
                   std::string pristine_root, ReadPlaceholder placeholder)
    : store_(store),
      records_(records),
      clock_(clock),
      pristine_root_(std::move(pristine_root)),
      placeholder_(std::move(placeholder)) {
  load();
}

FileView::~FileView() {
  save();
}

base::Result<std::optional<object::Entry>> FileView::at(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::nullopt;
    }
    return tl::unexpected(system_error("look at", path));
  }
  if (S_ISDIR(status.st_mode)) {
    return object::Entry(object::Subdirectory{});
  }
  if (S_ISLNK(status.st_mode)) {
    return read_symlink(path);
  }
  if (!S_ISREG(status.st_mode)) {
    return base::failure("'" + path + "' is a device, socket or FIFO, which cannot be an input");
  }
  if (placeholder_) {
    if (const auto promise = placeholder_(path, status)) {
      return object::Entry(*promise);
    }
  }
  const bool executable = (status.st_mode & S_IXUSR) != 0;
  if (const auto known = remembered(scan::identity_of(status))) {
    const auto there = held(*known, path);
    if (!there) {
      return tl::unexpected(there.error());
    }
    if (*there) {
      return object::Entry(object::File{*known, executable});
    }
  }
  const auto digest = store_bytes(path, status);
  if (!digest) {
    return tl::unexpected(digest.error());
  }
  return object::Entry(object::File{*digest, executable});
}

scan::Look FileView::look(const std::string& path) {
  using What = scan::Look::What;

  struct stat status {};

  std::string real;
  bool there = ::lstat(path.c_str(), &status) == 0;
  if (there && S_ISLNK(status.st_mode)) {
    there = ::stat(path.c_str(), &status) == 0;
    const std::unique_ptr<char, decltype(&std::free)> resolved(
        there ? ::realpath(path.c_str(), nullptr) : nullptr, &std::free);
    real = resolved ? resolved.get() : "";
  }
  if (!there) {
    return {errno == ENOENT || errno == ENOTDIR ? What::Absent : What::Unreadable, {}};
  }
  const scan::Identity identity = scan::identity_of(status);
  if (S_ISDIR(status.st_mode)) {
    return {What::Directory, identity};
  }
  if (!S_ISREG(status.st_mode)) {
    return {What::Unreadable, identity};
  }
  const bool promised = placeholder_ && placeholder_(real.empty() ? path : real, status);
  return {promised ? What::Promised : What::File, identity};
}

std::optional<object::Digest> FileView::remembered(const scan::Identity& identity) {
  return signatures_.with([&](const Signatures& known) -> std::optional<object::Digest> {
    const auto found = known.find(identity);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  });
}

base::Result<bool> FileView::held(const object::Digest& digest, const std::string& path) {
  if (held_.with([&](const auto& known) { return known.contains(digest); })) {
    return true;
  }
  const auto missing = store_.missing({&digest, 1});
  if (!missing) {
    return tl::unexpected(missing.error());
  }
  if (missing->empty()) {
    held_.with([&](auto& known) { known.emplace(digest, path); });
  }
  return missing->empty();
}

base::Result<object::Digest> FileView::store_bytes(const std::string& path, const struct stat& seen) {
  scan::Identity expected = scan::identity_of(seen);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const base::Nanoseconds before = clock_.wall();
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) {
      return tl::unexpected(system_error("open", path));
    }
    const auto digest = store_.put_file(fd.get(), path);
    if (!digest) {
      return digest;
    }

    struct stat after {};

    if (::fstat(fd.get(), &after) != 0) {
      return tl::unexpected(system_error("look at", path));
    }
    const scan::Identity now = scan::identity_of(after);
    if (now == expected && now.size == digest->size()) {
      held_.with([&](auto& known) { known.emplace(*digest, path); });
      if (scan::is_settled(now, before)) {
        signatures_.with([&](Signatures& known) { known.insert_or_assign(now, *digest); });
      }
      return digest;
    }
    expected = now;
  }
  return base::failure("'" + path + "' kept changing while it was read");
}

bool FileView::put_again(const object::Digest& digest) {
  const std::string path = held_.with([&](const auto& known) {
    const auto found = known.find(digest);
    return found == known.end() ? std::string() : found->second;
  });
  const base::UniqueFd fd(
      path.empty() ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) {
    return false;
  }
  const auto stored = store_.put_file(fd.get(), path);
  return stored && *stored == digest;
}

void FileView::load() {
  const auto saved = records_.find(object::kSignatureTable, object::hash(kSavedName));
  if (!saved || !*saved || (*saved)->size() % sizeof(SavedSignature) != 0) {
    return;
  }
  signatures_.with([&](Signatures& known) {
    std::string_view bytes = **saved;
    for (; !bytes.empty(); bytes.remove_prefix(sizeof(SavedSignature))) {
      SavedSignature entry{};
      std::memcpy(&entry, bytes.data(), sizeof entry);
      known.emplace(entry.identity, object::Digest(entry.hash, entry.identity.size));
    }
  });
}

void FileView::save() const {
  const std::string bytes = signatures_.with([](const Signatures& known) {
    std::string all;
    all.reserve(known.size() * sizeof(SavedSignature));
    for (const auto& entry : known) {
      const SavedSignature saved{entry.first, entry.second.hash()};
      std::array<char, sizeof saved> raw{};
      std::memcpy(raw.data(), &saved, sizeof saved);
      all.append(raw.data(), raw.size());
    }
    return all;
  });
  // Only a shortcut for the next run: not having it costs that run some hashing.
  [[maybe_unused]] const auto saved =
      records_.record(object::kSignatureTable, object::hash(kSavedName), bytes);
}

}  // namespace model
