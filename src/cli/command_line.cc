#include "cli/command_line.hh"

#include "model/tool_names.hh"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace cli {

namespace {

// How many words may stand after the flags.
struct Words {
  const char* name;
  int least;
  int most;  // -1: any number
};

struct Shape {
  std::string name;
  Words words;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> table{
      {"run", {"COMMAND", 1, -1}},
      {"infer", {"COMMAND", 1, -1}},
      {"force", {"FILE", 0, -1}},
      {"describe", {"SUBJECT", 1, 1}},
      {"graph", {"SUBJECT", 1, -1}},
      {"explain", {"FILE", 1, 1}},
      {"verify", {"FILE", 0, -1}},
      {"stats", {"", 0, 0}},
      {"log", {"", 0, 0}},
      {"hash", {"FILE", 1, -1}},
      {"put", {"FILE", 1, -1}},
      {"get", {"DIGEST", 1, 1}},
      {"gc", {"", 0, 0}},
      {"fsck", {"", 0, 0}},
      {"doctor", {"", 0, 0}},
      {"version", {"", 0, 0}},
      {"cc", {"COMMAND", 1, -1}},
      {"thunk", {"create", 1, 1}},
      {"collect", {"PATH", 1, -1}},
      {"cloud", {"up, status, cost, image or down", 1, 1}},
  };
  return table;
}

// Everything that stands before the sub-command and its own flags, and the config file, is read before the
// rest, since it gives the rest its defaults.
Settings configured(const std::vector<std::string>& argv, const Environment& environment) {
  CLI::App early;
  early.set_help_flag();
  early.allow_extras();
  early.prefix_command(false);
  Settings settings;
  std::string config;
  early.add_option("--config", config);
  early.add_option("--profile", settings.profile);
  std::vector<std::string> words;
  for (size_t i = 1; i < argv.size() && argv[i] != "--"; ++i) {
    const bool takes_value = argv[i] == "--config" || argv[i] == "--profile";
    if (takes_value && i + 1 == argv.size()) {
      throw UsageError(argv[i] + " wants a value");
    }
    if (takes_value) {
      words.push_back(argv[i]);
      words.push_back(argv[++i]);
    } else if (argv[i].starts_with("--config=") || argv[i].starts_with("--profile=")) {
      words.push_back(argv[i]);
    }
  }
  std::reverse(words.begin(), words.end());  // CLI11 reads a vector from its end
  early.parse(words);
  const Places places = default_places(environment);
  settings.store = places.store;
  settings.tools = places.tools;
  settings.config = config.empty() ? places.config : config;
  read_config(settings, config.empty() ? MustExist::No : MustExist::Yes);
  return settings;
}

void add_global_flags(CLI::App& app, Request& request) {
  Settings& settings = request.settings;
  app.add_option("--store", request.stores)->type_name("DIR")->allow_extra_args(false);
  app.add_option("--config", settings.config)->type_name("FILE");
  app.add_option("--profile", settings.profile)->type_name("NAME");
  app.add_flag("--json", settings.json);
  app.add_flag("-q,--quiet", settings.quiet);
  app.add_flag("-h,--help", request.help);
}

template <size_t N>
CLI::IsMember one_of(const std::array<const char*, N>& words) {
  return CLI::IsMember(std::vector<std::string>(words.begin(), words.end()));
}

void add_sandbox_flag(CLI::App& app, Settings& settings) {
  app.add_option("--sandbox", settings.sandbox)->check(one_of(kSandboxes));
}

// CLI::Range lets what is no number pass.
std::string no_dollars(const std::string& text) {
  double value = 0;
  return CLI::detail::lexical_cast(text, value) && value >= 0 && value <= kMostDollars
             ? ""
             : "'" + text + "' is not a number of dollars from 0 to 1000000";
}

void add_server_flags(CLI::App& app, Settings& settings) {
  app.add_option("--instance", settings.instance)->type_name("NAME");
  app.add_option("--platform", settings.platform)->type_name("KEY=VALUE")->allow_extra_args(false);
  app.add_option("--ca", settings.authorities)->type_name("FILE");
  app.add_option("--client-certificate", settings.client_certificate)->type_name("FILE");
  app.add_option("--client-key", settings.client_key)->type_name("FILE");
  app.add_option("--token-file", settings.token_file)->type_name("FILE");
  app.add_option("--credential-helper", settings.credential_helper)->type_name("PROGRAM");
}

void add_build_flags(CLI::App& app, Request& request) {
  Settings& settings = request.settings;
  app.add_option("--max-executions", settings.max_executions)
      ->type_name("N")
      ->check(CLI::Range(0U, 1'000'000'000U));
  app.add_option("--max-cost", settings.max_cost)->type_name("USD")->check(no_dollars);
  app.add_option("-j,--jobs", settings.jobs)->type_name("N");
  app.add_flag("-k,--keep-going", settings.keep_going);
  app.add_option("--cache", settings.cache)->check(one_of(kCacheModes));
  app.add_option("--engine", settings.engine)->type_name("NAME")->check(no_engine);
  app.add_option("--fallback", settings.fallback)->check(one_of(kFallbacks));
  app.add_option("--download", settings.download)->check(one_of(kDownloads));
  add_sandbox_flag(app, settings);
  add_server_flags(app, settings);
}

void add_report_flags(CLI::App& app, Settings& settings) {
  app.add_option("--tool", settings.tool_files)->type_name("FILE")->allow_extra_args(false);
  app.add_flag("--explain", settings.explain);
  app.add_option("--summary", settings.summary)->check(one_of(kSummaries));
}

void add_verify_flags(CLI::App& app, Request& request) {
  app.add_option("-j,--jobs", request.settings.jobs)->type_name("N");
  CLI::Option* share = app.add_option("--share", request.share_percent);
  share->type_name("PERCENT")->check(CLI::Range(0.0, 100.0))->check(CLI::PositiveNumber);
  app.add_option("--count", request.count)->type_name("N")->check(CLI::PositiveNumber)->excludes(share);
  app.add_option("--run", request.run_id)->type_name("ID");
  app.add_flag("--trace", request.trace);
  app.add_flag("--remote", request.remote);
  app.add_option("--engine", request.settings.engine)->type_name("NAME")->check(no_engine);
  add_server_flags(app, request.settings);
}

void add_own_flags(CLI::App& app, const std::string& name, Request& request) {
  if (name == "run" || name == "infer" || name == "force") {
    add_build_flags(app, request);
  } else if (name == "cc") {
    add_sandbox_flag(app, request.settings);
    app.add_flag("--explain", request.settings.explain);
  }
  if (name == "run" || name == "infer") {
    add_report_flags(app, request.settings);
  } else if (name == "force") {
    app.add_flag("--all", request.all);
    app.add_option("-o,--output", request.output)->type_name("PATH");
  } else if (name == "graph") {
    app.add_flag("--dot", request.dot);
  } else if (name == "verify") {
    add_verify_flags(app, request);
  } else if (name == "stats") {
    app.add_option("--run", request.run_id)->type_name("ID");
  } else if (name == "log") {
    app.add_option("--run", request.run_id)->type_name("ID");
    app.add_option("--outcome", request.outcome)
        ->check(
            CLI::IsMember({"hit", "promised", "waited", "native", "attempt", "decision", "ran", "failed"}));
  } else if (name == "get") {
    app.add_option("-o,--output", request.output)->type_name("FILE");
  } else if (name == "cloud") {
    add_cloud_flags(app, request.cloud);
  } else if (name == "doctor") {
    app.add_option("--engine", request.settings.engine)->check(CLI::IsMember({"local", "lambda"}));
    add_account_flags(app, request.cloud);
  } else if (name == "thunk") {
    add_thunk_flags(app, request.thunk);
  } else if (name == "collect") {
    add_collect_flags(app, request.filter);
  } else if (name == "gc") {
    app.add_option("--size", request.size_bytes)->required()->transform(CLI::AsSizeValue(false));
  } else if (name == "fsck") {
    app.add_flag("--dry-run", request.dry_run);
  }
}

void check_words(const Shape& shape, const Request& request) {
  const auto count = static_cast<int>(request.words.size());
  if (count < shape.words.least) {
    throw UsageError("gg " + shape.name + " wants a " + shape.words.name + "; see `gg " + shape.name +
                     " --help`");
  }
  if (shape.words.most >= 0 && count > shape.words.most) {
    throw UsageError("gg " + shape.name + " takes no '" +
                     request.words[static_cast<size_t>(shape.words.most)] + "'; see `gg " + shape.name +
                     " --help`");
  }
}

// The command line of `gg run` and `gg cc`: flags of ours end at the first word that is none, or at "--"; all
// behind is the build's.
std::vector<std::string> split_off_build_command(std::vector<std::string>& argv) {
  // `gg run` has every flag that `gg infer` and `gg cc` have.
  Request unused;
  CLI::App flags;
  flags.set_help_flag();
  add_global_flags(flags, unused);
  add_own_flags(flags, "run", unused);
  const auto takes_value = [&flags](const std::string& word) {
    const CLI::Option* option = flags.get_option_no_throw(word);
    return option != nullptr && option->get_items_expected_max() > 0;
  };
  for (size_t i = 2; i < argv.size(); ++i) {
    if (argv[i] == "--") {
      std::vector<std::string> rest(argv.begin() + static_cast<std::ptrdiff_t>(i) + 1, argv.end());
      argv.resize(i);
      return rest;
    }
    if (!argv[i].starts_with('-')) {
      std::vector<std::string> rest(argv.begin() + static_cast<std::ptrdiff_t>(i), argv.end());
      argv.resize(i);
      return rest;
    }
    if (takes_value(argv[i])) {
      ++i;
    }
  }
  return {};
}

bool is_command(const std::string& word) {
  return std::any_of(shapes().begin(), shapes().end(),
                     [&](const Shape& shape) { return shape.name == word; });
}

// The text that says what could have been written instead.
std::string help_for(const std::vector<std::string>& argv) {
  return argv.size() > 1 && is_command(argv[1]) ? "gg " + argv[1] + " --help" : "gg --help";
}

// A launcher before a tool's path. A tool's bare name could be that of a sub-command some day.
bool is_path(const std::vector<std::string>& argv) {
  return argv.size() > 1 && !argv[1].starts_with('-') && argv[1].find('/') != std::string::npos;
}

}  // namespace

std::vector<std::string> launched_command(const std::vector<std::string>& argv) {
  if (is_path(argv)) {
    return {argv.begin() + 1, argv.end()};
  }
  std::vector<std::string> own = argv;
  return argv.size() > 1 && argv[1] == "cc" ? split_off_build_command(own) : std::vector<std::string>{};
}

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Shape& shape : shapes()) {
      list.push_back(shape.name);
    }
    return list;
  }();
  return names;
}

Request parse_command_line(const std::vector<std::string>& given, const Environment& environment) {
  std::vector<std::string> argv = given;
  std::vector<std::string> build_command;
  if (is_path(argv)) {
    build_command.assign(argv.begin() + 1, argv.end());
    argv = {argv[0], "cc"};
  } else if (argv.size() > 1 && (argv[1] == "run" || argv[1] == "infer" || argv[1] == "cc")) {
    build_command = split_off_build_command(argv);
  }
  Request request;
  if (argv.size() > 1 && argv[1] == "thunk") {
    request.arguments = split_off_arguments(argv);
  }
  request.settings = configured(argv, environment);

  if (argv.size() > 1 && !argv[1].starts_with('-') && !is_command(argv[1])) {
    throw UsageError("gg has no sub-command '" + argv[1] + "'; " +
                     (model::tool_called(argv[1])
                          ? "before a tool it is `gg cc " + argv[1] + " …`, see `gg cc --help`"
                          : "see `gg --help`"));
  }
  CLI::App app("gg", "gg");
  app.set_help_flag();
  bool version = false;
  app.add_flag("--version", version);
  app.add_flag("-h,--help", request.help);
  for (const Shape& shape : shapes()) {
    CLI::App* sub = app.add_subcommand(shape.name);
    sub->set_help_flag();
    add_global_flags(*sub, request);
    add_own_flags(*sub, shape.name, request);
    sub->add_option("words", request.words);
  }
  std::vector<std::string> words(argv.rbegin(), argv.rend() - 1);
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    if (request.help || std::find(argv.begin(), argv.end(), "--help") != argv.end()) {
      request.help = true;
    } else {
      throw UsageError(std::string(error.what()) + "; see `" + help_for(argv) + "`");
    }
  }
  const auto chosen = app.get_subcommands();
  request.command = version ? "version" : chosen.empty() ? "" : chosen.front()->get_name();
  if (!build_command.empty()) {
    request.words = std::move(build_command);
  }
  for (const std::string& place : request.stores) {
    set_store(request.settings, place);
  }
  choose_store(request.settings);
  request.settings.store = absolute_path(request.settings.store);
  if (request.help) {
    return request;
  }
  if (request.command.empty()) {
    throw UsageError("gg wants a sub-command; see `gg --help`");
  }
  const auto shape = std::find_if(shapes().begin(), shapes().end(),
                                  [&](const Shape& candidate) { return candidate.name == request.command; });
  check_words(*shape, request);
  return request;
}

}  // namespace cli
