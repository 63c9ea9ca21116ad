#include "model/file_view.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <unistd.h>

#include <climits>

namespace model {

namespace {

// File systems stamp with the kernel's tick (1 to 10 ms); a change within the same tick leaves the same
// times.
constexpr base::Nanoseconds kTick = std::chrono::milliseconds(20);

base::Nanoseconds time_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + base::Nanoseconds(time.tv_nsec);
}

std::string signature_of(const struct stat& status) {
  std::string text;
  for (const int64_t number : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                               static_cast<int64_t>(status.st_size), time_of(status.st_mtim).count(),
                               time_of(status.st_ctim).count()}) {
    text += std::to_string(number) + " ";
  }
  return text;
}

std::string read_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) {
    throw base::SyscallError("read the link", path);
  }
  target.resize(static_cast<size_t>(length));
  return target;
}

}  // namespace

FileView::FileView(object::Store& store, object::Records& records, const base::Clock& clock,
                   std::string pristine_root, AsPlaceholder as_placeholder)
    : store_(store),
      records_(records),
      clock_(clock),
      pristine_root_(std::move(pristine_root)),
      as_placeholder_(std::move(as_placeholder)) {}

base::Result<std::optional<object::Entry>> FileView::at(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::nullopt;
    }
    return base::failure(base::SyscallError("look at", path).what());
  }
  if (S_ISDIR(status.st_mode)) {
    return object::Subdirectory{};
  }
  if (S_ISLNK(status.st_mode)) {
    return object::Symlink{read_link(path)};
  }
  if (!S_ISREG(status.st_mode)) {
    return base::failure("'" + base::printable(path) + "' is neither a file, a directory nor a symlink");
  }
  if (auto promise = as_placeholder_(path, status)) {
    return *std::move(promise);
  }
  const auto digest = digest_of(path, status);
  if (!digest) {
    return tl::unexpected(digest.error());
  }
  return object::File{*digest, (status.st_mode & S_IXUSR) != 0};
}

std::optional<object::Digest> FileView::remembered(const std::string& signature) {
  const auto known = digests_.with([&](auto& digests) -> std::optional<object::Digest> {
    const auto found = digests.find(signature);
    return found == digests.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) {
    return known;
  }
  const auto record = records_.find(object::kSignatureTable, object::hash(signature));
  const auto digest = record && *record ? object::Digest::parse(**record) : std::nullopt;
  if (!digest) {
    return std::nullopt;
  }
  // What a store holds is a lease: it may have been collected since.
  const auto missing = store_.missing({&*digest, 1});
  if (!missing || !missing->empty()) {
    return std::nullopt;
  }
  digests_.with([&](auto& digests) { digests.emplace(signature, *digest); });
  return digest;
}

base::Result<object::Digest> FileView::digest_of(const std::string& path, const struct stat& seen) {
  const std::string signature = signature_of(seen);
  if (const auto known = remembered(signature)) {
    return *known;
  }
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));

  struct stat status {};

  if (!file || ::fstat(file.get(), &status) != 0) {
    return base::failure(base::SyscallError("open", path).what());
  }
  const base::Nanoseconds before = clock_.wall();
  auto digest = store_.put_file(file.get(), path);

  struct stat after {};

  if (!digest || ::fstat(file.get(), &after) != 0) {
    return digest;
  }
  const bool at_rest = signature_of(after) == signature_of(status) && signature_of(status) == signature &&
                       before - time_of(status.st_ctim) > kTick && before - time_of(status.st_mtim) > kTick;
  if (at_rest) {
    digests_.with([&](auto& digests) { digests.emplace(signature, *digest); });
    // Only a shortcut for the next run: not having it costs a hash.
    [[maybe_unused]] const auto kept =
        records_.record(object::kSignatureTable, object::hash(signature), digest->to_string());
  }
  return digest;
}

}  // namespace model
