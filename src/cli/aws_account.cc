#include "cli/aws_account.hh"

#include "base/errors.hh"
#include "cli/bucket.hh"

namespace cli {

namespace {

net::aws::Configuration configuration_of(const Environment& environment) {
  return base::value_or_throw(net::aws::Configuration::read(environment, ""));
}

cloud::AwsCalls::Options options_of(const CloudFlags& flags, const Settings& settings,
                                    const net::aws::Configuration& configuration,
                                    std::chrono::milliseconds patience) {
  cloud::AwsCalls::Options options;
  options.region = !flags.region.empty()             ? flags.region
                   : !settings.lambda_region.empty() ? settings.lambda_region
                                                     : configuration.region().value_or("");
  if (options.region.empty()) {
    throw base::OperatorError(
        "no region: name one near you (--region eu-central-1, AWS_REGION, or `aws configure`)");
  }
  if (!flags.endpoint.empty()) {
    options.endpoint = flags.endpoint;
  }
  options.patience = patience;
  return options;
}

}  // namespace

AwsAccount::AwsAccount(const CloudFlags& flags, const Settings& settings, const Environment& environment,
                       std::chrono::milliseconds patience)
    : AwsAccount(configuration_of(environment),
                 options_of(flags, settings, configuration_of(environment), patience), settings) {}

AwsAccount::AwsAccount(net::aws::Configuration configuration, cloud::AwsCalls::Options options,
                       const Settings& settings)
    : http_(aws_http_options(settings, configuration)),
      credentials_(configuration, http_, clock_),
      calls_(std::move(options), configuration, http_, credentials_, clock_) {}

}  // namespace cli
