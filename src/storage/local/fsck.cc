#include "storage/local/fsck.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"
#include "storage/local/copy.hh"
#include "storage/local/failure.hh"
#include "storage/local/walk.hh"

#include <fcntl.h>

namespace storage {

namespace {

// O_NOATIME is for the owner (and root) only.
base::UniqueFd open_without_trace(const std::string& path) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
  base::UniqueFd fd(::open(path.c_str(), flags | O_NOATIME));
  if (!fd && errno == EPERM) {
    fd.reset(::open(path.c_str(), flags));
  }
  if (!fd && errno != ENOENT) {
    throw base::SyscallError("open", path);
  }
  return fd;
}

enum class Condition : uint8_t { Sound, Damaged, Gone };

Condition examine(const ObjectFile& file) {
  const base::UniqueFd fd = open_without_trace(file.path);
  if (!fd) {
    return Condition::Gone;
  }
  try {
    const bool sound = hash_from_start(fd.get(), file.path).hash() == file.hash;
    return sound ? Condition::Sound : Condition::Damaged;
  } catch (const base::SyscallError& error) {
    if (error.code().value() == EIO || error.code().value() == EBADMSG) {
      return Condition::Damaged;
    }
    throw;
  }
}

void check_objects(LocalStore& store, const std::string& folder, Repair repair, FsckReport& report) {
  const auto object = [&](const ObjectFile& file) {
    const Condition condition = examine(file);
    if (condition == Condition::Gone) {
      return;
    }
    ++report.objects;
    report.bytes += static_cast<uint64_t>(file.status.st_size);
    if (condition == Condition::Damaged) {
      report.damaged.push_back(file.path);
      if (repair == Repair::Yes) {
        (void)store.quarantine(file.path);  // gone meanwhile is as good
      }
    }
  };
  walk_objects(folder, {object, [&](const std::string& path) { report.strangers.push_back(path); }});
}

void check_pack(LocalStore& store, const std::string& path, Repair repair, FsckReport& report) {
  const std::unique_ptr<Pack> pack = Pack::open(path);
  if (!pack && !path.ends_with(".pack")) {
    report.strangers.push_back(path);
    return;
  }
  std::vector<std::pair<object::Digest, std::string>> sound;
  for (const auto& [digest, place] :
       pack ? pack->all() : std::vector<std::pair<object::Digest, Pack::Place>>()) {
    std::string bytes = pack->read(place);
    if (object::hash(bytes) == digest) {
      ++report.objects;
      report.bytes += bytes.size();
      sound.emplace_back(digest, std::move(bytes));
    }
  }
  if (pack && sound.size() == pack->count()) {
    return;
  }
  report.damaged.push_back(path);
  // Where what is sound finds no room elsewhere, it stays where it is: it can be read from there.
  if (repair == Repair::Yes && (sound.empty() || store.put_pack(std::move(sound)))) {
    (void)store.quarantine(path);
  }
}

}  // namespace

base::Result<FsckReport> check_store(LocalStore& store, LocalRecords& records, Repair repair) {
  const Layout& layout = store.layout();
  if (repair == Repair::Yes && store.access() == Access::ReadOnly) {
    return base::failure("the store " + base::shell_quoted(layout.root) +
                             " is open for reading only: it can be checked, not repaired",
                         base::FailureKind::RetryElsewhere);
  }
  return in_store(layout.root, [&]() -> base::Result<FsckReport> {
    FsckReport report;
    const bool mending = repair == Repair::Yes;
    report.temporaries =
        survey_sessions(layout.temporaries(), mending ? Sweep::Remove : Sweep::Report).orphans;
    check_objects(store, layout.objects(), repair, report);
    check_objects(store, layout.twins(), repair, report);
    for (const std::string& name : names_in(layout.packs())) {
      check_pack(store, layout.packs() + "/" + name, repair, report);
    }
    return records.check(mending ? LocalRecords::Mend::Yes : LocalRecords::Mend::No)
        .map([&](const LocalRecords::Health& health) {
          report.records = health;
          return report;
        });
  });
}

}  // namespace storage
