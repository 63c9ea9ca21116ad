#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// The few things we ask of SQLite, with errors as exceptions that carry its code. One thread at a time.
namespace storage {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(const std::string& message, int code) : std::runtime_error(message), code_(code) {}

  // SQLITE_BUSY and its like, without the extended part.
  [[nodiscard]] int code() const { return code_; }

  // The file is not, or no longer, a database that can be used.
  [[nodiscard]] bool is_corruption() const;

 private:
  int code_;
};

class Connection;

// A prepared statement. Bound views must live until step() has been called for the last time.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);

  Statement& bind(int position, std::string_view text);
  Statement& bind_blob(int position, std::string_view bytes);
  Statement& bind(int position, int64_t number);

  // True: a row is there to be read. Throws SqliteError.
  bool step();

  [[nodiscard]] std::string_view blob(int column) const;  // until the next step or reset
  [[nodiscard]] int64_t number(int column) const;

  void reset() noexcept;

 private:
  struct Free {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  void check(int code) const;

  Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Free> statement_;
};

// Resets the statement on the way out, so that no read transaction stays open.
class Using {
 public:
  explicit Using(Statement& statement) : statement_(statement) {}

  ~Using() { statement_.reset(); }

  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

 private:
  Statement& statement_;
};

class Connection {
 public:
  // `flags` are SQLITE_OPEN_…; `path` is taken as it is, any bytes, unless SQLITE_OPEN_URI is given.
  Connection(const std::string& path, int flags, int busy_milliseconds);

  void run(const std::string& sql);

  // The first column of the first row; 0 if there is none.
  [[nodiscard]] int64_t number(const std::string& sql);
  [[nodiscard]] std::string text(const std::string& sql);

  // Rows that the last statement changed.
  [[nodiscard]] uint64_t changes() const;

  [[nodiscard]] sqlite3* handle() const { return database_.get(); }

  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace storage
