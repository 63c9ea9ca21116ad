#include "exec/skeleton_site.hh"

#include "base/errors.hh"
#include "exec/seal.hh"
#include "exec/skeleton.hh"

#include <mutex>
#include <utility>

namespace exec {

namespace {

// What a command may use where Landlock is there. The image's own files, among them the worker, are not.
const std::vector<std::string>& in_reach() {
  static const std::vector<std::string> paths{"/tmp", "/dev", "/proc", "/etc", "/var", "/gg/lib"};
  return paths;
}

// "/tmp/gg-worker/x" -> "gg-worker"
std::string top_in_tmp(const std::string& path) {
  constexpr std::string_view kTmp = "/tmp/";
  const std::string rest = path.starts_with(kTmp) ? path.substr(kTmp.size()) : "";
  return rest.substr(0, rest.find('/'));
}

class SkeletonSite final : public Site {
 public:
  SkeletonSite(SkeletonOptions options, object::FileStore& store)
      : options_(std::move(options)),
        store_(store),
        skeleton_({top_in_tmp(options_.cache)}),
        seal_(options_.cache) {}

  base::Result<void> open() {
    if (auto cleared = skeleton_.clear(); !cleared) {
      return cleared;
    }
    auto sandbox = sandbox::Sandbox::open({in_reach(), sandbox::UserNamespace::Never, sandbox::Root::Shared});
    if (!sandbox) {
      return tl::unexpected(std::move(sandbox.error()));
    }
    sandbox_ = std::move(*sandbox);
    return {};
  }

  class Stands final : public Standing {
   public:
    explicit Stands(SkeletonSite& site) : site_(site), turn_(site.one_at_a_time_) {}

    ~Stands() override { static_cast<void>(site_.skeleton_.clear()); }  // else the next one says so

    Expected<void> prepare(sandbox::Job& /*job*/) override {
      site_.seal_.set();
      return {};
    }

    void ended() override {
      if (!site_.seal_.holds()) {
        site_.options_.touched();
      }
    }

    [[nodiscard]] std::optional<std::string> unchanged() const override { return std::nullopt; }

   private:
    SkeletonSite& site_;
    std::unique_lock<std::mutex> turn_;
  };

  Expected<std::unique_ptr<Standing>> take(const Layout& layout,
                                           std::vector<std::string> directories) override {
    auto standing = std::make_unique<Stands>(*this);
    if (auto cleared = skeleton_.clear(); !cleared) {
      return failure(std::move(cleared.error()));
    }
    if (auto laid_out = skeleton_.lay_out(layout, directories, store_); !laid_out) {
      return tl::unexpected(std::move(laid_out.error()));
    }
    return standing;
  }

  sandbox::Sandbox& sandbox() override { return *sandbox_; }

 private:
  SkeletonOptions options_;
  object::FileStore& store_;
  std::mutex one_at_a_time_;
  Skeleton skeleton_;  // both: whose turn it is
  Seal seal_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace

base::Result<std::unique_ptr<Site>> make_skeleton_site(SkeletonOptions options, object::FileStore& store) {
  try {
    auto site = std::make_unique<SkeletonSite>(std::move(options), store);
    if (auto opened = site->open(); !opened) {
      return tl::unexpected(std::move(opened.error()));
    }
    return site;
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  }
}

}  // namespace exec
