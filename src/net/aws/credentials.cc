#include "net/aws/credentials.hh"

namespace net::aws {

namespace {

// SDKs of AWS begin so long before the end, too.
constexpr std::chrono::minutes kAhead{5};
constexpr std::chrono::seconds kLast{10};

}  // namespace

base::Result<Secrets> Credentials::get(const base::StillWanted& wanted) {
  const std::scoped_lock lock(mutex_);
  const auto lasts = [this](std::chrono::nanoseconds time) {
    return held_ && (!held_->expires || *held_->expires > clock_.wall() + time);
  };
  if (lasts(kAhead)) {
    return *held_;
  }
  auto fresh = find_secrets(configuration_, http_, clock_, wanted);
  if (fresh) {
    held_ = *fresh;
  } else if (lasts(kLast)) {
    return *held_;  // there is time to try again
  }
  return fresh;
}

void Credentials::refused(const Secrets& secrets) {
  const std::scoped_lock lock(mutex_);
  if (held_ == secrets) {
    held_.reset();
  }
}

}  // namespace net::aws
