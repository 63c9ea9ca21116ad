#include "cli/bucket.hh"

#include "base/errors.hh"
#include "engine/memos/stored_memos.hh"

#include <utility>

namespace cli {

namespace {

using std::chrono::seconds;

// A build waits for the first look at the bucket; later on, only one of its thunks does.
constexpr seconds kPatienceAtFirst{5};
constexpr seconds kPatience{30};

// Results are collected for as long as somebody can wait who reads them, since each tell() is a pack.
constexpr engine::MemoExchange::Pace kPace{512, seconds(2), 2};

// One file a bucket, so that nobody takes one's holdings for the other's.
std::string holdings_file(const Settings& settings, const storage::Bucket& bucket) {
  return settings.store + "/buckets/" + net::aws::sha256_hex(bucket.origin + bucket.root + bucket.prefix) +
         ".holdings";
}

}  // namespace

net::HttpOptions aws_http_options(const Settings& settings, const net::aws::Configuration& configuration) {
  net::HttpOptions options;
  options.agent = "gg/" GG_VERSION;
  options.authorities = settings.authorities;
  for (const auto& other : {configuration.variable("AWS_CA_BUNDLE"), configuration.setting("ca_bundle")}) {
    if (options.authorities.empty() && other) {
      options.authorities = *other;
    }
  }
  return options;
}

SharedBucket::SharedBucket(storage::Bucket bucket, net::aws::Configuration configuration,
                           const Settings& settings)
    : http_(aws_http_options(settings, configuration)),
      credentials_(std::move(configuration), http_, clock_),
      calls_(std::move(bucket), http_, credentials_, clock_, {kPatienceAtFirst}),
      store_(calls_, clock_, options(settings)) {
  if (const auto opened = store_.open(); !opened) {
    throw base::OperatorError(opened.error().message);
  }
  calls_.wait_for(kPatience);
}

storage::S3Store::Options SharedBucket::options(const Settings& settings) const {
  storage::S3Store::Options options;
  options.holdings.file = holdings_file(settings, calls_.bucket());
  return options;
}

std::unique_ptr<SharedBucket> open_bucket(const Settings& settings, const Environment& environment) {
  const auto address = base::value_or_throw(storage::parse_bucket_address(settings.shared_store));
  auto configuration = base::value_or_throw(net::aws::Configuration::read(environment, address.profile));
  auto bucket = base::value_or_throw(storage::locate(address, configuration));
  return std::make_unique<SharedBucket>(std::move(bucket), std::move(configuration), settings);
}

std::unique_ptr<engine::MemoExchange> memos_in(SharedBucket& bucket, object::Store& here) {
  return std::make_unique<engine::StoredMemos>(here, bucket.store(), kPace);
}

}  // namespace cli
