#pragma once

#include "object/store.hh"

#include <mutex>
#include <unordered_set>
#include <vector>

namespace worker {

// A store that remembers what is put: what was made while one thunk was executed, whatever it is. Any thread.
class RecordingStore final : public object::FileStore {
 public:
  // `store` outlives it.
  explicit RecordingStore(object::FileStore& store) : store_(store) {}

  // All since the last call, in order, each once.
  [[nodiscard]] std::vector<object::Digest> take();

  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override {
    return store_.get(digest);
  }

  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) override;

  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override {
    return store_.missing(digests);
  }

  [[nodiscard]] base::Result<bool> place(const object::Digest& digest, bool executable,
                                         const std::string& path, Placing placing) override {
    return store_.place(digest, executable, path, placing);
  }

 private:
  void note(const base::Result<object::Digest>& put);

  object::FileStore& store_;
  std::mutex mutex_;
  std::vector<object::Digest> put_;          // under mutex_
  std::unordered_set<object::Digest> seen_;  // the same; under mutex_
};

}  // namespace worker
