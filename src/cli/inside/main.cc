// gg inside a container: makes thunks and collects files as the gg outside does, with no daemon and no
// network. What it makes lies in a directory that is looked at when the process has ended (spec/dynamic.md).
#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "cli/command_line.hh"
#include "cli/draft.hh"
#include "cli/entry_word.hh"
#include "cli/inside/made_store.hh"
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
    "`gg thunk --help` and `gg collect --help` outside say more.\n";

constexpr int kOk = 0;
constexpr int kWrongUsage = 2;
constexpr int kInTheWay = 3;

struct Request {
  cli::ThunkFlags thunk;
  cli::FileFilter filter;
  bool help = false;
  std::vector<std::string> words;
  std::vector<std::string> arguments;  // behind "--"
};

Request parse(std::vector<std::string> argv, bool is_collect) {
  Request request;
  if (!is_collect) {
    request.arguments = cli::split_off_arguments(argv);
  }
  CLI::App app("gg", "gg");
  app.set_help_flag();
  app.add_flag("-h,--help", request.help);
  if (is_collect) {
    cli::add_collect_flags(app, request.filter);
  } else {
    cli::add_thunk_flags(app, request.thunk);
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

// From the root; the last name may be that of something that is not there.
std::string from_root(const std::string& path) {
  const std::string whole = std::filesystem::absolute(path).lexically_normal().string();
  return whole.substr(1);
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

int dispatch(const std::vector<std::string>& argv) {
  const std::string command = argv.size() > 1 ? argv[1] : "";
  if (command != "thunk" && command != "collect") {
    std::fputs(kUsage, command == "--help" ? stdout : stderr);
    return command == "--help" ? kOk : kWrongUsage;
  }
  const Request request = parse({argv.begin() + 2, argv.end()}, command == "collect");
  if (request.help) {
    std::fputs(kUsage, stdout);
    return kOk;
  }
  if (command == "collect") {
    return collect(request);
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
