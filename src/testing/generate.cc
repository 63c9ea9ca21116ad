#include "testing/generate.hh"

#include "ir/output_path.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace generate {

namespace {

using namespace std::string_view_literals;

// '!' and '-' sort before '/', '0' after it; the last are not UTF-8.
constexpr std::array kPieces = {"a"sv, "b"sv, "."sv, ".."sv, "!"sv,    "-"sv,        "0"sv,    " "sv,
                                "="sv, "'"sv, "~"sv, "\n"sv, "\xFF"sv, "\xC3\x28"sv, "\x80"sv, "long-word"sv};

std::string text(Source& source) {
  std::string result;
  for (uint64_t left = source.below(4); left > 0; --left) {
    result += kPieces.at(source.below(kPieces.size()));
  }
  return result;
}

std::string filled_text(Source& source) {
  return text(source) + "x";
}

std::string joined_names(Source& source, uint64_t count) {
  std::string path;
  for (uint64_t left = count; left > 0; --left) {
    path += entry_name(source) + (left > 1 ? "/" : "");
  }
  return path;
}

bool inside(std::string_view path, std::string_view other) {
  return path == other || (path.starts_with(other) && path[other.size()] == '/');
}

std::chrono::nanoseconds duration(Source& source) {
  return std::chrono::nanoseconds(source.below(uint64_t{1} << source.below(63)));
}

std::optional<object::Digest> stream(Source& source) {
  const object::Digest made = digest(source);
  return made.size() > 0 && source.once_in(2) ? std::optional(made) : std::nullopt;
}

}  // namespace

object::Digest digest(Source& source) {
  const object::Digest few = object::hash(std::to_string(source.below(16)));
  switch (source.below(4)) {
    case 0:
      return object::hash("");
    case 1:
      return {few.hash(), source.below(uint64_t{1} << source.below(63))};
    default:
      return few;
  }
}

std::string entry_name(Source& source) {
  std::string name = text(source);
  return object::is_entry_name(name) ? name : name + "n";
}

std::string output_path(Source& source) {
  std::string path = joined_names(source, 1 + source.below(3));
  for (uint64_t left = source.below(3); left > 0; --left) {
    path.insert(0, "../");
  }
  return path;
}

object::Entry entry(Source& source) {
  switch (source.below(4)) {
    case 0:
      return object::Subdirectory{digest(source), source.once_in(2)};
    case 1:
      return object::Symlink{filled_text(source)};
    case 2:
      return object::Promise{digest(source), output_path(source)};
    default:
      return object::File{digest(source), source.once_in(2)};
  }
}

object::Directory directory(Source& source) {
  object::Directory made;
  for (uint64_t left = source.below(8); left > 0; --left) {
    made.entries.insert_or_assign(entry_name(source), entry(source));
  }
  return made;
}

ir::Command command(Source& source) {
  ir::Command made;
  made.arguments.push_back(filled_text(source));
  for (uint64_t left = source.below(5); left > 0; --left) {
    made.arguments.push_back(text(source));
  }
  for (uint64_t left = source.below(4); left > 0; --left) {
    std::string name = filled_text(source);
    std::replace(name.begin(), name.end(), '=', '_');
    made.environment.insert_or_assign(name, text(source));
  }
  made.working_directory = joined_names(source, source.below(4));
  std::vector<std::string> from_root;
  for (uint64_t left = source.below(5); left > 0; --left) {
    const std::string path = joined_names(source, 1 + source.below(4));
    const auto spelt = ir::output_path(made.working_directory, path);
    const bool apart = std::none_of(from_root.begin(), from_root.end(), [&](const std::string& other) {
      return inside(path, other) || inside(other, path);
    });
    if (spelt && apart) {
      from_root.push_back(path);
      made.output_paths.push_back(*spelt);
    }
  }
  std::sort(made.output_paths.begin(), made.output_paths.end());
  return made;
}

ir::Thunk thunk(Source& source) {
  ir::Thunk made{digest(source), digest(source), {}};
  for (uint64_t left = source.below(3); left > 0; --left) {
    made.platform.insert_or_assign(filled_text(source), text(source));
  }
  return made;
}

ir::Result result(Source& source) {
  ir::Result made;
  made.exit_code = static_cast<int>(source.once_in(2) ? 0 : source.below(256));
  for (uint64_t left = source.below(5); left > 0; --left) {
    made.outputs.insert_or_assign(output_path(source), entry(source));
  }
  made.standard_output = stream(source);
  made.standard_error = stream(source);
  if (source.once_in(2)) {
    made.timings = {duration(source), duration(source), duration(source),
                    duration(source), duration(source), source.below(std::numeric_limits<uint64_t>::max())};
  }
  return made;
}

object::Subdirectory tree(Source& source, unsigned depth, const ir::WriteDirectory& write) {
  object::Directory made;
  for (uint64_t left = source.below(5); left > 0; --left) {
    object::Entry value = object::File{digest(source), source.once_in(2)};
    if (depth > 1 && source.once_in(2)) {
      value = tree(source, depth - 1, write);
    } else if (source.once_in(3)) {
      value = object::Promise{digest(source), output_path(source)};
    }
    made.entries.insert_or_assign(entry_name(source), value);
  }
  return {write(made).value(), made.owes()};
}

void for_seeds(uint64_t count, const std::function<void(Source&)>& property) {
  const char* chosen = std::getenv("GG_SEED");  // NOLINT(concurrency-mt-unsafe): before any thread
  const uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
  const uint64_t end = chosen != nullptr ? first + 1 : first + count;
  for (uint64_t seed = first; seed < end && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("repeat with GG_SEED=" + std::to_string(seed));
    Source source(seed);
    property(source);
  }
}

}  // namespace generate
