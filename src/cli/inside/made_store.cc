#include "cli/inside/made_store.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "ir/dynamic.hh"
#include "object/hash.hh"
#include "object/tree.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace inside {

namespace {

using object::Digest;

bool holds(const std::string& path, const Digest& digest) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && static_cast<uint64_t>(status.st_size) == digest.size();
}

}  // namespace

MadeStore::MadeStore(std::string root) : root_(std::move(root)) {}

Digest MadeStore::own_tree() const {
  const auto digest = Digest::parse(base::link_target(root_ + "/" + ir::dynamic::kRoot).value_or(""));
  if (!digest) {
    throw base::OperatorError(
        "this process may make no thunks: its own was not made with `gg thunk create --dynamic`");
  }
  return *digest;
}

std::string MadeStore::known(const Digest& digest) const {
  return root_ + "/" + ir::dynamic::kKnown + "/" + digest.hex();
}

std::string MadeStore::made(const Digest& digest) const {
  return root_ + "/" + ir::dynamic::kMade + "/" + digest.hex();
}

bool MadeStore::has(const Digest& digest) const {
  return holds(known(digest), digest) || holds(made(digest), digest);
}

base::Result<std::optional<std::string>> MadeStore::get(const Digest& digest) {
  auto bytes = base::read_file_if_there(known(digest));
  if (!bytes) {
    bytes = base::read_file_if_there(made(digest));
  }
  if (!bytes || object::hash(*bytes) != digest) {
    return std::nullopt;
  }
  return bytes;
}

base::Result<Digest> MadeStore::put(std::string_view bytes) {
  const Digest digest = object::hash(bytes);
  if (!has(digest)) {
    write(digest, bytes);
  }
  return digest;
}

// What the input tree holds is known by its name already, and need not be copied.
base::Result<Digest> MadeStore::put_file(int fd, std::string_view subject,
                                         const base::StillWanted& /*wanted*/) {
  if (::lseek(fd, 0, SEEK_SET) < 0) {
    throw base::SyscallError("seek in", subject);
  }
  const Digest digest = object::hash_file(fd, subject);
  if (own_files().count(digest) != 0 || has(digest)) {
    return digest;
  }
  if (::lseek(fd, 0, SEEK_SET) < 0) {
    throw base::SyscallError("seek in", subject);
  }
  return put(base::read_all(fd, subject));
}

base::Result<std::vector<Digest>> MadeStore::missing(std::span<const Digest> digests) {
  std::vector<Digest> lacking;
  for (const Digest& digest : digests) {
    if (!has(digest) && own_files().count(digest) == 0) {
      lacking.push_back(digest);
    }
  }
  return lacking;
}

const std::unordered_set<Digest>& MadeStore::own_files() {
  if (!own_files_) {
    own_files_.emplace();
    for (const auto& file : std::filesystem::directory_iterator(root_ + "/" + ir::dynamic::kKnown)) {
      const auto directory = object::decode_directory(base::read_file(file.path().string()));
      for (const auto& [name, entry] : base::value_or_throw(directory).entries) {
        if (const auto* of_tree = std::get_if<object::File>(&entry)) {
          own_files_->insert(of_tree->digest);
        }
      }
    }
  }
  return *own_files_;
}

void MadeStore::write(const Digest& digest, std::string_view bytes) const {
  base::write_file_atomically(made(digest), bytes);
}

base::Result<std::optional<std::string>> NoRecords::find(std::string_view /*table*/, const Digest& /*key*/) {
  return std::nullopt;
}

base::Result<void> NoRecords::record(std::string_view /*table*/, const Digest& /*key*/,
                                     std::string_view /*value*/) {
  return {};
}

}  // namespace inside
