#pragma once

#include "base/clock.hh"
#include "cli/places.hh"
#include "cli/settings.hh"
#include "engine/memos/memo_exchange.hh"
#include "net/aws/credentials.hh"
#include "net/http.hh"
#include "object/store.hh"
#include "storage/s3/s3_store.hh"

#include <memory>

namespace cli {

// How to reach AWS, or what stands for it.
[[nodiscard]] net::HttpOptions aws_http_options(const Settings& settings,
                                                const net::aws::Configuration& configuration);

// A bucket with all that its requests need.
class SharedBucket {
 public:
  // Looks what the bucket holds. Throws base::OperatorError.
  SharedBucket(storage::Bucket bucket, net::aws::Configuration configuration, const Settings& settings);

  [[nodiscard]] storage::S3Store& store() { return store_; }

 private:
  [[nodiscard]] storage::S3Store::Options options(const Settings& settings) const;

  base::SystemClock clock_;
  net::HttpClient http_;
  net::aws::Credentials credentials_;
  storage::BucketCalls calls_;
  storage::S3Store store_;
};

// The one that settings.shared_store is the address of. Throws base::OperatorError.
[[nodiscard]] std::unique_ptr<SharedBucket> open_bucket(const Settings& settings,
                                                        const Environment& environment);

// The results that others share there. `here` gets what is fetched; both outlive it.
[[nodiscard]] std::unique_ptr<engine::MemoExchange> memos_in(SharedBucket& bucket, object::Store& here);

}  // namespace cli
