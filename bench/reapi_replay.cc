// reapi_replay STORE [ADDRESS [IN-FLIGHT]]: the bare client that gg is measured against. Reads names of
// thunks as written on stdin, as the journal of a finished run has them; takes them, and all that they depend
// on, from that run's store. With ADDRESS: sends everything that they need and executes them there, each once
// what it depends on is made, so many at a time, with nothing else. Prints one line of JSON: what there is to
// move, and seconds.
#include "base/errors.hh"
#include "ir/reduce.hh"
#include "ir/thunk.hh"
#include "object/wire.hh"
#include "sched/steps.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"
#include "storage/reapi/capabilities.hh"
#include "storage/reapi/reapi_store.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"

namespace {

namespace re = build::bazel::remote::execution::v2;
using object::Digest;

struct Node {
  Digest thunk;  // as written
  Digest action;
  std::shared_ptr<const ir::Result> result;
  size_t level = 1;  // of what it depends on, one more
  std::vector<size_t> needs;
};

// What a finished run has executed, as actions: each stands behind all that it needs.
class Graph {
 public:
  Graph(object::Store& store, object::Records& records)
      : store_(store), records_(records), steps_(store, records) {}

  size_t add(const Digest& thunk) {
    if (const auto known = at_.find(thunk); known != at_.end()) {
      return known->second;
    }
    Node node;
    node.thunk = thunk;
    std::vector<sched::Made> made;
    for (const object::Promise& promise : promises_in(thunk)) {
      const size_t need = add(promise.thunk);
      if (std::find(node.needs.begin(), node.needs.end(), need) == node.needs.end()) {
        node.needs.push_back(need);
        made.push_back({promise.thunk, 0, nodes_[need].result});
        node.level = std::max(node.level, nodes_[need].level + 1);
      }
    }
    const auto substituted = steps_.substitute(thunk, made, sched::UseMemo::No);
    const auto memo = base::value_or_throw(records_.find(object::kMemoTable, thunk));
    if (!substituted || !memo) {
      throw base::OperatorError("the run has not finished " + thunk.to_string());
    }
    node.action = substituted->concrete;
    node.result = std::make_shared<const ir::Result>(base::value_or_throw(ir::decode_result(*memo)));
    at_.emplace(thunk, nodes_.size());
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  // What they make.
  [[nodiscard]] std::set<Digest> made() const {
    std::set<Digest> made;
    for (const Node& node : nodes_) {
      for (const auto& [path, entry] : node.result->outputs) {
        if (const auto* file = std::get_if<object::File>(&entry)) {
          made.insert(file->digest);
        }
      }
      for (const auto& stream : {node.result->standard_output, node.result->standard_error}) {
        if (stream) {
          made.insert(*stream);
        }
      }
    }
    return made;
  }

  // What they read that nobody makes, and the actions themselves.
  [[nodiscard]] std::vector<Digest> needed() {
    const std::set<Digest> made = this->made();
    std::unordered_set<Digest> seen;
    std::vector<Digest> all;
    const auto note = [&](const Digest& digest) {
      const bool is_new = seen.insert(digest).second;
      if (is_new && made.count(digest) == 0) {
        all.push_back(digest);
      }
      return is_new;
    };
    for (const Node& node : nodes_) {
      const auto action = base::value_or_throw(ir::decode_thunk(bytes_of(node.action)));
      note(node.action);
      note(action.command);
      std::vector<Digest> open;
      for (note(action.input_root) ? open.push_back(action.input_root) : void(); !open.empty();) {
        const auto directory = base::value_or_throw(object::decode_directory(bytes_of(open.back())));
        open.pop_back();
        for (const auto& [name, entry] : directory.entries) {
          if (const auto* file = std::get_if<object::File>(&entry)) {
            note(file->digest);
          } else if (const auto* below = std::get_if<object::Subdirectory>(&entry);
                     below != nullptr && note(below->digest)) {
            open.push_back(below->digest);
          }
        }
      }
    }
    return all;
  }

 private:
  std::string bytes_of(const Digest& digest) {
    auto bytes = base::value_or_throw(store_.get(digest));
    if (!bytes) {
      throw base::OperatorError("the store does not hold " + digest.to_string());
    }
    return *std::move(bytes);
  }

  std::vector<object::Promise> promises_in(const Digest& thunk) {
    const auto root = base::value_or_throw(ir::decode_thunk(bytes_of(thunk))).input_root;
    return base::value_or_throw(
        ir::promises_in(root, [this](const Digest& one) { return object::decode_directory(bytes_of(one)); }));
  }

  object::Store& store_;
  object::Records& records_;
  sched::Steps steps_;
  std::vector<Node> nodes_;
  std::unordered_map<Digest, size_t> at_;
};

// Executes what is ready, in the graph's order.
class Execution {
 public:
  Execution(net::GrpcService& service, const std::vector<Node>& nodes) : service_(service), nodes_(nodes) {
    readers_.resize(nodes.size());
    for (size_t at = 0; at < nodes.size(); ++at) {
      waits_for_.push_back(nodes[at].needs.size());
      for (const size_t need : nodes[at].needs) {
        readers_[need].push_back(at);
      }
      if (nodes[at].needs.empty()) {
        ready_.push_back(at);
      }
    }
  }

  void run(size_t in_flight) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < in_flight; ++i) {
      threads.emplace_back([this] { work(); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    if (!problem_.empty()) {
      throw base::OperatorError(problem_);
    }
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !ready_.empty() || done_ == nodes_.size() || !problem_.empty(); });
      if (ready_.empty() || !problem_.empty()) {
        return;
      }
      const size_t at = ready_.front();
      ready_.pop_front();
      lock.unlock();
      const std::string problem = execute(nodes_[at].action);
      lock.lock();
      problem_ += problem;
      ++done_;
      for (const size_t reader : readers_[at]) {
        if (--waits_for_[reader] == 0) {
          ready_.push_back(reader);
        }
      }
      changed_.notify_all();
    }
  }

  std::string execute(const Digest& action) {
    re::ExecuteRequest request;
    object::to_wire(action, *request.mutable_action_digest());
    grpc::ClientContext context;
    const auto stub = re::Execution::NewStub(service_.channel());
    const auto reader = stub->Execute(&context, request);
    google::longrunning::Operation operation;
    while (reader->Read(&operation) && !operation.done()) {
    }
    if (!operation.done()) {
      return "no answer for " + action.to_string() + ": " + reader->Finish().error_message();
    }
    re::ExecuteResponse response;
    if (!response.ParseFromString(operation.response().value()) || response.status().code() != 0 ||
        response.result().exit_code() != 0) {
      return action.to_string() + " failed: " + response.status().message() + response.result().stderr_raw();
    }
    if (response.cached_result()) {
      return action.to_string() + " was cached: this is no measurement";
    }
    static_cast<void>(reader->Finish());
    return "";
  }

  net::GrpcService& service_;
  const std::vector<Node>& nodes_;
  std::vector<std::vector<size_t>> readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<size_t> waits_for_;  // under mutex_, as all below
  std::deque<size_t> ready_;
  size_t done_ = 0;
  std::string problem_;
};

uint64_t bytes_in(const auto& digests) {
  uint64_t bytes = 0;
  for (const Digest& digest : digests) {
    bytes += digest.size();
  }
  return bytes;
}

void run(const std::string& directory, const std::string& address, size_t in_flight) {
  const base::SystemClock clock;
  const auto store = base::value_or_throw(storage::LocalStore::open(directory, clock, {}));
  const auto records = base::value_or_throw(storage::LocalRecords::open(directory, clock, {}));
  Graph graph(*store, *records);
  for (std::string line; std::getline(std::cin, line);) {
    const auto thunk = Digest::parse(line);
    if (!thunk) {
      throw base::OperatorError("'" + line + "' is no thunk's name");
    }
    graph.add(*thunk);
  }
  const std::vector<Digest> needed = graph.needed();
  const std::set<Digest> made = graph.made();
  size_t levels = 0;
  for (const Node& node : graph.nodes()) {
    levels = std::max(levels, node.level);
  }
  fmt::print(
      "{{\"thunks\": {}, \"levels\": {}, \"objects_up\": {}, \"bytes_up\": {}, \"objects_down\": {}, "
      "\"bytes_down\": {}",
      graph.nodes().size(), levels, needed.size(), bytes_in(needed), made.size(), bytes_in(made));
  if (!address.empty()) {
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    net::GrpcService::Options options;
    options.address = base::value_or_throw(net::parse_grpc_address(address));
    const auto service = base::value_or_throw(net::GrpcService::open(std::move(options)));
    storage::ReapiStore::Options of_store;
    of_store.batch_bytes = base::value_or_throw(storage::ask_capabilities(*service, "")).batch_bytes;
    storage::ReapiStore there(*service, clock, of_store);
    (void)base::value_or_throw(there.send(needed, *store, {}));
    const double sent = seconds();
    Execution(*service, graph.nodes()).run(in_flight);
    fmt::print(", \"send_seconds\": {:.3f}, \"seconds\": {:.3f}", sent, seconds());
  }
  fmt::print("}}\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) {
      throw base::OperatorError("usage: reapi_replay STORE [ADDRESS [IN-FLIGHT]] < THUNKS");
    }
    run(argv[1], argc > 2 ? argv[2] : "", argc > 3 ? std::stoul(argv[3]) : 64);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "reapi_replay: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
