#pragma once

#include <cstdint>
#include <string>

#include "cloud/aws_calls.hh"

namespace cloud {

struct Contents {
  uint64_t count = 0;
  uint64_t bytes = 0;
};

// The objects of a bucket. Throws CallError.
class BucketContents {
 public:
  BucketContents(AwsCalls& calls, std::string bucket) : calls_(calls), bucket_(std::move(bucket)) {}

  [[nodiscard]] Contents count();

  // Throws where the bucket cannot be listed.
  void try_to_list();

  // Removes all; says how many. A bucket that is not there is empty.
  uint64_t empty();

 private:
  AwsCalls& calls_;
  std::string bucket_;
};

// The images of a repository. Throws CallError.
class ImageRepository {
 public:
  ImageRepository(AwsCalls& calls, std::string name) : calls_(calls), name_(std::move(name)) {}

  [[nodiscard]] Contents count();

  // For "Authorization: Basic"; good for twelve hours.
  [[nodiscard]] std::string credentials();

 private:
  AwsCalls& calls_;
  std::string name_;
};

}  // namespace cloud
