#include "model/driver_link.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/paths.hh"
#include "object/hash.hh"

#include <algorithm>

namespace model {

namespace {

constexpr std::string_view kKeyVersion = "model: linker call, version 2";
constexpr std::string_view kSeparator{"\0", 1};

object::Digest key_of(const DriverLink& link) {
  object::Hasher hasher;
  const auto add = [&](std::string_view part) {
    hasher.add(part);
    hasher.add(kSeparator);
  };
  add(kKeyVersion);
  add(link.toolchain->identity.to_string());
  add(link.argv0);
  add(link.working_directory);
  for (const std::string& word : link.words) {
    add(word);
  }
  for (const auto& variable : link.environment) {
    add(variable.first);
    add(variable.second);
  }
  return hasher.take();
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text.append(word).append(kSeparator);
  }
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = text.find('\0');
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

// clang's for another target is called TARGET-ld, as others are that take other words (wasm-ld): it has to be
// the one that the toolchain was found with.
bool is_linker(const std::string& path, const Toolchain& toolchain) {
  const std::string_view name = base_name(path);
  return name == "collect2" || name == "ld" || name.starts_with("ld.") ||
         (name.ends_with("-ld") && path == toolchain.linker);
}

// Names with newlines stand in quotes: double ones in a command, single ones in COLLECT_GCC_OPTIONS.
size_t end_of_driver_line(std::string_view text) {
  const char quote = text.starts_with(' ') ? '"' : text.starts_with("COLLECT_") ? '\'' : '\0';
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && !quoted) {
      return i;
    }
    if (text[i] == '\\' && quoted && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      quoted = !quoted;
    }
  }
  return text.size();
}

}  // namespace

std::vector<std::string> split_driver_line(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      quoted = !quoted;
      inside = true;
    } else if (quoted && c == '\\' && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == ' ' && !quoted) {
      if (inside) {
        words.push_back(std::move(word));
        word.clear();
      }
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) {
    words.push_back(std::move(word));
  }
  return words;
}

LinkerCalls::LinkerCalls(object::Records& records, std::string pristine_root)
    : records_(records), pristine_root_(std::move(pristine_root)) {}

base::Result<std::optional<std::vector<std::string>>> LinkerCalls::of(const DriverLink& link) {
  // Start files are looked for along LIBRARY_PATH, whose folders may change; everything else that the driver
  // looks at belongs to the toolchain.
  const bool lasting = !link.environment.contains("LIBRARY_PATH");
  const object::Digest key = key_of(link);
  if (lasting) {
    const auto known = records_.find(object::kFootprintTable, key);
    if (!known) {
      return tl::unexpected(known.error());
    }
    if (*known && !(*known)->empty()) {
      return std::optional(split(**known));
    }
  }
  auto words = ask(link);
  if (words && *words && lasting) {
    if (auto done = records_.record(object::kFootprintTable, key, join(**words)); !done) {
      return tl::unexpected(done.error());
    }
  }
  return words;
}

base::Result<std::optional<LinkerCalls::Stages>> LinkerCalls::stages(const DriverLink& command) const {
  std::vector<std::string> argv{command.argv0};
  argv.insert(argv.end(), command.words.begin(), command.words.end());
  argv.emplace_back("-###");
  std::vector<std::string> environment{"LC_ALL=C"};
  for (const auto& variable : command.environment) {
    if (!variable.first.starts_with("LC_") && variable.first != "LANGUAGE") {
      environment.push_back(variable.first + "=" + variable.second);
    }
  }
  base::Completed done;
  try {
    done =
        base::run({command.toolchain->driver, argv, environment, command.working_directory, pristine_root_});
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  } catch (const base::OperatorError& error) {
    return base::failure(error.what());
  }
  if (done.exit_code != 0) {
    return std::nullopt;
  }
  Stages stages;
  std::string_view rest = done.err;
  while (!rest.empty()) {
    const size_t end = end_of_driver_line(rest);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    if (line.starts_with(' ')) {
      stages.push_back(split_driver_line(line));
    }
  }
  return stages;
}

base::Result<std::optional<std::vector<std::string>>> LinkerCalls::ask(const DriverLink& link) const {
  auto stages = this->stages(link);
  if (!stages) {
    return tl::unexpected(stages.error());
  }
  for (std::vector<std::string>& words : *stages ? **stages : Stages{}) {
    if (!words.empty() && is_linker(words[0], *link.toolchain)) {
      words.erase(words.begin());
      std::erase_if(words, [](const std::string& word) {  // collect2's
        return word.starts_with("-flto") || word.starts_with("-fuse-ld=");
      });
      return std::optional(std::move(words));
    }
  }
  return std::nullopt;
}

base::Result<std::optional<std::vector<std::string>>> LinkerCalls::stage_outputs(
    const DriverLink& command) const {
  const auto stages = this->stages(command);
  if (!stages) {
    return tl::unexpected(stages.error());
  }
  if (!*stages) {
    return std::nullopt;
  }
  std::vector<std::string> outputs;
  for (const std::vector<std::string>& words : **stages) {
    const auto option = std::find(words.begin(), words.end(), "-o");
    if (option != words.end() && option + 1 != words.end()) {
      outputs.push_back(*(option + 1));
    }
  }
  return outputs;
}

}  // namespace model
