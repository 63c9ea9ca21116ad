#pragma once

#include "base/result.hh"
#include "intercept/observer.hh"
#include "intercept/placing.hh"
#include "ir/result.hh"
#include "model/model.hh"
#include "object/store.hh"

#include <functional>
#include <optional>
#include <string>
#include <vector>

// What a command goes through wherever it is dealt with: in a session, or by a launcher on its own.
namespace intercept {

// A model that asks for ever for something more to be read is a defect; the real tool then decides.
inline constexpr int kMostQuestions = 200;

// The first output that is the real tool's business (can_be_made); nullopt: none.
[[nodiscard]] std::optional<std::string> output_that_cannot_be_made(const model::Inferred& inferred);

// What a command wrote.
struct Streams {
  std::string out;
  std::string err;
};

// Nullopt: the store has lost some of it.
[[nodiscard]] std::optional<Streams> held_streams(object::Store& store, const ir::Result& result);

// Puts all that a successful result and inference itself make in place, and gives what the command wrote.
// Nullopt: something of it is lost, or cannot be written. `at`: see place_outputs.
[[nodiscard]] std::optional<Streams> finish(object::FileStore& store, const model::Inferred& inferred,
                                            const ir::Result& result, mode_t mask,
                                            const std::function<std::string(const std::string& path)>& at);

// After the thunk of `before` failed although the command may succeed here: what the real compiler says of
// it, kept in the store. Nullopt: nothing else, or `stopping`. An error: its inputs kept changing, or cannot
// be kept.
[[nodiscard]] base::Result<std::optional<model::Inferred>> inferred_again(
    model::Models& models, const model::Invocation& invocation, const model::Inferred& before,
    const std::function<bool()>& stopping);

// For an observer; without times. `inferred`: null for one that runs natively.
[[nodiscard]] CommandReport report_of(Outcome outcome, const std::string& reason, const std::string& detail,
                                      const model::Invocation& invocation, const model::Inferred* inferred);

// A compiler's command, as far as it preprocesses, one for each source: with just the words that any compiler
// knows for that, so that a model understands them although it declines the whole. Empty for other tools.
[[nodiscard]] std::vector<model::Invocation> preprocessing_in(const model::Invocation& invocation);

// Absolute paths that the command line may mean files by, there or not: its words, those of its response
// files, what is joined to an option, and the libraries of -l along -L. For a command that no model
// understands.
[[nodiscard]] std::vector<std::string> paths_named_by(const model::Invocation& invocation);

// Those, and what the linker scripts and thin archives among them name in turn: for where nobody sees the
// command open its files.
[[nodiscard]] std::vector<std::string> paths_led_to_by(const model::Invocation& invocation);

}  // namespace intercept
