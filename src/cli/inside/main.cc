// gg inside a container: makes thunks and collects files as the gg outside does, with no daemon and no
// network. What it makes lies in a directory that is looked at when the process has ended (spec/dynamic.md).
#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/skeleton.hh"
#include "base/unique_fd.hh"
#include "cli/command_line.hh"
#include "cli/draft.hh"
#include "cli/entry_word.hh"
#include "cli/inside/made_store.hh"
#include "cli/inspect.hh"
#include "cli/thunk_flags.hh"
#include "ir/dynamic.hh"
#include "ir/output_path.hh"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace {

using cli::UsageError;

constexpr const char* kUsage =
    "gg inside a container:\n"
    "    gg thunk create [--env NAME=VALUE] [--cwd DIR] [--base TREE] [--input PATH[=WHAT]] [--output PATH]\n"
    "                    [--platform NAME=VALUE] [--dynamic] [--place OUTPUT=PATH] -- COMMAND [ARGUMENT...]\n"
    "    gg thunk create --from FILE | --stream\n"
    "    gg thunk return PATH PROMISE\n"
    "    gg thunk return --stream\n"
    "    gg collect [--include GLOB] [--exclude GLOB] PATH...\n"
    "    gg describe [--json] THUNK|PROMISE|tree:HASH/SIZE|self:/PATH\n"
    "    gg graph [--json|--dot] THUNK|PROMISE...\n"
    "`gg thunk --help` and the like outside say more.\n";

constexpr int kOk = 0;
constexpr int kWrongUsage = 2;
constexpr int kInTheWay = 3;

struct Request {
  cli::ThunkFlags thunk;
  cli::FileFilter filter;
  bool json = false;
  bool dot = false;
  bool help = false;
  std::vector<std::string> words;
  std::vector<std::string> arguments;  // behind "--"
};

Request parse(std::vector<std::string> argv, const std::string& command) {
  Request request;
  if (command == "thunk") {
    request.arguments = cli::split_off_arguments(argv);
  }
  CLI::App app("gg", "gg");
  app.set_help_flag();
  app.add_flag("-h,--help", request.help);
  if (command == "collect") {
    cli::add_collect_flags(app, request.filter);
  } else if (command == "thunk") {
    cli::add_thunk_flags(app, request.thunk);
  } else {
    app.add_flag("--json", request.json);
    if (command == "graph") {
      app.add_flag("--dot", request.dot);
    }
  }
  app.add_option("words", request.words);
  std::reverse(argv.begin(), argv.end());  // CLI11 reads a vector from its end
  try {
    app.parse(argv);
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; see `gg --help`");
  }
  return request;
}

cli::DraftPlace place_here(inside::MadeStore& store) {
  const object::Digest self = store.own_tree();
  return {
      store,
      {},
      [](const std::string& program) -> std::vector<std::string> {
        throw UsageError(
            "--program '" + base::printable(program) +
            "' works outside of containers only; here it is `--input /usr=self:/usr` and the like");
      },
      self,
      [self, &store]() -> object::Entry {
        const auto tool = cli::TreeEditor(store).at(self, ir::dynamic::kTool);
        if (!tool) {
          throw base::OperatorError("this thunk's own input tree holds no /.gg/gg for another dynamic thunk");
        }
        return *tool;
      }};
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// From the root; the last name may be that of something that is not there.
std::string from_root(const std::string& path) {
  const std::string whole = std::filesystem::absolute(path).lexically_normal().string();
  const std::string skeleton = std::string(base::kSkeletonTree) + "/";
  return whole.substr(whole.starts_with(skeleton) ? skeleton.size() : 1);
}

// Makes thunks, and returns promises of them.
class Returning {
 public:
  Returning() : store_(""), maker_(place_here(store_)) {}

  [[nodiscard]] cli::DraftMaker& maker() { return maker_; }

  void add(const std::string& path_of_output, const object::Promise& promise) {
    const std::string at = from_root(path_of_output);
    if (at.empty() || !ir::is_path_from_root(at)) {
      throw UsageError("'" + base::printable(path_of_output) + "' is no path of an output");
    }
    pending_ += ir::encode_returned(at, promise);
  }

  void add(const std::string& path_of_output, const std::string& word) {
    const object::Entry entry = maker_.entry(word);
    const auto* promise = std::get_if<object::Promise>(&entry);
    if (promise == nullptr) {
      throw UsageError("'" + base::printable(word) + "' is no promise; a file is returned by writing it");
    }
    add(path_of_output, *promise);
  }

  // In one write, so that those of several processes do not mix.
  void write() {
    const std::string path = std::string("/") + ir::dynamic::kReturned;
    const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    if (!fd) {
      throw base::SyscallError("open", path);
    }
    base::write_all(fd.get(), pending_, path);
    pending_.clear();
  }

 private:
  inside::MadeStore store_;
  cli::DraftMaker maker_;
  std::string pending_;
};

int create(const Request& request) {
  Returning returning;
  const auto give_back = [&](const cli::Draft& draft, const cli::DraftMaker::Made& made) {
    for (const auto& [output, path] : draft.place) {
      returning.add(path, cli::promise_to_place(made, output, path));
    }
    returning.write();
  };
  cli::make_thunks(returning.maker(), request.thunk, request.arguments, STDIN_FILENO, {[] {}, give_back});
  return kOk;
}

int give_back(const Request& request) {
  const size_t words = request.words.size() - 1;
  if (words != (request.thunk.stream ? 0U : 2U)) {
    throw UsageError("gg thunk return wants PATH PROMISE, or --stream with lines {\"path\":…,\"promise\":…}");
  }
  Returning returning;
  if (!request.thunk.stream) {
    returning.add(request.words[1], request.words[2]);
  } else {
    cli::for_each_line(
        STDIN_FILENO,
        [&](std::string_view line) {
          const auto read = nlohmann::json::parse(line, nullptr, false);
          if (!read.is_object() || !read.contains("path") || !read.contains("promise") ||
              !read["path"].is_string() || !read["promise"].is_string()) {
            throw UsageError("this should read {\"path\":…,\"promise\":…}: " + base::printable(line));
          }
          returning.add(read["path"].get<std::string>(), read["promise"].get<std::string>());
        },
        [] {});
  }
  returning.write();
  return kOk;
}

int collect(const Request& request) {
  inside::MadeStore store("");
  (void)store.own_tree();  // says so if there is no place for what is collected
  cli::FileCollector collector(store, {});
  for (const std::string& path : request.words) {
    std::puts(cli::word_of(collector.collect(path, request.filter)).c_str());
  }
  return kOk;
}

void must_be_here(inside::MadeStore& store, const object::Digest& digest, const std::string& word) {
  if (!base::value_or_throw(store.get(digest))) {
    throw base::OperatorError(
        "'" + base::printable(word) +
        "' is not to be read here: in a container gg can show what was made in it, and the "
        "directories of its thunk's own input tree");
  }
}

object::Digest thunk_here(inside::MadeStore& store, const std::string& word) {
  const auto thunk = cli::thunk_of_word(word);
  if (!thunk) {
    throw UsageError("'" + base::printable(word) + "' is neither a thunk, HASH/SIZE, nor a promise of one");
  }
  must_be_here(store, *thunk, word);
  return *thunk;
}

int describe(const Request& request) {
  if (request.words.size() != 1) {
    throw UsageError("gg describe wants one thunk, promise, tree or self:/PATH");
  }
  const std::string& word = request.words[0];
  const cli::Format format = request.json ? cli::Format::Json : cli::Format::Text;
  inside::MadeStore store("");
  inside::NoRecords records;
  cli::DraftMaker maker(
      place_here(store));  // reads self:/PATH, and says so if nothing can have been made here
  if (object::Digest::parse(word)) {
    print(cli::describe_thunk(store, records, thunk_here(store, word), format));
    return kOk;
  }
  const object::Entry entry = maker.entry(word);
  print(std::holds_alternative<object::Promise>(entry)
            ? cli::describe_thunk(store, records, thunk_here(store, word), format)
            : cli::describe_entry(store, entry, format));
  return kOk;
}

int graph(const Request& request) {
  if (request.words.empty()) {
    throw UsageError("gg graph wants thunks, or promises of them");
  }
  inside::MadeStore store("");
  (void)store.own_tree();  // says so if nothing can have been made here
  inside::NoRecords records;
  std::vector<object::Digest> targets;
  for (const std::string& word : request.words) {
    targets.push_back(thunk_here(store, word));
  }
  const cli::Format format = request.dot    ? cli::Format::Dot
                             : request.json ? cli::Format::Json
                                            : cli::Format::Text;
  print(cli::graph_of(
      store, records, targets, [](const std::string&) { return std::nullopt; }, format));
  return kOk;
}

int dispatch(const std::vector<std::string>& argv) {
  const std::string command = argv.size() > 1 ? argv[1] : "";
  if (command != "thunk" && command != "collect" && command != "describe" && command != "graph") {
    std::fputs(kUsage, command == "--help" ? stdout : stderr);
    return command == "--help" ? kOk : kWrongUsage;
  }
  const Request request = parse({argv.begin() + 2, argv.end()}, command);
  if (request.help) {
    std::fputs(kUsage, stdout);
    return kOk;
  }
  if (command == "collect") {
    return collect(request);
  }
  if (command == "describe") {
    return describe(request);
  }
  if (command == "graph") {
    return graph(request);
  }
  const std::string verb = request.words.empty() ? "" : request.words[0];
  if (verb == "create" && request.words.size() == 1) {
    return create(request);
  }
  if (verb == "return") {
    return give_back(request);
  }
  throw UsageError(
      "it is gg thunk create or gg thunk return, and a command stands behind --; see `gg --help`");
}

int complain(const std::exception& error, int status) {
  std::fprintf(stderr, "gg: %s\n", error.what());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch({argv, argv + argc});
  } catch (const UsageError& error) {
    return complain(error, kWrongUsage);
  } catch (const std::exception& error) {
    return complain(error, kInTheWay);
  }
}
