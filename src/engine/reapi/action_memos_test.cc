#include "engine/reapi/action_memos.hh"

#include "engine/memos/shared_memos.hh"
#include "object/hash.hh"
#include "object/memory_remote.hh"
#include "object/tree.hh"
#include "object/wire.hh"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"

namespace engine {
namespace {

namespace re = build::bazel::remote::execution::v2;

// An action cache in this process.
class TestCache final : public re::ActionCache::Service {
 public:
  TestCache() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    net::GrpcService::Options options;
    options.address = {"127.0.0.1", static_cast<uint16_t>(port_), net::Transport::Plain};
    options.patience = std::chrono::milliseconds(1);
    service = net::GrpcService::open(options).value();
  }

  ~TestCache() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status GetActionResult(grpc::ServerContext* /*context*/, const re::GetActionResultRequest* request,
                               re::ActionResult* answer) override {
    const std::scoped_lock lock(mutex);
    ++asked;
    if (broken) {
      return {grpc::StatusCode::UNAVAILABLE, "broken"};
    }
    const auto found = results.find(object::from_wire(request->action_digest()));
    if (found == results.end()) {
      return {grpc::StatusCode::NOT_FOUND, "unknown"};
    }
    *answer = found->second;
    return grpc::Status::OK;
  }

  grpc::Status UpdateActionResult(grpc::ServerContext* /*context*/,
                                  const re::UpdateActionResultRequest* request,
                                  re::ActionResult* answer) override {
    const std::scoped_lock lock(mutex);
    *answer = results[object::from_wire(request->action_digest())] = request->action_result();
    return grpc::Status::OK;
  }

  std::mutex mutex;
  std::map<object::Digest, re::ActionResult> results;  // under mutex
  int asked = 0;                                       // under mutex
  bool broken = false;                                 // under mutex
  std::unique_ptr<net::GrpcService> service;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// One user: a store and records of their own.
struct User {
  object::MemoryStore here;
  object::MemoryRecords own;
  base::SystemClock clock;
  std::vector<std::string> warnings;
};

class ActionMemosTest : public ::testing::Test {
 protected:
  std::unique_ptr<SharedMemos> memos_of(User& user, SharedMemos::Use use = SharedMemos::Use::ReadAndWrite) {
    const ReapiEngine::Surroundings with{*cache_.service, there_, user.here, user.here, user.clock};
    SharedMemos::Options options;
    options.use = use;
    return std::make_unique<SharedMemos>(
        user.own, std::make_unique<ActionMemos>(with, ActionMemos::Options()), options,
        [&user](const std::string& message) { user.warnings.push_back(message); });
  }

  static object::Digest put_thunk(User& user, const object::Directory& root = {}) {
    ir::Command command;
    command.arguments = {"/bin/true"};
    command.output_paths = {"a.o"};
    return user.here
        .put(ir::encode(ir::Thunk{
            user.here.put(ir::encode(command)).value(), user.here.put(object::encode(root)).value(), {}}))
        .value();
  }

  static ir::Result result_of(User& user) {
    ir::Result result;
    result.outputs.emplace("a.o", object::File{user.here.put("object").value(), false});
    return result;
  }

  TestCache cache_;
  object::MemoryRemote there_;
  User first_;
  User second_;
};

TEST_F(ActionMemosTest, what_one_has_found_out_another_knows_outputs_included) {
  const object::Digest thunk = put_thunk(first_);
  const ir::Result result = result_of(first_);
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, thunk, ir::encode(result)));
  ASSERT_EQ(put_thunk(second_), thunk);
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk).value(), ir::encode(result));
  EXPECT_TRUE(second_.here.missing(std::vector{object::hash("object")})->empty());
  EXPECT_EQ(second_.own.find(object::kMemoTable, thunk).value(), ir::encode(result)) << "kept for next time";
}

TEST_F(ActionMemosTest, a_result_whose_outputs_are_gone_is_none) {
  const object::Digest thunk = put_thunk(first_);
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, thunk, ir::encode(result_of(first_))));
  there_.memory.forget(object::hash("object"));
  put_thunk(second_);
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk).value(), std::nullopt);
}

TEST_F(ActionMemosTest, who_only_reads_tells_nothing) {
  const object::Digest thunk = put_thunk(first_);
  const auto memo = ir::encode(result_of(first_));
  ASSERT_TRUE(memos_of(first_, SharedMemos::Use::Read)->record(object::kMemoTable, thunk, memo));
  EXPECT_TRUE(cache_.results.empty());
  EXPECT_TRUE(there_.sent.empty());
}

TEST_F(ActionMemosTest, failures_and_what_owes_stay_here) {
  ir::Result failed;
  failed.exit_code = 1;
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, put_thunk(first_), ir::encode(failed)));
  object::Directory owing;
  owing.entries.emplace("b.o", object::Promise{object::hash("thunk"), "b.o"});
  const object::Digest thunk = put_thunk(first_, owing);
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, thunk, ir::encode(result_of(first_))));
  EXPECT_TRUE(cache_.results.empty());
  User other;
  put_thunk(other, owing);
  EXPECT_EQ(memos_of(other)->find(object::kMemoTable, thunk).value(), std::nullopt);
  EXPECT_EQ(cache_.asked, 0);
}

TEST_F(ActionMemosTest, a_server_that_fails_is_complained_of_once_and_asked_no_more) {
  cache_.broken = true;
  const object::Digest thunk = put_thunk(first_);
  const auto memos = memos_of(first_);
  EXPECT_EQ(memos->find(object::kMemoTable, thunk).value(), std::nullopt);
  const int asked = cache_.asked;
  EXPECT_EQ(memos->find(object::kMemoTable, thunk).value(), std::nullopt);
  EXPECT_EQ(cache_.asked, asked);
  ASSERT_EQ(first_.warnings.size(), 1U);
  EXPECT_NE(first_.warnings[0].find("going on without the shared results"), std::string::npos);
}

TEST_F(ActionMemosTest, other_tables_are_ones_own) {
  const auto memos = memos_of(first_);
  ASSERT_TRUE(memos->record(object::kFootprintTable, object::hash("x"), "value"));
  EXPECT_EQ(memos->find(object::kFootprintTable, object::hash("x")).value(), "value");
  EXPECT_EQ(memos->find(object::kFootprintTable, object::hash("y")).value(), std::nullopt);
  EXPECT_EQ(cache_.asked, 0);
}

}  // namespace
}  // namespace engine
