#include "engine/reapi/objects.hh"

#include <utility>

namespace engine {

Attempted<std::string> read_object(object::Store& store, const object::Digest& digest, const char* what) {
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

Attempted<object::Directory> read_directory(object::Store& store, const object::Digest& digest,
                                            const char* what) {
  const auto bytes = read_object(store, digest, what);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto directory = object::decode_directory(*bytes);
  if (!directory) {
    return failed(std::move(directory.error()));
  }
  return std::move(*directory);
}

}  // namespace engine
