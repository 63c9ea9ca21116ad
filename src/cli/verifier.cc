#include "cli/verifier.hh"

#include "base/errors.hh"
#include "cli/concrete.hh"
#include "cli/thunk_reader.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace cli {

namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// Asked for and absent in every container, on purpose, because its presence cannot change an output.
constexpr std::array<std::string_view, 3> kLeftOut{
    // Each package that is installed changes it. Where a library is not in a folder that the loader searches
    // anyhow, it is an input (model/dynamic_loader.cc).
    "/etc/ld.so.cache",
    // What a machine loads into each of its programs, to watch them say, is no part of a tool.
    "/etc/ld.so.preload",
    // Asked for in C.UTF-8, which no archive holds; an input in any other locale (model/environment.cc).
    "/usr/lib/locale/locale-archive",
};

// When the file at `path` came to be, since 1970; nullopt: there is none. A file system that keeps no birth
// times gives the time of its last change, which is later.
std::optional<int64_t> born_ns(const std::string& path) {
  struct statx status {};

  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_CTIME, &status) != 0) {
    return std::nullopt;
  }
  const statx_timestamp& time = (status.stx_mask & STATX_BTIME) != 0 ? status.stx_btime : status.stx_ctime;
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

void judge(const std::vector<std::string>& absent, int64_t asked_ns, Verification& verification) {
  for (const std::string& path : absent) {
    const auto born = born_ns(path);
    if (born && std::find(kLeftOut.begin(), kLeftOut.end(), path) == kLeftOut.end()) {
      (asked_ns != 0 && *born > asked_ns ? verification.made_since : verification.defects).push_back(path);
    }
  }
}

}  // namespace

Verification Verifier::verify(const object::Digest& thunk, int64_t asked_ns,
                              const sandbox::StopSignal& stop) {
  Verification verification;
  try {
    const auto concrete = concrete_form(store_, records_, thunk);
    if (!concrete) {
      verification.state = Verification::State::NoResult;
      return verification;
    }
    return verify_concrete(thunk, *concrete, asked_ns, stop);
  } catch (const base::OperatorError& error) {
    verification.problem = error.what();
    return verification;
  }
}

Verification Verifier::verify_concrete(const object::Digest& thunk, const object::Digest& concrete,
                                       int64_t asked_ns, const sandbox::StopSignal& stop) {
  Verification verification;
  // Others know a thunk without promises only.
  const auto memo =
      theirs_ != nullptr ? base::value_or_throw(theirs_->ask(concrete)) : memo_of(records_, thunk);
  if (!memo && watch_ == Watch::No) {
    verification.state = Verification::State::NoResult;
    return verification;
  }
  auto again = watch_ == Watch::Yes ? executor_.run_traced(concrete, {}, stop)
                                    : executor_.run(concrete, {}, stop).map([](ir::Result&& result) {
                                        return exec::Executor::Traced{std::move(result), {}};
                                      });
  if (!again) {
    verification.problem = again.error().error.message;
    return verification;
  }
  verification.state = Verification::State::OnlyWatched;
  if (memo) {
    compare(*memo, again->result, verification);
  }
  judge(again->absent, asked_ns, verification);
  return verification;
}

void Verifier::compare(const ir::Result& memo, const ir::Result& again, Verification& verification) {
  try {
    // A run that was killed leaves what the process returned, as it returned it.
    const auto whole = memo.owes() ? std::optional(again) : settled(store_, records_, again);
    if (!whole) {
      verification.state = Verification::State::NotCompared;
      verification.problem =
          "it returned promises that no memo knows: of other thunks than at first, or of some that "
          "were collected";
      return;
    }
    verification.differences = differences(store_, memo, *whole);
    verification.state =
        verification.differences.empty() ? Verification::State::Same : Verification::State::Differs;
  } catch (const base::OperatorError& error) {
    verification.state = Verification::State::NotCompared;
    verification.problem = error.what();
  }
}

}  // namespace cli
