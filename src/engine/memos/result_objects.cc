#include "engine/memos/result_objects.hh"

#include "object/tree.hh"

#include <unordered_set>
#include <utility>

namespace engine {

namespace {

using Digests = std::vector<object::Digest>;

template <class Entries>
void name_entries(const Entries& entries, ResultObjects& named) {
  for (const auto& [name, entry] : entries) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      named.files.push_back(file->digest);
    } else if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
      named.directories.push_back(directory->digest);
    }
  }
}

}  // namespace

ResultObjects objects_of(const ir::Result& result) {
  ResultObjects named;
  name_entries(result.outputs, named);
  for (const auto& stream : {result.standard_output, result.standard_error}) {
    if (stream) {
      named.files.push_back(*stream);
    }
  }
  return named;
}

base::Result<bool> look_into(object::Store& here, const Digests& directories, ResultObjects& named) {
  for (const object::Digest& digest : directories) {
    const auto bytes = here.get(digest);
    if (!bytes || !*bytes) {
      return bytes.map([](const auto&) { return false; });
    }
    const auto directory = object::decode_directory(**bytes);
    if (!directory) {
      return false;
    }
    name_entries(directory->entries, named);
  }
  return true;
}

base::Result<bool> bring(object::RemoteStore& there, object::Store& here, ResultObjects objects,
                         const base::StillWanted& wanted) {
  std::unordered_set<object::Digest> seen;
  while (!objects.directories.empty()) {
    Digests fresh;
    for (const object::Digest& digest : std::exchange(objects.directories, {})) {
      if (seen.insert(digest).second) {
        fresh.push_back(digest);
      }
    }
    const auto gone = there.fetch(fresh, here, wanted);
    if (!gone || !gone->empty()) {
      return gone.map([](const Digests&) { return false; });
    }
    const auto read = look_into(here, fresh, objects);
    if (!read || !*read) {
      return read;
    }
  }
  return there.fetch(objects.files, here, wanted).map([](const Digests& gone) { return gone.empty(); });
}

}  // namespace engine
