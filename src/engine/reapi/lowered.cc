#include "engine/reapi/lowered.hh"

#include "ir/dynamic.hh"

namespace engine {

namespace {

tl::unexpected<sched::AttemptFailure> failed(base::Error error) {
  return tl::unexpected<sched::AttemptFailure>(std::move(error));
}

ReapiExpected<std::string> read(object::Store& store, const object::Digest& digest, const char* what) {
  auto bytes = store.get(digest);
  if (!bytes) {
    return failed(std::move(bytes.error()));
  }
  if (!*bytes) {
    return tl::unexpected(
        sched::AttemptFailure({std::string("the store does not hold ") + what + " " + digest.to_string(),
                               base::FailureKind::Deterministic},
                              {digest}));
  }
  return std::move(**bytes);
}

}  // namespace

ReapiExpected<Lowered> lower(object::Store& store, const object::Digest& name,
                             const std::map<std::string, std::string>& platform) {
  const auto encoded = read(store, name, "the thunk");
  if (!encoded) {
    return tl::unexpected(encoded.error());
  }
  auto thunk = ir::decode_thunk(*encoded);
  if (!thunk) {
    return failed(thunk.error());
  }
  for (const char* property : {ir::kOutputs, ir::kGraph}) {
    if (thunk->platform.count(property) != 0) {
      return failed({std::string("a thunk with the property ") + property +
                         " needs gg's own container, which Remote Execution does not have",
                     base::FailureKind::RetryElsewhere});
    }
  }
  const auto words = read(store, thunk->command, "the command");
  if (!words) {
    return tl::unexpected(words.error());
  }
  auto command = ir::decode_command(*words);
  if (!command) {
    return failed(command.error());
  }
  Lowered lowered{name, thunk->command, thunk->input_root, *std::move(command)};
  if (!platform.empty()) {
    thunk->platform.insert(platform.begin(), platform.end());
    const auto put = store.put(ir::encode(*thunk));
    if (!put) {
      return failed(put.error());
    }
    lowered.action = *put;
  }
  return lowered;
}

}  // namespace engine
