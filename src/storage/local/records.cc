#include "storage/local/records.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"
#include "storage/local/failure.hh"
#include "storage/local/sqlite.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

namespace storage {

namespace {

using base::FailureKind;
using object::Digest;

// On disk: bump with each change of the tables. An older gg's is migrated, a newer one's refused.
constexpr int64_t kSchemaVersion = 1;

// A writer holds the lock for microseconds; only a checkpoint on a slow disk takes longer.
constexpr int kBusyMilliseconds = 20'000;

// How stale the recorded time of last use may get; saves a write for most finds.
constexpr int64_t kMarkSeconds = 3600;

constexpr size_t kChecksumBytes = 16;

// hash, then size as 8 bytes, most significant first.
std::string key_bytes(const Digest& key) {
  std::string bytes(Digest::kHashBytes + 8, '\0');
  std::copy(key.hash().begin(), key.hash().end(), bytes.begin());
  for (size_t i = 0; i < 8; ++i) {
    bytes[Digest::kHashBytes + i] = static_cast<char>(key.size() >> (56 - 8 * i));
  }
  return bytes;
}

std::string checksum(std::string_view table, std::string_view key, std::string_view value) {
  thread_local object::Hasher hasher;
  hasher.add(table);
  hasher.add(std::string_view("\0", 1));  // keys have one length, so this is unambiguous
  hasher.add(key);
  hasher.add(value);
  const Digest digest = hasher.take();
  return {digest.hash().begin(), digest.hash().begin() + kChecksumBytes};
}

base::Error as_error(const std::string& root, const SqliteError& error) {
  const std::string quoted = base::shell_quoted(root);
  switch (error.code()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return {std::string(error.what()) + "; another process holds the records for long: try again",
              FailureKind::RetryHere};
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return {
          std::string(error.what()) + "; free space there or run 'gg gc --size 5G'; the store is " + quoted,
          FailureKind::RetryElsewhere};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {std::string(error.what()) + "; the store " + quoted +
                  " must belong to you and be writable: mend its owner or choose another",
              FailureKind::RetryElsewhere};
    default:
      return {std::string(error.what()) + "; 'gg fsck' checks the store " + quoted, FailureKind::Ours};
  }
}

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileId&) const = default;
};

FileId id_of(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 ? FileId{status.st_dev, status.st_ino} : FileId{};
}

// Held while a database is made or set aside: two processes must not set aside each other's fresh one.
base::UniqueFd lock_of(const Layout& layout) {
  const std::string path = layout.records_lock();
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    throw base::SyscallError("open", path);
  }
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      throw base::SyscallError("lock", path);
    }
  }
  return fd;
}

class NewerRecords : public base::OperatorError {
 public:
  using base::OperatorError::OperatorError;
};

int64_t check_schema_version(Connection& connection, const std::string& root) {
  const int64_t version = connection.number("PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw NewerRecords(
        fmt::format("the records of the store {} have version {}, and this gg knows {}: use the gg that made "
                    "them, or choose another cache directory (XDG_CACHE_HOME)",
                    base::shell_quoted(root), version, kSchemaVersion));
  }
  return version;
}

void prepare_schema(Connection& connection, const std::string& root) {
  const int64_t version = check_schema_version(connection, root);
  if (version == 0) {
    // auto_vacuum counts only before the first table is made.
    connection.run("PRAGMA auto_vacuum = INCREMENTAL");
  }
  connection.run("PRAGMA journal_mode = WAL");
  connection.run("PRAGMA synchronous = NORMAL");
  if (version == 0) {
    connection.run(fmt::format(
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS record (tbl TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
        " checksum BLOB NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;"
        "PRAGMA user_version = {};"
        "COMMIT",
        kSchemaVersion));
  }
}

std::string as_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 && byte < 0x80) {
      uri += c;
    } else {
      uri += c == '/' ? "/" : fmt::format("%{:02x}", byte);
    }
  }
  return uri;
}

// A reader needs the shared-memory file, which it can't make where it may not write. Then the database is
// taken as it is, without what stands in the log only.
Connection connect_for_reading(const std::string& path) {
  try {
    Connection connection(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, kBusyMilliseconds);
    (void)connection.number("PRAGMA user_version");
    (void)connection.number("SELECT count(*) FROM sqlite_schema");
    return connection;
  } catch (const SqliteError& error) {
    if (error.code() != SQLITE_CANTOPEN && error.code() != SQLITE_READONLY) {
      throw;
    }
  }
  return Connection(as_uri(path) + "?immutable=1",
                    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, kBusyMilliseconds);
}

Connection connect(const Layout& layout, Access access) {
  if (access == Access::ReadOnly) {
    Connection connection = connect_for_reading(layout.records());
    check_schema_version(connection, layout.root);
    return connection;
  }
  Connection connection(layout.records(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        kBusyMilliseconds);
  prepare_schema(connection, layout.root);
  return connection;
}

// Says where it is now. The log goes along under the name that SQLite expects, so that the pair can be looked
// into.
std::string set_aside(const Layout& layout, base::Nanoseconds wall) {
  const std::string from = layout.records();
  std::string to = fmt::format("{}/records.sqlite.{}-{}", layout.quarantine(), wall.count(), ::getpid());
  for (const char* suffix : {"-shm", "-wal", ""}) {
    if (::rename((from + suffix).c_str(), (to + suffix).c_str()) != 0 && errno != ENOENT) {
      throw base::SyscallError("move to quarantine", from + suffix);
    }
  }
  return to;
}

int64_t seconds_of(base::Nanoseconds wall) {
  return std::chrono::floor<std::chrono::seconds>(wall).count();
}

}  // namespace

// One connection behind a lock: a find holds it for some microseconds.
struct LocalRecords::Database {
  Database(const Layout& layout, Access access)
      : connection(connect(layout, access)),
        id(id_of(layout.records())),
        find(connection, "SELECT value, checksum, used FROM record WHERE tbl = ?1 AND key = ?2"),
        put(connection,
            "INSERT OR REPLACE INTO record (tbl, key, value, checksum, used) VALUES (?1, ?2, ?3, ?4, ?5)"),
        mark(connection, "UPDATE record SET used = ?3 WHERE tbl = ?1 AND key = ?2"),
        drop(connection, "DELETE FROM record WHERE tbl = ?1 AND key = ?2 AND checksum = ?3") {}

  void drop_record(std::string_view table, std::string_view key, std::string_view sum) {
    const Using scope(drop);
    drop.bind(1, table).bind_blob(2, key).bind_blob(3, sum).step();
  }

  // Advisory: where the mark can't be set now, the record only looks older than it is.
  void mark_used(std::string_view table, std::string_view key, int64_t now) {
    const Using scope(mark);
    try {
      mark.bind(1, table).bind_blob(2, key).bind(3, now).step();
    } catch (const SqliteError& error) {
      if (error.is_corruption()) {
        throw;
      }
    }
  }

  Connection connection;
  FileId id;
  Statement find;
  Statement put;
  Statement mark;
  Statement drop;
};

base::Result<std::unique_ptr<LocalRecords>> LocalRecords::open(const std::string& directory,
                                                               const base::Clock& clock, Warn warn,
                                                               Access access) {
  const base::Result<Layout> layout = claim_directory(directory, access);
  if (!layout) {
    return tl::unexpected(layout.error());
  }
  std::unique_ptr<LocalRecords> records(new LocalRecords(*layout, clock, std::move(warn), access));
  return records->with_database([&](Database*) -> base::Result<void> { return {}; }).map([&] {
    return std::move(records);
  });
}

LocalRecords::LocalRecords(Layout layout, const base::Clock& clock, Warn warn, Access access)
    : layout_(std::move(layout)), clock_(clock), warn_(std::move(warn)), access_(access) {}

LocalRecords::~LocalRecords() = default;

// Runs `body` on the open database (none: for reading, and there is no database yet), opening it at first;
// once more on a new one if this one turns out to be damaged or was taken away.
template <class Body>
auto LocalRecords::with_database(Body&& body) -> decltype(body(nullptr)) {
  const auto attempt = [&](std::unique_ptr<Database>& database) {
    if (!database) {
      open_database(database);
    }
    return body(database.get());
  };
  return as_result([&] {
    return database_.with([&](std::unique_ptr<Database>& database) {
      try {
        return attempt(database);
      } catch (const SqliteError& error) {
        const bool replaced = database && id_of(layout_.records()) != database->id;
        if (access_ == Access::ReadOnly || !(error.is_corruption() || replaced)) {
          throw;
        }
        start_anew(database, error.what());
        return attempt(database);
      }
    });
  });
}

template <class Body>
auto LocalRecords::as_result(Body&& body) -> decltype(body()) {
  return in_store(layout_.root, [&]() -> decltype(body()) {
    try {
      return body();
    } catch (const SqliteError& error) {
      return tl::unexpected<base::Error>(as_error(layout_.root, error));
    } catch (const NewerRecords& error) {
      return base::failure(error.what(), FailureKind::RetryElsewhere);
    }
  });
}

void LocalRecords::open_database(std::unique_ptr<Database>& database) {
  if (access_ == Access::ReadOnly) {
    if (id_of(layout_.records()) != FileId{}) {
      database = std::make_unique<Database>(layout_, access_);
    }
    return;
  }
  const base::UniqueFd lock = lock_of(layout_);
  database = std::make_unique<Database>(layout_, access_);
}

void LocalRecords::start_anew(std::unique_ptr<Database>& database, const std::string& why) {
  const base::UniqueFd lock = lock_of(layout_);
  if (!is_still_damaged(database)) {
    return;  // another process was faster
  }
  database.reset();
  const std::string place = set_aside(layout_, clock_.wall());
  if (warn_) {
    warn_(why + ": the damaged database was moved to " + base::shell_quoted(place) +
          " and a new one begun; what it knew will be found out again");
  }
  database = std::make_unique<Database>(layout_, access_);
}

// With the lock held. If not, `database` is the one that stands there now.
bool LocalRecords::is_still_damaged(std::unique_ptr<Database>& database) {
  if (database && database->id == id_of(layout_.records())) {
    return true;
  }
  database.reset();
  try {
    database = std::make_unique<Database>(layout_, access_);
    return false;
  } catch (const SqliteError& error) {
    if (!error.is_corruption()) {
      throw;
    }
    return true;
  }
}

base::Result<std::optional<std::string>> LocalRecords::find(std::string_view table, const Digest& key) {
  const std::string bytes = key_bytes(key);
  using Found = base::Result<std::optional<std::string>>;
  return with_database([&](Database* database) -> Found {
    if (database == nullptr) {
      return std::nullopt;
    }
    std::string value;
    std::string sum;
    int64_t used = 0;
    {
      const Using scope(database->find);
      if (!database->find.bind(1, table).bind_blob(2, bytes).step()) {
        return std::nullopt;
      }
      value = database->find.blob(0);
      sum = database->find.blob(1);
      used = database->find.number(2);
    }
    if (sum != checksum(table, bytes, value)) {
      report_damage(*database, table, bytes, sum);
      return std::nullopt;
    }
    const int64_t now = seconds_of(clock_.wall());
    if (access_ == Access::ReadWrite && used < now - kMarkSeconds) {
      database->mark_used(table, bytes, now);
    }
    return value;
  });
}

void LocalRecords::report_damage(Database& database, std::string_view table, std::string_view key,
                                 std::string_view sum) {
  if (access_ == Access::ReadWrite) {
    database.drop_record(table, key, sum);
  }
  if (warn_) {
    warn_(fmt::format(
        "a record in {} does not match its checksum and is not used; if this happens often, check "
        "the disk and the memory",
        base::shell_quoted(layout_.records())));
  }
}

base::Result<void> LocalRecords::record(std::string_view table, const Digest& key, std::string_view value) {
  if (access_ == Access::ReadOnly) {
    return base::failure("the store " + base::shell_quoted(layout_.root) + " is open for reading only",
                         FailureKind::RetryElsewhere);
  }
  const std::string bytes = key_bytes(key);
  const std::string sum = checksum(table, bytes, value);
  return with_database([&](Database* database) -> base::Result<void> {
    const Using scope(database->put);
    database->put.bind(1, table).bind_blob(2, bytes).bind_blob(3, value).bind_blob(4, sum);
    database->put.bind(5, seconds_of(clock_.wall())).step();
    return {};
  });
}

base::Result<uint64_t> LocalRecords::forget_unused_since(base::Nanoseconds wall) {
  return with_database([&](Database* database) -> base::Result<uint64_t> {
    if (database == nullptr) {
      return 0;
    }
    Statement forget(database->connection, "DELETE FROM record WHERE used < ?1");
    forget.bind(1, seconds_of(wall)).step();
    const uint64_t forgotten = database->connection.changes();
    forget.reset();
    database->connection.run("PRAGMA incremental_vacuum");
    return forgotten;
  });
}

LocalRecords::Health LocalRecords::examine(Database& database, Mend mend) {
  struct Damaged {
    std::string table;
    std::string key;
    std::string sum;
  };

  Health health;
  const std::string findings = database.connection.text("PRAGMA integrity_check(1)");
  health.problem = findings == "ok" ? "" : findings;
  std::vector<Damaged> damaged;
  Statement all(database.connection, "SELECT tbl, key, value, checksum FROM record");
  while (all.step()) {
    ++health.records;
    if (all.blob(3) != checksum(all.blob(0), all.blob(1), all.blob(2))) {
      damaged.push_back({std::string(all.blob(0)), std::string(all.blob(1)), std::string(all.blob(3))});
    }
  }
  health.damaged = damaged.size();
  if (mend == Mend::Yes) {
    for (const Damaged& record : damaged) {
      database.drop_record(record.table, record.key, record.sum);
    }
  }
  return health;
}

base::Result<LocalRecords::Health> LocalRecords::check(Mend mend) {
  return as_result([&] {
    return database_.with([&](std::unique_ptr<Database>& database) -> base::Result<Health> {
      Health health;
      try {
        if (!database) {
          open_database(database);
        }
        if (database) {
          health = examine(*database, mend);
        }
      } catch (const SqliteError& error) {
        if (!error.is_corruption()) {
          throw;
        }
        health.problem = error.what();
      }
      if (!health.problem.empty() && mend == Mend::Yes && access_ == Access::ReadWrite) {
        start_anew(database, health.problem);
      }
      return health;
    });
  });
}

}  // namespace storage
