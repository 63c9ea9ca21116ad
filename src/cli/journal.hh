#pragma once

#include "base/clock.hh"
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
};

// One execution of one thunk.
struct AttemptRecord {
  std::string thunk;
  std::string place;  // the engine's name
  int exit_code = 0;
  std::string error;  // why there is no result; "" when there is one
  int64_t set_up_ns = 0;
  int64_t execute_ns = 0;
  int64_t collect_ns = 0;
  std::string failure;  // the error's kind: "retry-here", "retry-elsewhere", "deterministic", "ours", "lost"
  unsigned number = 1;  // of this thunk's tries
  int64_t waited_ns = 0;      // for a slot
  uint64_t output_bytes = 0;  // of the files that it made, without those below directories
  int64_t ended_ns = 0;       // since 1970; 0: an older gg did not say
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
};

// The run's own record: JSON lines (spec/journal.md), each appended whole or not at all, and under a lock,
// since launchers share one; what a kill left of a line goes before the next. Any thread.
class Journal {
 public:
  // Creates <store>/runs/<id>.jsonl. Throws base::SyscallError.
  Journal(const std::string& store, const RunRecord& head);

  // The journal that launchers write one after another, each for a command of its own, as long as no run has
  // begun meanwhile: journals tell what came later by their names. `now`: since 1970. Throws
  // base::SyscallError.
  [[nodiscard]] static Journal of_launchers(const std::string& store, base::Nanoseconds now);

  void command(const CommandRecord& record);
  void finish(const FinishRecord& record);
  void attempt(const AttemptRecord& record);
  void end(const EndRecord& record);

  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  struct File {
    base::UniqueFd fd;
    bool failed = false;  // and that was said
  };

  Journal(std::string id, std::string path, base::UniqueFd file)
      : id_(std::move(id)),
        path_(std::move(path)),
        file_(std::make_unique<base::Guarded<File>>(File{std::move(file), false})) {}

  [[nodiscard]] static Journal begun(const std::string& store, const RunRecord& head);
  [[nodiscard]] static std::optional<Journal> begun_by_another_launcher(const std::string& store);

  void append(const std::string& line);

  std::string id_;
  std::string path_;
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
