#include "ir/result.hh"

#include "base/quote.hh"
#include "object/wire.hh"

#include <stdexcept>

#include "gg/v1/thunk.pb.h"

namespace ir {

namespace {

using object::from_wire;
using object::to_wire;

struct AddTo {
  gg::v1::ActionResult& message;
  const std::string& path;

  void operator()(const object::File& file) const {
    auto* output = message.add_output_files();
    output->set_path(path);
    to_wire(file.digest, *output->mutable_digest());
    output->set_is_executable(file.executable);
  }

  void operator()(const object::Subdirectory& directory) const {
    auto* output = message.add_output_directories();
    output->set_path(path);
    to_wire(directory.digest, *output->mutable_root_directory_digest());
    output->set_owes(directory.owes);
  }

  void operator()(const object::Symlink& link) const {
    auto* output = message.add_output_symlinks();
    output->set_path(path);
    output->set_target(link.target);
  }

  void operator()(const object::Promise& promise) const {
    auto* output = message.add_output_promises();
    output->set_path(path);
    to_wire(promise.thunk, *output->mutable_thunk());
    output->set_output(promise.output);
  }
};

void put_timings(const Timings& timings, gg::v1::Timings& message) {
  message.set_set_up(timings.set_up.count());
  message.set_execute(timings.execute.count());
  message.set_collect(timings.collect.count());
  message.set_user_cpu(timings.user_cpu.count());
  message.set_system_cpu(timings.system_cpu.count());
  message.set_peak_memory_bytes(static_cast<int64_t>(timings.peak_memory_bytes));
  message.set_fetch(timings.fetch.count());
  message.set_queued(timings.queued.count());
  message.set_worker(timings.worker);
  message.set_isolation(timings.isolation);
}

Timings timings_of(const gg::v1::Timings& message) {
  using std::chrono::nanoseconds;
  return {nanoseconds(message.set_up()),
          nanoseconds(message.execute()),
          nanoseconds(message.collect()),
          nanoseconds(message.user_cpu()),
          nanoseconds(message.system_cpu()),
          static_cast<uint64_t>(message.peak_memory_bytes()),
          nanoseconds(message.fetch()),
          nanoseconds(message.queued()),
          message.worker(),
          message.isolation()};
}

// A path that stands twice is taken once, so the comparison with the canonical bytes refuses it.
std::map<std::string, object::Entry> outputs_of(const gg::v1::ActionResult& message) {
  std::map<std::string, object::Entry> outputs;
  for (const auto& output : message.output_files()) {
    outputs.emplace(output.path(), object::File{from_wire(output.digest()), output.is_executable()});
  }
  for (const auto& output : message.output_directories()) {
    outputs.emplace(output.path(),
                    object::Subdirectory{from_wire(output.root_directory_digest()), output.owes()});
  }
  for (const auto& output : message.output_symlinks()) {
    outputs.emplace(output.path(), object::Symlink{output.target()});
  }
  for (const auto& output : message.output_promises()) {
    outputs.emplace(output.path(), object::Promise{from_wire(output.thunk()), output.output()});
  }
  return outputs;
}

std::string_view problem_with_stream(const std::optional<object::Digest>& stream) {
  if (stream && stream->size() == 0) {
    return "a stream that nothing was written to has no digest";
  }
  return stream ? object::problem_with(*stream) : "";
}

}  // namespace

const object::File* Result::file_at(const std::string& output) const {
  const auto made = outputs.find(output);
  return made == outputs.end() ? nullptr : std::get_if<object::File>(&made->second);
}

bool Result::owes() const {
  for (const auto& output : outputs) {
    const auto* directory = std::get_if<object::Subdirectory>(&output.second);
    if (std::holds_alternative<object::Promise>(output.second) || (directory != nullptr && directory->owes)) {
      return true;
    }
  }
  return false;
}

base::Result<void> check(const Result& result) {
  if (result.exit_code < 0 || result.exit_code > 255) {
    return base::failure("no process can exit with " + std::to_string(result.exit_code));
  }
  for (const auto& output : result.outputs) {
    const std::string_view problem = object::is_output_path(output.first)
                                         ? object::problem_with(output.second)
                                         : "its path is no proper output path";
    if (!problem.empty()) {
      return base::failure("output '" + base::printable(output.first) + "': " + std::string(problem));
    }
  }
  for (const auto* stream : {&result.standard_output, &result.standard_error}) {
    if (const std::string_view problem = problem_with_stream(*stream); !problem.empty()) {
      return base::failure("standard output or error: " + std::string(problem));
    }
  }
  return {};
}

std::string encode(const Result& result) {
  if (const auto fit = check(result); !fit) {
    throw std::logic_error("cannot encode a result: " + fit.error().message);
  }
  gg::v1::ActionResult message;
  for (const auto& output : result.outputs) {
    std::visit(AddTo{message, output.first}, output.second);
  }
  message.set_exit_code(result.exit_code);
  if (result.standard_output) {
    to_wire(*result.standard_output, *message.mutable_stdout_digest());
  }
  if (result.standard_error) {
    to_wire(*result.standard_error, *message.mutable_stderr_digest());
  }
  if (result.timings != Timings{}) {
    put_timings(result.timings, *message.mutable_timings());
  }
  return object::canonical_bytes(message);
}

base::Result<Result> decode_result(std::string_view bytes) {
  gg::v1::ActionResult message;
  if (!object::parse(bytes, message)) {
    return base::failure("not a result: no such message");
  }
  Result result;
  result.exit_code = message.exit_code();
  result.outputs = outputs_of(message);
  if (message.has_stdout_digest()) {
    result.standard_output = from_wire(message.stdout_digest());
  }
  if (message.has_stderr_digest()) {
    result.standard_error = from_wire(message.stderr_digest());
  }
  result.timings = timings_of(message.timings());
  if (const auto fit = check(result); !fit) {
    return base::failure("not a result: " + fit.error().message);
  }
  if (encode(result) != bytes) {
    return base::failure("not a result: not in canonical form");
  }
  return result;
}

}  // namespace ir
