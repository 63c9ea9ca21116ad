#include "ir/dynamic.hh"

#include "base/quote.hh"
#include "ir/output_path.hh"
#include "object/wire.hh"

#include <stdexcept>

#include "gg/v1/thunk.pb.h"

namespace ir {

namespace {

std::string problem_with(const std::string& path, const object::Promise& promise) {
  if (path.empty() || !is_path_from_root(path)) {
    return "it is returned at '" + base::printable(path) + "', which is no proper path from the root";
  }
  const std::string_view problem = object::problem_with(object::Entry(promise));
  return problem.empty() ? ""
                         : "what is returned at '" + base::printable(path) + "': " + std::string(problem);
}

tl::unexpected<base::Error> refused(const std::string& why) {
  return base::failure("what the process returned: " + why, base::FailureKind::Deterministic);
}

}  // namespace

std::string encode_returned(const std::string& path, const object::Promise& promise) {
  if (const std::string problem = problem_with(path, promise); !problem.empty()) {
    throw std::logic_error("cannot return a promise: " + problem);
  }
  gg::v1::Returned message;
  auto* output = message.add_promises();
  output->set_path(path);
  object::to_wire(promise.thunk, *output->mutable_thunk());
  output->set_output(promise.output);
  return object::canonical_bytes(message);
}

base::Result<Returned> decode_returned(std::string_view bytes) {
  gg::v1::Returned message;
  if (!object::parse(bytes, message)) {
    return refused("no such message; only `gg thunk return` writes it");
  }
  Returned returned;
  for (const auto& output : message.promises()) {
    object::Promise promise{object::from_wire(output.thunk()), output.output()};
    if (const std::string problem = problem_with(output.path(), promise); !problem.empty()) {
      return refused(problem);
    }
    const auto [at, is_new] = returned.emplace(output.path(), promise);
    if (!is_new && at->second != promise) {
      return refused("two promises at '" + base::printable(output.path()) + "'");
    }
  }
  return returned;
}

}  // namespace ir
