#include "cli/inside_image.hh"

#include "base/embedded.hh"

GG_EMBED(gg_inside_image, INSIDE_IMAGE);

namespace cli {

std::string_view inside_image() {
  return GG_EMBEDDED(gg_inside_image);
}

}  // namespace cli
