#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/draft.hh"
#include "cli/inside_image.hh"
#include "cli/known_placeholder.hh"
#include "cli/thunk_flags.hh"
#include "cli/wire_up.hh"
#include "intercept/placeholder.hh"
#include "intercept/placing.hh"
#include "model/dynamic_loader.hh"
#include "storage/local/batch.hh"

#include <unistd.h>

#include <set>

namespace cli {

namespace {

std::vector<std::string> runtime_files(const std::string& program) {
  std::set<std::string> looked_at;  // each program is found anew by each call of gg
  const auto files = base::value_or_throw(model::runtime_files(absolute_path(program), looked_at));
  return {files.begin(), files.end()};
}

object::Entry tool(object::Store& store) {
  return object::File{base::value_or_throw(store.put(inside_image())), true};
}

void place(const Draft& draft, const DraftMaker::Made& made) {
  constexpr mode_t kMode = 0644;
  for (const auto& [output, file] : draft.place) {
    const auto text = intercept::placeholder_text(promise_to_place(made, output, file));
    if (!text) {
      throw UsageError("the name of output '" + base::printable(output) + "' is too long for a placeholder");
    }
    base::value_or_throw(intercept::write_now(file, *text, kMode).map([] { return true; }));
  }
}

}  // namespace

int thunk(const Request& request) {
  if (request.words.at(0) != "create") {
    throw UsageError("gg thunk has no '" + request.words[0] +
                     "' here; it is `gg thunk create`, and inside a dynamic thunk also `gg thunk return`");
  }
  const auto storage = open_storage(request.settings);
  storage::Batch store(storage->store());
  DraftMaker maker(
      {store, known_placeholders(store), runtime_files, std::nullopt, [&store] { return tool(store); }});
  const auto keep = [&store] { base::value_or_throw(store.flush().map([] { return true; })); };
  make_thunks(maker, request.thunk, request.arguments, STDIN_FILENO, {keep, place});
  return kOk;
}

}  // namespace cli
