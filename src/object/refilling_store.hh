#pragma once

#include "object/store.hh"

#include <functional>
#include <shared_mutex>

namespace object {

// A store that asks where an object came from when it turns out to be lost or damaged, has it put again, and
// goes on as if nothing had been: so that a bit that flipped in a header, or in the compiler, costs a look at
// the user's file and not the build. Any thread; the store must outlive it.
class RefillingStore final : public FileStore {
 public:
  // Puts the object into the store again, from the file that it was read from. False: it cannot. May use the
  // store.
  using PutAgain = std::function<bool(const Digest& digest)>;

  explicit RefillingStore(FileStore& store) : store_(store) {}

  // Is asked, from several threads, as long as it lives. Its end waits for whoever is asking. One at a time.
  class Source {
   public:
    Source(RefillingStore& store, PutAgain put_again);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

   private:
    RefillingStore& store_;
  };

  [[nodiscard]] base::Result<std::optional<std::string>> get(const Digest& digest) override;
  [[nodiscard]] base::Result<Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<Digest> put_file(int fd, std::string_view subject,
                                              const base::StillWanted& wanted) override;

  // What is missing here may be there for whoever gets it; nobody is asked for it.
  [[nodiscard]] base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override;

  [[nodiscard]] base::Result<bool> place(const Digest& digest, bool executable, const std::string& path,
                                         Placing placing) override;

 private:
  void set(PutAgain put_again);
  bool refill(const Digest& digest);

  FileStore& store_;
  std::shared_mutex mutex_;  // of put_again_; shared while it is asked
  PutAgain put_again_;
};

}  // namespace object
