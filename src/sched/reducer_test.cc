#include "sched/reducer.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <unordered_map>

namespace sched {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

object::Digest named(const std::string& text) {
  return object::hash(text);
}

object::Promise promise_of(const std::string& thunk, const std::string& output = "out") {
  return {named(thunk), output};
}

ir::Result made(const std::string& content) {
  ir::Result result;
  result.outputs.emplace("out", object::File{named(content), false});
  return result;
}

ir::Result calls(const std::string& thunk, const std::string& output = "out") {
  ir::Result result;
  result.outputs.emplace("out", promise_of(thunk, output));
  return result;
}

ir::Result exits(int code) {
  ir::Result result;
  result.exit_code = code;
  return result;
}

// What the store, or whoever executes it, does not hold any more.
AttemptResult loses(const std::vector<std::string>& objects) {
  AttemptFailure failure(base::Error{"404"}, {});
  for (const std::string& object : objects) {
    failure.lost.push_back(named(object));
  }
  return tl::unexpected(std::move(failure));
}

AttemptResult broken(base::FailureKind kind, const std::string& message = "broken") {
  return tl::unexpected<AttemptFailure>(base::Error{message, kind});
}

Policy keep_going() {
  Policy policy;
  policy.on_failure = OnFailure::KeepGoing;
  return policy;
}

// The only action of its kind.
template <class Kind>
const Kind& the(const std::vector<Action>& actions) {
  const auto is = [](const Action& action) { return std::holds_alternative<Kind>(action); };
  EXPECT_EQ(std::count_if(actions.begin(), actions.end(), is), 1);
  return std::get<Kind>(*std::find_if(actions.begin(), actions.end(), is));
}

// A reducer and what it has asked for. Thunks go by words.
class Desk {
 public:
  explicit Desk(const Policy& policy = keep_going(), unsigned slots = 4) : reducer(policy) {
    reducer.set_engine(0, slots);
  }

  NodeId add(const std::string& thunk, const Request& request = {}) {
    const NodeId node = reducer.add(named(thunk), request);
    take();
    return node;
  }

  [[nodiscard]] NodeId node(const std::string& thunk) const { return reducer.find(named(thunk)).value(); }

  // The one action of this kind that is asked for this thunk and not answered yet; it is now.
  template <class Kind>
  Kind next(const std::string& thunk) {
    for (auto at = asked.begin(); at != asked.end(); ++at) {
      const auto* action = std::get_if<Kind>(&*at);
      if (action != nullptr && node_of(*action) == node(thunk)) {
        const Kind copy = *action;
        asked.erase(at);
        return copy;
      }
    }
    ADD_FAILURE() << thunk
                  << ": nothing of the kind is asked; it waits: " << reducer.why_waiting(node(thunk));
    throw std::runtime_error("not asked");
  }

  template <class Kind>
  [[nodiscard]] std::vector<Kind> all() const {
    std::vector<Kind> some;
    for (const Action& action : asked) {
      if (const auto* one = std::get_if<Kind>(&action)) {
        some.push_back(*one);
      }
    }
    return some;
  }

  template <class Kind>
  [[nodiscard]] size_t count() const {
    return all<Kind>().size();
  }

  void open(const std::string& thunk, const std::vector<object::Promise>& promises = {}) {
    reducer.opened(next<Open>(thunk).ticket, promises);
    take();
  }

  void substitute(const std::string& thunk, const std::string& concrete) {
    reducer.substituted(next<Substitute>(thunk).ticket, named(concrete), std::nullopt);
    take();
  }

  void end(const std::string& thunk, AttemptResult result) {
    reducer.attempt_done(next<Execute>(thunk).attempt, std::move(result));
    take();
  }

  void tick(base::Nanoseconds now) {
    reducer.tick(now);
    take();
  }

  void take() {
    for (const std::string& wrong : reducer.inconsistencies()) {
      ADD_FAILURE() << wrong;
    }
    std::vector<Action> actions;
    reducer.take_actions(actions);
    asked.insert(asked.end(), actions.begin(), actions.end());
  }

  // Names of thunks that memos were to be recorded for.
  [[nodiscard]] std::vector<object::Digest> recorded() const {
    std::vector<object::Digest> names;
    for (const Action& action : asked) {
      if (const auto* record = std::get_if<RecordMemo>(&action)) {
        names.push_back(record->thunk);
      }
    }
    return names;
  }

  // What was decided, and why attempts were cancelled, by their codes.
  [[nodiscard]] std::vector<std::string> decided() const {
    std::vector<std::string> codes;
    for (const Action& action : asked) {
      if (const auto* decision = std::get_if<Decided>(&action)) {
        codes.emplace_back(code_of(decision->what));
      } else if (const auto* cancel = std::get_if<CancelAttempt>(&action)) {
        codes.push_back(std::string("(") + code_of(cancel->why) + ")");
      }
    }
    return codes;
  }

  [[nodiscard]] bool runs(const std::string& thunk) const {
    return reducer.state(node(thunk)) == State::Running;
  }

  [[nodiscard]] Outcome outcome(const std::string& thunk) const { return reducer.outcome(node(thunk)); }

  [[nodiscard]] Verdict verdict(const std::string& thunk) const { return outcome(thunk).verdict; }

  [[nodiscard]] std::string blame(const std::string& thunk) const {
    return outcome(thunk).failure->error.message;
  }

  Reducer reducer;
  std::vector<Action> asked;

 private:
  template <class Kind>
  static NodeId node_of(const Kind& action) {
    if constexpr (std::is_same_v<Kind, Execute>) {
      return action.node;
    } else {
      return action.ticket.node;
    }
  }
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Reducer, a_thunk_without_promises_is_opened_executed_and_recorded) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.asked.size(), 1U);
  desk.end("a", made("x"));
  EXPECT_EQ(*desk.outcome("a").result, made("x"));
  EXPECT_EQ(desk.outcome("a").source, Source::Executed);
  EXPECT_EQ(desk.count<RecordMemo>(), 1U);
  EXPECT_EQ(desk.count<Finished>(), 1U);
}

TEST(Reducer, a_memo_as_written_is_enough) {
  Desk desk;
  desk.add("a");
  desk.reducer.memo_found(desk.next<Open>("a").ticket, made("x"));
  desk.take();
  EXPECT_EQ(desk.outcome("a").source, Source::MemoAsWritten);
  EXPECT_EQ(desk.count<RecordMemo>(), 0U);
  EXPECT_EQ(desk.reducer.counters().hits, 1U);
}

TEST(Reducer, a_memo_of_the_concrete_thunk_is_recorded_for_the_thunk_as_written) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.reducer.memo_found(desk.next<Open>("a").ticket, made("x"));
  desk.take();
  const auto substitute = desk.next<Substitute>("b");
  ASSERT_EQ(substitute.made.size(), 1U);
  EXPECT_EQ(*substitute.made[0].result, made("x"));
  desk.reducer.substituted(substitute.ticket, named("b of x"), made("y"));
  desk.take();
  EXPECT_EQ(desk.outcome("b").source, Source::MemoConcrete);
  EXPECT_EQ(desk.recorded(), std::vector{named("b")});
}

TEST(Reducer, an_executed_thunk_is_recorded_under_both_its_names) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.end("a", made("x"));
  desk.substitute("b", "b of x");
  desk.end("b", made("y"));
  EXPECT_EQ(desk.recorded(), (std::vector{named("a"), named("b"), named("b of x")}));
}

TEST(Reducer, each_dependency_is_named_once_to_substitution_in_whatever_order_its_promises_stand) {
  Desk desk;
  desk.add("top");
  desk.open("top", {promise_of("b", "1"), promise_of("a"), promise_of("b", "2")});
  desk.open("a");
  desk.end("a", made("x"));
  desk.open("b");
  ir::Result two;
  two.outputs = {{"1", object::File{named("1"), false}}, {"2", object::File{named("2"), false}}};
  desk.end("b", two);
  EXPECT_EQ(desk.next<Substitute>("top").made.size(), 2U);
}

TEST(Reducer, an_answer_with_another_ticket_changes_nothing) {
  Desk desk;
  const NodeId node = desk.add("a");
  desk.asked.clear();
  desk.reducer.opened({node, 77}, {});
  desk.reducer.opened({node + 1, 1}, {});
  desk.reducer.substituted({node, 1}, named("b"), std::nullopt);
  desk.reducer.failed({node, 77}, base::Error{"stale"});
  desk.take();
  EXPECT_TRUE(desk.asked.empty());
  EXPECT_EQ(desk.reducer.state(node), State::Opening);
  EXPECT_EQ(desk.reducer.counters().late_answers, 4U);
}

TEST(Reducer, thunks_that_converge_while_running_are_executed_once_and_all_parents_learn_of_it) {
  Desk desk;
  for (const char* side : {"1", "2"}) {
    desk.add(std::string("parent") + side);
    desk.open(std::string("parent") + side, {promise_of(std::string("twin") + side)});
    desk.open(std::string("twin") + side, {promise_of("leaf")});
  }
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("twin1", "concrete");
  EXPECT_TRUE(desk.runs("twin1"));
  desk.substitute("twin2", "concrete");
  EXPECT_EQ(desk.reducer.state(desk.node("twin2")), State::Following);
  EXPECT_TRUE(mentions(desk.reducer.why_waiting(desk.node("twin2")), named("twin1").to_string()));
  EXPECT_EQ(desk.count<Execute>(), 1U);
  desk.end("twin1", made("y"));
  EXPECT_EQ(*desk.outcome("twin1").result, made("y"));
  EXPECT_EQ(desk.outcome("twin2").result, desk.outcome("twin1").result);
  EXPECT_EQ(desk.outcome("twin2").source, Source::Converged);
  EXPECT_EQ(desk.reducer.state(desk.node("parent1")), State::Substituting);
  EXPECT_EQ(desk.reducer.state(desk.node("parent2")), State::Substituting);
}

TEST(Reducer, a_twin_that_comes_later_gets_the_answer_at_once) {
  Desk desk;
  desk.add("a");
  desk.reducer.memo_found(desk.next<Open>("a").ticket, made("y"));  // it never learns its concrete name
  desk.add("b");
  desk.open("b", {promise_of("leaf")});
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("b", "a");
  EXPECT_EQ(*desk.outcome("b").result, made("y"));
}

TEST(Reducer, a_tail_call_found_in_a_memo_is_carried_on_by_one_of_those_that_share_it) {
  for (const char* later : {"written", "substituted"}) {
    SCOPED_TRACE(later);
    Desk desk;
    const auto find_memo = [&] {
      desk.reducer.memo_found(desk.next<Open>("concrete").ticket, calls("callee"));
      desk.take();
    };
    desk.add("concrete");
    desk.add("other");
    desk.open("other", {promise_of("leaf")});
    desk.open("leaf");
    desk.end("leaf", made("x"));
    if (later == std::string("substituted")) {
      find_memo();
    }
    desk.reducer.substituted(desk.next<Substitute>("other").ticket, named("concrete"), calls("callee"));
    desk.take();
    if (later == std::string("written")) {
      find_memo();
    }
    desk.open("callee");
    desk.end("callee", made("y"));
    EXPECT_EQ(*desk.outcome("concrete").result, made("y"));
    EXPECT_EQ(*desk.outcome("other").result, made("y"));
    const std::vector<object::Digest> names = desk.recorded();
    EXPECT_EQ(std::count(names.begin(), names.end(), named("concrete")), 1);
  }
}

TEST(Reducer, a_follower_of_a_failed_twin_fails_alike) {
  Desk desk;
  for (const char* twin : {"twin1", "twin2"}) {
    desk.add(twin);
    desk.open(twin, {promise_of("leaf")});
  }
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("twin1", "concrete");
  desk.substitute("twin2", "concrete");
  desk.end("twin1", exits(1));
  EXPECT_EQ(desk.verdict("twin2"), Verdict::Failed);
  EXPECT_EQ(desk.outcome("twin2").failure, desk.outcome("twin1").failure);
}

TEST(Reducer, a_tail_call_is_carried_to_its_end) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  desk.end("a", calls("b"));
  EXPECT_TRUE(mentions(desk.reducer.why_waiting(desk.node("a")), named("b").to_string()));
  desk.open("b");
  desk.end("b", calls("c"));
  desk.open("c");
  desk.end("c", made("x"));
  EXPECT_EQ(*desk.outcome("a").result, made("x"));
  EXPECT_EQ(*desk.outcome("b").result, made("x"));
  // Two that owed, for the sake of a killed run, and three that do not.
  EXPECT_EQ(desk.count<RecordMemo>(), 5U);
}

TEST(Reducer, promises_within_a_directory_output_are_found_and_replaced) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  ir::Result owing;
  owing.outputs.emplace("out", object::Subdirectory{named("dir"), true});
  desk.end("a", owing);
  const auto open = desk.next<OpenResult>("a");
  EXPECT_EQ(*open.result, owing);
  desk.reducer.result_opened(open.ticket, {promise_of("b")});
  desk.take();
  desk.open("b");
  desk.end("b", made("x"));
  const auto substitute = desk.next<SubstituteResult>("a");
  EXPECT_EQ(substitute.made.at(0).thunk, named("b"));
  ir::Result whole;
  whole.outputs.emplace("out", object::Subdirectory{named("whole dir"), false});
  desk.reducer.result_substituted(substitute.ticket, whole);
  EXPECT_EQ(*desk.outcome("a").result, whole);
}

TEST(Reducer, tail_calls_go_10000_deep) {
  Reducer reducer(keep_going());
  reducer.set_engine(0, 1);
  const int depth = 10'000;
  const NodeId first = reducer.add(named("call 0"));
  std::vector<Action> actions;
  for (int call = 0; call < depth; ++call) {
    reducer.take_actions(actions);
    reducer.opened(the<Open>(actions).ticket, {});
    reducer.take_actions(actions);
    const bool last = call == depth - 1;
    reducer.attempt_done(the<Execute>(actions).attempt,
                         last ? made("end") : calls("call " + std::to_string(call + 1)));
  }
  EXPECT_EQ(reducer.unfinished(), 0U);
  EXPECT_EQ(*reducer.outcome(first).result, made("end"));
}

// A reducer with memos, whose thunks call one another by number: one asked for, and nothing else.
class Calls {
 public:
  explicit Calls(const Policy& policy) : reducer(policy) {
    reducer.set_engine(0, 1);
    first = reducer.add(named("call 0"));
  }

  // As long as there is something to do, and at most so often. What calls what says `next`; none: it ends.
  void work(size_t steps, const std::function<std::optional<size_t>(size_t)>& next) {
    std::vector<Action> actions;
    for (reducer.take_actions(actions); steps > 0 && !actions.empty(); --steps) {
      for (const Action& action : actions) {
        if (const auto* open = std::get_if<Open>(&action)) {
          if (const auto memo = memos.find(open->thunk); memo != memos.end()) {
            reducer.memo_found(open->ticket, *memo->second);
          } else {
            reducer.opened(open->ticket, {});
          }
        } else if (const auto* execute = std::get_if<Execute>(&action)) {
          const auto callee = next(executed++);
          reducer.attempt_done(execute->attempt,
                               callee ? calls("call " + std::to_string(*callee)) : made("end"));
        } else if (const auto* record = std::get_if<RecordMemo>(&action)) {
          if (remembers) {
            memos.emplace(record->thunk, record->result);
          }
          reducer.recorded(record->node);
        }
      }
      reducer.take_actions(actions);
    }
  }

  Reducer reducer;
  NodeId first = kNoNode;
  bool remembers = true;
  size_t executed = 0;
  std::unordered_map<object::Digest, std::shared_ptr<const ir::Result>> memos;
};

TEST(TailCalls, a_million_take_no_more_memory_than_a_few_thousand) {
  Calls chain(keep_going());
  chain.remembers = false;  // a map of a million would
  const size_t depth = 1'000'000;
  size_t early = 0;
  const auto next = [&](size_t call) {
    early = call == 10'000 ? ::mallinfo2().uordblks : early;
    return call + 1 < depth ? std::optional<size_t>(call + 1) : std::nullopt;
  };
  chain.work(SIZE_MAX, next);
  EXPECT_EQ(*chain.reducer.outcome(chain.first).result, made("end"));
  EXPECT_EQ(chain.executed, depth);
  EXPECT_EQ(chain.reducer.unfinished(), 0U);
  EXPECT_LT(chain.reducer.size(), Policy{}.kept_calls + Policy{}.kept_thunks + 10);
  EXPECT_LT(::mallinfo2().uordblks, early + 100'000);
  EXPECT_EQ(chain.reducer.inconsistencies(), std::vector<std::string>{});
}

TEST(TailCalls, that_come_round_are_found_when_those_before_are_forgotten) {
  Policy policy = keep_going();
  policy.kept_calls = 0;
  policy.kept_thunks = 0;
  Calls round(policy);
  round.work(100'000, [](size_t call) { return call < 49 ? call + 1 : 10; });
  EXPECT_EQ(round.executed, 50U) << "each once: afterwards there are memos";
  const Outcome outcome = round.reducer.outcome(round.first);
  ASSERT_EQ(outcome.verdict, Verdict::Failed);
  EXPECT_TRUE(mentions(outcome.failure->error.message, "can never finish: after"))
      << outcome.failure->error.message;
  EXPECT_TRUE(mentions(outcome.failure->error.message, named("call 0").to_string()));
  EXPECT_EQ(round.reducer.unfinished(), 0U);
  EXPECT_LT(round.reducer.size(), 10U);
}

// Outputs "out" and "too" are those of two thunks.
ir::Result calls_two(const std::string& out, const std::string& too) {
  ir::Result result = calls(out);
  result.outputs.emplace("too", promise_of(too));
  return result;
}

ir::Result made_two(const std::string& out, const std::string& too) {
  ir::Result result = made(out);
  result.outputs.emplace("too", object::File{named(too), false});
  return result;
}

Policy passes_on() {
  Policy policy = keep_going();
  policy.kept_calls = 0;
  policy.kept_thunks = 0;
  return policy;
}

// A caller whose two outputs are those of a callee, which calls "a" and "b" for them.
void call_two_through_one(Desk& desk) {
  ir::Result both = calls("callee", "out");
  both.outputs.emplace("too", promise_of("callee", "too"));
  desk.add("caller");
  desk.open("caller");
  desk.end("caller", both);
  desk.open("callee");
  desk.end("callee", calls_two("a", "b"));
  ASSERT_EQ(desk.reducer.state(desk.node("callee")), State::LetGo);
}

TEST(TailCalls, to_several_at_once_are_all_waited_for_in_place_of_the_callee) {
  for (const auto& [first, second] : {std::pair("a", "b"), std::pair("b", "a")}) {
    Desk desk(passes_on());
    call_two_through_one(desk);
    for (const char* thunk : {first, second}) {
      desk.open(thunk);
      desk.end(thunk, made(thunk));
    }
    EXPECT_EQ(*desk.outcome("caller").result, made_two("a", "b"));
  }
}

TEST(TailCalls, to_several_at_once_fail_with_the_first_of_them_that_fails) {
  for (const auto& [bad, other] : {std::pair("a", "b"), std::pair("b", "a")}) {
    Desk desk(passes_on());
    call_two_through_one(desk);
    desk.open(other);
    desk.open(bad);
    desk.end(bad, exits(1));
    EXPECT_TRUE(desk.runs(other));
    EXPECT_EQ(desk.outcome("caller").because, desk.node(bad));
  }
}

TEST(TailCalls, of_one_of_two_callees_are_passed_on_whichever_it_is) {
  for (const auto& [calling, plain] : {std::pair("a", "b"), std::pair("b", "a")}) {
    Desk desk(passes_on());
    desk.add("caller");
    desk.open("caller");
    desk.end("caller", calls_two("a", "b"));
    desk.open(plain);
    desk.open(calling);
    desk.end(calling, calls("c"));
    EXPECT_EQ(desk.reducer.state(desk.node(calling)), State::LetGo);
    desk.open("c");
    desk.end("c", exits(1));
    EXPECT_TRUE(desk.runs(plain));
    EXPECT_EQ(desk.outcome("caller").because, desk.node("c"));
  }
}

TEST(TailCalls, to_what_the_caller_had_already_and_is_being_made_again_wait_for_it_once_more) {
  Desk desk(passes_on());
  desk.add("busy");
  desk.open("busy");
  desk.add("caller");
  desk.open("caller");
  desk.end("caller", calls_two("callee", "leaf"));
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.reducer.remake(desk.node("leaf"));
  desk.take();
  desk.open("callee");
  desk.end("callee", calls("leaf"));
  desk.open("leaf");
  desk.end("leaf", made("x"));
  EXPECT_EQ(*desk.outcome("caller").result, made_two("x", "x"));
}

TEST(TailCalls, are_not_let_go_while_a_thunk_that_reads_what_they_make_waits_for_them) {
  Desk desk(passes_on());
  desk.add("reader");
  desk.open("reader", {promise_of("callee")});
  desk.add("caller");
  desk.open("caller");
  desk.end("caller", calls("callee"));
  desk.open("callee");
  desk.end("callee", calls("leaf"));
  EXPECT_EQ(desk.reducer.state(desk.node("callee")), State::WaitingForTail);
  desk.open("leaf");
  desk.end("leaf", made("x"));
  EXPECT_EQ(*desk.outcome("caller").result, made("x"));
  desk.substitute("reader", "reader of x");
  desk.end("reader", made("y"));
  EXPECT_EQ(*desk.outcome("reader").result, made("y"));
}

TEST(TailCalls, that_were_let_go_go_on_from_their_result_when_they_are_asked_for) {
  Desk desk(passes_on());
  desk.add("first");
  desk.open("first");
  desk.end("first", calls("second"));
  desk.open("second");
  desk.end("second", calls("third"));
  ASSERT_EQ(desk.reducer.state(desk.node("second")), State::LetGo);
  desk.add("second");
  desk.reducer.result_opened(desk.next<OpenResult>("second").ticket, {promise_of("third")});
  desk.take();
  desk.open("third");
  desk.end("third", made("x"));
  EXPECT_EQ(*desk.outcome("second").result, made("x"));
  EXPECT_EQ(desk.reducer.counters().attempts, 3U);
}

void record_all(Desk& desk) {
  for (const RecordMemo& memo : desk.all<RecordMemo>()) {
    desk.reducer.recorded(memo.node);
  }
  const auto is_memo = [](const Action& action) { return std::holds_alternative<RecordMemo>(action); };
  desk.asked.erase(std::remove_if(desk.asked.begin(), desk.asked.end(), is_memo), desk.asked.end());
  desk.take();
}

// It may have begun before the memos of what is forgotten were there.
TEST(Forgetting, waits_for_every_look_up_that_goes_on) {
  Desk desk(passes_on());
  desk.add("looks");
  desk.add("call 0");
  auto call_on = [&desk, call = 0]() mutable {
    desk.open("call " + std::to_string(call));
    desk.end("call " + std::to_string(call), calls("call " + std::to_string(call + 1)));
    ++call;
    record_all(desk);
  };
  for (int times = 0; times < 10; ++times) {
    call_on();
  }
  EXPECT_EQ(desk.reducer.counters().forgotten, 0U);
  desk.open("looks");
  for (int times = 0; times < 10; ++times) {
    call_on();
  }
  EXPECT_GT(desk.reducer.counters().forgotten, 10U);
}

// Its result stands in no memo of its own concrete name, but in that of the other.
TEST(Forgetting, spares_a_twin_of_what_was_not_yet_in_the_memos) {
  for (const bool is_late : {false, true}) {
    Desk desk(passes_on());
    desk.add("top");
    desk.open("top", {promise_of("twin1"), promise_of("twin2")});
    desk.open("twin1", {promise_of("leaf")});
    desk.open("twin2", {promise_of("leaf")});
    desk.open("leaf");
    desk.end("leaf", made("x"));
    desk.substitute("twin1", "concrete");
    if (!is_late) {
      desk.substitute("twin2", "concrete");
    }
    desk.end("twin1", made("y"));
    record_all(desk);
    if (is_late) {
      desk.substitute("twin2", "concrete");
    }
    desk.substitute("top", "top of y");
    desk.end("top", made("z"));
    for (int rounds = 0; rounds < 5; ++rounds) {
      record_all(desk);
    }
    EXPECT_FALSE(desk.reducer.find(named("twin1")).has_value());
    EXPECT_EQ(desk.reducer.find(named("twin2")).has_value(), !is_late);
  }
}

void lose_thunk(Desk& desk, const std::string& thunk) {
  desk.reducer.failed(desk.next<Open>(thunk).ticket, AttemptFailure(base::Error{"gone"}, {named(thunk)}));
  desk.take();
}

// What the node's result stands on is whole.
void find_whole(Desk& desk, const std::string& thunk) {
  desk.reducer.verified(desk.next<Verify>(thunk).ticket, {});
  desk.take();
}

TEST(LostThunk, is_made_again_by_the_thunk_whose_result_promised_it) {
  Desk desk;
  desk.add("parent");
  desk.open("parent");
  desk.end("parent", calls("child"));
  lose_thunk(desk, "child");
  EXPECT_TRUE(mentions(desk.reducer.why_waiting(desk.node("child")), named("parent").to_string()));
  desk.open("parent");
  desk.end("parent", calls("child"));
  desk.open("child");
  desk.end("child", made("x"));
  find_whole(desk, "parent");
  EXPECT_EQ(*desk.outcome("parent").result, made("x"));
}

TEST(LostThunk, is_made_again_however_far_up_its_makers_are_lost_too) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  desk.end("a", calls("b"));
  desk.open("b");
  desk.end("b", calls("c"));
  desk.open("c");
  desk.end("c", calls("d"));
  lose_thunk(desk, "d");
  lose_thunk(desk, "c");
  lose_thunk(desk, "b");
  desk.open("a");
  desk.end("a", calls("b"));
  desk.open("b");
  desk.end("b", calls("c"));
  desk.open("c");
  desk.end("c", calls("d"));
  desk.open("d");
  desk.end("d", made("x"));
  for (const char* thunk : {"c", "b", "a"}) {
    find_whole(desk, thunk);
  }
  EXPECT_EQ(*desk.outcome("a").result, made("x"));
}

// `child` stands in the tree of `middle`, and both were made by `parent`.
TEST(LostThunk, is_made_again_by_whoever_made_the_thunk_whose_tree_promises_it) {
  Desk desk;
  desk.add("parent");
  desk.open("parent");
  desk.end("parent", calls("middle"));
  desk.open("middle", {promise_of("child")});
  lose_thunk(desk, "child");
  desk.open("parent");
  desk.end("parent", calls("middle"));
  desk.open("child");
  desk.end("child", made("y"));
  desk.substitute("middle", "middle with y");
  desk.end("middle", made("x"));
  find_whole(desk, "parent");
  EXPECT_EQ(*desk.outcome("parent").result, made("x"));
}

TEST(LostThunk, of_a_passed_on_tail_call_is_made_again_by_the_last_callee_alone) {
  Policy policy = keep_going();
  policy.kept_calls = 0;
  Desk desk(policy);
  desk.add("first");
  desk.open("first");
  desk.end("first", calls("second"));
  desk.open("second");
  desk.end("second", calls("third"));
  EXPECT_EQ(desk.reducer.state(desk.node("second")), State::LetGo);
  lose_thunk(desk, "third");
  EXPECT_EQ(desk.reducer.state(desk.node("first")), State::WaitingForTail);
  desk.open("second");
  desk.end("second", calls("third"));
  desk.open("third");
  desk.end("third", made("x"));
  EXPECT_EQ(*desk.outcome("first").result, made("x"));
}

// Of its two outputs, `first` leaves one to `second` and so to `third`; `aside` has called `far` meanwhile.
TEST(LostThunk, of_one_of_several_tail_calls_is_still_made_again_by_its_callee_when_another_was_passed_on) {
  Policy policy = keep_going();
  policy.kept_calls = 0;
  Desk desk(policy);
  desk.add("first");
  desk.open("first");
  desk.end("first", calls_two("second", "aside"));
  desk.open("second");
  desk.end("second", calls("third"));
  desk.open("aside");
  desk.end("aside", calls("far"));
  lose_thunk(desk, "third");
  EXPECT_EQ(desk.reducer.state(desk.node("first")), State::WaitingForTail);
  desk.open("second");
  desk.end("second", calls("third"));
  for (const char* thunk : {"third", "far"}) {
    desk.open(thunk);
    desk.end(thunk, made(thunk));
  }
  EXPECT_EQ(*desk.outcome("first").result, made_two("third", "far"));
}

TEST(LostThunk, is_made_again_by_a_callee_that_has_finished_since) {
  Policy policy = keep_going();
  policy.kept_calls = 0;
  Desk desk(policy);
  desk.add("second");
  desk.add("first");
  desk.open("first");
  desk.end("first", calls_two("second", "slow"));
  desk.open("second");
  desk.end("second", calls("third"));
  desk.open("third");
  desk.end("third", made("x"));
  ASSERT_EQ(desk.verdict("second"), Verdict::Succeeded);
  desk.reducer.remake(desk.node("third"));
  desk.take();
  desk.open("slow");
  desk.end("slow", made("y"));
  lose_thunk(desk, "third");
  desk.open("second");
  desk.end("second", calls("third"));
  desk.open("third");
  desk.end("third", made("x"));
  EXPECT_EQ(*desk.outcome("first").result, made_two("x", "y"));
}

TEST(LostThunk, goes_on_as_soon_as_its_parent_has_run_whatever_that_made) {
  Desk desk;
  desk.add("busy");
  desk.open("busy");
  desk.add("child");
  desk.add("parent");
  desk.open("parent");
  desk.end("parent", calls("child"));
  lose_thunk(desk, "child");
  desk.open("parent");
  desk.end("parent", made("x"));
  EXPECT_EQ(desk.reducer.state(desk.node("child")), State::Opening);
}

TEST(LostThunk, waits_for_its_maker_though_a_thunk_that_is_older_than_the_loss_promises_it) {
  Desk desk;
  desk.add("root");
  desk.open("root");
  desk.end("root", calls("call"));
  desk.open("call", {promise_of("leaf")});
  desk.open("leaf");
  desk.end("leaf", loses({"leaf"}));
  desk.add("older");
  desk.open("older", {promise_of("leaf")});
  EXPECT_EQ(desk.reducer.state(desk.node("leaf")), State::WaitingForParent);
  desk.open("root");
  desk.end("root", calls("call"));
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("older", "older of x");
  desk.end("older", made("y"));
  EXPECT_EQ(desk.verdict("older"), Verdict::Succeeded);
}

TEST(LostThunk, goes_on_when_its_maker_has_run_again_and_failed_only_with_its_tail_call) {
  Desk desk;
  desk.add("leaf");
  desk.add("root");
  desk.open("root");
  const ir::Result calls_both = calls_two("call", "cyclic");
  desk.end("root", calls_both);
  desk.open("call", {promise_of("leaf")});
  desk.open("leaf");
  desk.end("leaf", loses({"leaf"}));
  desk.open("cyclic", {promise_of("root")});
  desk.open("root");
  desk.end("root", calls_both);
  EXPECT_EQ(desk.verdict("root"), Verdict::Failed);
  desk.open("leaf");
  desk.end("leaf", made("x"));
  EXPECT_EQ(desk.verdict("leaf"), Verdict::Succeeded);
}

// `root` has failed with its tail call, so nobody wants what it called any more; `later` calls it anew.
TEST(LostThunk, that_nobody_asks_for_any_more_is_not_failed_for_who_makes_it_later) {
  Desk desk;
  desk.add("root");
  desk.open("root");
  const ir::Result calls_both = calls_two("call", "cyclic");
  desk.end("root", calls_both);
  desk.open("call", {promise_of("leaf")});
  desk.open("cyclic", {promise_of("root")});
  EXPECT_EQ(desk.verdict("root"), Verdict::DependencyFailed);
  desk.open("leaf");
  desk.end("leaf", loses({"leaf"}));
  EXPECT_EQ(desk.reducer.state(desk.node("leaf")), State::LetGo);
  EXPECT_EQ(desk.reducer.state(desk.node("call")), State::LetGo);
  EXPECT_EQ(desk.reducer.unfinished(), 0U);
  desk.add("later");
  desk.open("later");
  desk.end("later", calls("call"));
  desk.open("call", {promise_of("leaf")});
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("call", "call of x");
  desk.end("call", made("y"));
  EXPECT_EQ(*desk.outcome("later").result, made("y"));
}

TEST(LostThunk, does_not_take_along_who_came_to_the_same_by_substitution) {
  Desk desk;
  desk.add("written");
  desk.open("written");
  desk.add("other");
  desk.open("other", {promise_of("leaf")});
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("other", "written");
  ASSERT_EQ(desk.reducer.state(desk.node("other")), State::Following);
  desk.end("written", loses({"written"}));
  EXPECT_EQ(desk.verdict("written"), Verdict::Failed);
  desk.end("other", loses({"written"}));
  desk.reducer.verified(desk.next<Verify>("other").ticket, {});
  desk.take();
  desk.substitute("other", "written");
  desk.end("other", made("y"));
  EXPECT_EQ(*desk.outcome("other").result, made("y"));
}

TEST(LostThunk, fails_with_the_parent_that_was_to_make_it_again) {
  Desk desk;
  desk.add("child");
  desk.add("parent");
  desk.open("parent");
  desk.end("parent", calls("child"));
  lose_thunk(desk, "child");
  desk.open("parent");
  desk.end("parent", exits(1));
  EXPECT_EQ(desk.verdict("child"), Verdict::DependencyFailed);
}

ir::Result owing_directory() {
  ir::Result result;
  result.outputs.emplace("out", object::Subdirectory{named("dir"), true});
  return result;
}

TEST(LostDirectory, that_owes_is_made_again_by_its_own_thunk_so_often_and_no_more) {
  Desk desk;
  desk.add("a");
  unsigned runs = 0;
  while (desk.verdict("a") == Verdict::None) {
    desk.open("a");
    desk.end("a", owing_directory());
    ++runs;
    desk.reducer.failed(desk.next<OpenResult>("a").ticket,
                        AttemptFailure(base::Error{"gone"}, {named("dir")}));
    desk.take();
  }
  EXPECT_EQ(runs, 1 + keep_going().max_losses);
  EXPECT_TRUE(mentions(desk.blame("a"), "nothing known makes it again")) << desk.blame("a");
}

// Its promises can be read, but not replaced: a part of it that no dependency makes is gone.
TEST(LostDirectory, of_which_a_part_stays_lost_is_made_again_by_its_own_thunk_so_often_and_no_more) {
  Desk desk;
  desk.add("a");
  unsigned runs = 0;
  while (desk.verdict("a") == Verdict::None) {
    desk.open("a");
    desk.end("a", owing_directory());
    desk.reducer.result_opened(desk.next<OpenResult>("a").ticket, {promise_of("b")});
    desk.take();
    if (runs++ == 0) {
      desk.open("b");
      desk.end("b", made("x"));
    } else {
      find_whole(desk, "a");
    }
    for (int loss = 0; loss < 3; ++loss) {
      desk.reducer.failed(desk.next<SubstituteResult>("a").ticket,
                          AttemptFailure(base::Error{"gone"}, {named("part")}));
      desk.take();
      find_whole(desk, "a");
    }
  }
  EXPECT_EQ(runs, 1 + keep_going().max_losses);
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
}

TEST(LostThunk, that_nobody_ever_makes_is_given_up) {
  Desk desk;
  desk.add("liar");
  desk.open("liar");
  size_t runs = 0;
  for (; desk.verdict("liar") == Verdict::None; ++runs) {
    desk.end("liar", calls("child"));
    lose_thunk(desk, "child");
    if (desk.verdict("liar") == Verdict::None) {
      desk.open("liar");
    }
  }
  EXPECT_EQ(runs, 1 + keep_going().max_losses);
  EXPECT_EQ(desk.verdict("liar"), Verdict::DependencyFailed);
  EXPECT_TRUE(mentions(desk.blame("liar"), "nothing known makes it again")) << desk.blame("liar");
}

TEST(Reducer, a_promise_of_an_output_that_was_not_made_fails_by_name) {
  Desk desk;
  Request request;
  request.hints.label = "link app";
  desk.add("b", request);
  desk.open("b", {promise_of("a", "lib/x.o")});
  desk.open("a");
  desk.end("a", made("x"));
  EXPECT_EQ(desk.verdict("b"), Verdict::Failed);
  EXPECT_TRUE(mentions(desk.blame("b"), "link app"));
  EXPECT_TRUE(mentions(desk.blame("b"), "'lib/x.o'"));
  EXPECT_TRUE(mentions(desk.blame("b"), named("a").to_string()));
}

TEST(Reducer, a_thunk_that_names_itself_fails_by_name) {
  Desk desk;
  desk.add("a");
  desk.open("a", {promise_of("a")});
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
  EXPECT_TRUE(mentions(desk.blame("a"), named("a").to_string() + " needs its own output"));
}

TEST(Reducer, a_short_cycle_through_tail_calls_is_found_while_others_run) {
  Desk desk;
  desk.add("busy");
  desk.open("busy");
  desk.add("a");
  desk.open("a");
  desk.end("a", calls("b"));
  desk.open("b", {promise_of("c")});
  desk.open("c", {promise_of("a")});
  EXPECT_TRUE(desk.runs("busy"));
  EXPECT_NE(desk.verdict("a"), Verdict::None);
  const std::string message = desk.blame("a");
  for (const char* thunk : {"a", "b", "c"}) {
    EXPECT_TRUE(mentions(message, named(thunk).to_string())) << message;
  }
}

// "c" waits for "a", which waits for a twin of one that has called "c".
TEST(Reducer, a_short_cycle_through_a_twin_is_found_while_others_run) {
  Desk desk;
  desk.add("busy");
  desk.open("busy");
  for (const char* twin : {"twin1", "twin2"}) {
    desk.add(twin);
    desk.open(twin, {promise_of("leaf")});
  }
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.substitute("twin1", "concrete");
  desk.substitute("twin2", "concrete");
  desk.end("twin1", calls("c"));
  desk.add("a");
  desk.open("a", {promise_of("twin2")});
  desk.open("c", {promise_of("a")});
  EXPECT_TRUE(desk.runs("busy"));
  EXPECT_NE(desk.verdict("c"), Verdict::None);
}

TEST(Reducer, a_long_cycle_is_found_when_nothing_else_goes_on) {
  Desk desk;
  desk.add("0");
  desk.open("0");
  desk.end("0", calls("1"));
  const int length = 200;
  for (int at = 1; at < length; ++at) {
    desk.open(std::to_string(at), {promise_of(std::to_string((at + 1) % length))});
  }
  EXPECT_EQ(desk.reducer.unfinished(), 0U);
  EXPECT_EQ(desk.reducer.counters().failed, 1U);
  EXPECT_TRUE(mentions(desk.blame("0"), "(192 more)"));
}

TEST(Reducer, a_failed_command_is_neither_recorded_nor_repeated_where_failures_are_final) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.end("a", exits(2));
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
  EXPECT_EQ(desk.outcome("a").failure->result->exit_code, 2);
  EXPECT_EQ(desk.verdict("b"), Verdict::DependencyFailed);
  EXPECT_EQ(desk.outcome("b").because, desk.node("a"));
  EXPECT_EQ(desk.outcome("b").failure, desk.outcome("a").failure);
  EXPECT_EQ(desk.count<RecordMemo>(), 0U);
  EXPECT_EQ(desk.count<Execute>(), 0U);
}

TEST(Reducer, a_failure_elsewhere_is_repeated_once_in_another_place) {
  Desk desk(keep_going(), 1);
  desk.reducer.set_engine(0, 1, Reducer::FailureIs::Repeated);
  desk.reducer.set_engine(1, 1, Reducer::FailureIs::Repeated);
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.all<Execute>().at(0).engine, 0);
  desk.end("a", exits(2));
  ASSERT_TRUE(desk.runs("a"));
  EXPECT_EQ(desk.all<Execute>().at(0).engine, 1);
  desk.end("a", exits(2));
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
}

TEST(Reducer, with_one_place_only_a_doubted_failure_is_repeated_there) {
  Desk desk;
  desk.reducer.set_engine(0, 1, Reducer::FailureIs::Repeated);
  desk.add("a");
  desk.open("a");
  desk.end("a", exits(2));
  desk.end("a", made("x"));
  EXPECT_EQ(desk.verdict("a"), Verdict::Succeeded);
}

TEST(Reducer, a_hiccup_is_retried_after_a_pause_that_doubles) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::RetryHere));
  const auto first = desk.reducer.next_tick().value();
  EXPECT_GE(first, milliseconds{50});
  EXPECT_LT(first, milliseconds{150});
  desk.tick(first - milliseconds{1});
  EXPECT_FALSE(desk.runs("a"));
  desk.tick(first);
  EXPECT_TRUE(desk.runs("a"));
  desk.end("a", broken(base::FailureKind::RetryHere));
  const auto second = desk.reducer.next_tick().value() - first;
  EXPECT_GE(second, milliseconds{100});
  EXPECT_LT(second, milliseconds{300});
  desk.tick(first + second);
  desk.end("a", broken(base::FailureKind::RetryHere, "connection reset"));
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
  EXPECT_EQ(desk.blame("a"), "connection reset (given up after 3 tries)");
  EXPECT_EQ(desk.reducer.counters().attempts, 3U);
}

TEST(Reducer, a_short_pause_is_not_held_up_by_a_longer_one_of_an_older_thunk) {
  Desk desk;
  desk.add("old");
  desk.open("old");
  desk.end("old", broken(base::FailureKind::RetryHere));
  const auto again = desk.reducer.next_tick().value();
  desk.tick(again);
  desk.add("young");
  desk.open("young");
  desk.end("old", broken(base::FailureKind::RetryHere));  // now its pause is twice as long, and jitter more
  const auto long_pause = desk.reducer.next_tick().value();
  desk.end("young", broken(base::FailureKind::RetryHere));
  const auto short_pause = desk.reducer.next_tick().value();
  ASSERT_LT(short_pause, long_pause);
  desk.tick(short_pause);
  EXPECT_TRUE(desk.runs("young"));
  EXPECT_FALSE(desk.runs("old"));
  EXPECT_EQ(desk.reducer.next_tick(), long_pause);
}

TEST(Reducer, jitter_follows_from_the_seed) {
  const auto pause = [](uint64_t seed) {
    Policy policy = keep_going();
    policy.seed = seed;
    Desk desk(policy);
    desk.add("a");
    desk.open("a");
    desk.end("a", broken(base::FailureKind::RetryHere));
    return desk.reducer.next_tick().value();
  };
  EXPECT_EQ(pause(1), pause(1));
  EXPECT_NE(pause(1), pause(2));
}

TEST(Reducer, a_place_that_refuses_is_left_for_another_at_once) {
  Desk desk(keep_going(), 1);
  desk.reducer.set_engine(1, 1);
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::RetryElsewhere));
  EXPECT_EQ(desk.next<Execute>("a").engine, 1);
}

TEST(Reducer, a_last_resort_takes_only_what_all_others_have_refused) {
  Desk desk(keep_going(), 1);
  Capacity last;
  last.name = "last";
  last.slots = 4;
  last.last_resort = true;
  desk.reducer.set_engine(1, last);
  for (const char* thunk : {"a", "b"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  EXPECT_EQ(desk.count<Execute>(), 1U) << "b waits for a slot, and the last resort has four";
  desk.end("a", broken(base::FailureKind::RetryElsewhere));
  EXPECT_EQ(desk.next<Execute>("a").engine, 1);
  EXPECT_EQ(desk.next<Execute>("b").engine, 0);
}

TEST(Reducer, a_last_resort_that_is_alone_takes_everything) {
  Desk desk(keep_going(), 0);
  Capacity last;
  last.slots = 1;
  last.last_resort = true;
  desk.reducer.set_engine(1, last);
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.next<Execute>("a").engine, 1);
}

TEST(Reducer, what_was_refused_everywhere_tries_everywhere_again_after_a_pause) {
  Desk desk(keep_going(), 1);
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::RetryElsewhere));
  EXPECT_FALSE(desk.runs("a"));
  desk.tick(desk.reducer.next_tick().value());
  EXPECT_EQ(desk.next<Execute>("a").engine, 0);
}

TEST(Reducer, our_own_defect_is_tried_in_one_other_place_and_not_again) {
  Desk desk(keep_going(), 1);
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::Ours));
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
  desk.reducer.set_engine(1, 1);
  desk.reducer.set_engine(2, 1);
  desk.add("b");
  desk.open("b");
  desk.end("b", broken(base::FailureKind::Ours));
  EXPECT_TRUE(desk.runs("b"));
  desk.end("b", broken(base::FailureKind::Ours));
  EXPECT_EQ(desk.verdict("b"), Verdict::Failed);
}

TEST(Reducer, a_deterministic_failure_is_believed) {
  Desk desk;
  desk.reducer.set_engine(1, 1);
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::Deterministic, "argv is too long"));
  EXPECT_EQ(desk.blame("a"), "argv is too long");
}

TEST(Reducer, a_step_of_ours_that_fails_is_retried_or_believed) {
  Desk desk;
  desk.add("a");
  desk.reducer.failed(desk.next<Open>("a").ticket, base::Error{"busy", base::FailureKind::RetryHere});
  desk.tick(desk.reducer.next_tick().value());
  desk.reducer.failed(desk.next<Open>("a").ticket,
                      base::Error{"no such object", base::FailureKind::Deterministic});
  EXPECT_EQ(desk.blame("a"), "no such object");
}

TEST(Reducer, attempts_are_bounded_whatever_the_reasons) {
  Policy policy = keep_going();
  policy.tries_here = policy.tries_elsewhere = 200;
  policy.max_attempts = 5;
  Desk desk(policy);
  desk.add("a");
  desk.open("a");
  unsigned attempts = 0;
  while (desk.verdict("a") == Verdict::None) {
    desk.end("a",
             broken(attempts++ % 2 == 0 ? base::FailureKind::RetryHere : base::FailureKind::RetryElsewhere));
    if (const auto next = desk.reducer.next_tick()) {
      desk.tick(*next);
    }
  }
  EXPECT_EQ(attempts, 5U);
}

TEST(Reducer, at_the_first_failure_nothing_new_starts_and_what_runs_may_end) {
  Policy policy;
  policy.on_failure = OnFailure::FinishRunning;
  Desk desk(policy, 2);
  for (const char* thunk : {"bad", "good", "queued"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.end("bad", exits(1));
  EXPECT_EQ(desk.verdict("queued"), Verdict::Stopped);
  EXPECT_EQ(desk.outcome("queued").because, desk.node("bad"));
  EXPECT_TRUE(desk.runs("good"));
  desk.end("good", made("x"));
  EXPECT_EQ(desk.verdict("good"), Verdict::Succeeded);
  desk.add("late");
  EXPECT_EQ(desk.verdict("late"), Verdict::Stopped);
}

TEST(Reducer, at_the_first_failure_what_runs_is_cancelled_if_so_told) {
  Policy policy;
  policy.on_failure = OnFailure::CancelRunning;
  Desk desk(policy, 2);
  for (const char* thunk : {"bad", "good"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.end("bad", exits(1));
  EXPECT_EQ(desk.verdict("good"), Verdict::Stopped);
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
}

TEST(Reducer, what_depends_on_the_first_failure_is_told_so_not_stopped) {
  Desk desk(Policy{});
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.end("a", exits(1));
  EXPECT_EQ(desk.verdict("b"), Verdict::DependencyFailed);
}

TEST(Reducer, cancelled_work_can_be_asked_for_again) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  const AttemptId old = desk.next<Execute>("a").attempt;
  desk.reducer.cancel_all();
  desk.take();
  EXPECT_EQ(desk.verdict("a"), Verdict::Cancelled);
  EXPECT_EQ(desk.verdict("b"), Verdict::Cancelled);
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.reducer.attempt_done(old, made("stale"));
  EXPECT_EQ(desk.verdict("a"), Verdict::None);
  desk.end("a", made("x"));
  desk.substitute("b", "b of x");
  desk.end("b", made("y"));
  EXPECT_EQ(*desk.outcome("b").result, made("y"));
}

TEST(Reducer, an_answer_that_comes_twice_counts_once) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  const AttemptId attempt = desk.next<Execute>("a").attempt;
  desk.reducer.attempt_done(attempt, made("x"));
  desk.reducer.attempt_done(attempt, made("another"));
  desk.take();
  EXPECT_EQ(*desk.outcome("a").result, made("x"));
  EXPECT_EQ(desk.count<Finished>(), 1U);
  EXPECT_EQ(desk.reducer.counters().late_answers, 1U);
}

TEST(Reducer, the_longest_way_starts_first) {
  Desk desk(keep_going(), 0);
  Request slow;
  slow.weight = 100;
  desk.add("short");
  desk.open("short");
  desk.add("top", slow);
  desk.open("top", {promise_of("deep")});
  desk.open("deep");
  desk.reducer.set_engine(0, 1);
  desk.take();
  EXPECT_TRUE(desk.runs("deep"));
}

TEST(Reducer, a_weight_that_is_learnt_late_reaches_what_is_ready_already) {
  Desk desk(keep_going(), 0);
  desk.add("first");
  desk.open("first");
  desk.add("leaf");
  desk.open("leaf");
  Request slow;
  slow.weight = 100;
  desk.add("top", slow);
  desk.open("top", {promise_of("leaf")});
  desk.reducer.set_engine(0, 1);
  desk.take();
  EXPECT_TRUE(desk.runs("leaf"));
}

TEST(Reducer, among_equals_the_oldest_starts_first) {
  Desk desk(keep_going(), 0);
  for (const char* thunk : {"1", "2", "3"}) {
    desk.add(thunk);
  }
  desk.open("3");
  desk.open("2");
  desk.open("1");
  desk.reducer.set_engine(0, 1);
  desk.take();
  EXPECT_TRUE(desk.runs("1"));
}

TEST(Reducer, what_somebody_blocks_on_starts_first_with_all_it_needs) {
  Desk desk(keep_going(), 0);
  Request heavy;
  heavy.weight = 1000;
  desk.add("heavy", heavy);
  desk.open("heavy");
  desk.add("wanted");
  desk.open("wanted", {promise_of("input")});
  desk.open("input");
  desk.reducer.hurry(desk.node("wanted"));
  desk.reducer.set_engine(0, 1);
  desk.take();
  EXPECT_TRUE(desk.runs("input"));
}

TEST(Reducer, hurry_reaches_the_tail_call_that_is_waited_for) {
  Desk desk(keep_going(), 1);
  desk.add("caller");
  desk.open("caller");
  desk.end("caller", calls("callee"));
  Request heavy;
  heavy.weight = 1000;
  desk.add("busy");
  desk.open("busy");
  desk.add("heavy", heavy);
  desk.open("heavy");
  desk.open("callee");
  desk.reducer.hurry(desk.node("caller"));
  desk.end("busy", made("x"));
  EXPECT_TRUE(desk.runs("callee"));
}

TEST(Reducer, hurry_reaches_the_twin_that_is_followed) {
  Desk desk(keep_going(), 1);
  Request heavy;
  heavy.weight = 1000;
  for (const char* twin : {"twin1", "twin2"}) {
    desk.add(twin);
    desk.open(twin, {promise_of("leaf")});
  }
  desk.open("leaf");
  desk.end("leaf", made("x"));
  desk.add("busy");
  desk.open("busy");
  desk.add("heavy", heavy);
  desk.open("heavy");
  desk.substitute("twin1", "concrete");
  desk.substitute("twin2", "concrete");
  desk.reducer.hurry(desk.node("twin2"));
  desk.end("busy", made("y"));
  EXPECT_TRUE(desk.runs("twin1"));
}

TEST(Reducer, no_more_runs_at_once_than_there_are_slots) {
  Desk desk(keep_going(), 2);
  for (const char* thunk : {"1", "2", "3", "4"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  EXPECT_EQ(desk.count<Execute>(), 2U);
  desk.end("1", made("x"));
  EXPECT_EQ(desk.count<Execute>(), 2U);
  desk.reducer.set_engine(1, 1);
  desk.take();
  EXPECT_EQ(desk.count<Execute>(), 3U);
}

TEST(Reducer, without_slots_it_says_what_is_missing) {
  Desk desk(keep_going(), 0);
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.reducer.why_waiting(desk.node("a")), "no engine takes such jobs now");
}

TEST(Reducer, a_lost_input_is_made_again_by_its_producer) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.end("a", made("x"));
  desk.substitute("b", "b of x");
  desk.end("b", loses({"x"}));
  const auto verify = desk.next<Verify>("b");
  ASSERT_EQ(verify.made.size(), 1U);
  desk.reducer.verified(verify.ticket, {verify.made[0].node});
  desk.take();
  const auto open = desk.next<Open>("a");
  EXPECT_EQ(open.use_memo, UseMemo::No);
  desk.reducer.opened(open.ticket, {});
  desk.take();
  desk.end("a", made("x"));
  desk.substitute("b", "b of x");
  desk.end("b", made("y"));
  EXPECT_EQ(*desk.outcome("b").result, made("y"));
  EXPECT_EQ(desk.reducer.counters().remade, 1U);
}

TEST(Reducer, a_lost_source_is_a_clear_failure) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  desk.end("a", loses({"source"}));
  EXPECT_EQ(desk.verdict("a"), Verdict::Failed);
  EXPECT_TRUE(mentions(desk.blame("a"), "lost object " + named("source").to_string() + ", which"));
}

TEST(Reducer, of_several_lost_sources_the_first_is_named_and_the_rest_counted) {
  Desk desk;
  desk.add("a");
  desk.open("a");
  desk.end("a", loses({"one", "two", "three"}));
  EXPECT_TRUE(mentions(desk.blame("a"), "lost object " + named("one").to_string() + " and 2 more, which"));
}

TEST(Reducer, inputs_that_are_lost_for_ever_are_given_up) {
  Desk desk;
  desk.add("b");
  desk.open("b", {promise_of("a")});
  desk.open("a");
  desk.end("a", made("x"));
  unsigned runs = 0;
  while (desk.verdict("b") == Verdict::None) {
    desk.substitute("b", "b of x");
    ++runs;
    desk.end("b", loses({"x"}));
    if (desk.verdict("b") == Verdict::None) {
      desk.reducer.verified(desk.next<Verify>("b").ticket, {});
      desk.take();
    }
  }
  EXPECT_LE(runs, 4U);
}

TEST(Reducer, followers_of_one_that_lost_its_inputs_go_on_without_it) {
  Desk desk;
  for (const char* twin : {"twin1", "twin2", "twin3"}) {
    desk.add(twin);
    desk.open(twin, {promise_of("leaf")});
  }
  desk.open("leaf");
  desk.end("leaf", made("x"));
  for (const char* twin : {"twin1", "twin2", "twin3"}) {
    desk.substitute(twin, "concrete");
  }
  desk.end("twin1", loses({"x"}));
  const std::string heir = desk.runs("twin2") ? "twin2" : "twin3";
  EXPECT_TRUE(desk.runs(heir));
  desk.end(heir, made("y"));
  EXPECT_EQ(desk.verdict("twin2"), Verdict::Succeeded);
  EXPECT_EQ(desk.verdict("twin3"), Verdict::Succeeded);
}

TEST(Reducer, a_result_whose_outputs_are_gone_is_made_again_on_demand) {
  Desk desk;
  desk.add("a");
  desk.reducer.memo_found(desk.next<Open>("a").ticket, made("x"));
  desk.reducer.remake(desk.node("a"));
  desk.take();
  EXPECT_EQ(desk.verdict("a"), Verdict::None);
  EXPECT_EQ(desk.next<Open>("a").use_memo, UseMemo::No);
}

// Engine 0 of these tests.
Capacity capacity_of(unsigned slots) {
  Capacity capacity;
  capacity.name = "near";
  capacity.slots = slots;
  return capacity;
}

Policy watchful() {
  Policy policy = keep_going();
  policy.longest_attempt = seconds{10};
  policy.grace = seconds{5};
  policy.stragglers.samples = 2;
  return policy;
}

TEST(Reducer, an_engine_that_never_answers_is_given_up_and_another_tried) {
  Desk desk(watchful(), 1);
  desk.reducer.set_engine(1, 1);
  desk.add("a");
  desk.open("a");
  const Execute silent = desk.next<Execute>("a");
  EXPECT_EQ(desk.reducer.next_tick(), seconds{15});
  desk.tick(seconds{15} - milliseconds{1});
  EXPECT_EQ(desk.count<CancelAttempt>(), 0U);
  desk.tick(seconds{15});
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
  EXPECT_EQ(desk.reducer.counters().silent, 1U);
  desk.reducer.attempt_done(silent.attempt, made("late"));
  desk.take();
  EXPECT_EQ(desk.next<Execute>("a").engine, 1);
  desk.add("b");
  desk.open("b");
  EXPECT_EQ(desk.next<Execute>("b").engine, 0);
}

TEST(Reducer, an_engine_that_stays_silent_is_not_asked_for_ever) {
  Desk desk(watchful(), 1);
  desk.add("a");
  desk.open("a");
  while (desk.verdict("a") == Verdict::None) {
    desk.tick(desk.reducer.next_tick().value());
  }
  EXPECT_EQ(desk.blame("a"), "engine 0 has not answered for 15 s (given up after 3 tries)");
  EXPECT_FALSE(desk.reducer.next_tick().has_value());
}

TEST(Reducer, a_jobs_own_time_out_goes_before_its_engines_and_that_before_the_general_one) {
  Desk desk(watchful(), 0);
  Capacity capacity = capacity_of(1);
  capacity.job_time = seconds{7};
  desk.reducer.set_engine(0, capacity);
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.reducer.next_tick(), seconds{12});
  desk.end("a", made("x"));
  Request short_one;
  short_one.hints.timeout = seconds{2};
  desk.add("b", short_one);
  desk.open("b");
  EXPECT_EQ(desk.reducer.next_tick(), seconds{7});
}

// Two compiles took a second each; "slow" is the third, on engine 0.
class Stragglers : public ::testing::Test {
 protected:
  void begin(Desk& desk) {
    Request compile;
    compile.hints.kind = "compile";
    for (const char* thunk : {"1", "2", "slow"}) {
      desk.add(thunk, compile);
      desk.open(thunk);
    }
    desk.tick(seconds{1});
    desk.end("1", made("1"));
    desk.end("2", made("2"));
    first_ = desk.next<Execute>("slow");
    EXPECT_FALSE(first_.duplicate);
  }

  Execute first_;
};

TEST_F(Stragglers, get_a_second_attempt_elsewhere_and_the_first_answer_wins) {
  Desk desk(watchful(), 3);
  desk.reducer.set_engine(1, 1);
  begin(desk);
  desk.tick(seconds{2} - milliseconds{1});
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  desk.tick(milliseconds{2500});
  const Execute second = desk.next<Execute>("slow");
  EXPECT_TRUE(second.duplicate);
  EXPECT_EQ(second.engine, 1);
  EXPECT_EQ(second.number, 2U);
  EXPECT_EQ(second.thunk, first_.thunk);
  desk.reducer.attempt_done(second.attempt, made("x"));
  desk.take();
  EXPECT_EQ(desk.verdict("slow"), Verdict::Succeeded);
  ASSERT_EQ(desk.decided(), (std::vector<std::string>{"duplicate", "(superseded)"}));
  EXPECT_EQ(desk.all<Decided>().at(0).detail, "engine 0 has been at it for 2500 ms");
  desk.reducer.attempt_done(first_.attempt, made("other"));
  desk.take();
  EXPECT_EQ(desk.outcome("slow").result->outputs, made("x").outputs);
  EXPECT_EQ(desk.count<Finished>(), 3U);
  EXPECT_EQ(desk.reducer.counters().late_answers, 1U);
}

TEST_F(Stragglers, are_answered_by_the_first_attempt_if_that_comes_first) {
  Desk desk(watchful(), 3);
  begin(desk);
  desk.tick(milliseconds{2500});
  EXPECT_EQ(desk.next<Execute>("slow").engine, 0);
  desk.reducer.attempt_done(first_.attempt, made("x"));
  desk.take();
  EXPECT_EQ(desk.verdict("slow"), Verdict::Succeeded);
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
}

TEST_F(Stragglers, of_which_one_attempt_breaks_wait_for_the_other) {
  for (const auto kind :
       {base::FailureKind::RetryHere, base::FailureKind::RetryElsewhere, base::FailureKind::Ours}) {
    Desk desk(watchful(), 3);
    begin(desk);
    desk.tick(milliseconds{2500});
    desk.end("slow", broken(kind));
    EXPECT_TRUE(desk.runs("slow"));
    EXPECT_EQ(desk.count<CancelAttempt>(), 0U);
    desk.reducer.attempt_done(first_.attempt, made("x"));
    desk.take();
    EXPECT_EQ(desk.verdict("slow"), Verdict::Succeeded);
  }
}

TEST_F(Stragglers, of_which_one_attempt_is_refused_for_good_fail_and_the_other_is_cancelled) {
  Desk desk(watchful(), 3);
  begin(desk);
  desk.tick(milliseconds{2500});
  desk.end("slow", broken(base::FailureKind::Deterministic));
  EXPECT_EQ(desk.verdict("slow"), Verdict::Failed);
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
}

TEST_F(Stragglers, whose_command_fails_in_a_doubtful_place_ask_the_other_attempt) {
  Desk desk(watchful(), 3);
  desk.reducer.set_engine(1, 1, Reducer::FailureIs::Repeated);
  begin(desk);
  desk.tick(milliseconds{2500});
  desk.end("slow", exits(1));
  EXPECT_TRUE(desk.runs("slow"));
  EXPECT_EQ(desk.count<Execute>(), 0U);
  desk.reducer.attempt_done(first_.attempt, made("x"));
  desk.take();
  EXPECT_EQ(desk.verdict("slow"), Verdict::Succeeded);
}

TEST_F(Stragglers, whose_command_fails_where_failures_are_final_have_failed) {
  Desk desk(watchful(), 3);
  begin(desk);
  desk.tick(milliseconds{2500});
  desk.end("slow", exits(1));
  EXPECT_EQ(desk.verdict("slow"), Verdict::Failed);
  EXPECT_EQ(desk.count<CancelAttempt>(), 1U);
}

TEST_F(Stragglers, are_not_asked_twice_of_one_machine) {
  Desk desk(watchful(), 3);
  Capacity capacity = capacity_of(3);
  capacity.is_local = true;
  desk.reducer.set_engine(0, capacity);
  begin(desk);
  desk.tick(seconds{3});
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  desk.reducer.set_engine(1, 1);
  desk.take();
  EXPECT_EQ(desk.next<Execute>("slow").engine, 1);
}

TEST_F(Stragglers, wait_until_nothing_else_wants_the_slot) {
  Desk desk(watchful(), 3);
  begin(desk);
  for (const char* thunk : {"4", "5"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.tick(seconds{3});
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  desk.add("6");
  desk.open("6");
  desk.end("4", made("4"));
  EXPECT_TRUE(desk.runs("6"));
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  desk.end("5", made("5"));
  EXPECT_EQ(desk.reducer.counters().duplicates, 1U);
}

TEST_F(Stragglers, are_duplicated_so_often_and_no_more) {
  const auto duplicates = [this](const Policy& policy, std::initializer_list<int> looks) {
    Desk desk(policy, 9);
    begin(desk);
    for (const int look : looks) {
      desk.tick(seconds{look});
    }
    return desk.reducer.counters().duplicates;
  };
  Policy policy = watchful();
  policy.stragglers.per_thunk = 2;
  EXPECT_EQ(duplicates(policy, {3}), 1U);
  EXPECT_EQ(duplicates(policy, {3, 6}), 2U);
  EXPECT_EQ(duplicates(policy, {3, 6, 9}), 2U);
  policy.stragglers.free = 1;
  EXPECT_EQ(duplicates(policy, {3, 6}), 1U);
  policy.stragglers.share_percent = 50;
  EXPECT_EQ(duplicates(policy, {3, 6}), 2U);
  policy.stragglers.per_thunk = 0;
  EXPECT_EQ(duplicates(policy, {3}), 0U);
  policy = watchful();
  policy.max_attempts = 1;
  EXPECT_EQ(duplicates(policy, {3}), 0U);
}

TEST_F(Stragglers, are_known_only_by_enough_of_their_like) {
  Policy policy = watchful();
  policy.stragglers.samples = 3;
  Desk desk(policy, 9);
  begin(desk);
  desk.add("other");
  desk.open("other");
  desk.tick(seconds{4});
  desk.end("other", made("other"));
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  Request compile;
  compile.hints.kind = "compile";
  desk.add("3", compile);
  desk.open("3");
  desk.tick(milliseconds{4100});
  desk.end("3", made("3"));
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);  // it is found when it is looked for
  desk.tick(desk.reducer.next_tick().value());
  EXPECT_EQ(desk.reducer.counters().duplicates, 1U);
}

TEST_F(Stragglers, that_are_fast_enough_are_none) {
  Policy policy = watchful();
  policy.stragglers.least = seconds{4};
  Desk desk(policy, 9);
  begin(desk);
  desk.tick(seconds{4} - milliseconds{1});
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  desk.tick(seconds{4});
  EXPECT_EQ(desk.reducer.counters().duplicates, 1U);
}

TEST_F(Stragglers, get_nothing_new_once_nothing_new_starts) {
  Desk desk(watchful(), 9);
  begin(desk);
  desk.reducer.drain("it is late");
  desk.tick(seconds{3});
  EXPECT_EQ(desk.reducer.counters().duplicates, 0U);
  EXPECT_TRUE(desk.runs("slow"));
}

Capacity billed(MicroDollars per_job, MicroDollars per_second) {
  Capacity capacity = capacity_of(2);
  capacity.name = "cloud";
  capacity.per_job = per_job;
  capacity.per_second = per_second;
  return capacity;
}

TEST(Reducer, no_more_is_executed_than_the_budget_allows_also_where_nothing_is_billed) {
  Policy policy = keep_going();
  policy.budget.executions = 3;
  Desk desk(policy, 0);
  Capacity free = capacity_of(1000);
  free.name = "free";
  desk.reducer.set_engine(0, free);
  for (const char* thunk : {"1", "2", "3", "4"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.end("1", made("1"));
  EXPECT_EQ(desk.blame("4"), "no engine can take thunk " + named("4").to_string() +
                                 ": free: the budget of 3 executions is used up");
  desk.end("2", made("2"));
  desk.end("3", made("3"));
  EXPECT_EQ(desk.verdict("3"), Verdict::Succeeded);
}

TEST(Reducer, no_more_money_is_billed_than_the_budget_allows) {
  Policy policy = keep_going();
  policy.budget.micro_dollars = 100;
  policy.longest_attempt = milliseconds{2500};
  Desk desk(policy, 0);
  desk.reducer.set_engine(0, billed(10, 20));  // up to 70 each
  for (const char* thunk : {"1", "2"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  EXPECT_FALSE(desk.runs("2"));  // 140 are not there, but the first may cost less
  desk.reducer.attempt_done(desk.next<Execute>("1").attempt, made("1"), 30);
  desk.take();
  EXPECT_TRUE(desk.runs("2"));
  desk.reducer.attempt_done(desk.next<Execute>("2").attempt, made("2"), 1);
  desk.take();
  EXPECT_EQ(desk.reducer.counters().billed, 31U);
  desk.add("3");
  desk.open("3");
  EXPECT_EQ(desk.verdict("3"), Verdict::Failed);
  EXPECT_EQ(
      desk.blame("3"),
      "no engine can take thunk " + named("3").to_string() +
          ": cloud: the budget of $0.000100 does not bear it: $0.000031 is spent, and it may cost $0.000070");
}

TEST(Reducer, what_is_cancelled_counts_as_if_it_had_cost_the_most) {
  Policy policy = keep_going();
  policy.budget.micro_dollars = 100;
  Desk desk(policy, 0);
  desk.reducer.set_engine(0, billed(60, 0));
  desk.add("1");
  desk.open("1");
  desk.reducer.cancel_all();
  desk.take();
  EXPECT_EQ(desk.reducer.counters().billed, 60U);
}

TEST(Reducer, what_is_free_runs_also_when_others_have_cost_more_than_they_said) {
  Policy policy = keep_going();
  policy.budget.micro_dollars = 1;
  Desk desk(policy, 0);
  desk.reducer.set_engine(0, billed(1, 0));
  desk.reducer.set_engine(1, 1);
  desk.add("1");
  desk.open("1");
  desk.reducer.attempt_done(desk.next<Execute>("1").attempt, made("1"), 100);
  desk.take();
  desk.add("2");
  desk.open("2");
  EXPECT_EQ(desk.next<Execute>("2").engine, 1);
}

using Codes = std::vector<std::string>;

TEST(Reducer, retries_are_told_with_the_reason_and_the_delay) {
  Desk desk;
  desk.reducer.set_engine(1, 4);
  desk.add("a");
  desk.open("a");
  desk.end("a", broken(base::FailureKind::RetryElsewhere, "full"));
  desk.end("a", broken(base::FailureKind::RetryHere, "reset"));
  ASSERT_EQ(desk.decided(), (Codes{"elsewhere", "back-off"}));
  const Decided first = desk.all<Decided>()[0];
  EXPECT_EQ(first.detail, "full");
  EXPECT_EQ(first.node, desk.node("a"));
  EXPECT_EQ(first.delay, base::Nanoseconds{0});
  const Decided second = desk.all<Decided>()[1];
  EXPECT_EQ(second.detail, "reset");
  EXPECT_EQ(second.delay, *desk.reducer.next_tick());
}

TEST(Reducer, a_doubted_failure_a_silent_place_and_the_end_of_all_tries_are_told) {
  Policy policy = keep_going();
  policy.longest_attempt = policy.grace = seconds{1};
  policy.tries_elsewhere = 1;
  Desk desk(policy, 0);
  desk.reducer.set_engine(0, 1, Reducer::FailureIs::Repeated);
  desk.reducer.set_engine(1, 1, Reducer::FailureIs::Repeated);
  desk.add("a");
  desk.open("a");
  desk.end("a", exits(7));
  EXPECT_EQ(desk.all<Decided>().at(0).detail, "exit 7 on engine 0");
  desk.tick(seconds{2});
  EXPECT_EQ(desk.decided(), (Codes{"repeated", "(silent)", "silent", "given-up"}));
}

TEST(Reducer, what_no_engine_takes_is_told_apart_from_what_the_budget_refuses) {
  Policy policy = keep_going();
  policy.budget.executions = 0;
  Desk desk(policy, 0);
  Capacity small = capacity_of(1);
  small.job_cores = 2;
  desk.reducer.set_engine(0, small);
  Request large;
  large.hints.cores = 4;
  desk.add("large", large);
  desk.open("large");
  desk.add("a");
  desk.open("a");
  EXPECT_EQ(desk.decided(), (Codes{"homeless", "over-budget"}));
  EXPECT_EQ(desk.all<Decided>().at(1).detail, desk.blame("a"));
}

TEST(Reducer, a_drain_and_a_cancel_are_told_once_and_who_is_cancelled_with_the_most_it_may_have_cost) {
  Desk desk(keep_going(), 0);
  desk.reducer.set_engine(0, billed(60, 0));
  desk.add("a");
  desk.open("a");
  desk.reducer.drain("it is late");
  desk.take();
  EXPECT_EQ(desk.all<Decided>().at(0).detail, "it is late");
  desk.reducer.cancel_all();
  desk.take();
  EXPECT_EQ(desk.decided(), (Codes{"drained", "cancelled", "(cancelled)"}));
  EXPECT_EQ(desk.all<CancelAttempt>().at(0).most, 60U);
  desk.reducer.cancel_all();
  desk.take();
  EXPECT_EQ(desk.count<Decided>(), 2U);
}

TEST(Reducer, a_failure_that_stops_the_rest_is_told) {
  Policy policy;
  policy.on_failure = OnFailure::CancelRunning;
  Desk desk(policy, 2);
  for (const char* thunk : {"bad", "good"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.end("bad", exits(1));
  EXPECT_EQ(desk.decided(), (Codes{"stopped", "(stopped)"}));
}

TEST(Reducer, without_budget_for_the_cloud_the_rest_runs_on_what_is_free) {
  Policy policy = keep_going();
  policy.budget.micro_dollars = 1;
  Desk desk(policy, 0);
  desk.reducer.set_engine(0, billed(1, 0));
  desk.reducer.set_engine(1, 1);
  for (const char* thunk : {"1", "2", "3"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  EXPECT_EQ(desk.next<Execute>("1").engine, 0);
  EXPECT_EQ(desk.next<Execute>("2").engine, 1);
  EXPECT_EQ(desk.reducer.state(desk.node("3")), State::Ready);
  EXPECT_EQ(desk.reducer.why_waiting(desk.node("3")), "every slot that it may take is in use");
}

TEST(Reducer, what_no_engine_can_take_fails_with_the_reasons_of_each) {
  Desk desk(keep_going(), 0);
  Capacity small = capacity_of(1);
  small.job_cores = 2;
  desk.reducer.set_engine(0, small);
  Capacity odd = capacity_of(1);
  odd.name = "odd";
  odd.platform = "linux/arm64";
  desk.reducer.set_engine(1, odd);
  Request big;
  big.hints.cores = 8;
  big.hints.platform = "linux/amd64";
  big.hints.label = "link all";
  desk.add("a", big);
  desk.open("a");
  EXPECT_EQ(desk.blame("a"), "no engine can take link all (thunk " + named("a").to_string() +
                                 "): near: it needs 8 cores, and 2 are there; odd: it needs linux/amd64, and "
                                 "this is linux/arm64");
  small.job_cores = 8;
  desk.reducer.set_engine(0, small);
  desk.add("b", big);
  desk.open("b");
  EXPECT_EQ(desk.next<Execute>("b").engine, 0);
}

TEST(Reducer, cores_and_memory_are_shared_where_an_engine_says_how_much_there_is) {
  Desk desk(keep_going(), 0);
  Capacity capacity = capacity_of(9);
  capacity.cores = 4;
  capacity.memory_bytes = 1000;
  desk.reducer.set_engine(0, capacity);
  Request wide;
  wide.hints.cores = 3;
  Request heavy;
  heavy.hints.memory_bytes = 990;
  Request wider;
  wider.hints.cores = 99;
  desk.add("wide", wide);
  desk.open("wide");
  EXPECT_TRUE(desk.runs("wide"));
  desk.add("heavy", heavy);
  desk.open("heavy");
  EXPECT_TRUE(desk.runs("heavy"));
  desk.add("small");
  desk.open("small");
  EXPECT_FALSE(desk.runs("small"));  // no core is left
  desk.end("wide", made("x"));
  EXPECT_TRUE(desk.runs("small"));
  desk.add("heavy2", heavy);
  desk.open("heavy2");
  EXPECT_FALSE(desk.runs("heavy2"));
  desk.end("heavy", made("x"));
  EXPECT_TRUE(desk.runs("heavy2"));
  desk.add("wider", wider);
  desk.open("wider");
  desk.end("heavy2", made("x"));
  EXPECT_FALSE(desk.runs("wider"));
  desk.end("small", made("x"));
  EXPECT_TRUE(desk.runs("wider"));
}

TEST(Reducer, what_must_not_leave_the_machine_waits_for_it) {
  Desk desk(keep_going(), 3);
  Capacity local = capacity_of(1);
  local.is_local = true;
  desk.reducer.set_engine(1, local);
  Request here;
  here.hints.local_only = true;
  for (const char* thunk : {"a", "b"}) {
    desk.add(thunk, here);
    desk.open(thunk);
  }
  EXPECT_EQ(desk.next<Execute>("a").engine, 1);
  EXPECT_FALSE(desk.runs("b"));
}

TEST(Reducer, hints_that_come_late_count_for_what_is_ready_already) {
  Desk desk(keep_going(), 0);
  Capacity local = capacity_of(0);
  local.is_local = true;
  desk.reducer.set_engine(0, local);
  desk.add("top");
  desk.open("top", {promise_of("leaf")});
  desk.open("leaf");
  Request here;
  here.hints.local_only = true;
  here.hints.kind = "test";
  here.hints.label = "test leaf";
  desk.add("leaf", here);
  desk.reducer.set_engine(1, 1);
  desk.take();
  EXPECT_EQ(desk.verdict("leaf"), Verdict::None);
  EXPECT_FALSE(desk.runs("leaf"));
  EXPECT_EQ(desk.reducer.hints(desk.node("leaf")), here.hints);
}

TEST(Reducer, a_drained_run_ends_what_runs_and_stops_the_rest) {
  Desk desk(keep_going(), 1);
  desk.add("top");
  desk.open("top", {promise_of("runs")});
  desk.open("runs");
  desk.add("queued");
  desk.open("queued");
  desk.reducer.drain("the machine is to be shut down");
  desk.take();
  EXPECT_TRUE(desk.runs("runs"));
  EXPECT_EQ(desk.verdict("queued"), Verdict::Stopped);
  EXPECT_EQ(desk.blame("top"), "the machine is to be shut down");
  EXPECT_EQ(desk.outcome("top").because, kNoNode);
  desk.end("runs", made("x"));
  EXPECT_EQ(desk.verdict("runs"), Verdict::Succeeded);
  desk.add("late");
  EXPECT_EQ(desk.verdict("late"), Verdict::Stopped);
  EXPECT_EQ(desk.reducer.unfinished(), 0U);
}

TEST(Reducer, a_drain_lets_what_runs_end_also_where_a_failure_would_cancel_it) {
  Policy policy;
  policy.on_failure = OnFailure::CancelRunning;
  Desk desk(policy, 2);
  for (const char* thunk : {"bad", "good"}) {
    desk.add(thunk);
    desk.open(thunk);
  }
  desk.reducer.drain("it is late");
  desk.reducer.drain("it is later");
  desk.take();
  desk.end("bad", exits(1));
  EXPECT_EQ(desk.verdict("bad"), Verdict::Failed);
  EXPECT_TRUE(desk.runs("good"));
  desk.add("more");
  EXPECT_EQ(desk.blame("more"), "it is late");
}

TEST(Reducer, a_chain_of_200000_needs_no_stack) {
  Reducer reducer(keep_going());
  reducer.set_engine(0, 1);
  const int length = 200'000;
  std::vector<object::Digest> names;
  for (int at = 0; at < length; ++at) {
    object::Digest::Hash hash{};
    std::memcpy(hash.data(), &at, sizeof at);
    names.emplace_back(hash, 1);
  }
  std::vector<Action> actions;
  (void)reducer.add(names[0]);
  for (size_t at = 0; at < names.size(); ++at) {
    reducer.take_actions(actions);
    const Ticket ticket = std::get<Open>(actions.back()).ticket;
    reducer.opened(ticket, at + 1 == names.size() ? std::vector<object::Promise>{}
                                                  : std::vector<object::Promise>{{names[at + 1], "out"}});
  }
  reducer.hurry(0);
  reducer.take_actions(actions);
  reducer.attempt_done(std::get<Execute>(actions.back()).attempt, exits(1));
  EXPECT_EQ(reducer.unfinished(), 0U);
  EXPECT_EQ(reducer.outcome(0).verdict, Verdict::DependencyFailed);
  EXPECT_EQ(reducer.outcome(0).failure->node, static_cast<NodeId>(length - 1));
}

}  // namespace
}  // namespace sched
