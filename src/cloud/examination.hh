#pragma once

#include "net/aws/credentials.hh"

#include <string>
#include <vector>

#include "cloud/account.hh"

namespace cloud {

// One thing that thunks on functions need.
struct Examined {
  std::string subject;
  bool well = false;
  bool needed = true;  // nothing works without
  std::string detail;  // how it is; and if not well, what to do
};

// Looks whether functions can be used, and goes on for as long as there is something to look at. Changes and
// costs nothing. `functions`: how many the config names; 0: any.
[[nodiscard]] std::vector<Examined> examine(AwsCalls& calls, net::aws::Credentials& credentials,
                                            const std::string& name, unsigned functions);

}  // namespace cloud
