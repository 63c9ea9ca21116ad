#include "worker/inputs.hh"

#include "ir/thunk.hh"
#include "object/tree.hh"
#include "storage/s3/pack_reader.hh"

#include <unordered_set>
#include <utility>
#include <vector>

namespace worker {

namespace {

using exec::Expected;
using exec::failure;
using ReadAhead = storage::PackReader::ReadAhead;
using Digests = std::vector<object::Digest>;

// One invocation's way to its objects.
class Fetching {
 public:
  Fetching(storage::PackReader& packs, object::Store& store, const base::StillWanted& wanted)
      : packs_(packs), store_(store), wanted_(wanted) {}

  Expected<void> bring(const Digests& digests, ReadAhead ahead) {
    auto absent = packs_.fetch(digests, store_, ahead, wanted_);
    if (!absent) {
      return failure(std::move(absent.error()));
    }
    if (!absent->empty()) {
      return tl::unexpected<exec::Failure>(
          {{"no pack that was lent holds object " + absent->front().to_string(),
            base::FailureKind::RetryHere},
           std::move(*absent)});
    }
    return {};
  }

  Expected<std::string> read(const object::Digest& digest) {
    auto bytes = store_.get(digest);
    if (!bytes) {
      return failure(std::move(bytes.error()));
    }
    if (!*bytes) {  // damaged since it was brought
      return exec::lost(digest, "object");
    }
    return std::move(**bytes);
  }

 private:
  storage::PackReader& packs_;
  object::Store& store_;
  const base::StillWanted& wanted_;
};

// The tree's directories, one level after the other, and then all files. What lies behind a directory is what
// it names, so reading ahead saves round trips; behind a file it may be anything.
Expected<void> bring_tree(Fetching& fetching, const object::Digest& root) {
  std::unordered_set<object::Digest> seen{root};
  Digests files;
  for (Digests level{root}; !level.empty();) {
    if (const auto brought = fetching.bring(level, ReadAhead::Yes); !brought) {
      return brought;
    }
    Digests below;
    for (const object::Digest& digest : level) {
      const auto bytes = fetching.read(digest);
      if (!bytes) {
        return tl::unexpected(bytes.error());
      }
      const auto directory = object::decode_directory(*bytes);
      if (!directory) {
        return failure(directory.error());
      }
      for (const auto& [name, entry] : directory->entries) {
        if (const auto* file = std::get_if<object::File>(&entry)) {
          files.push_back(file->digest);
        } else if (const auto* folder = std::get_if<object::Subdirectory>(&entry)) {
          if (seen.insert(folder->digest).second) {
            below.push_back(folder->digest);
          }
        }
      }
    }
    level = std::move(below);
  }
  return fetching.bring(files, ReadAhead::No);
}

}  // namespace

Expected<void> Inputs::bring(const wire::Invocation& invocation, object::Store& store,
                             const base::StillWanted& wanted) {
  for (const std::string& bytes : invocation.objects) {
    if (const auto put = store.put(bytes); !put) {
      return failure(put.error());
    }
  }
  storage::LentPacks lent(http_, indexes_, invocation.packs);
  if (const auto opened = lent.open(wanted); !opened) {
    return failure(opened.error());
  }
  storage::PackReader packs(lent, lent, flights_, {});
  Fetching fetching(packs, store, wanted);
  if (const auto brought = fetching.bring({invocation.thunk}, ReadAhead::Yes); !brought) {
    return brought;
  }
  const auto bytes = fetching.read(invocation.thunk);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto thunk = ir::decode_thunk(*bytes);
  if (!thunk) {
    return failure(thunk.error());
  }
  if (const auto brought = fetching.bring({thunk->command}, ReadAhead::Yes); !brought) {
    return brought;
  }
  return bring_tree(fetching, thunk->input_root);
}

}  // namespace worker
