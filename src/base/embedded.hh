#pragma once

#include <cstddef>

// Makes the bytes of FILE (a string literal: a path, as the build knows it) part of the program, between the
// symbols NAME_begin and NAME_end; at the top of a source file. The source depends on FILE: say so with
// OBJECT_DEPENDS.
#define GG_EMBED(NAME, FILE)            \
  asm(".section .rodata\n"              \
      ".global " #NAME                  \
      "_begin\n"                        \
      ".global " #NAME                  \
      "_end\n"                          \
      ".balign 16\n" #NAME              \
      "_begin:\n"                       \
      ".incbin \"" FILE "\"\n" #NAME    \
      "_end:\n"                         \
      ".previous\n");                   \
  extern "C" const char NAME##_begin[]; \
  extern "C" const char NAME##_end[]

// Those bytes, as a std::string_view.
#define GG_EMBEDDED(NAME) \
  { NAME##_begin, static_cast<size_t>(NAME##_end - NAME##_begin) }
