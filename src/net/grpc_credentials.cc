#include "net/grpc_credentials.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/subprocess.hh"
#include "net/texts.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

namespace net {

namespace {

using nlohmann::json;

tl::unexpected<base::Error> refuse(const std::string& why) {
  return base::failure(why, base::FailureKind::Deterministic);
}

class TokenFile final : public GrpcCredentials {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] base::Result<Headers> headers() override {
    try {
      const base::UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file) {
        throw base::SyscallError("open the token file", path_);
      }
      const timespec changed = base::status_of(file.get(), path_).st_mtim;
      const std::scoped_lock lock(mutex_);
      if (token_.empty() || changed.tv_sec != changed_.tv_sec || changed.tv_nsec != changed_.tv_nsec) {
        changed_ = changed;
        token_ = trimmed(base::read_all(file.get(), path_));
      }
      if (token_.empty() ||
          std::any_of(token_.begin(), token_.end(), [](char byte) { return byte <= ' '; })) {
        return refuse("the token file '" + path_ + "' does not hold one word");
      }
      return Headers{{"authorization", "Bearer " + token_}};
    } catch (const base::SyscallError& error) {
      return refuse(error.what());
    }
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  timespec changed_{};  // under mutex_, as all below
  std::string token_;
};

bool is_header_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool is_header_value(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Never shows what the helper wrote to stdout: it is secret.
class Helped final : public GrpcCredentials {
 public:
  Helped(CredentialHelper helper, std::unique_ptr<const base::Clock> clock)
      : helper_(std::move(helper)), clock_(std::move(clock)) {}

  [[nodiscard]] base::Result<Headers> headers() override {
    const std::scoped_lock lock(mutex_);  // others wait for the same answer
    if (!known_ || clock_->wall() >= until_) {
      auto asked = ask();
      if (!asked) {
        return asked;
      }
      known_ = std::move(*asked);
    }
    return *known_;
  }

  [[nodiscard]] bool renew() override {
    const std::scoped_lock lock(mutex_);
    known_.reset();
    return true;
  }

 private:
  base::Result<Headers> ask() {
    base::Completed done;
    try {
      base::Subprocess asking;
      asking.program = helper_.program;
      asking.argv = {helper_.program, "get"};
      asking.environment = helper_.environment;
      asking.input = json{{"uri", helper_.uri}}.dump();
      done = base::run(asking);
    } catch (const std::runtime_error& error) {
      return refuse(std::string("the credential helper cannot be asked: ") + error.what());
    }
    const std::string who = "the credential helper '" + helper_.program + "'";
    if (done.exit_code != 0) {
      return refuse(who + " failed for " + helper_.uri + " (exit " + std::to_string(done.exit_code) +
                    "), and said: " + base::printable(trimmed(done.err)));
    }
    const json answer = json::parse(done.out, nullptr, false);
    const auto headers = answer.is_object() ? answer.find("headers") : answer.end();
    if (!answer.is_object() || headers == answer.end() || !headers->is_object()) {
      return refuse(who + " does not answer with JSON that has \"headers\"");
    }
    Headers all;
    for (const auto& [name, values] : headers->items()) {
      std::string lower = name;  // as HTTP/2 wants it
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      const bool fits = is_header_name(lower) && values.is_array() &&
                        std::all_of(values.begin(), values.end(), [](const json& value) {
                          return value.is_string() && is_header_value(value.get<std::string>());
                        });
      if (!fits) {
        return refuse(who + " names a header that cannot be sent: '" + base::printable(name) + "'");
      }
      for (const json& value : values) {
        all.emplace_back(lower, value.get<std::string>());
      }
    }
    return expiring(answer, who).map([&] { return std::move(all); });
  }

  base::Result<void> expiring(const json& answer, const std::string& who) {
    constexpr std::chrono::minutes kUnlessItSays{30};
    const auto expires = answer.find("expires");
    if (expires == answer.end()) {
      until_ = clock_->wall() + kUnlessItSays;
      return {};
    }
    const auto time = expires->is_string() ? rfc3339_time(expires->get<std::string>()) : std::nullopt;
    if (!time) {
      return refuse(who + " says \"expires\", but not as a time of RFC 3339 such as 2030-01-02T03:04:05Z");
    }
    until_ = *time;
    return {};
  }

  const CredentialHelper helper_;
  const std::unique_ptr<const base::Clock> clock_;
  std::mutex mutex_;
  std::optional<Headers> known_;  // under mutex_, as all below
  base::Nanoseconds until_{0};
};

}  // namespace

std::unique_ptr<GrpcCredentials> token_in_file(std::string path) {
  return std::make_unique<TokenFile>(std::move(path));
}

std::unique_ptr<GrpcCredentials> credentials_of(CredentialHelper helper,
                                                std::unique_ptr<const base::Clock> clock) {
  return std::make_unique<Helped>(std::move(helper), std::move(clock));
}

}  // namespace net
