#include "model/file_view.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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

base::Result<object::Entry> read_symlink(const std::string& path) {
  auto target = base::link_target(path);
  if (!target) {
    return tl::unexpected(system_error("read the symlink", path));
  }
  return object::Entry(object::Symlink{*std::move(target)});
}

template <typename Read>
auto caught(Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  }
}

tl::unexpected<base::Error> kept_changing(const std::string& path) {
  return base::failure("'" + path + "' kept changing while it was read");
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
      placeholder_(std::move(placeholder)) {}

FileView::~FileView() {
  save();
}

base::Result<std::optional<View::Seen>> FileView::see(const std::string& path) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    struct stat status {};

    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return std::nullopt;
      }
      return tl::unexpected(system_error("look at", path));
    }
    auto seen = see_as(path, status);
    if (!seen || *seen) {
      return seen;
    }
  }
  return kept_changing(path);
}

base::Result<std::optional<View::Seen>> FileView::see_as(const std::string& path, const struct stat& status) {
  const scan::Identity identity = scan::identity_of(status);
  if (S_ISDIR(status.st_mode)) {
    return Seen{object::Subdirectory{}, identity};
  }
  if (S_ISLNK(status.st_mode)) {
    auto link = read_symlink(path);
    return link ? base::Result<std::optional<Seen>>(Seen{*std::move(link), identity})
                : tl::unexpected(link.error());
  }
  if (!S_ISREG(status.st_mode)) {
    return base::failure("'" + path + "' is a device, socket or FIFO, which cannot be an input");
  }
  if (placeholder_) {
    if (const auto promise = placeholder_(path, status)) {
      return Seen{*promise, identity};
    }
  }
  const auto hashed = known(identity);
  const auto digest =
      hashed ? base::Result<std::optional<object::Digest>>(hashed) : hash_bytes(path, identity);
  if (!digest) {
    return tl::unexpected(digest.error());
  }
  return *digest ? std::optional(Seen{object::File{**digest, (status.st_mode & S_IXUSR) != 0}, identity})
                 : std::nullopt;
}

scan::Look FileView::look(const std::string& path) {
  using What = scan::Look::What;

  struct stat status {};

  std::string real;
  bool there = ::lstat(path.c_str(), &status) == 0;
  if (there && S_ISLNK(status.st_mode)) {
    there = ::stat(path.c_str(), &status) == 0;
    real = there ? base::real_path(path).value_or("") : "";
  }
  if (!there) {
    return {errno == ENOENT || errno == ENOTDIR ? What::Absent : What::Unreadable};
  }
  const scan::Identity identity = scan::identity_of(status);
  if (S_ISDIR(status.st_mode)) {
    return {What::Directory, identity, real.empty()};
  }
  if (!S_ISREG(status.st_mode)) {
    return {What::Unreadable, identity, real.empty()};
  }
  const bool promised = placeholder_ && placeholder_(real.empty() ? path : real, status);
  return {promised ? What::Promised : What::File, identity, real.empty(), (status.st_mode & S_IXUSR) != 0};
}

std::optional<object::Digest> FileView::known(const scan::Identity& identity) {
  std::call_once(loaded_, [this] { load(); });  // not before: many a run looks at no file
  return signatures_.with([&](const Signatures& all) -> std::optional<object::Digest> {
    const auto found = all.find(identity);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  });
}

void FileView::remember(const scan::Identity& identity, const object::Digest& digest,
                        base::Nanoseconds read_at) {
  if (scan::is_settled(identity, read_at)) {
    signatures_.with([&](Signatures& known) {
      const auto [entry, is_new] = known.emplace(identity, digest);
      if (is_new || entry->second != digest) {
        entry->second = digest;
        has_news_ = true;
      }
    });
  }
}

base::Result<std::optional<object::Digest>> FileView::hash_bytes(const std::string& path,
                                                                 const scan::Identity& expected) {
  return caught([&]() -> base::Result<std::optional<object::Digest>> {
    const base::Nanoseconds read_at = clock_.wall();
    // What is there by now may be a FIFO, which would wait for its writer.
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) {
      const bool replaced = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
      return replaced ? base::Result<std::optional<object::Digest>>(std::nullopt)
                      : tl::unexpected(system_error("open", path));
    }
    const auto is_the_same = [&] { return scan::identity_of(base::status_of(fd.get(), path)) == expected; };
    if (!is_the_same()) {
      return std::nullopt;
    }
    const object::Digest digest = object::hash_file(fd.get(), path);
    if (!is_the_same() || expected.size != digest.size()) {
      return std::nullopt;
    }
    remember(expected, digest, read_at);
    return digest;
  });
}

base::Result<scan::Contents> FileView::read(const std::string& path) {
  return caught([&]() -> base::Result<scan::Contents> {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const base::Nanoseconds read_at = clock_.wall();
      const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      if (!fd) {
        return tl::unexpected(system_error("open", path));
      }
      const struct stat status = base::status_of(fd.get(), path);
      if (!S_ISREG(status.st_mode) || (placeholder_ && placeholder_(path, status))) {
        return base::failure("'" + path + "' is no regular file, or not made yet");
      }
      std::string bytes = base::read_all(fd.get(), path);
      const scan::Identity identity = scan::identity_of(status);
      if (scan::identity_of(base::status_of(fd.get(), path)) == identity && identity.size == bytes.size()) {
        remember(identity, object::hash(bytes), read_at);
        return scan::Contents{std::move(bytes), identity, scan::is_settled(identity, read_at)};
      }
    }
    return kept_changing(path);
  });
}

base::Result<bool> FileView::keep(const object::Digest& digest, const std::string& path) {
  if (held_.with([&](HeldFiles& held) { return held.see_again(digest, path); })) {
    return true;
  }
  const auto missing = store_.missing({&digest, 1});
  if (!missing) {
    return tl::unexpected(missing.error());
  }
  const auto there = missing->empty() ? base::Result<bool>(true) : put(digest, path);
  if (there && *there) {
    held_.with([&](HeldFiles& held) { held.add(digest, path); });
  }
  return there;
}

base::Result<bool> FileView::put(const object::Digest& digest, const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) {
    return false;
  }
  const auto stored = store_.put_file(fd.get(), path);
  if (!stored) {
    return tl::unexpected(stored.error());
  }
  return *stored == digest;
}

bool FileView::put_again(const object::Digest& digest) {
  const auto paths = held_.with([&](const HeldFiles& held) { return held.paths(digest); });
  return std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& path) { return put(digest, path).value_or(false); });
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

void FileView::save() {
  if (!has_news_) {
    return;
  }
  load();  // what other processes have saved meanwhile
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
