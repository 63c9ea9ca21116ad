#pragma once

#include "cli/bucket.hh"
#include "cli/places.hh"
#include "cli/settings.hh"
#include "engine/lambda/invoker.hh"
#include "net/aws/credentials.hh"
#include "net/http.hh"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// "lambda", or "lambda://NAME[?endpoint=URL&region=NAME&profile=NAME]".
[[nodiscard]] bool is_lambda_address(std::string_view text);

// Functions that were found under a name (NAME-0, NAME-1, …, as `gg cloud up` makes them), and the bucket
// that they share with us.
class LambdaPlace {
 public:
  LambdaPlace(net::aws::Configuration configuration, engine::LambdaService service, net::HttpOptions http);

  // Asks what there is. Throws base::OperatorError that says what to do where there is nothing, or nothing
  // for this machine's thunks.
  void find(const std::string& name);

  // The bucket; before anything else is done with the functions.
  void share(std::unique_ptr<SharedBucket> bucket) { bucket_ = std::move(bucket); }

  [[nodiscard]] SharedBucket& bucket() const { return *bucket_; }

  [[nodiscard]] net::aws::Credentials& credentials() { return credentials_; }

  [[nodiscard]] const engine::LambdaService& service() const { return service_; }

  [[nodiscard]] const std::vector<engine::Function>& functions() const { return functions_; }

  [[nodiscard]] const net::HttpOptions& http_options() const { return http_options_; }

 private:
  [[nodiscard]] base::Result<std::optional<engine::Function>> ask_for(const std::string& function);

  base::SystemClock clock_;
  std::unique_ptr<SharedBucket> bucket_;
  net::HttpOptions http_options_;
  net::HttpClient http_;
  net::aws::Credentials credentials_;
  engine::LambdaService service_;
  std::vector<engine::Function> functions_;
};

// Those that settings.engine is the address of. Throws base::OperatorError.
[[nodiscard]] std::unique_ptr<LambdaPlace> functions_of(const Settings& settings,
                                                        const Environment& environment);

// So many connections at once want so many descriptors. Throws base::OperatorError where the system does not
// allow that.
void make_room_for_connections(unsigned count);

}  // namespace cli
