#include "engine/reapi/execution_call.hh"

#include "object/hash.hh"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"

namespace engine {
namespace {

namespace re = build::bazel::remote::execution::v2;
namespace lro = google::longrunning;

constexpr const char* kOperation = "operations/7";

// Executes nothing: an action is under way until somebody cancels its operation, or says that it is done. A
// call without the run's header is refused, and so is an operation that nobody has started.
class TestExecution final : public re::Execution::Service, public lro::Operations::Service {
 public:
  TestExecution() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<re::Execution::Service*>(this));
    builder.RegisterService(static_cast<lro::Operations::Service*>(this));
    server_ = builder.BuildAndStart();
    net::GrpcService::Options options;
    options.address = {"127.0.0.1", static_cast<uint16_t>(port_), net::Transport::Plain};
    options.headers = {{"run-bin", "this run"}};
    service = net::GrpcService::open(std::move(options)).value();
  }

  ~TestExecution() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Execute(grpc::ServerContext* context, const re::ExecuteRequest* request,
                       grpc::ServerWriter<lro::Operation>* writer) override {
    return follow(*context, "execute", *writer, [&] { asked = *request; });
  }

  grpc::Status WaitExecution(grpc::ServerContext* context, const re::WaitExecutionRequest* request,
                             grpc::ServerWriter<lro::Operation>* writer) override {
    if (request->name() != kOperation) {
      return {grpc::StatusCode::NOT_FOUND, "no such operation"};
    }
    return follow(*context, "wait", *writer, [] {});
  }

  grpc::Status CancelOperation(grpc::ServerContext* context, const lro::CancelOperationRequest* request,
                               google::rpc::Empty* /*answer*/) override {
    if (request->name() != kOperation) {
      return {grpc::StatusCode::NOT_FOUND, "no such operation"};
    }
    return note(*context, "cancel");
  }

  // Until the call was made so many times.
  void wait_for(const std::string& call, int times = 1) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return std::count(calls.begin(), calls.end(), call) >= times; });
  }

  void finish() {
    const std::scoped_lock lock(mutex);
    done = true;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> calls;  // under mutex, as all below
  re::ExecuteRequest asked;
  bool done = false;
  int breaks = 0;  // so many streams break once they have named the operation
  std::unique_ptr<net::GrpcService> service;

 private:
  grpc::Status note(grpc::ServerContext& context, const std::string& call) {
    const auto found = context.client_metadata().find("run-bin");
    if (found == context.client_metadata().end() ||
        std::string(found->second.data(), found->second.size()) != "this run") {
      return {grpc::StatusCode::INVALID_ARGUMENT, "of which run?"};
    }
    const std::scoped_lock lock(mutex);
    calls.push_back(call);
    changed.notify_all();
    return grpc::Status::OK;
  }

  grpc::Status follow(grpc::ServerContext& context, const std::string& call,
                      grpc::ServerWriter<lro::Operation>& writer, const std::function<void()>& start) {
    {
      const std::scoped_lock lock(mutex);
      start();
    }
    if (const grpc::Status noted = note(context, call); !noted.ok()) {
      return noted;
    }
    lro::Operation operation;
    operation.set_name(kOperation);
    writer.Write(operation);
    std::unique_lock lock(mutex);
    if (breaks > 0) {
      --breaks;
      return {grpc::StatusCode::UNAVAILABLE, "broke"};
    }
    while (!done) {
      if (context.IsCancelled()) {
        return grpc::Status::CANCELLED;
      }
      changed.wait_for(lock, std::chrono::milliseconds(10));  // nobody tells when a call is cancelled
    }
    re::ExecuteResponse response;
    response.mutable_result()->set_exit_code(3);
    operation.set_done(true);
    operation.mutable_response()->set_value(response.SerializeAsString());
    writer.Write(operation);
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class ExecutionCallTest : public ::testing::Test {
 protected:
  Executed run(int32_t priority = 0) {
    return ExecutionCall(*server_.service, "instance", stop_)
        .run(object::hash("action"), ExecutionCall::Cache::Use, priority);
  }

  TestExecution server_;
  Stop stop_;
};

TEST_F(ExecutionCallTest, what_is_asked_for_is_executed_with_its_priority) {
  server_.finish();
  EXPECT_EQ(run(12).result.exit_code(), 3);
  EXPECT_EQ(server_.asked.instance_name(), "instance");
  EXPECT_EQ(server_.asked.execution_policy().priority(), 12);
}

TEST_F(ExecutionCallTest, no_policy_is_sent_to_a_server_that_has_no_priorities) {
  server_.finish();
  EXPECT_TRUE(run(0).status.ok());
  EXPECT_FALSE(server_.asked.has_execution_policy());
}

TEST_F(ExecutionCallTest, an_execution_that_is_not_wanted_any_more_is_cancelled_over_there) {
  server_.breaks = 1;  // who waits for an operation has been told its name
  std::thread runs([this] { EXPECT_EQ(run().status.error_code(), grpc::StatusCode::CANCELLED); });
  server_.wait_for("wait");
  stop_.raise();
  runs.join();
  server_.wait_for("cancel");
  EXPECT_EQ(server_.calls, (std::vector<std::string>{"execute", "wait", "cancel"}));
}

TEST_F(ExecutionCallTest, after_a_break_the_same_operation_is_waited_for) {
  server_.breaks = 2;
  std::thread runs([this] { EXPECT_EQ(run().result.exit_code(), 3); });
  server_.wait_for("wait", 2);
  server_.finish();
  runs.join();
  EXPECT_EQ(server_.calls, (std::vector<std::string>{"execute", "wait", "wait"}));
}

}  // namespace
}  // namespace engine
