#include "cli/models_here.hh"

#include "base/files.hh"
#include "intercept/placeholder.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <filesystem>

namespace cli {
namespace {

class Placeholders : public ::testing::Test {
 protected:
  Placeholders() {
    settings_.store = folder_.path() + "/store";
    storage_ = open_storage(settings_);
  }

  // Whether a placeholder of the thunk's passes for a promise.
  bool is_promise(const object::Digest& thunk) {
    const std::string path = folder_.path() + "/out.o";
    base::write_file_atomically(path, intercept::placeholder_text({thunk, "out.o"}).value());
    bool seen = false;
    ModelsHere here(*storage_, {}, [&](const std::string&, const object::Promise&) { seen = true; });
    here.look(path);
    return seen;
  }

  const base::TemporaryDirectory folder_;
  Settings settings_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(Placeholders, are_promises_where_the_store_knows_the_thunk) {
  EXPECT_FALSE(is_promise(object::hash("another store's")));
  EXPECT_TRUE(is_promise(storage_->store().put("a thunk").value()));
}

TEST_F(Placeholders, stay_promises_where_the_store_cannot_say) {
  const object::Digest thunk = storage_->store().put("a thunk").value();
  const std::string objects = settings_.store + "/objects";
  std::filesystem::rename(objects, objects + ".away");
  std::filesystem::create_symlink("objects", objects);  // to itself: an error, and to root as well
  ASSERT_FALSE(storage_->store().missing({&thunk, 1}));
  EXPECT_TRUE(is_promise(thunk));
}

}  // namespace
}  // namespace cli
