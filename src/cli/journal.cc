#include "cli/journal.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "cli/say.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace cli {

namespace {

using nlohmann::json;

constexpr int kVersion = 1;

// Leads to the journal that launchers write; its name is no run's.
constexpr const char* kOfLaunchers = "/launchers";

// Leads to the journal that was begun last, so that the next is named behind it without a look at all of
// them.
constexpr const char* kLatest = "/latest";

// Of hits alone; a run of more is worth a journal.
constexpr size_t kMostHeldBytes = 1 << 20;

// Readers take a journal in as a whole.
constexpr off_t kMostLauncherBytes = 1 << 20;

std::string runs_folder(const std::string& store) {
  return store + "/runs";
}

std::string journal_path(const std::string& store, const std::string& id) {
  return runs_folder(store) + "/" + id + ".jsonl";
}

// JSON is UTF-8; bytes that are not are shown as \xHH, the same way whenever a path is looked up.
json text(const std::string& bytes) {
  return base::printable(bytes);
}

json texts(const std::vector<std::string>& list) {
  json array = json::array();
  for (const std::string& item : list) {
    array.push_back(text(item));
  }
  return array;
}

json to_json(const CommandRecord& record) {
  json line{{"type", "command"},
            {"outcome", record.outcome},
            {"label", text(record.label)},
            {"argv", texts(record.argv)},
            {"cwd", text(record.working_directory)},
            {"started_ns", record.started_ns},
            {"took_ns", record.took_ns}};
  if (!record.thunk.empty()) {
    line["thunk"] = record.thunk;
  }
  if (!record.outputs.empty()) {
    line["outputs"] = texts(record.outputs);
  }
  if (!record.reason.empty()) {
    line["reason"] = record.reason;
    line["detail"] = text(record.detail);
  }
  return line;
}

json to_json(const AttemptRecord& record) {
  json line{{"type", "attempt"},         {"id", record.id},
            {"thunk", record.thunk},     {"place", record.place},
            {"number", record.number},   {"waited_ns", record.waited_ns},
            {"took_ns", record.took_ns}, {"ended_ns", record.ended_ns}};
  if (record.duplicate) {
    line["duplicate"] = true;
  }
  if (record.billed_micro_dollars != 0) {
    line["billed_micro_dollars"] = record.billed_micro_dollars;
  }
  if (!record.cancelled.empty()) {
    line["cancelled"] = record.cancelled;
    return line;
  }
  line["fetch_ns"] = record.fetch_ns;
  line["set_up_ns"] = record.set_up_ns;
  line["execute_ns"] = record.execute_ns;
  line["collect_ns"] = record.collect_ns;
  if (record.queued_ns != 0) {
    line["queued_ns"] = record.queued_ns;
  }
  if (!record.worker.empty()) {
    line["worker"] = text(record.worker);
  }
  if (!record.isolation.empty()) {
    line["isolation"] = text(record.isolation);
  }
  if (record.error.empty()) {
    line["exit"] = record.exit_code;
    line["output_bytes"] = record.output_bytes;
  } else {
    line["error"] = text(record.error);
    line["failure"] = record.failure;
  }
  return line;
}

json to_json(const DecisionRecord& record) {
  json line{{"type", "decision"},
            {"reason", record.reason},
            {"detail", text(record.detail)},
            {"at_ns", record.at_ns}};
  if (!record.thunk.empty()) {
    line["thunk"] = record.thunk;
  }
  if (record.delay_ns != 0) {
    line["delay_ns"] = record.delay_ns;
  }
  return line;
}

void read_command(const json& line, CommandRecord& record) {
  record.outcome = line.at("outcome").get<std::string>();
  record.label = line.at("label").get<std::string>();
  record.argv = line.at("argv").get<std::vector<std::string>>();
  record.working_directory = line.at("cwd").get<std::string>();
  record.started_ns = line.value("started_ns", int64_t{0});
  record.took_ns = line.at("took_ns").get<int64_t>();
  record.thunk = line.value("thunk", "");
  record.outputs = line.value("outputs", std::vector<std::string>{});
  record.reason = line.value("reason", "");
  record.detail = line.value("detail", "");
}

void read_attempt(const json& line, AttemptRecord& record) {
  record.thunk = line.at("thunk").get<std::string>();
  record.place = line.at("place").get<std::string>();
  record.exit_code = line.value("exit", -1);
  record.error = line.value("error", "");
  record.id = line.value("id", uint64_t{0});
  record.took_ns = line.value("took_ns", int64_t{0});
  record.duplicate = line.value("duplicate", false);
  record.billed_micro_dollars = line.value("billed_micro_dollars", uint64_t{0});
  record.cancelled = line.value("cancelled", "");
  record.fetch_ns = line.value("fetch_ns", int64_t{0});
  record.set_up_ns = line.value("set_up_ns", int64_t{0});
  record.execute_ns = line.value("execute_ns", int64_t{0});
  record.collect_ns = line.value("collect_ns", int64_t{0});
  record.failure = line.value("failure", "");
  record.number = line.value("number", 1U);
  record.waited_ns = line.value("waited_ns", int64_t{0});
  record.output_bytes = line.value("output_bytes", uint64_t{0});
  record.ended_ns = line.value("ended_ns", int64_t{0});
  record.queued_ns = line.value("queued_ns", int64_t{0});
  record.worker = line.value("worker", "");
  record.isolation = line.value("isolation", "");
}

void read_decision(const json& line, DecisionRecord& record) {
  record.reason = line.at("reason").get<std::string>();
  record.thunk = line.value("thunk", "");
  record.detail = line.value("detail", "");
  record.delay_ns = line.value("delay_ns", int64_t{0});
  record.at_ns = line.value("at_ns", int64_t{0});
}

base::OperatorError damaged(const std::string& path) {
  return base::OperatorError("'" + path + "' is damaged: remove it");
}

void lock(int file, const std::string& path) {
  while (::flock(file, LOCK_EX) != 0) {
    if (errno != EINTR) {
      throw base::SyscallError("lock", path);
    }
  }
}

// Others that have opened the same for themselves, while one of them is at it.
class OthersWait {
 public:
  OthersWait(int file, const std::string& path) : file_(file) { lock(file_, path); }

  ~OthersWait() { ::flock(file_, LOCK_UN); }

  OthersWait(const OthersWait&) = delete;
  OthersWait& operator=(const OthersWait&) = delete;

 private:
  int file_;
};

// What a launcher that was killed in mid-write left, which would spoil the line that follows.
void cut_torn_line(int file, const std::string& path) {
  const off_t size = base::status_of(file, path).st_size;
  char last = '\n';
  if (size == 0 || ::pread(file, &last, 1, size - 1) != 1 || last == '\n') {
    return;
  }
  const std::string bytes = base::read_file(path);
  const size_t end = bytes.rfind('\n');
  if (::ftruncate(file, end == std::string::npos ? 0 : static_cast<off_t>(end) + 1) != 0) {
    throw base::SyscallError("truncate", path);
  }
}

void take(const json& line, const std::string& path, RunRecord& run) {
  const auto type = line.at("type").get<std::string>();
  if (type == "run") {
    if (line.at("version").get<int>() > kVersion) {
      throw base::OperatorError("'" + path + "' was written by a newer gg: use that one to read it");
    }
    run.argv = line.at("argv").get<std::vector<std::string>>();
    run.working_directory = line.at("cwd").get<std::string>();
    run.started_ns = line.at("started_ns").get<int64_t>();
  } else if (type == "command") {
    read_command(line, run.commands.emplace_back());
  } else if (type == "attempt") {
    read_attempt(line, run.attempts.emplace_back());
  } else if (type == "finish") {
    run.finished.push_back({line.at("thunk").get<std::string>(), line.at("outcome").get<std::string>(),
                            line.value("ended_ns", int64_t{0}), line.value("reason", "")});
  } else if (type == "decision") {
    read_decision(line, run.decisions.emplace_back());
  } else if (type == "end") {
    run.exit_code = line.at("exit").get<int>();
    run.infer_ns = line.at("infer_ns").get<int64_t>();
    run.ended_ns = line.at("ended_ns").get<int64_t>();
    run.scanned = line.value("scanned", uint64_t{0});
    run.asked = line.value("asked", std::map<std::string, uint64_t>{});
  }  // another type: of a later minor version, whose lines older readers pass over
}

}  // namespace

std::string at_worker(const AttemptRecord& attempt) {
  const std::string how = attempt.isolation.empty() ? "" : " (" + base::printable(attempt.isolation) + ")";
  return attempt.worker.empty() ? "" : ", worker " + base::printable(attempt.worker) + how;
}

RunRecord head_of_run(std::vector<std::string> argv, const base::Clock& clock) {
  RunRecord head;
  head.argv = std::move(argv);
  head.working_directory = std::filesystem::current_path().string();
  head.started_ns = clock.wall().count();
  return head;
}

Journal::Journal(const std::string& store, const RunRecord& head)
    : Journal(begun({store, head}, Shared::No)) {}

Journal Journal::unless_all_are_hits(const std::string& store, const RunRecord& head) {
  Journal journal{File{}};
  journal.beginning_ = Beginning{store, head};
  return journal;
}

std::string Journal::id() const {
  return file_->with([](const File& file) { return file.id; });
}

namespace {

// Names tell what came later, also where the clock has gone back.
int64_t place_behind_all(const std::string& store, int64_t milliseconds) {
  const auto behind = [&milliseconds](const std::string& id) {
    milliseconds = std::max<int64_t>(milliseconds, std::strtoll(id.c_str(), nullptr, 10) + 1);
  };
  std::error_code none;
  const std::string latest = std::filesystem::read_symlink(runs_folder(store) + kLatest, none).string();
  if (!latest.empty()) {
    behind(latest);
    return milliseconds;
  }
  for (const std::string& id : run_ids(store)) {
    behind(id);
  }
  return milliseconds;
}

}  // namespace

Journal::File Journal::begun(const Beginning& beginning, Shared shared) {
  const std::string folder = runs_folder(beginning.store);
  base::make_directories(folder);
  const base::UniqueFd all(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!all) {
    throw base::SyscallError("open", folder);
  }
  const OthersWait others(all.get(), folder);
  const RunRecord& head = beginning.head;
  File file;
  file.shared = shared;
  file.id =
      fmt::format("{:013d}-{}", place_behind_all(beginning.store, head.started_ns / 1'000'000), ::getpid());
  file.path = journal_path(beginning.store, file.id);
  file.fd.reset(::open(file.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
  if (!file.fd) {
    throw base::SyscallError("create", file.path);
  }
  if (shared == Shared::No) {
    lock(file.fd.get(), file.path);  // to the run's end, instead of for each line
    // What launchers do from now on is later than this run.
    ::unlink((folder + kOfLaunchers).c_str());
  }
  // Where this comes to nothing, the next run looks at all of them.
  const std::string latest = folder + kLatest;
  ::unlink(latest.c_str());
  [[maybe_unused]] const int linked = ::symlink((file.id + ".jsonl").c_str(), latest.c_str());
  append(file, json{{"type", "run"},
                    {"version", kVersion},
                    {"argv", texts(head.argv)},
                    {"cwd", text(head.working_directory)},
                    {"started_ns", head.started_ns}}
                   .dump());
  return file;
}

std::optional<Journal> Journal::begun_by_another_launcher(const std::string& store) {
  const std::string link = runs_folder(store) + kOfLaunchers;
  std::error_code none;
  const std::string name = std::filesystem::read_symlink(link, none).string();
  if (name.empty()) {
    return std::nullopt;
  }
  const std::string path = runs_folder(store) + "/" + name;
  base::UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file || base::status_of(file.get(), path).st_size >= kMostLauncherBytes) {
    ::unlink(link.c_str());
    return std::nullopt;
  }
  File theirs;
  theirs.id = std::filesystem::path(name).stem().string();
  theirs.path = path;
  theirs.fd = std::move(file);
  theirs.shared = Shared::Yes;
  return Journal(std::move(theirs));
}

Journal Journal::of_launchers(const std::string& store, base::Nanoseconds now) {
  if (auto journal = begun_by_another_launcher(store)) {
    return *std::move(journal);
  }
  RunRecord head;
  head.argv = {"gg", "cc"};
  head.working_directory = "/";
  head.started_ns = now.count();
  File file = begun({store, head}, Shared::Yes);
  const std::string link = runs_folder(store) + kOfLaunchers;
  if (::symlink((file.id + ".jsonl").c_str(), link.c_str()) == 0) {
    return Journal(std::move(file));
  }
  auto theirs = begun_by_another_launcher(store);  // begun at the same time
  if (theirs) {
    ::unlink(file.path.c_str());
  }
  return theirs ? *std::move(theirs) : Journal(std::move(file));
}

// A disk that is full costs the record, not the run.
void Journal::append(File& file, const std::string& line) {
  try {
    std::optional<OthersWait> others;
    if (file.shared == Shared::Yes) {
      others.emplace(file.fd.get(), file.path);
      cut_torn_line(file.fd.get(), file.path);
    }
    base::append_whole(file.fd.get(), line + "\n", file.path);
  } catch (const base::SyscallError& error) {
    failed(file, error);
  }
}

void Journal::failed(File& file, const base::SyscallError& error) {
  if (!std::exchange(file.failed, true)) {
    say(std::string(error.what()) + "; `gg stats` and `gg explain` will not know all of this run");
  }
}

void Journal::append(const std::string& line, Begins begins) {
  file_->with([&](File& file) {
    if (!beginning_ || file.fd) {
      append(file, line);
      return;
    }
    if (begins == Begins::No && file.held.size() < kMostHeldBytes) {
      file.held += line + "\n";
      return;
    }
    try {
      const std::string held = std::move(file.held);
      file = begun(*beginning_, Shared::No);
      append(file, held + line);
    } catch (const base::SyscallError& error) {
      failed(file, error);
    }
  });
}

void Journal::command(const CommandRecord& record) {
  append(to_json(record).dump());
}

void Journal::attempt(const AttemptRecord& record) {
  append(to_json(record).dump());
}

void Journal::decision(const DecisionRecord& record) {
  append(to_json(record).dump());
}

void Journal::finish(const FinishRecord& record) {
  append(json{{"type", "finish"},
              {"thunk", record.thunk},
              {"outcome", record.outcome},
              {"reason", record.reason},
              {"ended_ns", record.ended_ns}}
             .dump(),
         record.outcome == "hit" ? Begins::No : Begins::Yes);
}

void Journal::end(const EndRecord& record) {
  append(json{{"type", "end"},
              {"exit", record.exit_code},
              {"ended_ns", record.ended_ns},
              {"infer_ns", record.infer_ns},
              {"scanned", record.scanned},
              {"asked", record.asked}}
             .dump());
}

std::vector<std::string> run_ids(const std::string& store) {
  std::vector<std::string> ids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runs_folder(store), error)) {
    if (entry.path().extension() == ".jsonl") {
      ids.push_back(entry.path().stem().string());
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string chosen_run(const std::string& store, const std::string& run_id) {
  if (!run_id.empty()) {
    return run_id;
  }
  const std::vector<std::string> ids = run_ids(store);
  if (ids.empty()) {
    throw base::OperatorError("no run yet in '" + store + "': `gg run -- make` makes one");
  }
  return ids.back();
}

RunRecord read_journal(const std::string& store, const std::string& id) {
  const std::string path = journal_path(store, id);
  const auto bytes = base::read_file_if_there(path);
  if (!bytes || id.find('/') != std::string::npos) {
    throw base::OperatorError("no run '" + id + "' in '" + runs_folder(store) + "'; `gg log` names them");
  }
  RunRecord run;
  run.id = id;
  for (size_t from = 0; from < bytes->size();) {
    const size_t end = bytes->find('\n', from);
    if (end == std::string::npos) {
      break;  // torn by a kill in mid-write
    }
    const json line = json::parse(bytes->begin() + static_cast<std::ptrdiff_t>(from),
                                  bytes->begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (line.is_discarded()) {
      throw damaged(path);
    }
    try {
      take(line, path, run);
    } catch (const json::exception&) {
      throw damaged(path);
    }
    from = end + 1;
  }
  return run;
}

void visit_latest_first(const std::string& store,
                        const std::function<Visit(const RunRecord&, const CommandRecord&)>& visit) {
  const std::vector<std::string> ids = run_ids(store);
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const RunRecord run = read_journal(store, *id);
    for (auto command = run.commands.rbegin(); command != run.commands.rend(); ++command) {
      if (visit(run, *command) == Visit::Enough) {
        return;
      }
    }
  }
}

bool makes(const CommandRecord& command, const std::string& path) {
  return std::find(command.outputs.begin(), command.outputs.end(), base::printable(path)) !=
         command.outputs.end();
}

std::optional<Origin> origin_of(const std::string& store, const std::string& path) {
  std::optional<Origin> origin;
  visit_latest_first(store, [&](const RunRecord& run, const CommandRecord& command) {
    if (!makes(command, path)) {
      return Visit::GoOn;
    }
    origin = Origin{run, command};
    return Visit::Enough;
  });
  return origin;
}

std::map<std::string, std::string> makers(const std::string& store) {
  std::map<std::string, std::string> made_by;
  for (const std::string& id : run_ids(store)) {  // oldest first: the latest stays
    for (const CommandRecord& command : read_journal(store, id).commands) {
      for (const std::string& output : command.outputs) {
        if (command.thunk.empty()) {
          made_by.erase(output);
        } else {
          made_by[output] = command.thunk;
        }
      }
    }
  }
  return made_by;
}

}  // namespace cli
