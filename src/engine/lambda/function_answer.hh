#pragma once

#include "net/http.hh"

#include <string>

namespace engine {

// What AWS Lambda means by its answer to Invoke (Lambda API reference, "Invoke").
enum class FunctionSaid {
  Answer,       // the body is what the function returned
  Throttled,    // too many at once, or too many new ones: later
  Gone,         // there is no such function
  NotReady,     // it is being made or updated
  Trouble,      // the service itself failed; nothing was executed, as far as is known
  TooLarge,     // the payload
  Expired,      // who asks had credentials that count no more
  Refused,      // who asks may not, is unknown, or has a wrong clock
  OutOfMemory,  // the function was killed for it
  TimedOut,     // the function was
  Crashed,      // the function ended without an answer, or with an error of its own
};

struct FunctionAnswer {
  FunctionSaid said = FunctionSaid::Trouble;
  std::string what;  // in Lambda's words: "TooManyRequestsException (Rate Exceeded.)"; "" for an answer
};

[[nodiscard]] FunctionAnswer answer_of(const net::HttpResponse& response);

// What the operator can do about it; "": nothing in particular.
[[nodiscard]] std::string advice_on(FunctionSaid said, const std::string& what);

}  // namespace engine
