#pragma once

#include "base/result.hh"
#include "base/unique_fd.hh"
#include "intercept/journal.hh"
#include "intercept/outstanding.hh"
#include "intercept/placing.hh"
#include "ir/result.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace intercept {

// The path with symlinks in its folder resolved, its last part as it is.
[[nodiscard]] std::string canonical(const std::string& path);

// Which files of the user's tree stand for which promises. A path here is where a placeholder *may* stand:
// the file itself has the last word whenever something is to be done to it. Thread-safe.
class Registry {
 public:
  // `stay`: will its placeholders outlive the session?
  Registry(const std::string& state_dir, object::FileStore& store,
           Outstanding::Stay stay = Outstanding::Stay::No);

  // The session's work is below this folder, as far as is known.
  void works_in(const std::string& folder) { work_ = canonical(folder); }

  // Cleans up after sessions that are no more; which of their placeholders were removed.
  [[nodiscard]] std::vector<std::string> clean_up_after_others();

  // No placeholder of this store's promises stands anywhere.
  [[nodiscard]] bool none_anywhere() const { return outstanding_.none(); }

  // After close() nothing of the session may be left but what is to stay.
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // A directory of the session's own, to be removed by a later one should this be killed.
  void own_directory(const std::string& path);

  // Writes the promise's placeholder at `path` (absolute) and remembers it. False: its name does not fit.
  [[nodiscard]] base::Result<bool> write(const object::Promise& promise, const std::string& path,
                                         mode_t mode);

  // A placeholder of the promise was found there, or will be as soon as a rename, link or copy is through.
  void add(const object::Promise& promise, const std::string& path);

  // A process (a pidfd) that looks at these files and then opens them, and fails if they are others by then
  // (cp, install), has begun: until it has ended, or a second is over, nothing is put in place there.
  void leave_to(base::UniqueFd process, std::set<std::string> paths);

  // Somebody is about to write a file of his own there: from now on nothing is put in place at that path.
  void abandon(const std::string& path);

  // Everything known below the directory `from` is from now on expected below `to` as well.
  void directory_moves(const std::string& from, const std::string& to);

  // A program that carries placeholders about made a file there: maybe a copy of one.
  void suspect(const std::string& path);

  // Registers those suspects that are placeholders, and says which promises they are of. The others stay
  // under suspicion: what was announced may be written yet.
  [[nodiscard]] std::set<object::Promise> look_at_suspects();

  [[nodiscard]] std::set<object::Promise> promises() const;

  // Those whose placeholders stand directly in this directory (a real path; none of "").
  [[nodiscard]] std::set<object::Promise> promises_in(const std::string& directory);
  [[nodiscard]] bool empty() const;

  // Puts the entry in place wherever the promise stands, and forgets the promise's paths.
  [[nodiscard]] std::vector<base::Error> put(const object::Promise& promise, const object::Entry& entry);

  // The same for every output of a finished thunk. Placeholders of an output that was not made are removed.
  [[nodiscard]] std::vector<base::Error> put_all(const object::Digest& thunk, const ir::Result& result);

  // Removes the placeholders of outputs that the finished thunk has not made.
  void remove_unmade(const object::Digest& thunk, const ir::Result& result);

  // Removes every placeholder of the thunk, or of all thunks.
  void remove(const object::Digest& thunk);
  void remove_all();

  // A file that is no placeholder is about to be put at `path` (placing.hh).
  void will_place(const std::string& path);

  // Why some paths could not be written down (a full disk), after which only a kill leaves something behind;
  // or nothing.
  [[nodiscard]] std::string trouble() const;

  // The session ends in order: when this goes, nothing is left to be cleaned up after it.
  void close();

 private:
  void record(const std::string& path);
  void prepare_for_power_loss(const std::string& path);
  void noting_trouble(const std::function<void()>& write_down);
  void insert(const object::Promise& promise, const std::string& path);
  void insert_suspect(const std::string& path);
  std::optional<object::Promise> look_at(const std::string& suspect);
  void remove_paths(const object::Promise& promise);
  [[nodiscard]] std::set<std::string> take_paths(const object::Promise& promise);
  [[nodiscard]] std::vector<base::Error> put_at(const object::Promise& promise, const object::Entry& entry,
                                                const std::set<std::string>& taken,
                                                std::set<std::string>& left);
  // Processes that live, and to whom one of these paths is left.
  [[nodiscard]] std::vector<std::shared_ptr<const base::UniqueFd>> others_at(
      const std::set<std::string>& paths) const;
  void wait_for_others(const std::set<std::string>& paths);
  [[nodiscard]] std::set<object::Promise> promises_of(const object::Digest& thunk) const;

  mutable std::mutex mutex_;  // of the maps and the journal; never held while bytes are copied
  const std::string state_dir_;
  Outstanding outstanding_;
  const Outstanding::Stay stay_;
  bool announced_ = false;
  std::string work_;
  std::set<std::string> searched_;  // folders that are searched for placeholders after a loss of power
  Journal journal_;
  object::FileStore& store_;
  std::map<object::Promise, std::set<std::string>> paths_;
  std::map<std::string, object::Promise> promise_at_;

  struct Other {
    std::shared_ptr<const base::UniqueFd> process;
    std::set<std::string> paths;
  };

  std::vector<Other> others_;  // to whom paths are left
  std::set<std::string> suspects_;
  // Suspects where something else was found. They are looked at again only together with all others, since a
  // placeholder may have been about to be written over what was there: a directory is opened often.
  std::set<std::string> cleared_;
  std::set<std::string> recorded_;
  std::vector<std::string> owned_;  // directories
  bool closed_ = false;
  std::string trouble_;
};

}  // namespace intercept
