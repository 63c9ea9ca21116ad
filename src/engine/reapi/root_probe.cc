#include "engine/reapi/root_probe.hh"

#include "base/embedded.hh"
#include "base/quote.hh"
#include "engine/reapi/action_memos.hh"
#include "engine/reapi/attempts.hh"
#include "ir/thunk.hh"
#include "object/tree.hh"

#include <algorithm>
#include <array>

GG_EMBED(gg_list_root, LIST_ROOT_IMAGE);

namespace engine {

namespace {

constexpr const char* kFolder = "gg-probe";
constexpr const char* kName = "list-root";

std::string_view program_bytes() {
  return GG_EMBEDDED(gg_list_root);
}

base::Result<object::Digest> probe_thunk(object::Store& store) {
  return store.put(program_bytes())
      .and_then([&](const object::Digest& program) {
        return store.put(object::encode(object::Directory{{{kName, object::File{program, true}}}}));
      })
      .and_then([&](const object::Digest& folder) {
        const auto mark = store.put(object::encode(object::Directory{{{kFolder, object::Symlink{"."}}}}));
        return mark.and_then([&](const object::Digest& tmp) {
          return store.put(object::encode(object::Directory{
              {{kFolder, object::Subdirectory{folder, false}}, {"tmp", object::Subdirectory{tmp, false}}}}));
        });
      })
      .and_then([&](const object::Digest& root) {
        ir::Command command;
        command.arguments = {std::string("/") + kFolder + "/" + kName};
        return store.put(ir::encode(command)).and_then([&](const object::Digest& words) {
          return store.put(ir::encode(ir::Thunk{words, root, {}}));
        });
      });
}

// What a command has said, for a message.
std::string said(const ReapiEngine::Surroundings& with, const std::optional<object::Digest>& stream) {
  const auto bytes =
      stream ? with.whole.get(*stream) : base::Result<std::optional<std::string>>(std::nullopt);
  return bytes && *bytes ? " and said: " + base::printable(**bytes) : "";
}

// Mostly somebody has asked before: then the answer is a round trip away.
sched::AttemptResult result_of(const object::Digest& thunk, const ReapiEngine::Surroundings& with,
                               const ReapiEngine::Options& options) {
  ActionMemos memos(with, {options.instance, options.lowering, ReapiEngine::Download::Nothing});
  if (auto known = memos.ask(thunk); known && *known) {
    return std::move(**known);
  }
  sched::Job job;
  job.thunk = thunk;
  Stop stop;
  return Attempts(with, options).run(job, stop);
}

constexpr const char* kTmp = "tmp (its own)";  // list_root's word for it

// Nullopt: all is well. Else the first that is foreign there.
base::Result<std::optional<std::string>> look_around(const ReapiEngine::Surroundings& with,
                                                     const ReapiEngine::Options& options) {
  const std::string server = "'" + with.service.address().target() + "'";
  const auto thunk = probe_thunk(with.here);
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  const auto result = result_of(*thunk, with, options);
  if (!result) {
    return base::failure(server + " executes nothing for gg: " + result.error().error.message,
                         base::FailureKind::RetryElsewhere);
  }
  if (result->exit_code != 0) {
    return base::failure(server + " does not make an action's input root its '/': the program /" + kFolder +
                             "/" + kName + " of the input root ended with " +
                             std::to_string(result->exit_code) + said(with, result->standard_error),
                         base::FailureKind::RetryElsewhere);
  }
  const auto listing = result->standard_output ? with.whole.get(*result->standard_output)
                                               : base::Result<std::optional<std::string>>(std::nullopt);
  if (!listing || !*listing) {
    return base::failure(server + " loses what an action writes to standard output",
                         base::FailureKind::RetryElsewhere);
  }
  return foreign_in_root(**listing);
}

}  // namespace

std::optional<std::string> foreign_in_root(std::string_view listing) {
  constexpr std::array<std::string_view, 7> kOurs{".", "..", "dev", "proc", "sys", "tmp", kFolder};
  while (!listing.empty()) {
    const size_t end = std::min(listing.find('\n'), listing.size());
    const std::string_view name = listing.substr(0, end);
    if (std::find(kOurs.begin(), kOurs.end(), name) == kOurs.end()) {
      return std::string(name);
    }
    listing.remove_prefix(std::min(end + 1, listing.size()));
  }
  return std::nullopt;
}

base::Result<Lowering::Root> find_root(const ReapiEngine::Surroundings& with, ReapiEngine::Options options) {
  const auto servers = look_around(with, options);
  if (servers && !*servers) {
    return Lowering::Root::Servers;
  }
  options.lowering.root = Lowering::Root::Ours;
  const auto ours = look_around(with, options);
  if (ours && !*ours) {
    return Lowering::Root::Ours;
  }
  if (servers && **servers == kTmp) {
    return Lowering::Root::ServersButTmp;
  }
  const auto why = [&](const base::Result<std::optional<std::string>>& seen) {
    return seen ? "actions at '" + with.service.address().target() +
                      "' see files of the worker's own, such as '/" + base::printable(**seen) +
                      "', so what they make would not be what their inputs say"
                : seen.error().message;
  };
  return base::failure(why(servers) + "; and with gg-exec: " + why(ours) +
                           ". gg needs workers that make an action's input root its '/' (buildbox-run with "
                           "bubblewrap, say), or where users may make user namespaces",
                       base::FailureKind::RetryElsewhere);
}

}  // namespace engine
