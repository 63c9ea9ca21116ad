#include "sandbox/cell_image.hh"

asm(".section .rodata\n"
    ".global gg_cell_image_begin\n"
    ".global gg_cell_image_end\n"
    ".balign 16\n"
    "gg_cell_image_begin:\n"
    ".incbin \"" CELL_IMAGE
    "\"\n"
    "gg_cell_image_end:\n"
    ".previous\n");

extern "C" const char gg_cell_image_begin[];
extern "C" const char gg_cell_image_end[];

namespace sandbox {

std::string_view cell_image() {
  return {gg_cell_image_begin, static_cast<size_t>(gg_cell_image_end - gg_cell_image_begin)};
}

}  // namespace sandbox
