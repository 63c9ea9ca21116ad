#include "cli/witness.hh"

#include "cli/say.hh"

namespace cli {

namespace {

std::string kind_of(const sched::AttemptFailure& failure) {
  if (!failure.lost.empty()) {
    return "lost";
  }
  switch (failure.error.kind) {
    case base::FailureKind::RetryHere:
      return "retry-here";
    case base::FailureKind::RetryElsewhere:
      return "retry-elsewhere";
    case base::FailureKind::Deterministic:
      return "deterministic";
    case base::FailureKind::Ours:
      break;
  }
  return "ours";
}

uint64_t bytes_made(const ir::Result& result) {
  uint64_t bytes = 0;
  for (const auto& [path, entry] : result.outputs) {
    const auto* file = std::get_if<object::File>(&entry);
    bytes += file == nullptr ? 0 : file->digest.size();
  }
  return bytes;
}

// The codes of spec/journal.md.
const char* reason_of(const sched::Outcome& outcome) {
  switch (outcome.verdict) {
    case sched::Verdict::Succeeded:
      break;
    case sched::Verdict::Failed:
      return outcome.failure->result ? "command-failed" : "no-result";
    default:
      return "dependency-failed";
  }
  switch (outcome.source) {
    case sched::Source::Executed:
      return "executed";
    case sched::Source::MemoAsWritten:
      return "memo-as-written";
    case sched::Source::MemoConcrete:
      return "memo-concrete";
    case sched::Source::Converged:
      break;
  }
  return "twin";
}

}  // namespace

AttemptRecord Witness::record_of(const Attempt& attempt, base::Nanoseconds took) const {
  AttemptRecord record;
  record.id = attempt.id;
  record.thunk = attempt.thunk.to_string();
  record.place = attempt.place;
  record.number = attempt.number;
  record.duplicate = attempt.duplicate;
  record.waited_ns = attempt.waited.count();
  record.took_ns = took.count();
  record.ended_ns = clock_.wall().count();
  record.billed_micro_dollars = attempt.billed;
  return record;
}

void Witness::ended(const Attempt& attempt, const sched::AttemptResult& result, base::Nanoseconds took) {
  if (result && result->exit_code == 0) {
    expectations_.learn(attempt.label, took);
  }
  if (journal_ == nullptr) {
    return;
  }
  AttemptRecord record = record_of(attempt, took);
  if (result) {
    record.exit_code = result->exit_code;
    record.output_bytes = bytes_made(*result);
    record.fetch_ns = result->timings.fetch.count();
    record.set_up_ns = result->timings.set_up.count();
    record.execute_ns = result->timings.execute.count();
    record.collect_ns = result->timings.collect.count();
    record.queued_ns = result->timings.queued.count();
    record.worker = result->timings.worker;
    record.isolation = result->timings.isolation;
  } else {
    record.error = result.error().error.message;
    record.failure = kind_of(result.error());
  }
  journal_->attempt(record);
}

void Witness::cancelled(const Attempt& attempt, sched::Unwanted why, base::Nanoseconds took) {
  if (journal_ == nullptr) {
    return;
  }
  AttemptRecord record = record_of(attempt, took);
  record.cancelled = sched::code_of(why);
  journal_->attempt(record);
}

void Witness::decided(const Deciding& deciding) {
  if (journal_ == nullptr) {
    return;
  }
  journal_->decision({sched::code_of(deciding.what), deciding.thunk ? deciding.thunk->to_string() : "",
                      deciding.detail, deciding.delay.count(), clock_.wall().count()});
}

void Witness::finished(const object::Digest& thunk, const std::string& /*label*/,
                       const sched::Outcome& outcome) {
  if (journal_ == nullptr || outcome.verdict == sched::Verdict::Cancelled ||
      outcome.verdict == sched::Verdict::Stopped) {
    return;
  }
  const bool succeeded = outcome.verdict == sched::Verdict::Succeeded;
  const bool ran = outcome.source == sched::Source::Executed;
  journal_->finish({thunk.to_string(),
                    !succeeded ? "failed"
                    : ran      ? "ran"
                               : "hit",
                    clock_.wall().count(), reason_of(outcome)});
}

void Witness::trouble(const std::string& message) {
  say(message);
}

}  // namespace cli
