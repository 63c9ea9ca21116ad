#include "exec/dynamic.hh"

#include "base/files.hh"
#include "base/unique_fd.hh"
#include "exec/container_files.hh"
#include "exec/tree_builder.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exec {
namespace {

using object::Digest;
using object::Directory;
using object::File;
using object::Promise;
using object::Subdirectory;

// A container after its process has ended, and what the process would have written there.
class Container {
 public:
  Container() {
    base::make_directories(directory_.path() + "/.gg/made");
    own_ = TreeBuilder(store_).file("bin/tool", "tool", true).root();
    TreeReader trees(store_);
    layout_ = lay_out(trees, own_, {}).value();
    added_ = add_own_tree(trees, own_, layout_);
  }

  Digest made(const std::string& bytes) {
    const Digest digest = object::hash(bytes);
    write(".gg/made/" + digest.hex(), bytes);
    return digest;
  }

  Digest thunk(const Digest& root, const std::vector<std::string>& outputs = {"o"}) {
    return made(
        ir::encode(ir::Thunk{made(ir::encode(ir::Command{{"/bin/tool"}, {}, "", outputs})), root, {}}));
  }

  void returns(const std::string& path, const Promise& promise) {
    write(".gg/returned", ir::encode_returned(path, promise), O_APPEND);
  }

  void write(const std::string& path, const std::string& bytes, int how = O_TRUNC) {
    const base::UniqueFd fd(::open((directory_.path() + "/" + path).c_str(), O_WRONLY | O_CREAT | how, 0666));
    base::write_all(fd.get(), bytes, path);
  }

  Expected<ir::Returned> take() {
    const base::UniqueFd root(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY));
    return take_returned(root.get(), layout_, {{"out", "out"}}, store_, {});
  }

  std::string refusal() {
    const auto taken = take();
    if (taken) {
      return "it was taken";
    }
    EXPECT_EQ(taken.error().error.kind, base::FailureKind::Deterministic);
    return taken.error().error.message;
  }

  base::TemporaryDirectory directory_;
  object::MemoryStore store_;
  Digest own_;
  Layout layout_;
  Expected<void> added_;
};

// A directory stands for a file on a disk that has gone bad: both open, and neither can be read.
TEST(Dynamic, what_cannot_be_read_is_a_failure_of_the_attempt) {
  const base::TemporaryDirectory directory;
  const base::UniqueFd fd(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY));
  const auto bytes = read_whole(fd, ".gg/returned");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().error.message, "read .gg/returned: Is a directory");
  EXPECT_EQ(bytes.error().error.kind, base::FailureKind::Ours);
}

TEST(Dynamic, takes_over_what_returned_promises_need) {
  Container container;
  const Digest file = container.made("new");
  const Digest inner = container.thunk(container.own_);
  const Directory below{{{"p", Promise{inner, "o"}}}};
  const Directory root{{{"file", File{file, false}},
                        {"own", File{object::hash("tool"), true}},
                        {"bin", Subdirectory{container.own_, false}},
                        {"below", Subdirectory{container.made(object::encode(below)), true}}}};
  const Promise promise{container.thunk(container.made(object::encode(root))), "o"};
  (void)container.made("nobody needs this");
  container.returns("out/x", promise);
  const auto taken = container.take();
  ASSERT_TRUE(taken) << taken.error().error.message;
  EXPECT_EQ(*taken, (ir::Returned{{"out/x", promise}}));
  const std::vector<Digest> needed{promise.thunk, inner, file, object::hash(object::encode(root))};
  EXPECT_TRUE(container.store_.missing(needed)->empty());
  EXPECT_EQ(container.store_.missing(std::vector{object::hash("nobody needs this")})->size(), 1U);
}

TEST(Dynamic, refuses_objects_that_are_not_its_own) {
  Container container;
  (void)container.store_.put("somebody else's");
  const Directory root{{{"secret", File{object::hash("somebody else's"), false}}}};
  container.returns("out", {container.thunk(container.made(object::encode(root))), "o"});
  EXPECT_NE(container.refusal().find("names object " + object::hash("somebody else's").to_string() +
                                     ", which is neither of the thunk's own input tree nor newly made"),
            std::string::npos);
}

TEST(Dynamic, refuses_a_directory_that_lies_about_its_promises) {
  for (const bool lie : {false, true}) {
    Container container;
    const Digest inner = container.thunk(container.own_);
    const Directory owing{{{"p", Promise{inner, "o"}}}};
    const Directory plain{{{"f", File{object::hash("tool"), true}}}};
    const Digest below = container.made(object::encode(lie ? plain : owing));
    const Directory root{{{"below", Subdirectory{below, lie}}}};
    container.returns("out", {container.thunk(container.made(object::encode(root))), "o"});
    EXPECT_NE(container.refusal().find("which is not so"), std::string::npos) << container.refusal();
  }
}

TEST(Dynamic, refuses_what_is_not_what_it_is_named_for) {
  Container container;
  const Digest garbage = container.made("garbage");
  container.returns("out", {garbage, "o"});
  EXPECT_NE(container.refusal().find("not a thunk object"), std::string::npos) << container.refusal();
  Container other;
  other.returns("out", {other.thunk(other.made("garbage")), "o"});
  EXPECT_NE(other.refusal().find("not a directory object"), std::string::npos) << other.refusal();
}

TEST(Dynamic, refuses_a_file_of_its_own_tree_as_a_directory) {
  Container container;
  container.returns("out", {container.thunk(object::hash("tool")), "o"});
  EXPECT_NE(container.refusal().find("neither of the thunk's own input tree nor newly made"),
            std::string::npos);
}

TEST(Dynamic, refuses_outputs_that_nobody_declares) {
  Container container;
  container.returns("out", {container.thunk(container.own_, {"a", "b"}), "c"});
  EXPECT_NE(container.refusal().find("declares no such output"), std::string::npos);
  Container other;
  other.returns("outer", {other.thunk(other.own_), "o"});
  EXPECT_NE(other.refusal().find("at or below no declared output"), std::string::npos);
}

TEST(Dynamic, follows_nothing_out_of_the_container) {
  Container container;
  const std::string made = container.directory_.path() + "/.gg/made/";
  const std::string bytes = ir::encode(ir::Command{{"/x"}, {}, "", {"o"}});
  const base::TemporaryDirectory elsewhere;
  base::write_file_atomically(elsewhere.path() + "/command", bytes);
  const Digest command = object::hash(bytes);
  ASSERT_EQ(::symlink((elsewhere.path() + "/command").c_str(), (made + command.hex()).c_str()), 0);
  container.returns("out", {container.made(ir::encode(ir::Thunk{command, container.own_, {}})), "o"});
  EXPECT_NE(container.refusal().find("is no regular file"), std::string::npos) << container.refusal();
}

TEST(Dynamic, a_fifo_in_an_objects_place_is_named_and_not_waited_for) {
  Container container;
  const Digest gone = object::hash("gone");
  ASSERT_EQ(::mkfifo((container.directory_.path() + "/.gg/made/" + gone.hex()).c_str(), 0666), 0);
  container.returns("out", {gone, "o"});
  EXPECT_NE(container.refusal().find("is no regular file"), std::string::npos);
}

TEST(Dynamic, an_input_tree_with_its_places_is_refused) {
  for (const char* path : {".gg/root", ".gg/known/x", ".gg/returned", ".gg"}) {
    object::MemoryStore store;
    TreeReader trees(store);
    const Digest root = TreeBuilder(store).file(path, "x").root();
    Layout layout = lay_out(trees, root, {}).value();
    EXPECT_FALSE(add_own_tree(trees, root, layout)) << path;
  }
  object::MemoryStore store;
  TreeReader trees(store);
  const Digest root = TreeBuilder(store).file(".gg/gg", "x").root();
  Layout layout = lay_out(trees, root, {}).value();
  EXPECT_TRUE(add_own_tree(trees, root, layout));
  EXPECT_TRUE(std::is_sorted(layout.begin(), layout.end(),
                             [](const Node& a, const Node& b) { return comes_before(a.path, b.path); }));
}

}  // namespace
}  // namespace exec
