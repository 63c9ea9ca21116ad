#pragma once

#include "base/unique_fd.hh"
#include "object/digest.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Many small objects in one file (spec/store.md): a million thunks made at once are a hundred bytes each, and
// a file each would be four kilobytes and fifty microseconds.
namespace storage {

// The bytes of a pack that holds these objects, each once, in any order.
[[nodiscard]] std::string encode_pack(std::vector<std::pair<object::Digest, std::string>> objects);

// A pack that is open for reading. Nothing in it is believed: what is found has to be hashed. Any thread.
class Pack {
 public:
  // nullptr: not there, or no pack. Throws SyscallError.
  [[nodiscard]] static std::unique_ptr<Pack> open(const std::string& path);

  // Where the object lies, if the pack says that it holds it. Throws SyscallError.
  struct Place {
    uint64_t offset = 0;
    uint64_t size = 0;
  };

  [[nodiscard]] std::optional<Place> find(const object::Digest& digest) const;

  // The bytes at a place; short where the file is. Throws SyscallError.
  [[nodiscard]] std::string read(const Place& place) const;

  // All that it says it holds. Throws SyscallError.
  [[nodiscard]] std::vector<std::pair<object::Digest, Place>> all() const;

  [[nodiscard]] uint64_t count() const { return count_; }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Pack(std::string path, base::UniqueFd fd, uint64_t index, uint64_t count)
      : path_(std::move(path)), fd_(std::move(fd)), index_(index), count_(count) {}

  [[nodiscard]] std::string read_at(uint64_t offset, uint64_t size) const;
  [[nodiscard]] std::vector<std::pair<object::Digest, Place>> entries(uint64_t first, uint64_t last) const;

  std::string path_;
  base::UniqueFd fd_;
  uint64_t index_;  // where it begins, with the fan-out
  uint64_t count_;
  std::string fan_out_;  // in memory, since most look-ups find nothing
};

}  // namespace storage
