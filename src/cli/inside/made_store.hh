#pragma once

#include "object/store.hh"

#include <optional>
#include <string>
#include <unordered_set>

namespace inside {

// The objects that a process in a container has (spec/dynamic.md): those of its thunk's own input tree, of
// which the directories can be read and the rest is only known, and those that it makes. Several processes
// may write at once. One thread.
class MadeStore final : public object::Store {
 public:
  // `root`: "", or the directory that stands for the container's root (tests).
  explicit MadeStore(std::string root);

  // The thunk's own input tree. Throws base::OperatorError where the thunk may make no thunks.
  [[nodiscard]] object::Digest own_tree() const;

  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override;
  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override;

 private:
  [[nodiscard]] std::string known(const object::Digest& digest) const;
  [[nodiscard]] std::string made(const object::Digest& digest) const;
  [[nodiscard]] bool has(const object::Digest& digest) const;
  [[nodiscard]] const std::unordered_set<object::Digest>& own_files();
  void write(const object::Digest& digest, std::string_view bytes) const;

  std::string root_;
  std::optional<std::unordered_set<object::Digest>> own_files_;
};

// What thunks have come to is not to be known in a container: its answer would depend on when it runs.
class NoRecords final : public object::Records {
 public:
  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const object::Digest& key) override;
  [[nodiscard]] base::Result<void> record(std::string_view table, const object::Digest& key,
                                          std::string_view value) override;
};

}  // namespace inside
