#include "storage/local/sqlite.hh"

#include <sqlite3.h>

namespace storage {

bool SqliteError::is_corruption() const {
  return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB || code_ == SQLITE_FORMAT;
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(&connection) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  statement_.reset(statement);
}

Statement& Statement::bind(int position, std::string_view text) {
  check(
      sqlite3_bind_text64(statement_.get(), position, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int position, std::string_view bytes) {
  // A null pointer would bind NULL; an empty value is a value.
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  check(sqlite3_bind_blob64(statement_.get(), position, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind(int position, int64_t number) {
  check(sqlite3_bind_int64(statement_.get(), position, number));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  connection_->fail(code);
}

std::string_view Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), data != nullptr ? static_cast<size_t>(size) : 0};
}

int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) {
    connection_->fail(code);
  }
}

void Statement::Free::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Connection::Connection(const std::string& path, int flags, int busy_milliseconds) : path_(path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  database_.reset(database);  // there even after a failure, for the message
  if (code != SQLITE_OK) {
    fail(code);
  }
  sqlite3_busy_timeout(database, busy_milliseconds);
}

void Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

int64_t Connection::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

std::string Connection::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.blob(0)) : std::string();
}

uint64_t Connection::changes() const {
  return static_cast<uint64_t>(sqlite3_changes64(database_.get()));
}

void Connection::fail(int code) const {
  const char* words = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  throw SqliteError("records '" + path_ + "': " + words, code & 0xff);  // the rest is the extended code
}

void Connection::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

}  // namespace storage
