#include "model/file_facts.hh"

#include "base/files.hh"

#include <filesystem>

namespace model {

base::Result<std::optional<object::Entry>> followed(View& view, const std::string& path) {
  auto entry = view.at(path);
  if (!entry || !*entry || !std::holds_alternative<object::Symlink>(**entry)) {
    return entry;
  }
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? base::Result<std::optional<object::Entry>>(std::nullopt) : view.at(real.string());
}

std::shared_ptr<const Mentions> FileFacts::mentions(const std::string& path, const object::Digest& digest) {
  const auto known = known_.with([&](auto& table) -> std::shared_ptr<const Mentions> {
    const auto found = table.find(digest);
    return found == table.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  const auto text = base::read_file_if_there(path);
  if (!text) {
    return nullptr;
  }
  auto mentions = std::make_shared<const Mentions>(mentions_in(*text));
  known_.with([&](auto& table) { table.emplace(digest, mentions); });
  return mentions;
}

}  // namespace model
