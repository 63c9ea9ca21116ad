#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "cli/aws_account.hh"
#include "cli/commands.hh"
#include "cli/config_table.hh"
#include "cli/places.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/totals.hh"
#include "net/aws/rates.hh"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cloud/account.hh"
#include "cloud/registry.hh"
#include "cloud/worker_image.hh"

namespace cli {

namespace {

using nlohmann::json;

constexpr const char* kTag = "gg-worker";
constexpr std::chrono::seconds kPatience{60};

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

constexpr const char* kScratchAbove = "/tmp";
constexpr std::string_view kScratchPrefix = "gg-image-";

base::UniqueFd locked_folder(const std::string& path) {
  base::UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(folder) : base::UniqueFd();
}

// A killed process leaves some 100 MB. What has just been made may not be locked yet.
void remove_what_the_killed_left() {
  constexpr time_t kYoungSeconds = 60;
  std::error_code error;  // what cannot be looked at stays
  for (const auto& entry : std::filesystem::directory_iterator(kScratchAbove, error)) {
    const std::string path = entry.path().string();
    if (!entry.path().filename().string().starts_with(kScratchPrefix)) {
      continue;
    }

    struct stat status {};

    const base::UniqueFd folder = locked_folder(path);
    if (folder && ::fstat(folder.get(), &status) == 0 && status.st_uid == ::geteuid() &&
        status.st_mtime + kYoungSeconds < std::time(nullptr)) {
      base::remove_tree(path);
    }
  }
}

// A folder for the image, and what it is made of, until it is sent. Ctrl-C takes it along: all else that was
// done may stay.
class Scratch {
 public:
  Scratch() {
    remove_what_the_killed_left();
    base::make_directories(image());
  }

  [[nodiscard]] const std::string& path() const { return folder_.path(); }

  [[nodiscard]] std::string image() const { return path() + "/image"; }

 private:
  base::TemporaryDirectory folder_{kScratchAbove, kScratchPrefix};
  base::UniqueFd lock_ = locked_folder(folder_.path());
  StopSignals signals_;
  std::unique_ptr<StopSignals::Watch> watch_ = signals_.watch([this](int) {
    say("broken off; what is done stays, do the same again for the rest");
    base::remove_tree(folder_.path());
    constexpr int kInterrupted = 130;
    ::_exit(kInterrupted);
  });
};

// The path of gg-worker: `given`, or the one beside gg.
std::string worker_program(const std::string& given) {
  if (!given.empty()) {
    return absolute_path(given);
  }
  const std::string gg = base::link_target("/proc/self/exe").value_or("");
  const std::string beside = gg.substr(0, gg.rfind('/')) + "/gg-worker";
  if (::access(beside.c_str(), X_OK) != 0) {
    throw base::OperatorError("there is no '" + beside + "': say with --worker where gg-worker is");
  }
  return beside;
}

// Empty: those that this machine trusts.
std::string authorities(const Settings& settings, const Environment& environment) {
  const auto bundle = environment.find("AWS_CA_BUNDLE");
  return !settings.authorities.empty() || bundle == environment.end() ? settings.authorities : bundle->second;
}

// In `folder`, which is there and empty.
cloud::LocalImage make_image(const Request& request, const Environment& environment, const Scratch& scratch,
                             const std::string& folder) {
  const cloud::WorkerRoot root =
      cloud::make_worker_root(worker_program(request.cloud.worker),
                              authorities(request.settings, environment), scratch.path() + "/root");
  return {folder, cloud::make_worker_image(root, folder, kTag), kTag};
}

cloud::Account account_of(AwsAccount& aws, const CloudFlags& flags) {
  cloud::Account::Options options;
  options.name = flags.name;
  options.registry = flags.registry;
  return {aws.calls(), aws.http(), options, print_line};
}

cloud::Wanted wanted(const CloudFlags& flags) {
  cloud::Wanted wanted;
  wanted.stack.object_days = flags.object_days;
  wanted.functions = flags.functions;
  wanted.function.memory_mb = flags.memory_mb;
  wanted.function.disk_mb = flags.disk_mb;
  wanted.function.time_seconds = flags.time_seconds;
  wanted.function.architecture =
      cloud::architecture_of(worker_program(flags.worker)) == "arm64" ? "arm64" : "x86_64";
  return wanted;
}

void write_config(const std::string& path, const ConfigLines& lines) {
  const std::string before = base::read_file_if_there(path).value_or("");
  const std::string after = with_table(before, "lambda", lines);
  if (after != before) {
    base::make_directories(path.substr(0, path.rfind('/')));
    base::write_file_atomically(path, after);
    print_line("config " + path +
               (lines.empty() ? ": [lambda] is gone" : ": [lambda] says where all that is"));
  }
}

int up(const Request& request, const Environment& environment) {
  const CloudFlags& flags = request.cloud;
  const Scratch scratch;
  AwsAccount aws(flags, request.settings, environment, kPatience);
  const cloud::LocalImage image = make_image(request, environment, scratch, scratch.image());
  cloud::Account account = account_of(aws, flags);
  if (flags.dry_run) {
    account.plan(wanted(flags), image);
    return kOk;
  }
  const cloud::StackState stack = account.up(wanted(flags), image);
  write_config(
      request.settings.config,
      {{"region", toml_string(aws.calls().region())},
       {"functions", toml_string(account.function_prefix())},
       {"count", std::to_string(flags.functions)},
       {"store", toml_string("s3://" + stack.output("Bucket") + "?region=" + aws.calls().region())}});
  return kOk;
}

json json_of(const cloud::FunctionState& state) {
  return {{"name", state.name},           {"image", state.image},
          {"memory_mb", state.memory_mb}, {"time_seconds", state.time_seconds},
          {"state", state.state},         {"last_update", state.last_update},
          {"reason", state.reason}};
}

int status(const Request& request, const Environment& environment) {
  AwsAccount aws(request.cloud, request.settings, environment, kPatience);
  const cloud::Standing standing = account_of(aws, request.cloud).look();
  if (request.settings.json) {
    json functions = json::array();
    for (const cloud::FunctionState& state : standing.functions) {
      functions.push_back(json_of(state));
    }
    json document{{"region", aws.calls().region()},
                  {"stack", standing.stack ? json(standing.stack->status) : json()},
                  {"functions", functions},
                  {"objects", standing.objects.count},
                  {"object_bytes", standing.objects.bytes},
                  {"images", standing.images.count},
                  {"image_bytes", standing.images.bytes},
                  {"dollars_a_month", standing.at_rest()},
                  {"concurrent", standing.limits ? json(standing.limits->concurrent) : json()}};
    if (standing.stack) {
      document["outputs"] = standing.stack->outputs;
    }
    fmt::print("{}\n", document.dump(2));
    return standing.stack ? kOk : kFailed;
  }
  if (!standing.stack) {
    print_line(fmt::format("stack {} in {}: there is none; `gg cloud up` makes it", request.cloud.name,
                           aws.calls().region()));
    return kFailed;
  }
  print_line(
      fmt::format("stack {} in {}: {}", request.cloud.name, aws.calls().region(), standing.stack->status));
  for (const auto& [name, value] : standing.stack->outputs) {
    print_line(fmt::format("  {:<14} {}", name, value));
  }
  for (const cloud::FunctionState& state : standing.functions) {
    print_line(fmt::format("function {}: {}, {} MB, image {}", state.name,
                           state.is_well() ? state.state : state.state + " (" + state.reason + ")",
                           state.memory_mb,
                           state.image.substr(std::min(state.image.find('@') + 1, state.image.size()))));
  }
  print_line(fmt::format("bucket: {} objects, {}", standing.objects.count,
                         cloud::size_text(standing.objects.bytes)));
  print_line(fmt::format("images: {}, {}", standing.images.count, cloud::size_text(standing.images.bytes)));
  if (standing.limits) {
    print_line(cloud::explained(*standing.limits));
  }
  print_line(fmt::format("at rest: ${:.4f} a month (rates of {}, us-east-1)", standing.at_rest(),
                         net::aws::rates::kDate));
  return kOk;
}

struct Rate {
  const char* what;
  double dollars;
  const char* unit;
};

int cost(const Request& request) {
  namespace rates = net::aws::rates;
  const Rate table[] = {
      {"function x86_64", rates::kGbSecondX86, "GB of memory and second"},
      {"function arm64", rates::kGbSecondArm, "GB of memory and second"},
      {"invocations", rates::kInvocation * 1e6, "million"},
      {"/tmp above 512 MB", rates::kDiskGbSecond, "GB and second"},
      {"S3 writes, lists", rates::kPut * 1000, "thousand"},
      {"S3 reads", rates::kGet * 1000, "thousand"},
      {"S3 storage", rates::kBucketGbMonth, "GB and month"},
      {"image storage", rates::kImageGbMonth, "GB and month"},
      {"log", rates::kLogGb, "GB written"},
      {"out to the Internet", rates::kOutGb, "GB"},
  };
  uint64_t sum = 0;
  json runs = json::array();
  for (const std::string& id : run_ids(request.settings.store)) {
    const RunRecord run = read_journal(request.settings.store, id);
    const Totals totals = totals_of(run);
    if (totals.billed_micro_dollars == 0) {
      continue;
    }
    sum += totals.billed_micro_dollars;
    if (request.settings.json) {
      runs.push_back({{"run", id},
                      {"attempts", totals.attempts},
                      {"billed_micro_dollars", totals.billed_micro_dollars},
                      {"argv", run.argv}});
    } else {
      print_line(fmt::format("{}  ${:.6f}  {:>6} invocations  {}", id,
                             static_cast<double>(totals.billed_micro_dollars) / 1e6, totals.attempts,
                             base::shell_quoted(run.argv)));
    }
  }
  if (request.settings.json) {
    json rates = json::array();
    for (const Rate& rate : table) {
      rates.push_back({{"what", rate.what}, {"dollars", rate.dollars}, {"unit", rate.unit}});
    }
    fmt::print(
        "{}\n",
        json{{"billed_micro_dollars", sum}, {"runs", runs}, {"rates", rates}, {"date", rates::kDate}}.dump(
            2));
    return kOk;
  }
  print_line(fmt::format("all runs in this store: ${:.6f}", static_cast<double>(sum) / 1e6));
  print_line(fmt::format("\nrates of {}, us-east-1, without any free tier:", rates::kDate));
  for (const Rate& rate : table) {
    print_line(fmt::format("  {:<20} ${:<13.10g} a {}", rate.what, rate.dollars, rate.unit));
  }
  return kOk;
}

// What `docker login` (or podman's, skopeo's) has written for a registry, as "Authorization: Basic" wants it;
// "": nothing.
std::string registry_credentials(const std::string& origin, const Environment& environment) {
  const auto folder = environment.find("DOCKER_CONFIG");
  const auto home = environment.find("HOME");
  const std::string file = (folder != environment.end() ? folder->second
                            : home != environment.end() ? home->second + "/.docker"
                                                        : "") +
                           "/config.json";
  const json config = json::parse(base::read_file_if_there(file).value_or("{}"), nullptr, false);
  const auto pointer = [&](const std::string& name) {
    const json* found = &config;
    for (const std::string& key : {std::string("auths"), name, std::string("auth")}) {
      found = found != nullptr && found->is_object() && found->contains(key) ? &(*found)[key] : nullptr;
    }
    return found != nullptr && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string of_host = pointer(origin.substr(origin.find("://") + 3));
  return of_host.empty() ? pointer(origin) : of_host;
}

int image(const Request& request, const Environment& environment) {
  const CloudFlags& flags = request.cloud;
  if (flags.output.empty() && flags.push.empty()) {
    throw UsageError("gg cloud image wants --output DIR or --push URL; see `gg cloud --help`");
  }
  const Scratch scratch;
  const std::string folder = flags.output.empty() ? scratch.image() : absolute_path(flags.output);
  base::make_directories(folder);
  if (!std::filesystem::is_empty(folder)) {
    throw base::OperatorError("'" + folder + "' is not empty: an image is put into a folder of its own");
  }
  const cloud::LocalImage made = make_image(request, environment, scratch, folder);
  print_line(fmt::format("image {}: {}", made.manifest.itself.digest, cloud::size_text(made.bytes())));
  if (!flags.push.empty()) {
    const size_t slash = flags.push.find('/', flags.push.find("://") + 3);
    const size_t colon = slash == std::string::npos ? slash : flags.push.find(':', slash);
    if (slash == std::string::npos || slash + 1 == flags.push.size()) {
      throw UsageError("--push wants https://HOST/REPOSITORY[:TAG]; see `gg cloud --help`");
    }
    cloud::Registry::Options options;
    options.origin = flags.push.substr(0, slash);
    options.repository = flags.push.substr(slash + 1, colon == std::string::npos ? colon : colon - slash - 1);
    options.basic = registry_credentials(options.origin, environment);
    net::HttpClient::Options http_options;
    http_options.authorities = request.settings.authorities;
    net::HttpClient http(http_options);
    const auto pushed =
        cloud::Registry(options, http)
            .push(folder, made.manifest, colon == std::string::npos ? kTag : flags.push.substr(colon + 1));
    print_line(fmt::format("pushed to {}: {} sent, {} of {} parts were there", flags.push,
                           cloud::size_text(pushed.sent_bytes), pushed.blobs_there,
                           pushed.blobs_there + pushed.blobs_sent));
  }
  return kOk;
}

bool is_agreed(const CloudFlags& flags, const std::string& region) {
  if (flags.yes) {
    return true;
  }
  if (::isatty(STDIN_FILENO) == 0) {
    throw UsageError("gg cloud down removes all functions, images and objects: say --yes");
  }
  fmt::print("Remove stack {} in {} with its functions, images and all objects in its bucket? [y/N] ",
             flags.name, region);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

int down(const Request& request, const Environment& environment) {
  AwsAccount aws(request.cloud, request.settings, environment, kPatience);
  if (!is_agreed(request.cloud, aws.calls().region())) {
    return kFailed;
  }
  cloud::Account account = account_of(aws, request.cloud);
  account.down();
  if (request.settings.lambda_functions == account.function_prefix()) {
    write_config(request.settings.config, {});
  }
  return kOk;
}

}  // namespace

int cloud(const Request& request, const Environment& environment) {
  const std::string& what = request.words.front();
  if (what == "up") {
    return up(request, environment);
  }
  if (what == "status") {
    return status(request, environment);
  }
  if (what == "cost") {
    return cost(request);
  }
  if (what == "image") {
    return image(request, environment);
  }
  if (what == "down") {
    return down(request, environment);
  }
  throw UsageError("gg cloud has no '" + what + "': there are up, status, cost, image and down");
}

}  // namespace cli
