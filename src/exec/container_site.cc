#include "exec/container_site.hh"

#include "base/errors.hh"
#include "exec/farms.hh"

#include <utility>

namespace exec {

namespace {

class OnFarm final : public Site::Standing {
 public:
  OnFarm(Farms::Lease farm, std::vector<std::string> directories)
      : farm_(std::move(farm)), directories_(std::move(directories)) {}

  Expected<void> prepare(sandbox::Job& job) override {
    job.layers = {farm_->directory()};
    job.directories = std::move(directories_);
    return {};
  }

  void ended() override {}  // a farm is never written to

  [[nodiscard]] std::optional<std::string> unchanged() const override { return farm_->directory(); }

 private:
  Farms::Lease farm_;
  std::vector<std::string> directories_;
};

class ContainerSite final : public Site {
 public:
  ContainerSite(const std::string& directory, object::FileStore& store) : farms_(directory, store) {}

  base::Result<void> open() {
    auto sandbox = sandbox::Sandbox::open({{farms_.directory()}});
    if (!sandbox) {
      return tl::unexpected(std::move(sandbox.error()));
    }
    sandbox_ = std::move(*sandbox);
    return {};
  }

  Expected<std::unique_ptr<Standing>> take(const Layout& layout,
                                           std::vector<std::string> directories) override {
    Expected<Farms::Lease> farm = farms_.take(layout);
    if (!farm) {
      return tl::unexpected(std::move(farm.error()));
    }
    return std::make_unique<OnFarm>(std::move(*farm), std::move(directories));
  }

  sandbox::Sandbox& sandbox() override { return *sandbox_; }

 private:
  Farms farms_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace

base::Result<std::unique_ptr<Site>> make_container_site(const std::string& directory,
                                                        object::FileStore& store) {
  try {
    auto site = std::make_unique<ContainerSite>(directory, store);
    if (auto opened = site->open(); !opened) {
      return tl::unexpected(std::move(opened.error()));
    }
    return site;
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  }
}

}  // namespace exec
