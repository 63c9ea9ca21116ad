#include "sandbox/cell/landlock.hh"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace cell {

namespace {

// Younger than our headers; <linux/landlock.h> of 6.12 has them.
struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

constexpr uint64_t kTruncate = uint64_t{1} << 14U;
constexpr uint64_t kIoctlDevice = uint64_t{1} << 15U;
constexpr uint64_t kBindAndConnectTcp = 3;
constexpr uint64_t kAbstractSocketsAndSignals = 3;

constexpr int kMovesFiles = 2;  // the versions that first know these
constexpr int kKnowsTruncate = 3;
constexpr int kKnowsTcp = 4;
constexpr int kKnowsIoctl = 5;
constexpr int kKnowsScopes = 6;

uint64_t all_access(int version) {
  const uint64_t first = (uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1U) - 1;
  return first | LANDLOCK_ACCESS_FS_REFER | (version >= kKnowsTruncate ? kTruncate : 0) |
         (version >= kKnowsIoctl ? kIoctlDevice : 0);
}

void allow(int ruleset, const char* path, uint64_t access) {
  const int place = ::open(path, O_PATH | O_CLOEXEC);
  if (place < 0) {
    return;  // what is not there needs no rule
  }
  const landlock_path_beneath_attr rule{access, place};
  ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  ::close(place);
}

}  // namespace

Landlock::Landlock(const std::vector<std::string>& reachable) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < kMovesFiles) {
    return;
  }
  version_ = static_cast<int>(version);
  const uint64_t access = all_access(version_);
  const RulesetAttributes attributes{access, version_ >= kKnowsTcp ? kBindAndConnectTcp : 0,
                                     version_ >= kKnowsScopes ? kAbstractSocketsAndSignals : 0};
  ruleset_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset_ < 0) {
    return;
  }
  allow(ruleset_, "/", LANDLOCK_ACCESS_FS_READ_DIR);
  for (const std::string& path : reachable) {
    allow(ruleset_, path.c_str(), access);
  }
}

int Landlock::restrict_self() const {
  return ruleset_ < 0 ? 0 : static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset_, 0));
}

}  // namespace cell
