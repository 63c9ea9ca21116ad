#pragma once

#include "base/clock.hh"
#include "model/model.hh"

#include <atomic>

namespace cli {

// Other models, and how long they took in all. Any thread.
class TimedModels final : public model::Models {
 public:
  TimedModels(model::Models& models, const base::Clock& clock) : models_(models), clock_(clock) {}

  [[nodiscard]] std::vector<std::string> tools(const std::string& path_variable) const override {
    return models_.tools(path_variable);
  }

  [[nodiscard]] model::Inference infer(const model::Invocation& invocation) override {
    const base::Nanoseconds begin = clock_.steady();
    model::Inference inference = models_.infer(invocation);
    spent_ += (clock_.steady() - begin).count();
    return inference;
  }

  [[nodiscard]] std::optional<model::Inference> infer_again(const model::Invocation& invocation) override {
    return models_.infer_again(invocation);
  }

  // The sum over all threads.
  [[nodiscard]] base::Nanoseconds spent() const { return base::Nanoseconds(spent_.load()); }

 private:
  model::Models& models_;
  const base::Clock& clock_;
  std::atomic<int64_t> spent_{0};
};

}  // namespace cli
