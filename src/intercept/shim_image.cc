#include "intercept/shim_image.hh"

#include "base/embedded.hh"
#include "base/errors.hh"
#include "intercept/shim/protocol.h"

#include <cstddef>
#include <stdexcept>

GG_EMBED(gg_shim_image, SHIM_IMAGE);

namespace intercept {

namespace {

void fill(std::string& image, size_t offset, size_t room, const std::string& value) {
  if (value.size() >= room) {
    throw base::OperatorError("'" + value + "' is longer than the " + std::to_string(room - 1) +
                              " bytes a shim can hold; set TMPDIR to a shorter path");
  }
  image.replace(offset, value.size() + 1, value.c_str(), value.size() + 1);
}

}  // namespace

std::string_view shim_image() {
  return GG_EMBEDDED(gg_shim_image);
}

std::string patched_shim(const ShimSettings& settings) {
  std::string image(shim_image());
  const size_t at = image.find(GG_SETTINGS_MARKER);
  if (at == std::string::npos) {
    throw std::logic_error("the embedded shim has no settings to patch");
  }
  fill(image, at + offsetof(GgSettings, socket), sizeof GgSettings::socket, settings.socket);
  fill(image, at + offsetof(GgSettings, pristine_root), sizeof GgSettings::pristine_root,
       settings.pristine_root);
  fill(image, at + offsetof(GgSettings, path_directory), sizeof GgSettings::path_directory,
       settings.path_directory);
  fill(image, at + offsetof(GgSettings, launches), sizeof GgSettings::launches,
       settings.launches ? "yes" : "");
  return image;
}

}  // namespace intercept
