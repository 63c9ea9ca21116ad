#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"
#include "object/digest.hh"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace object {

// Where objects live: local directory, S3, a REAPI CAS. Immutable bytes under their digest; putting twice is
// fine. Blocks, so call it from a pool; safe from any thread. What a store holds is a lease, not a fact: an
// object that was there may be gone at the next call, and every caller has an answer to that. Errors are
// values with a kind: disk full and refusals are RetryElsewhere, hiccups RetryHere.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // The bytes, checked against the digest; nullopt when the store does not hold the object or what it held
  // was damaged (it is then quarantined or dropped, and the caller makes it again).
  [[nodiscard]] virtual base::Result<std::optional<std::string>> get(const Digest& digest) = 0;

  // Stores the bytes and says their name.
  [[nodiscard]] virtual base::Result<Digest> put(std::string_view bytes) = 0;

  // Stores what the descriptor yields from its start (a regular file; streamed, so any size) and says its
  // name. `subject` is for messages. Fails, and leaves nothing, once it is not wanted any more.
  [[nodiscard]] virtual base::Result<Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted = {}) = 0;

  // Those of `digests` that the store lacks.
  [[nodiscard]] virtual base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) = 0;
};

// A store whose objects are files here: what containers and the user's tree are filled from.
class FileStore : public Store {
 public:
  enum class Placing {
    Copy,  // own bytes (a reflink where the file system has them): for anything that may be written in place
    HardLink,  // shares the store's inode: only where nothing can write to it
  };

  // Makes `path` (must not exist) hold the object, with mode 0444 or 0555 for HardLink, 0644 or 0755 less
  // umask for Copy. With HardLink falls back to a copy where the file system refuses (EXDEV, EMLINK). False:
  // not held.
  [[nodiscard]] virtual base::Result<bool> place(const Digest& digest, bool executable,
                                                 const std::string& path, Placing placing) = 0;

  // These are placed soon: a store that has some of them far away brings them here in few round trips. What
  // goes wrong shows when they are placed.
  virtual void expect_placing(std::span<const Digest> /*digests*/) {}
};

// A store that is far away, so that objects go to and from it in bulk: each call takes a round trip or more.
// It remembers for a while what it has seen there, and what it has sent is not sent again meanwhile. Others
// that send or fetch the same at the same time wait for each other, and the bytes travel once.
class RemoteStore : public Store {
 public:
  // Sends what this store lacks of `digests`. Answers those that `from` does not hold either.
  [[nodiscard]] virtual base::Result<std::vector<Digest>> send(std::span<const Digest> digests, Store& from,
                                                               const base::StillWanted& wanted) = 0;

  // Brings what `into` lacks of `digests`, each checked against its name. Answers those that are not here.
  [[nodiscard]] virtual base::Result<std::vector<Digest>> fetch(std::span<const Digest> digests, Store& into,
                                                                const base::StillWanted& wanted) = 0;

  // What was seen of these counts no more: somebody has found one of them gone.
  virtual void distrust(std::span<const Digest> digests) = 0;
};

// A store far away that knows memos, too: which object is the encoded result of a thunk. What it says of that
// is the word of whoever could write there.
class MemoStore : public RemoteStore {
 public:
  struct Memo {
    Digest thunk;
    Digest result;

    bool operator==(const Memo&) const = default;
  };

  // Nullopt: nobody has told.
  [[nodiscard]] virtual base::Result<std::optional<Digest>> result_of(const Digest& thunk) = 0;

  // As send(); and once all of `digests` are there, the memos are. If any is lost, they are not.
  [[nodiscard]] virtual base::Result<std::vector<Digest>> send_memos(std::span<const Memo> memos,
                                                                     std::span<const Digest> digests,
                                                                     Store& from,
                                                                     const base::StillWanted& wanted) = 0;
};

// Small records under a thunk's name: the memo table (thunk -> encoded result) and its like. Blocks; any
// thread.
class Records {
 public:
  Records() = default;
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  virtual ~Records() = default;

  // What was recorded under (table, key); nullopt if nothing. `table` is one of the names below.
  [[nodiscard]] virtual base::Result<std::optional<std::string>> find(std::string_view table,
                                                                      const Digest& key) = 0;

  // Replaces. Durable against the death of the process; a loss of power may lose the latest.
  [[nodiscard]] virtual base::Result<void> record(std::string_view table, const Digest& key,
                                                  std::string_view value) = 0;
};

inline constexpr std::string_view kMemoTable = "memo";  // thunk -> ActionResult (DESIGN: memo, both levels)
inline constexpr std::string_view kFootprintTable =
    "footprint";  // command -> what it was seen to read (model)
inline constexpr std::string_view kCompilerTable =
    "compiler";  // compiler and options -> what it predefines (model)
inline constexpr std::string_view kSignatureTable = "signature";  // file -> stat signature and digest

}  // namespace object
