#include "cli/inside_image.hh"

asm(".section .rodata\n"
    ".global gg_inside_image_begin\n"
    ".global gg_inside_image_end\n"
    ".balign 16\n"
    "gg_inside_image_begin:\n"
    ".incbin \"" INSIDE_IMAGE
    "\"\n"
    "gg_inside_image_end:\n"
    ".previous\n");

extern "C" const char gg_inside_image_begin[];
extern "C" const char gg_inside_image_end[];

namespace cli {

std::string_view inside_image() {
  return {gg_inside_image_begin, static_cast<size_t>(gg_inside_image_end - gg_inside_image_begin)};
}

}  // namespace cli
