#pragma once

#include "net/http.hh"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cloud/contents.hh"
#include "cloud/functions.hh"
#include "cloud/image_layout.hh"
#include "cloud/stack.hh"

namespace cloud {

// What `gg cloud up` is asked for.
struct Wanted {
  StackSettings stack;
  FunctionSettings function;  // image, role and log are filled in from the stack
  unsigned functions = 1;
};

// The worker's image in a folder.
struct LocalImage {
  std::string folder;
  Manifest manifest;
  std::string tag;

  [[nodiscard]] uint64_t bytes() const;
};

// How things are in the account; read from it and nowhere else.
struct Standing {
  std::optional<StackState> stack;
  std::vector<FunctionState> functions;
  std::optional<AccountLimits> limits;
  Contents objects;
  Contents images;

  // In dollars a month, for what is stored.
  [[nodiscard]] double at_rest() const;
};

// Everything that gg has in one account and region under one name. Whatever it does can be broken off and
// done again: it looks what is there, and does what is left. Throws base::OperatorError (CallError where a
// service refuses).
class Account {
 public:
  using Say = std::function<void(const std::string& line)>;

  struct Options {
    std::string name;      // of the stack; functions are called NAME-0, NAME-1, …
    std::string registry;  // "http[s]://HOST[:PORT]" in place of Amazon's; empty: Amazon's
    Patience patience;
    unsigned at_once = 8;  // functions that are made at the same time
  };

  // Calls and client outlive it. `say` is told what is done, from one thread.
  Account(AwsCalls& calls, net::HttpClient& http, Options options, Say say)
      : calls_(calls),
        http_(http),
        options_(std::move(options)),
        say_(std::move(say)),
        stack_(calls, options_.name, options_.patience),
        functions_(calls, options_.patience) {}

  // Says what up() would do; changes nothing.
  void plan(Wanted wanted, const LocalImage& image);

  // Makes stack, image and functions so; the state they are in then.
  StackState up(Wanted wanted, const LocalImage& image);

  [[nodiscard]] Standing look();

  // Removes functions, objects, images and the stack.
  void down();

  [[nodiscard]] std::string function_prefix() const { return options_.name + "-"; }

 private:
  [[nodiscard]] std::vector<FunctionState> ours();
  [[nodiscard]] std::vector<FunctionState> beyond(unsigned count);  // what `count` functions leave over
  void push(const StackState& stack, const LocalImage& image);
  void put_functions(const Wanted& wanted);
  void say_limits(const std::optional<AccountLimits>& limits, unsigned functions);

  AwsCalls& calls_;
  net::HttpClient& http_;
  Options options_;
  Say say_;
  Stack stack_;
  Functions functions_;
};

// What the number of executions that an account may run at once means, and what to do where that is few.
[[nodiscard]] std::string explained(const AccountLimits& limits);

// "1.5 GB", "12.3 MB", "0.1 MB"
[[nodiscard]] std::string size_text(uint64_t bytes);

}  // namespace cloud
