#pragma once

#include "object/memory_store.hh"

#include <random>
#include <string>
#include <vector>

// So many objects of incompressible bytes, different each time.
inline std::vector<object::Digest> put_random_objects(object::Store& store, size_t count, size_t bytes) {
  std::mt19937_64 random(std::random_device{}());
  std::vector<object::Digest> digests;
  for (size_t i = 0; i < count; ++i) {
    std::string object(bytes, '\0');
    for (char& byte : object) {
      byte = static_cast<char>(random());
    }
    digests.push_back(store.put(object).value());
  }
  return digests;
}
