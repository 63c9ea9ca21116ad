#include "sandbox/cell_image.hh"

#include "base/embedded.hh"

GG_EMBED(gg_cell_image, CELL_IMAGE);

namespace sandbox {

std::string_view cell_image() {
  return GG_EMBEDDED(gg_cell_image);
}

}  // namespace sandbox
