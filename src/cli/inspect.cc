#include "cli/inspect.hh"

#include "base/quote.hh"
#include "cli/thunk_reader.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace cli {

namespace {

using nlohmann::json;

std::string kind_and_target(const object::Entry& entry) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    return (file->executable ? "program   " : "file      ") + file->digest.to_string();
  }
  if (const auto* link = std::get_if<object::Symlink>(&entry)) {
    return "symlink   " + base::printable(link->target);
  }
  if (const auto* promise = std::get_if<object::Promise>(&entry)) {
    return "promise   " + promise->thunk.to_string() + " " + base::printable(promise->output);
  }
  return "directory " + std::get<object::Subdirectory>(entry).digest.to_string();
}

json entry_json(const object::Entry& entry) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    return {{"kind", "file"}, {"digest", file->digest.to_string()}, {"executable", file->executable}};
  }
  if (const auto* link = std::get_if<object::Symlink>(&entry)) {
    return {{"kind", "symlink"}, {"target", base::printable(link->target)}};
  }
  if (const auto* promise = std::get_if<object::Promise>(&entry)) {
    return {{"kind", "promise"},
            {"thunk", promise->thunk.to_string()},
            {"output", base::printable(promise->output)}};
  }
  return {{"kind", "directory"}, {"digest", std::get<object::Subdirectory>(entry).digest.to_string()}};
}

json printable_list(const std::vector<std::string>& list) {
  json array = json::array();
  for (const std::string& item : list) {
    array.push_back(base::printable(item));
  }
  return array;
}

json result_json(const ir::Result& result) {
  json outputs = json::object();
  for (const auto& output : result.outputs) {
    outputs[base::printable(output.first)] = entry_json(output.second);
  }
  json described{
      {"exit", result.exit_code}, {"outputs", outputs}, {"execute_ns", result.timings.execute.count()}};
  if (result.standard_output) {
    described["stdout"] = result.standard_output->to_string();
  }
  if (result.standard_error) {
    described["stderr"] = result.standard_error->to_string();
  }
  return described;
}

json entries_json(object::Store& store, const object::Digest& root) {
  json entries = json::object();
  walk(store, root, [&](const std::string& path, const object::Entry& entry) {
    entries["/" + base::printable(path)] = entry_json(entry);
  });
  return entries;
}

std::string entries_text(object::Store& store, const object::Digest& root, const std::string& heading) {
  std::string text;
  walk(store, root, [&](const std::string& path, const object::Entry& entry) {
    text += fmt::format("{}{}  /{}\n", heading, kind_and_target(entry), base::printable(path));
  });
  return text;
}

json thunk_json(object::Store& store, object::Records& records, const object::Digest& name) {
  const ir::Thunk thunk = read_thunk(store, name);
  const ir::Command command = read_command(store, thunk.command);
  json environment = json::object();
  for (const auto& variable : command.environment) {
    environment[base::printable(variable.first)] = base::printable(variable.second);
  }
  json described{{"thunk", name.to_string()},
                 {"argv", printable_list(command.arguments)},
                 {"environment", environment},
                 {"working_directory", "/" + base::printable(command.working_directory)},
                 {"outputs", printable_list(command.output_paths)},
                 {"input_root", thunk.input_root.to_string()},
                 {"inputs", entries_json(store, thunk.input_root)}};
  if (const auto memo = memo_of(records, name)) {
    described["result"] = result_json(*memo);
  }
  return described;
}

std::string thunk_text(object::Store& store, object::Records& records, const object::Digest& name) {
  const ir::Thunk thunk = read_thunk(store, name);
  const ir::Command command = read_command(store, thunk.command);
  std::string text = fmt::format("thunk    {}\ncommand  {}\nin       /{}\n", name.to_string(),
                                 base::printable(base::shell_quoted(command.arguments)),
                                 base::printable(command.working_directory));
  for (const auto& variable : command.environment) {
    text +=
        fmt::format("env      {}={}\n", base::printable(variable.first), base::printable(variable.second));
  }
  for (const std::string& output : command.output_paths) {
    text += fmt::format("output   {}\n", base::printable(output));
  }
  text += entries_text(store, thunk.input_root, "input    ");
  const auto memo = memo_of(records, name);
  if (!memo) {
    return text + "result   none yet\n";
  }
  text +=
      fmt::format("result   exit {}, {} ms\n", memo->exit_code, memo->timings.execute.count() / 1'000'000);
  for (const auto& output : memo->outputs) {
    text += fmt::format("made     {}  {}\n", kind_and_target(output.second), base::printable(output.first));
  }
  return text;
}

struct Node {
  object::Digest thunk;
  std::string label;
  bool finished = false;
  std::vector<object::Promise> needs;
};

// For a person: the program's name and the first output.
std::string short_label(const ir::Command& command) {
  const std::string program = command.arguments.empty() ? "" : command.arguments[0];
  const std::string base_name = program.substr(program.rfind('/') + 1);
  return base::printable(base_name + (command.output_paths.empty() ? "" : " -> " + command.output_paths[0]));
}

// The output of `maker` that holds these bytes.
std::optional<object::Promise> output_with(object::Records& records, const object::Digest& maker,
                                           const object::Digest& bytes) {
  const auto memo = memo_of(records, maker);
  if (!memo) {
    return std::nullopt;
  }
  for (const auto& [name, entry] : memo->outputs) {
    const auto* file = std::get_if<object::File>(&entry);
    if (file != nullptr && file->digest == bytes) {
      return object::Promise{maker, name};
    }
  }
  return std::nullopt;
}

std::vector<object::Promise> needs_of(object::Store& store, object::Records& records,
                                      const object::Digest& thunk, const MakerOf& maker_of) {
  const std::vector<object::Promise> promised = dependencies(store, thunk);
  std::set<object::Promise> needs(promised.begin(), promised.end());
  walk(store, read_thunk(store, thunk).input_root, [&](const std::string& path, const object::Entry& entry) {
    const auto* file = std::get_if<object::File>(&entry);
    const auto maker = file != nullptr ? maker_of("/" + path) : std::nullopt;
    const auto made = maker && *maker != thunk ? output_with(records, *maker, file->digest) : std::nullopt;
    if (made) {
      needs.insert(*made);
    }
  });
  return {needs.begin(), needs.end()};
}

std::vector<Node> nodes_below(object::Store& store, object::Records& records,
                              const std::vector<object::Digest>& targets, const MakerOf& maker_of) {
  std::vector<Node> nodes;
  std::set<object::Digest> seen(targets.begin(), targets.end());
  std::vector<object::Digest> open(seen.begin(), seen.end());
  while (!open.empty()) {
    const object::Digest thunk = open.back();
    open.pop_back();
    Node node{thunk, short_label(read_command(store, read_thunk(store, thunk).command)),
              memo_of(records, thunk).has_value(), needs_of(store, records, thunk, maker_of)};
    for (const object::Promise& promise : node.needs) {
      if (seen.insert(promise.thunk).second) {
        open.push_back(promise.thunk);
      }
    }
    nodes.push_back(std::move(node));
  }
  std::sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return a.thunk < b.thunk; });
  return nodes;
}

std::string dot_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  }
  return quoted + "\"";
}

std::string as_dot(const std::vector<Node>& nodes) {
  std::string text = "digraph gg {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const Node& node : nodes) {
    text += fmt::format("  {} [label={}{}];\n", dot_quoted(node.thunk.hex().substr(0, 12)),
                        dot_quoted(node.label), node.finished ? ", style=filled" : "");
    for (const object::Promise& promise : node.needs) {
      text += fmt::format("  {} -> {};\n", dot_quoted(promise.thunk.hex().substr(0, 12)),
                          dot_quoted(node.thunk.hex().substr(0, 12)));
    }
  }
  return text + "}\n";
}

std::string as_json(const std::vector<Node>& nodes) {
  json array = json::array();
  for (const Node& node : nodes) {
    json needs = json::array();
    for (const object::Promise& promise : node.needs) {
      needs.push_back({{"thunk", promise.thunk.to_string()}, {"output", base::printable(promise.output)}});
    }
    array.push_back({{"thunk", node.thunk.to_string()},
                     {"label", node.label},
                     {"finished", node.finished},
                     {"needs", needs}});
  }
  return json{{"thunks", array}}.dump(2) + "\n";
}

std::string as_text(const std::vector<Node>& nodes) {
  std::string text;
  for (const Node& node : nodes) {
    text += fmt::format("{}  {:9} {}\n", node.thunk.hex().substr(0, 12),
                        node.finished ? "finished" : "waiting", node.label);
    for (const object::Promise& promise : node.needs) {
      text += fmt::format("    needs {}  {}\n", promise.thunk.hex().substr(0, 12),
                          base::printable(promise.output));
    }
  }
  return text;
}

}  // namespace

std::string describe_thunk(object::Store& store, object::Records& records, const object::Digest& thunk,
                           Format format) {
  return format == Format::Json ? thunk_json(store, records, thunk).dump(2) + "\n"
                                : thunk_text(store, records, thunk);
}

std::string describe_entry(object::Store& store, const object::Entry& entry, Format format) {
  const auto* directory = std::get_if<object::Subdirectory>(&entry);
  if (format == Format::Json) {
    json described = entry_json(entry);
    if (directory != nullptr) {
      described["entries"] = entries_json(store, directory->digest);
    }
    return described.dump(2) + "\n";
  }
  return kind_and_target(entry) + "\n" +
         (directory != nullptr ? entries_text(store, directory->digest, "entry    ") : "");
}

std::string graph_of(object::Store& store, object::Records& records,
                     const std::vector<object::Digest>& targets, const MakerOf& maker_of, Format format) {
  const std::vector<Node> nodes = nodes_below(store, records, targets, maker_of);
  return format == Format::Dot ? as_dot(nodes) : format == Format::Json ? as_json(nodes) : as_text(nodes);
}

}  // namespace cli
