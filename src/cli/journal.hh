#pragma once

#include "base/clock.hh"
#include "base/errors.hh"
#include "base/guarded.hh"
#include "base/unique_fd.hh"
#include "object/digest.hh"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

// What became of one command of the build, or of one thunk that was forced by hand.
struct CommandRecord {
  std::string outcome;  // "hit", "promised", "waited", "native"; see spec/journal.md
  std::string reason;   // native: the model's reason code; else ""
  std::string detail;
  std::string label;
  std::vector<std::string> argv;
  std::string working_directory;
  std::string thunk;                 // its name; "" when native
  std::vector<std::string> outputs;  // absolute paths; of a native one those that its command line names
  int64_t started_ns = 0;            // the tool's start, since 1970; 0: an older gg did not say
  int64_t took_ns = 0;               // from then to its answer
};

// How a promised or awaited thunk ended.
struct FinishRecord {
  std::string thunk;
  std::string outcome;   // "ran", "hit" (a memo of its concrete form, or a twin's answer), "failed"
  int64_t ended_ns = 0;  // since 1970; 0: an older gg did not say
  std::string reason;    // a stable code, see spec/journal.md; "": an older gg did not say
};

// What was decided about a thunk, or about all that was under way, beside the plain way.
struct DecisionRecord {
  std::string reason;    // a stable code, see spec/journal.md
  std::string thunk;     // "": about all
  std::string detail;    // for people
  int64_t delay_ns = 0;  // until it is done
  int64_t at_ns = 0;     // since 1970
};

// One execution of one thunk.
struct AttemptRecord {
  uint64_t id = 0;  // within the run, from 1; 0: an older gg did not say
  std::string thunk;
  std::string place;  // the engine's name
  int exit_code = 0;
  std::string error;  // why there is no result; "" when there is one
  int64_t fetch_ns = 0;
  int64_t set_up_ns = 0;
  int64_t execute_ns = 0;
  int64_t collect_ns = 0;
  std::string failure;  // the error's kind: "retry-here", "retry-elsewhere", "deterministic", "ours", "lost"
  unsigned number = 1;  // of this thunk's tries
  int64_t waited_ns = 0;      // for a slot
  uint64_t output_bytes = 0;  // of the files that it made, without those below directories
  int64_t ended_ns = 0;       // since 1970; 0: an older gg did not say
  int64_t took_ns = 0;        // from start to end as seen from here: also what the way there and back took
  bool duplicate = false;     // beside another, which seemed to straggle
  std::string cancelled;      // why its answer was not wanted any more, a code; "": it has ended by itself
  uint64_t billed_micro_dollars = 0;
  int64_t queued_ns = 0;  // at a cluster, before a worker took it
  std::string worker;     // the cluster's name for that; "": it has none
  std::string isolation;  // what kept the command apart there; "": nobody said
};

// What a run came to, as far as its other records do not say so.
struct EndRecord {
  int exit_code = 0;
  int64_t ended_ns = 0;                   // since 1970; 0: the run goes on, or was killed
  int64_t infer_ns = 0;                   // spent in models, all commands together
  uint64_t scanned = 0;                   // translation units whose headers gg found by itself
  std::map<std::string, uint64_t> asked;  // of the compiler instead, by reason
};

struct RunRecord : EndRecord {
  std::string id;
  std::vector<std::string> argv;
  std::string working_directory;
  int64_t started_ns = 0;  // since 1970
  std::vector<CommandRecord> commands;
  std::vector<FinishRecord> finished;
  std::vector<AttemptRecord> attempts;
  std::vector<DecisionRecord> decisions;
};

// ", worker w3 (container)"; empty where nobody said.
[[nodiscard]] std::string at_worker(const AttemptRecord& attempt);

// What the journal of a run that starts here and now begins with.
[[nodiscard]] RunRecord head_of_run(std::vector<std::string> argv, const base::Clock& clock);

// The run's own record: JSON lines (spec/journal.md), each appended whole or not at all, and under a lock,
// since launchers share one; what a kill left of a line goes before the next. Any thread.
class Journal {
 public:
  // Creates <store>/runs/<id>.jsonl. Throws base::SyscallError.
  Journal(const std::string& store, const RunRecord& head);

  // The same once there is more to tell than that memos had everything, which leaves no file.
  [[nodiscard]] static Journal unless_all_are_hits(const std::string& store, const RunRecord& head);

  // The journal that launchers write one after another, each for a command of its own, as long as no run has
  // begun meanwhile: journals tell what came later by their names. `now`: since 1970. Throws
  // base::SyscallError.
  [[nodiscard]] static Journal of_launchers(const std::string& store, base::Nanoseconds now);

  void command(const CommandRecord& record);
  void finish(const FinishRecord& record);
  void attempt(const AttemptRecord& record);
  void decision(const DecisionRecord& record);
  void end(const EndRecord& record);

  // "" while there was nothing to tell.
  [[nodiscard]] std::string id() const;

 private:
  enum class Shared : bool { No, Yes };

  struct File {
    std::string id;
    std::string path;
    base::UniqueFd fd;
    Shared shared = Shared::No;
    bool failed = false;  // and that was said
    std::string held;     // lines that wait for a beginning
  };

  // What a journal begins with, and where it is to be.
  struct Beginning {
    std::string store;
    RunRecord head;
  };

  explicit Journal(File file) : file_(std::make_unique<base::Guarded<File>>(std::move(file))) {}

  [[nodiscard]] static File begun(const Beginning& beginning, Shared shared);
  [[nodiscard]] static std::optional<Journal> begun_by_another_launcher(const std::string& store);
  static void append(File& file, const std::string& line);
  static void failed(File& file, const base::SyscallError& error);

  enum class Begins : bool { No, Yes };
  void append(const std::string& line, Begins begins = Begins::Yes);

  std::optional<Beginning> beginning_;  // of one that may have to begin yet
  std::unique_ptr<base::Guarded<File>> file_;
};

// Ids of the runs that left a journal, oldest first.
[[nodiscard]] std::vector<std::string> run_ids(const std::string& store);

// `run_id`, or the latest run if that is "". Throws base::OperatorError when there is none yet.
[[nodiscard]] std::string chosen_run(const std::string& store, const std::string& run_id);

// Throws base::OperatorError when there is no such run. A torn last line is passed over.
[[nodiscard]] RunRecord read_journal(const std::string& store, const std::string& id);

// Every command of every run, the latest first, until `visit` has enough. Throws as read_journal() does.
enum class Visit : bool { GoOn, Enough };
void visit_latest_first(const std::string& store,
                        const std::function<Visit(const RunRecord&, const CommandRecord&)>& visit);

[[nodiscard]] bool makes(const CommandRecord& command, const std::string& path);

// The latest command, over all runs, that made `path` (absolute); with the run it was of.
struct Origin {
  RunRecord run;
  CommandRecord command;
};

[[nodiscard]] std::optional<Origin> origin_of(const std::string& store, const std::string& path);

// The thunk that made each path last, over all runs: base::printable(absolute path) -> the thunk's name.
[[nodiscard]] std::map<std::string, std::string> makers(const std::string& store);

}  // namespace cli
