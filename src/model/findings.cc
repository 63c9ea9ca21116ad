#include "model/findings.hh"

#include "model/netstrings.hh"
#include "model/scan/file_system.hh"
#include "object/hash.hh"

#include <sys/stat.h>

namespace model {

namespace {

// Bump with every change of a question, of how it is answered, or of the record.
constexpr std::string_view kKeyVersion = "model: finding, version 3";

object::Digest name_of(std::string_view question) {
  object::Hasher hasher;
  hasher.add(kKeyVersion);
  hasher.add(std::string_view("\0", 1));
  hasher.add(question);
  return hasher.take();
}

std::optional<scan::Identity> identity_at(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 ? std::optional(scan::identity_of(status)) : std::nullopt;
}

std::string line_of(const std::string& path, const std::optional<scan::Identity>& identity) {
  std::string line = path;
  if (identity) {
    for (const auto number :
         {identity->device, identity->inode, identity->size, static_cast<uint64_t>(identity->mtime),
          static_cast<uint64_t>(identity->ctime)}) {
      line += " " + std::to_string(number);
    }
  }
  return line + "\n";
}

}  // namespace

std::string signature_line(const std::string& path) {
  return line_of(path, identity_at(path));
}

std::optional<Finding> Findings::find(std::string_view question) const {
  const auto bytes = records_.find(object::kCompilerTable, name_of(question));
  if (!bytes || !*bytes) {
    return std::nullopt;
  }
  NetstringReader reader(**bytes);
  Finding finding;
  object::Hasher states;
  for (size_t left = reader.count(); left > 0; --left) {
    const std::string path(reader.text());
    states.add(signature_line(path));
    finding.rests_on.insert(finding.rests_on.end(), path);
  }
  const bool holds = reader.text() == states.take().hex();
  finding.answer = reader.text();
  return holds && reader.finished() ? std::optional(std::move(finding)) : std::nullopt;
}

void Findings::keep(std::string_view question, const Finding& finding, base::Nanoseconds asked_at) {
  const auto states = states_of(finding.rests_on, asked_at);
  if (!states) {
    return;
  }
  NetstringWriter writer;
  writer.count(finding.rests_on.size());
  for (const std::string& path : finding.rests_on) {
    writer.text(path);
  }
  writer.text(states->hex());
  writer.text(finding.answer);
  [[maybe_unused]] const auto kept =
      records_.record(object::kCompilerTable, name_of(question), writer.take());
}

std::optional<object::Digest> Findings::states_of(const std::set<std::string>& paths,
                                                  base::Nanoseconds asked_at) {
  object::Hasher states;
  for (const std::string& path : paths) {
    const auto identity = identity_at(path);
    if (identity && !scan::is_settled(*identity, asked_at)) {
      return std::nullopt;
    }
    states.add(line_of(path, identity));
  }
  return states.take();
}

}  // namespace model
