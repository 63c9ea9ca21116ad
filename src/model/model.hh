#pragma once

#include "base/result.hh"
#include "ir/thunk.hh"
#include "model/scan/file_system.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace model {

// One command of the user's build, as it was about to be executed. Paths and words are bytes.
struct Invocation {
  std::string program;  // absolute; the name it was called by, symlinks not followed ("/usr/bin/cc")
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string working_directory;    // absolute, a real path (what getcwd says)
  bool stderr_is_terminal = false;  // compilers colour their diagnostics there
  mode_t file_mode_mask = 022;      // umask(2)

  bool operator==(const Invocation&) const = default;
};

// The user's files as inference sees them: what stands at a path, with placeholders read as the promises they
// are. Thread-safe; caches digests by stat signature.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  virtual ~View() = default;

  struct Seen {
    object::Entry entry;
    scan::Identity identity;  // of what was looked at
  };

  // What stands at the absolute path, symlinks not followed at its last component: File (`keep` puts its
  // bytes into the store), Symlink, Promise, or nullopt when there is nothing. A directory is Subdirectory
  // with a zero digest. Errors name the path (unreadable, a device, a FIFO).
  [[nodiscard]] virtual base::Result<std::optional<Seen>> see(const std::string& path) = 0;

  // The digest of files in this state, if there is a file that was hashed in it.
  [[nodiscard]] virtual std::optional<object::Digest> known(const scan::Identity& identity) = 0;

  [[nodiscard]] base::Result<std::optional<object::Entry>> at(const std::string& path);

  // The bytes of the regular file that the absolute path leads to, symlinks followed. Errors name the path.
  [[nodiscard]] virtual base::Result<scan::Contents> read(const std::string& path) = 0;

  // Sees to it that the store holds the file at `path`, which was seen to have this digest. False: it has
  // another by now.
  [[nodiscard]] virtual base::Result<bool> keep(const object::Digest& digest, const std::string& path) = 0;

  // What the absolute path leads to, symlinks followed, without a look at its bytes.
  [[nodiscard]] virtual scan::Look look(const std::string& path) = 0;

  // Where this machine's tools can be run for a question (`gcc -M`, `-print-prog-name`): the root in which no
  // shim stands before them; "" when that is the process's own.
  [[nodiscard]] virtual std::string pristine_root() const = 0;
};

struct Output {
  enum class Made { Always, Perhaps };  // Perhaps: no placeholder; put in place if the result has it
  std::string path;                     // absolute, in the user's tree
  std::string name;                     // the thunk's own output path
  Made made = Made::Always;
  bool executable = false;  // what the placeholder's mode should say

  bool operator==(const Output&) const = default;
};

// A file that inference itself writes now, for readers that look the moment the command returns (a depfile).
struct WrittenNow {
  std::string path;  // absolute
  std::string bytes;

  bool operator==(const WrittenNow&) const = default;
};

struct Materials;

struct Inferred {
  object::Digest thunk;  // its name; Models::keep puts it, and all it names but for promises, into the store
  std::shared_ptr<const Materials> materials;
  // As the tool ends them: a make file may want an object to be no older than what is written beside it.
  std::vector<Output> outputs;
  std::vector<WrittenNow> written_now;  // before the outputs
  std::string label;                    // for people: "compile src/a.c"
  // The footprint rests on somebody's word, and the tool may fail in its container where it would not here.
  // The caller is told the real status; a failure is followed by the real command.
  bool caller_waits = false;
};

// The real command runs here and now, on forced inputs. `reason` is a stable code for counters
// ("unknown-option"), `detail` the subject ("-fstrange").
struct Declined {
  std::string reason;
  std::string detail;

  bool operator==(const Declined&) const = default;
};

// Inference itself has to read what these promise: force and put them in place, then ask again.
struct MustRead {
  std::vector<object::Promise> promises;
};

using Inference = std::variant<Inferred, Declined, MustRead>;

// Stands in for the tools it knows: argv + view -> thunk. Thread-safe; may block (it may ask the real
// compiler).
class Models {
 public:
  Models() = default;
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;
  virtual ~Models() = default;

  // Paths of the tools on this machine to be stood in for: every existing file that a modelled name on the
  // given PATH resolves to, symlinks followed, each once ("/usr/bin/x86_64-linux-gnu-gcc-12").
  [[nodiscard]] virtual std::vector<std::string> tools(const std::string& path_variable) const = 0;

  [[nodiscard]] virtual Inference infer(const Invocation& invocation) = 0;

  // Puts the thunk and all it names into the store: needed before it is executed or promised, and not where a
  // memo knows its result. False: a file has changed since; infer again.
  [[nodiscard]] virtual base::Result<bool> keep(const Inferred& inferred) = 0;

  // After a thunk of this invocation failed in its container although it may succeed here (a file inference
  // did not see): asks the real compiler, whatever we think to know. Nullopt: nothing more to try.
  [[nodiscard]] virtual std::optional<Inference> infer_again(const Invocation& invocation) = 0;
};

}  // namespace model
