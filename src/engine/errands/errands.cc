#include "engine/errands/errands.hh"

#include "base/quote.hh"
#include "engine/memos/result_objects.hh"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <unordered_set>
#include <utility>

namespace engine {

namespace {

using base::FailureKind;
using std::chrono::milliseconds;

// Fetching begins at once; what is made is written when the command has ended, which may take as long as an
// attempt may (sched::Policy::longest_attempt).
constexpr std::chrono::hours kToRead{1};
constexpr std::chrono::hours kToWrite{24};
constexpr uint64_t kInline = uint64_t{256} << 10U;  // that a round trip to the store would take longer than
constexpr uint64_t kInlineOfSaid = uint64_t{32} << 10U;  // where outputs stay away: what the command said

tl::unexpected<sched::AttemptFailure> passed_on(const exec::Failure& failure) {
  return tl::unexpected<sched::AttemptFailure>(sched::AttemptFailure(failure.error, failure.lost));
}

// Tells attempts apart, also those of other runs and users.
uint64_t attempt_number() {
  thread_local std::random_device random;
  return (uint64_t{random()} << 32U) | random();
}

}  // namespace

Attempted<Errands::Needs> Errands::needs_of(const object::Digest& thunk) {
  const auto task = exec::load(with_.whole, thunk);
  if (!task) {
    return passed_on(task.error());
  }
  Needs needs{task->command, {thunk, task->command_digest}};
  std::unordered_set<object::Digest> seen;
  Digests open{task->input_root};
  while (!open.empty()) {
    const object::Digest digest = open.back();
    open.pop_back();
    if (!seen.insert(digest).second) {
      continue;
    }
    const auto directory = trees_.read(digest);
    if (!directory) {
      return passed_on(directory.error());
    }
    needs.objects.push_back(digest);
    for (const auto& [name, entry] : (*directory)->entries) {
      if (const auto* file = std::get_if<object::File>(&entry)) {
        if (seen.insert(file->digest).second) {
          needs.objects.push_back(file->digest);
        }
      } else if (const auto* below = std::get_if<object::Subdirectory>(&entry)) {
        open.push_back(below->digest);
      } else if (std::holds_alternative<object::Promise>(entry)) {
        return failed(
            {"the tree of a thunk that was to be executed still owes '" + name + "'", FailureKind::Ours});
      }
    }
  }
  return needs;
}

Attempted<wire::Invocation> Errands::invocation_of(const sched::Job& job, const Needs& needs,
                                                   const base::StillWanted& wanted) {
  const auto lacking = with_.there.missing(needs.objects);
  if (!lacking) {
    return failed(lacking.error());
  }
  const Riders::Split split = riders_.split(*lacking);
  const auto lost = with_.there.send(split.stored, with_.whole, wanted);
  if (!lost) {
    return failed(lost.error());
  }
  wire::Invocation invocation;
  Digests gone = *lost;
  for (const object::Digest& digest : split.riding) {
    auto bytes = with_.whole.get(digest);
    if (!bytes) {
      return failed(bytes.error());
    }
    if (*bytes) {
      invocation.objects.push_back(std::move(**bytes));
    } else {
      gone.push_back(digest);
    }
  }
  if (!gone.empty()) {
    std::string message = "neither the bucket nor the store here holds object " + gone.front().to_string();
    return tl::unexpected<sched::AttemptFailure>(
        sched::AttemptFailure({std::move(message), FailureKind::RetryHere}, std::move(gone)));
  }
  auto packs = with_.lender.lend(needs.objects, kToRead, wanted);
  if (!packs) {
    return failed(packs.error());
  }
  auto output = with_.lender.lend_place(job.thunk, attempt_number(), kToWrite, wanted);
  if (!output) {
    return failed(output.error());
  }
  invocation.thunk = job.thunk;
  invocation.packs = std::move(*packs);
  invocation.output = std::move(*output);
  invocation.time = job.hints.timeout;
  invocation.inline_bytes = options_.download == Download::Outputs ? kInline : kInlineOfSaid;
  invocation.tell_memo = options_.tell_memos;
  return invocation;
}

Attempted<ir::Result> Errands::take(const Asked& asked, wire::Answer answer,
                                    const base::StillWanted& wanted) {
  const auto refuse = [&](const std::string& why) {
    return failed({"worker '" + base::printable(answer.worker) + "' gave an answer that is none: " + why,
                   FailureKind::RetryHere});
  };
  if (auto* failure = std::get_if<wire::Failed>(&answer.outcome)) {
    failure->error.message = "worker '" + base::printable(answer.worker) + "': " + failure->error.message;
    return tl::unexpected<sched::AttemptFailure>(
        sched::AttemptFailure(std::move(failure->error), std::move(failure->lost)));
  }
  auto& made = std::get<wire::Made>(answer.outcome);
  for (const auto& [output, entry] : made.result.outputs) {
    if (!std::binary_search(asked.declared.begin(), asked.declared.end(), output)) {
      return refuse("the command declares no output '" + base::printable(output) + "'");
    }
  }
  for (const std::string& bytes : made.objects) {
    if (const auto put = with_.here.put(bytes); !put) {
      return failed(put.error());
    }
  }
  if (made.pack) {
    const auto taken =
        with_.lender.take_over(asked.output_name, made.pack->bytes, made.pack->index_and_footer);
    if (!taken) {
      return refuse(taken.error().message);
    }
  }
  const ResultObjects named = objects_of(made.result);
  if (options_.download == Download::Outputs) {
    const auto brought = bring(with_.there, with_.here, named, wanted);
    if (!brought) {
      return failed(brought.error());
    }
    return *brought ? Attempted<ir::Result>(std::move(made.result)) : refuse("what it made is nowhere");
  }
  Digests all = named.files;
  all.insert(all.end(), named.directories.begin(), named.directories.end());
  const auto lacking = with_.whole.missing(all);
  if (!lacking) {
    return failed(lacking.error());
  }
  return lacking->empty() ? Attempted<ir::Result>(std::move(made.result)) : refuse("what it made is nowhere");
}

Attempted<Errands::Prepared> Errands::prepare(const sched::Job& job, const base::StillWanted& wanted) {
  auto needs = needs_of(job.thunk);
  if (!needs) {
    return tl::unexpected(std::move(needs.error()));
  }
  auto invocation = invocation_of(job, *needs, wanted);
  if (!invocation) {
    return tl::unexpected(std::move(invocation.error()));
  }
  Asked asked{invocation->output.name, std::move(needs->command.output_paths)};
  return Prepared{std::move(*invocation), std::move(asked)};
}

}  // namespace engine
