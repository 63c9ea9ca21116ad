#include "cli/cloud_flags.hh"

#include <CLI/CLI.hpp>

namespace cli {

namespace {

// Of a stack, of functions and of a repository for images: what suits all three.
std::string no_name(const std::string& text) {
  const auto is_letter = [](char byte) { return byte >= 'a' && byte <= 'z'; };
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  const bool fits = !text.empty() && text.size() <= 40 && is_letter(text.front()) && text.back() != '-' &&
                    text.find("--") == std::string::npos &&
                    std::all_of(text.begin(), text.end(),
                                [&](char byte) { return is_letter(byte) || is_digit(byte) || byte == '-'; });
  return fits ? ""
              : "'" + text +
                    "' is no name: up to 40 lower-case letters, digits and single hyphens, a letter first";
}

std::string no_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://")
             ? ""
             : "'" + text + "' is not https://HOST[:PORT]";
}

}  // namespace

void add_account_flags(CLI::App& app, CloudFlags& flags) {
  app.add_option("--name", flags.name)->type_name("NAME")->check(no_name);
  app.add_option("--region", flags.region)->type_name("REGION");
  app.add_option("--endpoint", flags.endpoint)->type_name("URL")->check(no_url);
}

// The ranges are Lambda's.
void add_cloud_flags(CLI::App& app, CloudFlags& flags) {
  add_account_flags(app, flags);
  app.add_option("--registry", flags.registry)->type_name("URL")->check(no_url);
  app.add_option("--worker", flags.worker)->type_name("FILE");
  app.add_option("-o,--output", flags.output)->type_name("DIR");
  app.add_option("--push", flags.push)->type_name("URL")->check(no_url);
  app.add_option("--functions", flags.functions)->type_name("N")->check(CLI::Range(1U, 1000U));
  app.add_option("--memory", flags.memory_mb)->type_name("MB")->check(CLI::Range(128U, 10240U));
  app.add_option("--disk", flags.disk_mb)->type_name("MB")->check(CLI::Range(512U, 10240U));
  app.add_option("--time", flags.time_seconds)->type_name("SECONDS")->check(CLI::Range(1U, 900U));
  app.add_option("--expire", flags.object_days)->type_name("DAYS")->check(CLI::Range(1U, 3650U));
  app.add_flag("--dry-run", flags.dry_run);
  app.add_flag("-y,--yes", flags.yes);
}

}  // namespace cli
