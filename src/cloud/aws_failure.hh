#pragma once

#include "base/clock.hh"
#include "net/http.hh"

#include <optional>
#include <string>

namespace cloud {

// What a service means by an answer that is no success.
struct AwsFailure {
  std::string code;     // without its name space: "ThrottlingException"; where none is named, "HTTP 502"
  std::string message;  // may be empty
};

[[nodiscard]] AwsFailure failure_of(const net::HttpResponse& response);

// May the same request do better after a while?
[[nodiscard]] bool is_passing(const net::HttpResponse& response, const AwsFailure& failure);

// Have the credentials expired?
[[nodiscard]] bool is_expiry(const AwsFailure& failure);

// Do the credentials not suffice for what was asked?
[[nodiscard]] bool is_denial(const std::string& code);

// By how many seconds this machine's clock is ahead of the server's; nullopt: it does not say its time.
// `now`: since 1970 UTC, when the answer came.
[[nodiscard]] std::optional<double> seconds_ahead(const net::HttpResponse& response, base::Nanoseconds now);

// What to do about it; "": nothing that is known. `doing`: "lambda:CreateFunction".
[[nodiscard]] std::string advice_for(const net::HttpResponse& response, const AwsFailure& failure,
                                     const std::string& doing, base::Nanoseconds now);

}  // namespace cloud
