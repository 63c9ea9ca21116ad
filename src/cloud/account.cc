#include "cloud/account.hh"

#include "base/in_parallel.hh"
#include "net/aws/rates.hh"

#include <fmt/format.h>

#include <atomic>

#include "cloud/registry.hh"

namespace cloud {

namespace {

constexpr double kGb = 1e9;

// Concurrency of an account that nobody has raised yet; Amazon gives the usual thousand after a while, or
// when asked.
constexpr unsigned kNewAccount = 10;
constexpr unsigned kUsual = 1000;

// "gg-0", "gg-0 … gg-7"
std::string names(const std::string& prefix, unsigned count) {
  return count == 1 ? prefix + "0" : fmt::format("{0}0 … {0}{1}", prefix, count - 1);
}

std::string image_name(const StackState& stack, const Manifest& manifest) {
  return stack.output("RepositoryUri") + "@" + manifest.itself.digest;
}

void fill_in(FunctionSettings& settings, const StackState& stack, const Manifest& manifest) {
  settings.image = image_name(stack, manifest);
  settings.role = stack.output("WorkerRole");
  settings.log_group = stack.output("LogGroup");
}

}  // namespace

std::string size_text(uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return size >= kGb ? fmt::format("{:.1f} GB", size / kGb) : fmt::format("{:.1f} MB", size / 1e6);
}

std::string explained(const AccountLimits& limits) {
  std::string text = fmt::format("the account may run {} at once in this region", limits.concurrent);
  if (limits.unreserved < limits.concurrent) {
    text += fmt::format(", {} of them not set aside for other functions", limits.unreserved);
  }
  if (limits.concurrent <= kNewAccount) {
    text +=
        ": it is a new one. Ask for more in the console: Service Quotas, AWS Lambda, \"Concurrent "
        "executions\" "
        "(L-B99A9384); 1000 is usual and is granted within a day or two";
  } else if (limits.concurrent < kUsual) {
    text +=
        "; more is granted on request: Service Quotas, AWS Lambda, \"Concurrent executions\" (L-B99A9384)";
  }
  return text;
}

uint64_t LocalImage::bytes() const {
  uint64_t sum = manifest.itself.bytes + manifest.config.bytes;
  for (const Blob& layer : manifest.layers) {
    sum += layer.bytes;
  }
  return sum;
}

double Standing::at_rest() const {
  return static_cast<double>(objects.bytes) / kGb * net::aws::rates::kBucketGbMonth +
         static_cast<double>(images.bytes) / kGb * net::aws::rates::kImageGbMonth;
}

// A function that somebody else calls gg-1 stays.
std::vector<FunctionState> Account::ours() {
  auto found = functions_.list(function_prefix());
  std::erase_if(found,
                [](const FunctionState& state) { return !state.description.starts_with("gg worker "); });
  return found;
}

std::vector<FunctionState> Account::beyond(unsigned count) {
  auto found = ours();
  std::erase_if(found, [&](const FunctionState& state) {
    return std::stoul(state.name.substr(function_prefix().size())) < count;
  });
  return found;
}

void Account::plan(Wanted wanted, const LocalImage& image) {
  const auto stack = stack_.read();
  const bool is_so = stack && stack->is_whole() && stack->made_of == stack_made_of(wanted.stack);
  say_(fmt::format("stack {} in {}: {}", options_.name, calls_.region(),
                   is_so              ? "is there"
                   : !stack           ? "would be made: bucket, image repository, role, log"
                   : stack->is_lost() ? "would be deleted and made anew, it is " + stack->status
                                      : "would be changed, it is " + stack->status));
  say_(fmt::format("image {}: would be sent, {} if none of it is there", image.manifest.itself.digest,
                   size_text(image.bytes())));
  unsigned to_make = 0;
  unsigned to_change = 0;
  for (unsigned i = 0; i < wanted.functions; ++i) {
    const auto there = functions_.read(function_prefix() + std::to_string(i));
    if (there && stack) {
      fill_in(wanted.function, *stack, image.manifest);
    }
    to_make += there ? 0U : 1U;
    to_change += there && !Functions::is(*there, wanted.function) ? 1U : 0U;
  }
  say_(fmt::format(
      "functions {} ({} MB of memory, {} MB of /tmp, {} s): {} would be made, {} changed, {} removed",
      names(function_prefix(), wanted.functions), wanted.function.memory_mb, wanted.function.disk_mb,
      wanted.function.time_seconds, to_make, to_change, beyond(wanted.functions).size()));
  say_limits(functions_.limits(), wanted.functions);
  say_(fmt::format(
      "at rest: ${:.4f} a month for the image, ${} a month for each GB of objects (gone after {} days); "
      "stack, role and functions cost nothing while nothing runs",
      static_cast<double>(image.bytes()) / kGb * net::aws::rates::kImageGbMonth,
      net::aws::rates::kBucketGbMonth, wanted.stack.object_days));
}

StackState Account::up(Wanted wanted, const LocalImage& image) {
  const StackState stack = stack_.put(wanted.stack);
  say_(fmt::format("stack {} in {}: {}, bucket {}", options_.name, calls_.region(), stack.status,
                   stack.output("Bucket")));
  push(stack, image);
  fill_in(wanted.function, stack, image.manifest);
  put_functions(wanted);
  say_limits(functions_.limits(), wanted.functions);
  return stack;
}

void Account::push(const StackState& stack, const LocalImage& image) {
  const std::string& uri = stack.output("RepositoryUri");
  const size_t slash = uri.find('/');
  Registry::Options options;
  options.origin = options_.registry.empty() ? "https://" + uri.substr(0, slash) : options_.registry;
  options.repository = uri.substr(slash + 1);
  options.basic = ImageRepository(calls_, stack.output("Repository")).credentials();
  Registry registry(options, http_);
  if (registry.has(image.manifest)) {
    say_(fmt::format("image {}: is there", image.manifest.itself.digest));
    return;
  }
  const Registry::Pushed pushed = registry.push(image.folder, image.manifest, image.tag);
  say_(fmt::format("image {}: {} sent, {} of {} parts were there", image.manifest.itself.digest,
                   size_text(pushed.sent_bytes), pushed.blobs_there, pushed.blobs_there + pushed.blobs_sent));
}

void Account::put_functions(const Wanted& wanted) {
  std::atomic<unsigned> made{0};
  std::atomic<unsigned> changed{0};
  static_cast<void>(  // what fails throws
      base::in_parallel(wanted.functions, options_.at_once, [&](size_t i) -> base::Result<void> {
        const Functions::Done done = functions_.put(function_prefix() + std::to_string(i), wanted.function);
        made += done == Functions::Done::Made ? 1U : 0U;
        changed += done == Functions::Done::Changed ? 1U : 0U;
        return {};
      }));
  const auto surplus = beyond(wanted.functions);
  for (const FunctionState& state : surplus) {
    functions_.remove(state.name);
  }
  say_(fmt::format("functions {}: {} made, {} changed, {} as they were, {} removed",
                   names(function_prefix(), wanted.functions), made.load(), changed.load(),
                   wanted.functions - made - changed, surplus.size()));
}

void Account::say_limits(const std::optional<AccountLimits>& limits, unsigned functions) {
  if (limits) {
    say_(explained(*limits));
    if (functions > 1 && limits->concurrent <= kUsual) {
      say_("more than one function starts more at once only in accounts that may run more than 1000");
    }
  }
}

Standing Account::look() {
  Standing standing;
  standing.stack = stack_.read();
  standing.functions = ours();
  for (FunctionState& state : standing.functions) {
    if (const auto read = functions_.read(state.name)) {
      state = *read;
    }
  }
  standing.limits = functions_.limits();
  if (standing.stack && standing.stack->outputs.count("Bucket") != 0) {
    standing.objects = BucketContents(calls_, standing.stack->output("Bucket")).count();
    standing.images = ImageRepository(calls_, standing.stack->output("Repository")).count();
  }
  return standing;
}

void Account::down() {
  const auto functions = ours();
  static_cast<void>(  // what fails throws
      base::in_parallel(functions.size(), options_.at_once, [&](size_t i) -> base::Result<void> {
        functions_.remove(functions[i].name);
        return {};
      }));
  say_(fmt::format("functions: {} removed", functions.size()));
  const auto stack = stack_.settled();
  if (!stack) {
    say_(fmt::format("stack {} in {}: there is none", options_.name, calls_.region()));
    return;
  }
  if (const auto bucket = stack->outputs.find("Bucket"); bucket != stack->outputs.end()) {
    const uint64_t removed = BucketContents(calls_, bucket->second).empty();
    say_(fmt::format("bucket {}: {} objects removed", bucket->second, removed));
  }
  stack_.remove();
  say_(fmt::format("stack {} in {}: removed, with its bucket, images, role and log", options_.name,
                   calls_.region()));
}

}  // namespace cloud
