#include "base/shared_library.hh"

#include "base/errors.hh"

#include <dlfcn.h>

#include <utility>

namespace base {

namespace {

[[noreturn]] void missing(const std::string& purpose) {
  const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): one for each thread in glibc
  throw OperatorError(purpose + ": " + std::string(why != nullptr ? why : "it cannot be loaded"));
}

}  // namespace

SharedLibrary::SharedLibrary(const char* name, std::string purpose)
    : purpose_(std::move(purpose)), library_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) {
    missing(purpose_);
  }
}

void* SharedLibrary::symbol(const char* name) const {
  void* found = ::dlsym(library_, name);
  if (found == nullptr) {
    missing(purpose_);
  }
  return found;
}

}  // namespace base
