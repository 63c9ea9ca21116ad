#include "model/footprint_record.hh"

#include <cstring>

namespace model {

namespace {

// Length-prefixed strings, lengths as decimal text ended by ':' (netstrings less their comma).
class Writer {
 public:
  void text(std::string_view bytes) {
    bytes_ += std::to_string(bytes.size());
    bytes_ += ':';
    bytes_ += bytes;
  }

  void count(size_t number) { text(std::to_string(number)); }

  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view text() {
    size_t length = 0;
    size_t digits = 0;
    while (digits < rest_.size() && digits < 9 && rest_[digits] >= '0' && rest_[digits] <= '9') {
      length = length * 10 + static_cast<size_t>(rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || digits >= rest_.size() || rest_[digits] != ':' || rest_.size() - digits - 1 < length) {
      damaged_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view value = rest_.substr(digits + 1, length);
    rest_.remove_prefix(digits + 1 + length);
    return value;
  }

  size_t count() {
    size_t number = 0;
    for (const char c : text()) {
      if (c < '0' || c > '9' || number > rest_.size()) {
        damaged_ = true;
        return 0;
      }
      number = number * 10 + static_cast<size_t>(c - '0');
    }
    return damaged_ ? 0 : number;
  }

  [[nodiscard]] bool finished() const { return !damaged_ && rest_.empty(); }

  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace

std::string encode(const FootprintRecord& record) {
  Writer writer;
  writer.count(record.files.size());
  for (const auto& file : record.files) {
    writer.text(file.first);
    writer.text(file.second.to_string());
  }
  writer.count(record.directories.size());
  for (const std::string& directory : record.directories) {
    writer.text(directory);
  }
  writer.count(record.absent.size());
  for (const auto& group : record.absent) {
    writer.text(group.first);
    writer.count(group.second.size());
    for (const std::string& name : group.second) {
      writer.text(name);
    }
  }
  writer.text(record.depfile);
  writer.text(record.declined ? record.declined->reason : "");
  writer.text(record.declined ? record.declined->detail : "");
  return writer.take();
}

std::optional<FootprintRecord> decode_footprint_record(std::string_view bytes) {
  Reader reader(bytes);
  FootprintRecord record;
  for (size_t left = reader.count(); left > 0 && !reader.damaged(); --left) {
    const std::string_view path = reader.text();
    const auto digest = object::Digest::parse(reader.text());
    if (!digest) {
      return std::nullopt;
    }
    record.files.emplace_back(path, *digest);
  }
  for (size_t left = reader.count(); left > 0 && !reader.damaged(); --left) {
    record.directories.emplace_back(reader.text());
  }
  for (size_t groups = reader.count(); groups > 0 && !reader.damaged(); --groups) {
    auto& names = record.absent[std::string(reader.text())];
    for (size_t left = reader.count(); left > 0 && !reader.damaged(); --left) {
      names.emplace(reader.text());
    }
  }
  record.depfile = reader.text();
  Declined declined;
  declined.reason = reader.text();
  declined.detail = reader.text();
  if (!declined.reason.empty()) {
    record.declined = std::move(declined);
  }
  return reader.finished() ? std::optional(std::move(record)) : std::nullopt;
}

}  // namespace model
