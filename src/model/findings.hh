#pragma once

#include "base/clock.hh"
#include "object/store.hh"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace model {

// What was found out about this machine's tools by asking them or by looking through their files.
struct Finding {
  std::string answer;
  std::set<std::string> rests_on;  // absolute paths, there or not, whose states decided

  bool operator==(const Finding&) const = default;
};

// Findings of earlier processes, in object::kCompilerTable. One holds as long as every path that it rests on
// is as it was then: absent, or there with the same stat signature. Any thread.
class Findings {
 public:
  Findings(object::Records& records, const base::Clock& clock) : records_(records), clock_(clock) {}

  // Nullopt: nobody knows, or it no longer holds.
  [[nodiscard]] std::optional<Finding> find(std::string_view question) const;

  [[nodiscard]] base::Nanoseconds now() const { return clock_.wall(); }

  // `asked_at`: now() before the first look. What rests on a path that has changed since, or so lately that
  // its signature would not tell the next change, is not kept. Nor is it where the records fail: the next
  // process asks again.
  void keep(std::string_view question, const Finding& finding, base::Nanoseconds asked_at);

  // What tells the states of these paths, as they are now, from all others. Nullopt: what keep() would not
  // keep.
  [[nodiscard]] static std::optional<object::Digest> states_of(const std::set<std::string>& paths,
                                                               base::Nanoseconds asked_at);

 private:
  object::Records& records_;
  const base::Clock& clock_;
};

// The path and what tells its file's states apart, as a line: for keys under which a tool's answers are kept.
[[nodiscard]] std::string signature_line(const std::string& path);

}  // namespace model
