#include "model/encoded_directories.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

namespace model {
namespace {

object::Directory many(size_t count) {
  object::Directory directory;
  for (size_t i = 0; i < count; ++i) {
    directory.entries.emplace("h" + std::to_string(i), object::File{object::hash(std::to_string(i)), false});
  }
  directory.entries.emplace("link", object::Symlink{"h0"});
  directory.entries.emplace("below", object::Subdirectory{object::hash("below"), false});
  return directory;
}

EncodedDirectories::Entries entries_of(const object::Directory& directory) {
  EncodedDirectories::Entries entries;
  for (const auto& entry : directory.entries) {
    entries.emplace_back(entry.first, &entry.second);
  }
  return entries;
}

TEST(EncodedDirectories, one_that_was_met_before_is_the_same_object) {
  EncodedDirectories directories;
  const EncodedObject first = directories.of(entries_of(many(200)));
  const EncodedObject again = directories.of(entries_of(many(200)));
  EXPECT_EQ(*first.bytes, object::encode(many(200)));
  EXPECT_EQ(first.digest, object::hash(*first.bytes));
  EXPECT_EQ(again.digest, first.digest);
  EXPECT_EQ(again.bytes.get(), first.bytes.get()) << "encoded anew";
}

TEST(EncodedDirectories, whatever_differs_in_an_entry_makes_another) {
  EncodedDirectories directories;
  const object::Digest known = directories.of(entries_of(many(200))).digest;
  for (const auto& [name, entry] : std::vector<std::pair<std::string, object::Entry>>{
           {"h7", object::File{object::hash("other"), false}},
           {"h7", object::File{object::hash("7"), true}},
           {"link", object::Symlink{"h1"}},
           {"below", object::Subdirectory{object::hash(""), false}},
           {"below", object::Promise{object::hash(""), "o"}},
           {"more", object::Symlink{"h1"}}}) {
    object::Directory other = many(200);
    other.entries.insert_or_assign(name, entry);
    const EncodedObject made = directories.of(entries_of(other));
    EXPECT_NE(made.digest, known) << name;
    EXPECT_EQ(*made.bytes, object::encode(other)) << name;
  }
}

TEST(EncodedDirectories, what_is_forgotten_is_encoded_again) {
  EncodedDirectories directories;
  for (size_t count = 1000; count < 1200; ++count) {  // 18 MB
    EXPECT_EQ(*directories.of(entries_of(many(count))).bytes, object::encode(many(count)));
  }
  EXPECT_EQ(*directories.of(entries_of(many(1000))).bytes, object::encode(many(1000)));
}

}  // namespace
}  // namespace model
