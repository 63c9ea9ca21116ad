#include "engine/reapi/root_probe.hh"

#include "base/embedded.hh"
#include "base/quote.hh"
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
        return store.put(object::encode(object::Directory{{{kFolder, object::Subdirectory{folder, false}}}}));
      })
      .and_then([&](const object::Digest& root) {
        ir::Command command;
        command.arguments = {std::string("/") + kFolder + "/" + kName};
        return store.put(ir::encode(command)).and_then([&](const object::Digest& words) {
          return store.put(ir::encode(ir::Thunk{words, root, {}}));
        });
      });
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

base::Result<void> check_root(const ReapiEngine::Surroundings& with, const ReapiEngine::Options& options) {
  const std::string server = "'" + with.service.address().target() + "'";
  const auto thunk = probe_thunk(with.here);
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  sched::Job job;
  job.thunk = *thunk;
  Stop stop;
  const auto result = Attempts(with, options).run(job, stop);
  if (!result) {
    return base::failure(server + " executes nothing for gg: " + result.error().error.message,
                         base::FailureKind::RetryElsewhere);
  }
  const std::string advice =
      ". gg needs workers that run actions with their input root as '/' (buildbox-run with bubblewrap, say)";
  if (result->exit_code != 0) {
    return base::failure(server + " does not make an action's input root its '/': the program /" + kFolder +
                             "/" + kName + " of the input root ended with " +
                             std::to_string(result->exit_code) + advice,
                         base::FailureKind::RetryElsewhere);
  }
  const auto listing = result->standard_output ? with.whole.get(*result->standard_output)
                                               : base::Result<std::optional<std::string>>(std::nullopt);
  if (!listing || !*listing) {
    return base::failure(server + " loses what an action writes to standard output",
                         base::FailureKind::RetryElsewhere);
  }
  if (const auto foreign = foreign_in_root(**listing)) {
    return base::failure("actions at " + server + " see files of the worker's own, such as '/" +
                             base::printable(*foreign) +
                             "': what they make would not be what their inputs say" + advice,
                         base::FailureKind::RetryElsewhere);
  }
  return {};
}

}  // namespace engine
