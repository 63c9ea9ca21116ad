#pragma once

#include <string>

namespace base {

// A library that is loaded when it is needed, since linked it would cost each start of the program. Stays
// loaded.
class SharedLibrary {
 public:
  // `name` as the loader knows it ("libcurl.so.4"); `purpose`: what cannot be done without, and how to get
  // it. Throws OperatorError where it is missing.
  SharedLibrary(const char* name, std::string purpose);

  // Throws OperatorError where it has no such function.
  template <class F>
  void find(const char* name, F& function) const {
    function = reinterpret_cast<F>(symbol(name));
  }

 private:
  [[nodiscard]] void* symbol(const char* name) const;

  std::string purpose_;
  void* library_;
};

}  // namespace base
