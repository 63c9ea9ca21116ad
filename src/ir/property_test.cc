#include "ir/reduce.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "testing/describe.hh"
#include "testing/generate.hh"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace ir {
namespace {

using object::Directory;
using object::Entry;
using object::Promise;
using object::Subdirectory;

constexpr uint64_t kSeeds = 300;

template <class Value, class Decode>
void expect_read_back(const Value& value, Decode decode) {
  SCOPED_TRACE(golden::describe(value));
  const auto read = decode(encode(value));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, value);
}

// One byte changed, left out or added: either no value at all, or another one with these very bytes.
template <class Value, class Decode>
void expect_one_value_per_bytes(generate::Source& source, const Value& value, Decode decode) {
  const std::string bytes = encode(value);
  for (int tries = 0; tries < 20; ++tries) {
    std::string changed = bytes;
    const size_t at = source.below(changed.size() + 1);
    const auto byte = static_cast<char>(source.below(256));
    changed.replace(at, source.below(2), std::string(source.below(2), byte));
    const auto read = decode(changed);
    if (read) {
      EXPECT_EQ(encode(*read), changed);
    }
  }
}

TEST(Property, what_is_encoded_is_read_back) {
  generate::for_seeds(kSeeds, [](generate::Source& source) {
    expect_read_back(generate::directory(source), object::decode_directory);
    expect_read_back(generate::command(source), decode_command);
    expect_read_back(generate::thunk(source), decode_thunk);
    expect_read_back(generate::result(source), decode_result);
  });
}

TEST(Property, no_two_byte_strings_are_one_value) {
  generate::for_seeds(kSeeds, [](generate::Source& source) {
    expect_one_value_per_bytes(source, generate::directory(source), object::decode_directory);
    expect_one_value_per_bytes(source, generate::command(source), decode_command);
    expect_one_value_per_bytes(source, generate::thunk(source), decode_thunk);
    expect_one_value_per_bytes(source, generate::result(source), decode_result);
  });
}

// Trees the slow and plain way: every path with what stands there.
class Forest {
 public:
  const WriteDirectory write = [this](const Directory& directory) {
    return store_.put(object::encode(directory));
  };
  const ReadDirectory read = [this](const object::Digest& digest) {
    return object::decode_directory(store_.get(digest).value().value());
  };

  void list(const object::Digest& root, const std::string& prefix, std::map<std::string, Entry>& found) {
    const Directory directory = read(root).value();
    for (const auto& entry : directory.entries) {
      if (const auto* below = std::get_if<Subdirectory>(&entry.second)) {
        found[prefix + entry.first + "/"] = object::Symlink{"a directory"};
        list(below->digest, prefix + entry.first + "/", found);
      } else {
        found[prefix + entry.first] = entry.second;
      }
    }
  }

 private:
  object::MemoryStore store_;
};

Entry file_for(const Promise& promise) {
  return object::File{object::hash(promise.thunk.to_string() + promise.output), false};
}

TEST(Property, substitution_changes_promises_and_nothing_else) {
  generate::for_seeds(kSeeds, [](generate::Source& source) {
    Forest forest;
    const Subdirectory root = generate::tree(source, 5, forest.write);
    std::map<std::string, Entry> expected;
    forest.list(root.digest, "", expected);
    std::set<Promise> promises;
    for (auto& entry : expected) {
      if (const auto* promise = std::get_if<Promise>(&entry.second)) {
        promises.insert(*promise);
        entry.second = file_for(*promise);
      }
    }
    EXPECT_EQ(promises_in(root.digest, forest.read).value(),
              std::vector<Promise>(promises.begin(), promises.end()));
    EXPECT_EQ(root.owes, !promises.empty());
    const auto concrete = [](const Promise& promise) { return std::optional(file_for(promise)); };
    const object::Digest done = substitute(root.digest, forest.read, forest.write, concrete).value();
    std::map<std::string, Entry> found;
    forest.list(done, "", found);
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(promises_in(done, forest.read).value().empty());
    EXPECT_FALSE(forest.read(done).value().owes());
  });
}

}  // namespace
}  // namespace ir
