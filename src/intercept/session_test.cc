#include "intercept/session.hh"

#include "intercept/testing_world.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <thread>

namespace intercept {
namespace {

using world::World;

// ---- what becomes of a command

TEST(Session, a_command_under_make_is_answered_with_a_placeholder_that_becomes_the_real_file) {
  World world;
  world.write("in", "hello\n");
  const Finished finished = world.make("x-tool in out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Promised), 1U) << world.seen.story();
}

TEST(Session, a_chain_of_commands_needs_no_result_before_its_end) {
  World world;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in a && x-tool a b\nx-tool b c").exit_code, 0);
  EXPECT_EQ(world.read("c"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Promised), 3U) << world.seen.story();
}

TEST(Session, a_known_result_is_there_when_the_command_returns) {
  World world;
  world.write("in", "hello\n");
  (void)world.make("x-tool in out");
  ::unlink(world.at("out").c_str());
  EXPECT_EQ(world.make("x-tool in out").exit_code, 0);
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Hit), 1U) << world.seen.story();
  EXPECT_EQ(world.forcer.submitted, 1);
}

TEST(Session, an_output_that_is_found_damaged_when_it_is_put_in_place_is_made_again) {
  World world;
  world.write("in", "hello\n");
  world.store.loses = "HELLO\n";
  const Finished finished = world.make("x-tool in out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_TRUE(finished.failures.empty());
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.forcer.remade, 1);
}

TEST(Session, a_second_inference_whose_sources_change_just_then_is_made_once_more) {
  World world;
  world.write("in", "unspeakable\n");
  int kept = 0;
  int inferred = 0;
  world.models.before_second_inference = [&] {
    ++inferred;
    world.write("in", "hello\n");
  };
  world.models.keeps = [&]() -> base::Result<bool> { return ++kept != 2; };
  const Finished finished = world.make("x-tool in out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_TRUE(finished.failures.empty());
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(inferred, 2);
}

TEST(Session, a_second_inference_that_the_store_fails_says_so) {
  World world;
  world.write("in", "unspeakable\n");
  int kept = 0;
  world.models.before_second_inference = [&] { world.write("in", "hello\n"); };
  world.models.keeps = [&]() -> base::Result<bool> {
    return ++kept == 1 ? base::Result<bool>(true) : base::failure("no space left for objects");
  };
  const Finished finished = world.make("x-tool in out");
  ASSERT_EQ(finished.failures.size(), 1U) << world.seen.story();
  EXPECT_EQ(finished.failures[0].message, "no space left for objects");
}

TEST(Session, an_output_without_placeholder_that_is_found_damaged_is_made_again) {
  World world;
  world.write("in", "hello\n");
  world.models.with_notes = true;
  world.store.loses = "notes\n";
  const Finished finished = world.make("x-tool in out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_TRUE(finished.failures.empty()) << finished.failures[0].message;
  EXPECT_EQ(world.read("out.notes"), "notes\n");
  EXPECT_EQ(world.forcer.remade, 1);
}

TEST(Session, an_output_that_is_found_damaged_where_its_caller_waits_is_made_again) {
  World world;
  world.write("in", "hello\n");
  world.store.loses = "HELLO\n";
  EXPECT_EQ(world.shell("x-tool in out || true").exit_code, 0);
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Waited), 1U) << world.seen.story();
  EXPECT_EQ(world.forcer.remade, 1);
}

TEST(Session, an_output_that_is_found_damaged_when_a_copy_comes_up_late_is_made_again) {
  World world;
  world.write("in", "hello\n");
  world.store.loses = "HELLO\n";
  world.store.placings_before_loss = 1;
  const Finished finished = world.make("x-tool in out && cp out copy\ncmp out out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_TRUE(finished.left_over.empty());
  EXPECT_EQ(world.read("copy"), "HELLO\n");
  EXPECT_EQ(world.forcer.remade, 1);
}

TEST(Session, when_the_store_loses_what_a_second_inference_led_to_that_is_made_again_before_others_try) {
  World world;
  world.write("in", "unspeakable\n");
  world.models.before_second_inference = [&] { world.write("in", "hello\n"); };
  world.store.loses = "HELLO\n";
  const Finished finished = world.make("x-tool in a && x-tool a b");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_TRUE(finished.failures.empty());
  EXPECT_EQ(world.read("a"), "HELLO\n");
  EXPECT_EQ(world.read("b"), "HELLO\n");
  EXPECT_EQ(world.forcer.remade, 1);
}

TEST(Session, a_build_that_is_stopped_while_a_second_inference_is_tried_ends) {
  World world;
  world.write("in", "unspeakable\n");
  world.models.before_second_inference = [&] {
    world.write("in", "hello\n");
    world.current->stop(SIGINT);
  };
  EXPECT_TRUE(world.make("x-tool in out").stopped);
  EXPECT_EQ(world.read("out"), "(no such file)");
}

TEST(Session, what_a_model_declines_runs_for_real_with_arguments_environment_and_status) {
  World world;
  base::write_file_atomically(world.folder.path() + "/bin/x-tool",
                              "#!/bin/sh\necho \"$0 $* $VARIABLE $(pwd)\"; exit 7\n", 0755);
  const Finished finished = world.shell("VARIABLE=v x-tool --strange 'a b' > log");
  EXPECT_EQ(finished.exit_code, 7);
  EXPECT_EQ(world.read("log"), world.folder.path() + "/bin/x-tool --strange a b v " +
                                   world.at("").substr(0, world.at("").size() - 1) + "\n");
  EXPECT_EQ(world.seen.commands.at(0).reason, "unknown-option");
}

TEST(Session, a_build_without_environment_is_intercepted_too) {
  World world;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("env -i " + world.folder.path() + "/bin/x-tool in out").exit_code, 0);
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Native), 0U) << world.seen.story();
}

TEST(Session, the_builds_own_status_and_signal_come_back) {
  World world;
  EXPECT_EQ(world.shell("exit 42").exit_code, 42);
  const Finished killed = world.shell("kill -9 $$");
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(killed.exit_code, 137);
}

TEST(Session, warnings_come_out_once_also_when_the_result_was_known) {
  World world;
  world.write("in", "dubious\n");
  EXPECT_EQ(world.make("x-tool in out").exit_code, 0);
  EXPECT_EQ(world.seen.late, "x-tool: warning: a dubious word\n");
  EXPECT_EQ(world.shell("x-tool in out 2>log").exit_code, 0);
  EXPECT_EQ(world.read("log"), "x-tool: warning: a dubious word\n");
  EXPECT_EQ(world.seen.late, "x-tool: warning: a dubious word\n");
}

TEST(Session, late_warnings_come_out_where_make_and_ninja_would_let_them) {
  const std::string warning = "x-tool: warning: a dubious word\n";
  World world;
  world.write("in", "dubious\n");
  EXPECT_EQ(world.make("x-tool in out").exit_code, 0);
  EXPECT_EQ(world.seen.late_errors, warning);
  World other;
  other.write("in", "dubious\n");
  other.write("build.ninja", "rule x\n  command = x-tool $in $out\nbuild out: x in\n");
  EXPECT_EQ(other.run({"ninja", "--quiet"}).exit_code, 0);
  EXPECT_EQ(other.seen.count(Outcome::Promised), 1U) << other.seen.story();
  EXPECT_EQ(other.seen.late, warning);
  EXPECT_EQ(other.seen.late_errors, "");
}

TEST(Session, of_what_comes_late_only_that_is_dropped_which_the_caller_threw_away) {
  struct Case {
    const char* redirected;
    const char* comes_out;
  };

  for (const Case& one : {Case{"", "a talkative word\nx-tool: warning: a dubious word\n"},
                          Case{" >/dev/null", "x-tool: warning: a dubious word\n"},
                          Case{" 2>/dev/null", "a talkative word\n"}, Case{" >/dev/null 2>&1", ""}}) {
    World world;
    world.write("in", "dubious and talkative\n");
    EXPECT_EQ(world.make(std::string("x-tool in out") + one.redirected).exit_code, 0);
    EXPECT_EQ(world.seen.count(Outcome::Promised), 1U) << world.seen.story();
    EXPECT_EQ(world.seen.late, one.comes_out) << one.redirected;
  }
}

TEST(Session, a_command_of_a_ninja_whose_output_goes_to_a_file_waits_so_that_its_messages_get_there) {
  World world;
  world.write("in", "dubious\n");
  world.write("build.ninja", "rule x\n  command = x-tool $in $out\nbuild out: x in\n");
  EXPECT_EQ(world.make("ninja > log").exit_code, 0);
  EXPECT_NE(world.read("log").find("a dubious word"), std::string::npos) << world.read("log");
  EXPECT_EQ(world.seen.late, "");
}

// ---- who must wait (a bet there would be a wrong answer)

struct Waiter {
  const char* recipe;
  const char* reason;
};

TEST(Session, whoever_may_go_on_after_a_failure_gets_the_real_status) {
  const Waiter waiters[] = {
      {"x-tool bad out || echo recovered > answer", "shell-may-go-on"},
      {"if x-tool bad out; then :; else echo recovered > answer; fi", "shell-may-go-on"},
      {"x-tool bad out; test $$? = 4 && echo recovered > answer", "shell-may-go-on"},
      {"! x-tool bad out && echo recovered > answer", "shell-may-go-on"},
      {"x-tool bad out | cat; test -f out || echo recovered > answer", "shell-may-go-on"},
      {"sh ./script", "caller-unsure"},
      {"sh ./configure", "experiment"},
      {"$(if $(shell x-tool bad out && echo ok),false,echo recovered > answer)", "make-reads-output"},
      {"x-tool bad out 2>log || echo recovered > answer", "shell-may-go-on"},
  };
  for (const Waiter& waiter : waiters) {
    World world;
    world.write("bad", "unspeakable\n");
    world.write("script", "x-tool bad out || echo recovered > answer\n");
    world.write("configure", "x-tool bad out || echo recovered > answer\n");
    const Finished finished = world.make(waiter.recipe);
    EXPECT_EQ(finished.exit_code, 0) << waiter.recipe << "\n" << world.seen.story();
    EXPECT_EQ(world.read("answer"), "recovered\n") << waiter.recipe << "\n" << world.seen.story();
    EXPECT_TRUE(finished.failures.empty());
    EXPECT_EQ(world.seen.count(Outcome::Promised), 0U) << waiter.recipe;
  }
}

TEST(Session, a_command_whose_messages_go_to_a_file_waits_so_that_they_get_there) {
  World world;
  world.write("in", "dubious\n");
  EXPECT_EQ(world.make("x-tool in out 2>log").exit_code, 0);
  EXPECT_EQ(world.read("log"), "x-tool: warning: a dubious word\n");
  EXPECT_EQ(world.seen.commands.at(0).reason, "output-redirected") << world.seen.story();
}

TEST(Session, make_that_collects_output_gets_it) {
  World world;
  world.write("in", "dubious\n");
  EXPECT_EQ(world.make("x-tool in out", {"-O", "-j2"}).exit_code, 0);
  EXPECT_EQ(world.seen.commands.at(0).reason, "output-redirected") << world.seen.story();
}

TEST(Session, experiments_of_cmake_and_meson_run_natively) {
  World world;
  base::make_directories(world.at("CMakeFiles/CMakeScratch/x"));
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("cd CMakeFiles/CMakeScratch/x && x-tool ../../../in out").exit_code, 0);
  EXPECT_EQ(world.seen.commands.at(0).reason, "experiment") << world.seen.story();
  EXPECT_EQ(world.seen.count(Outcome::Native), 1U);
}

TEST(Session, makes_below_makes_are_promised_only_when_every_line_above_can_only_stop) {
  struct Case {
    const char* recipe;
    Outcome outcome;
  };

  const Case cases[] = {
      {"$(MAKE) -s -C sub", Outcome::Promised},
      {"cd sub && $(MAKE) -s", Outcome::Promised},
      {"for d in sub; do (cd $$d && $(MAKE) -s) || exit 1; done", Outcome::Promised},
      {"for d in sub; do (cd $$d && $(MAKE) -s); done; true", Outcome::Waited},
      {"$(MAKE) -s -C sub || true", Outcome::Waited},
      {"if $(MAKE) -s -C sub; then :; fi", Outcome::Waited},
      {"cmake -E chdir sub x-tool in out", Outcome::Promised},
      {"cd sub && cmake -E env A=b x-tool in out", Outcome::Promised},
      {"cd sub && ../libtool x-tool in out", Outcome::Promised},
      {"cd sub && sh ../libtool x-tool in out", Outcome::Promised},
      {"cd sub && time x-tool in out", Outcome::Waited},
      {"cd sub && python3 -c 'import os; os.system(\"x-tool in out\")'", Outcome::Waited},
      {"cd sub && echo out | xargs x-tool in", Outcome::Waited},
  };
  for (const Case& one : cases) {
    World world;
    base::make_directories(world.at("sub"));
    world.write("sub/in", "hello\n");
    world.write("sub/Makefile", "all:\n\tx-tool in out\n");
    base::write_file_atomically(world.at("libtool"), "#!/bin/sh\n\"$@\"\nexit $?\n", 0755);
    EXPECT_EQ(world.make(one.recipe).exit_code, 0) << one.recipe;
    EXPECT_EQ(world.read("sub/out"), "HELLO\n") << one.recipe;
    ASSERT_EQ(world.seen.commands.size(), 1U) << one.recipe << "\n" << world.seen.story();
    EXPECT_EQ(world.seen.commands[0].outcome, one.outcome) << one.recipe << "\n" << world.seen.story();
  }
}

TEST(Session, make_k_goes_on_after_a_lost_bet) {
  World world;
  world.write("bad", "unspeakable\n");
  world.write("in", "hello\n");
  world.write("Makefile", "all: one two\none:\n\tx-tool bad out\ntwo:\n\tsleep 0.4; x-tool in good\n");
  const Finished finished = world.run({"make", "-s", "-k"});
  EXPECT_EQ(finished.failures.size(), 1U);
  EXPECT_EQ(world.read("good"), "HELLO\n");
}

TEST(Session, make_i_waits_since_it_ignores_failures) {
  World world;
  world.write("bad", "unspeakable\n");
  EXPECT_EQ(world.make("x-tool bad out\necho recovered > answer", {"-i"}).exit_code, 0);
  EXPECT_EQ(world.read("answer"), "recovered\n");
  EXPECT_EQ(world.seen.commands.at(0).reason, "failed-in-container") << world.seen.story();
}

TEST(Session, ninja_does_not_wait_for_a_promised_commands_streams) {
  World world(std::chrono::milliseconds(400));
  world.write("in", "hello\n");
  world.write("build.ninja",
              "rule x\n  command = x-tool $in $out\nrule stamp\n  command = date +%s%N > $out\n"
              "build out: x in\nbuild stamp: stamp | out\ndefault stamp\n");
  const auto before = std::chrono::system_clock::now();
  EXPECT_EQ(world.run({"ninja", "--quiet"}).exit_code, 0);
  EXPECT_EQ(world.seen.count(Outcome::Promised), 1U) << world.seen.story();
  EXPECT_EQ(world.read("out"), "HELLO\n");
  // Had ninja seen no end of file on the command's pipe, the stamp would be as late as the result.
  const auto stamp = std::chrono::nanoseconds(std::stoll(world.read("stamp")));
  EXPECT_LT(stamp - before.time_since_epoch(), std::chrono::milliseconds(390));
}

// ---- lost bets

TEST(Session, a_lost_bet_stops_the_build_and_is_told_with_its_command_and_diagnostics) {
  World world;
  world.write("bad", "unspeakable\n");
  const Finished finished = world.make("x-tool bad out\nsleep 30\ntouch never");
  ASSERT_EQ(finished.failures.size(), 1U) << world.seen.story();
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_EQ(finished.failures[0].exit_code, 3);
  EXPECT_TRUE(finished.failures[0].below_make);
  EXPECT_EQ(finished.failures[0].diagnostics, "x-tool: an unspeakable word\n");
  EXPECT_EQ(finished.failures[0].argv, (std::vector<std::string>{"x-tool", "bad", "out"}));
  EXPECT_EQ(world.read("out"), "(no such file)");
  EXPECT_EQ(world.read("never"), "(no such file)");
}

TEST(Session, with_keep_going_the_rest_is_built) {
  World world;
  world.options.keep_going = true;
  world.write("bad", "unspeakable\n");
  world.write("in", "hello\n");
  const Finished finished = world.make("x-tool bad out\nx-tool in good");
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.failures.size(), 1U);
  EXPECT_EQ(world.read("good"), "HELLO\n");
  EXPECT_EQ(world.read("out"), "(no such file)");
}

TEST(Session, a_late_result_leaves_a_newer_file_alone) {
  World world;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in out\necho newer > out").exit_code, 0);
  EXPECT_EQ(world.read("out"), "newer\n");
}

TEST(Session, stopping_leaves_no_process_and_no_placeholder) {
  World world(std::chrono::seconds(60));
  world.write("in", "hello\n");
  world.write("ready.sh", "echo $$ > pid; exec sleep 1000\n");
  std::thread stopper([&] {
    while (!base::read_file_if_there(world.at("pid")) || world.read("pid").empty()) {
      ::usleep(2000);
    }
    world.current->stop(SIGINT);
  });
  const Finished finished = world.make("x-tool in out\nsetsid sh ready.sh & wait");
  stopper.join();
  EXPECT_TRUE(finished.stopped);
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_EQ(world.read("out"), "(no such file)");
  EXPECT_EQ(::kill(std::stoi(world.read("pid")), 0), -1);
}

TEST(Session, signals_that_the_build_did_not_live_to_get_do_not_hide_how_it_ended) {
  World world;
  world.write("in", "hello\n");
  world.models.before_inference = [&](const std::string&) {
    for (int times = 0; times < 100; ++times) {
      world.current->stop(SIGINT);
    }
  };
  const Finished finished = world.make("x-tool in out");
  EXPECT_TRUE(finished.stopped);
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_EQ(world.read("out"), "(no such file)");
}

TEST(Session, what_a_drain_finds_not_started_leaves_no_placeholder_and_is_counted) {
  World world(std::chrono::seconds(600));  // nothing starts that is not hurried
  world.write("in", "hello\n");
  ASSERT_EQ(::mkfifo(world.at("ready").c_str(), 0600), 0);
  std::thread drainer([&] {
    EXPECT_EQ(world.read("ready"), "yes\n");  // waits for who writes it
    world.current->drain("it is late");
  });
  const Finished finished =
      world.make("x-tool in out\ncat out >real\nx-tool in out2\necho yes >ready; sleep 600");
  drainer.join();
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_FALSE(finished.stopped);
  EXPECT_EQ(finished.left, 1U);
  EXPECT_EQ(world.read("real"), "HELLO\n");
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.read("out2"), "(no such file)");
  EXPECT_TRUE(finished.failures.empty()) << world.seen.story();
}

TEST(Session, a_command_that_is_in_inference_when_the_build_is_stopped_leaves_and_starts_nothing) {
  World world;
  world.write("in", "hello\n");
  std::promise<void> returned;
  const std::shared_future<void> has_returned = returned.get_future().share();
  std::atomic<int> inferences{0};
  world.models.before_inference = [&](const std::string&) {
    ++inferences;
    world.current->stop(SIGKILL);
    // A session that did not wait for inference would be over by then.
    (void)has_returned.wait_for(std::chrono::milliseconds(500));
  };
  EXPECT_TRUE(world.make("x-tool in late").stopped);
  returned.set_value();
  EXPECT_EQ(inferences, 1);
  EXPECT_EQ(world.forcer.submitted, 0) << world.seen.story();
  EXPECT_EQ(world.read("late"), "(no such file)");
}

TEST(Session, without_placeholders_every_command_waits_for_its_outputs) {
  World world;
  world.options.placeholders = false;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in a && x-tool a b").exit_code, 0);
  EXPECT_EQ(world.read("b"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Waited), 2U) << world.seen.story();
}

TEST(Session, lazily_a_command_that_leaves_nothing_to_ask_for_is_executed_all_the_same) {
  World world;
  world.options.lazy = true;
  world.write("bad", "unspeakable\n");
  EXPECT_NE(world.make("x-tool bad /dev/null && touch stamp").exit_code, 0);
  EXPECT_EQ(world.read("stamp"), "(no such file)") << world.seen.story();
}

TEST(Session, lazy_leaves_placeholders_and_starts_only_what_somebody_reads) {
  World world;
  world.options.lazy = true;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in out\nx-tool in read\ncmp read read").exit_code, 0);
  EXPECT_TRUE(read_placeholder(world.at("out")));
  EXPECT_EQ(world.read("read"), "HELLO\n");
  EXPECT_EQ(world.forcer.submitted, 1);
}

TEST(Session, what_nobody_reads_is_left_and_executed_where_placeholders_may_be_left) {
  World world;
  world.options.leave = Leave::Unread;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in out\nx-tool in read\ncmp read read").exit_code, 0);
  EXPECT_TRUE(read_placeholder(world.at("out")));
  EXPECT_EQ(world.read("read"), "HELLO\n");
  EXPECT_EQ(world.forcer.submitted, 2);
}

TEST(Session, nothing_is_left_of_a_build_that_fails) {
  World world;
  world.options.leave = Leave::Unread;
  world.write("in", "hello\n");
  world.write("bad", "unspeakable\n");
  EXPECT_EQ(world.make("x-tool in out\nx-tool bad worse").failures.size(), 1U);
  EXPECT_EQ(world.read("worse"), "(no such file)");
  EXPECT_FALSE(read_placeholder(world.at("out"))) << world.seen.story();
}

// ---- any reader is safe

TEST(Readers, each_kind_reads_the_real_bytes) {
  const char* const readers[] = {
    "cmp out expected",
    "grep -q HELLO out",
    "test \"$$(cat out)\" = HELLO",
    "read line < out && test \"$$line\" = HELLO",
    "test `wc -c < out` = 6",
    "python3 -c 'assert open(\"out\").read() == \"HELLO\\n\"'",
    "python3 -c 'import mmap,os; f = os.open(\"out\", os.O_RDONLY); assert mmap.mmap(f, 0, "
    "prot=mmap.PROT_READ)[:6] == b\"HELLO\\n\"'",
    "tar cf a.tar out && rm out && tar xf a.tar && cmp out expected",
    "stat -c %s out | grep -qx 6",
    "sed s/HELLO/BYE/ out | grep -q BYE",
    "ln -s out link && cmp link expected",
    "mkdir d && cd d && cmp ../out ../expected",
    "awk '{ exit $$1 != \"HELLO\" }' out",
    STATIC_READER " out | cmp - expected",
#if defined(__x86_64__)
    STATIC_READER " out 32 | cmp - expected",
#endif
    "sha256sum out | cut -c1-64 > a && sha256sum expected | cut -c1-64 | cmp - a",
  };
  for (const char* reader : readers) {
    World world(std::chrono::seconds(20));
    world.write("in", "hello\n");
    world.write("expected", "HELLO\n");
    EXPECT_EQ(world.make(std::string("x-tool in out\n") + reader).exit_code, 0) << reader << "\n"
                                                                                << world.seen.story();
    EXPECT_EQ(world.seen.count(Outcome::Promised), 1U) << reader;
  }
}

TEST(Readers, whoever_lists_a_directory_finds_the_real_files_sizes_and_sees_none_come) {
  World world(std::chrono::seconds(20));
  world.write("in", "hello\n");
  base::make_directories(world.at("d"));
  EXPECT_EQ(
      world
          .make("x-tool in d/out\n"
                "python3 -c 'import os; print(*[e.stat().st_size for e in os.scandir(\"d\")])' > sizes\n"
                "x-tool in d/second\ntar -C d -cf t.tar .\ntar -xOf t.tar ./second > third")
          .exit_code,
      0)
      << world.seen.story();
  EXPECT_EQ(world.read("sizes"), "6\n");
  EXPECT_EQ(world.read("third"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Promised), 2U) << world.seen.story();
}

TEST(Readers, whoever_packs_listed_files_finds_copies_real_too) {
  World world(std::chrono::seconds(20));
  world.write("in", "hello\n");
  EXPECT_EQ(world
                .make("x-tool in out\nmkdir d\ncp out d/copy\necho d/copy > list\n"
                      "cmake -E tar cf a.tar --files-from=list\nrm d/copy\ntar -xf a.tar")
                .exit_code,
            0)
      << world.seen.story();
  EXPECT_EQ(world.read("d/copy"), "HELLO\n");
}

TEST(Readers, where_only_what_is_read_becomes_real_a_tree_of_placeholders_is_copied_as_it_is) {
  World world;
  world.options.lazy = true;
  world.write("in", "hello\n");
  base::make_directories(world.at("d"));
  EXPECT_EQ(world.make("x-tool in d/out\ncp -r d e\nfind d > names").exit_code, 0) << world.seen.story();
  EXPECT_TRUE(read_placeholder(world.at("e/out")));
  EXPECT_EQ(world.forcer.submitted, 0);
}

TEST(Readers, what_the_build_makes_and_then_executes_is_forced_first) {
  World world(std::chrono::seconds(20));
  world.write("generator", "#!/bin/sh\necho made by $0 $1\n");
  EXPECT_EQ(world.make("x-tool generator prog\n./prog it > header").exit_code, 0) << world.seen.story();
  EXPECT_EQ(world.read("header"), "made by ./prog it\n");
}

TEST(Readers, movers_carry_placeholders_and_every_copy_becomes_real) {
  World world(std::chrono::milliseconds(500));
  world.write("in", "hello\n");
  EXPECT_EQ(world
                .make("x-tool in out\nmkdir d\ncp out copy\nln out hard\ninstall -m 755 out d/installed\n"
                      "cp -p out kept\nmv out moved\nmv d e\ncmake -E copy moved by-cmake")
                .exit_code,
            0)
      << world.seen.story();
  for (const char* name : {"copy", "hard", "moved", "e/installed", "kept", "by-cmake"}) {
    EXPECT_EQ(world.read(name), "HELLO\n") << name;
  }

  struct stat moved {};

  struct stat hard {};

  ASSERT_EQ(::stat(world.at("moved").c_str(), &moved), 0);
  ASSERT_EQ(::stat(world.at("hard").c_str(), &hard), 0);
  EXPECT_EQ(moved.st_ino, hard.st_ino);
  EXPECT_EQ(world.read("out"), "(no such file)");
}

TEST(Readers, a_program_that_writes_in_place_gets_the_real_file_first) {
  World world(std::chrono::seconds(20));
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in out\necho more >> out").exit_code, 0);
  EXPECT_EQ(world.read("out"), "HELLO\nmore\n");
}

TEST(Readers, whoever_reads_a_shimmed_tool_gets_the_real_one) {
  World world;
  const std::string tool = world.folder.path() + "/bin/x-tool";
  ASSERT_EQ(::system(("sha256sum < " + tool + " > " + world.at("real")).c_str()), 0);

  struct stat real {};

  ASSERT_EQ(::stat(tool.c_str(), &real), 0);
  EXPECT_EQ(world.shell("sha256sum < `command -v x-tool` | cmp - real && stat -c '%Y %a' " + tool + " > stat")
                .exit_code,
            0)
      << world.seen.story();
  EXPECT_EQ(world.read("stat"), std::to_string(real.st_mtim.tv_sec) + " 755\n");
}

// As Debian's /usr/bin/cc -> /etc/alternatives/cc -> /usr/bin/gcc, absolute and relative by turns.
struct Alternatives {
  explicit Alternatives(const World& world) {
    const std::string bin = world.folder.path() + "/bin";
    (void)::symlink((bin + "/alternative").c_str(), (bin + "/x-alias").c_str());
    (void)::symlink("x-tool", (bin + "/alternative").c_str());
  }
};

TEST(Readers, a_tool_behind_absolute_links_is_that_tool_and_leaves_its_arguments_promised) {
  World world;
  const Alternatives alternatives(world);
  world.options.lazy = true;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-alias in a && x-alias a b\n../bin/x-alias b c").exit_code, 0);
  EXPECT_EQ(world.seen.count(Outcome::Promised), 3U) << world.seen.story();
  EXPECT_EQ(world.forcer.submitted, 0);
}

TEST(Readers, whoever_reads_a_tool_through_absolute_links_gets_the_real_one) {
  World world;
  const Alternatives alternatives(world);
  const std::string tool = world.folder.path() + "/bin/x-tool";
  world.write("real", base::read_file(tool));
  EXPECT_EQ(world.shell("cmp `command -v x-alias` real && cmp ../bin/x-alias real").exit_code, 0);
}

TEST(Readers, a_placeholder_of_a_failed_command_is_no_file) {
  World world(std::chrono::seconds(20));
  world.options.keep_going = true;
  world.write("bad", "unspeakable\n");
  EXPECT_NE(world.make("x-tool bad out\ncat out > seen").exit_code, 0);
  EXPECT_EQ(world.read("seen"), "");
}

TEST(Readers, ways_around_the_supervisor_do_not_exist_here) {
  World world;
  EXPECT_EQ(world
                .shell("python3 -c 'import ctypes, errno; c = ctypes.CDLL(None, use_errno=True)\n"
                       "assert c.syscall(425, 1, 0) == -1 and ctypes.get_errno() == errno.ENOSYS\n'")
                .exit_code,
            0);
#if defined(__x86_64__)
  EXPECT_EQ(world
                .shell("python3 -c 'import ctypes, errno; c = ctypes.CDLL(None, use_errno=True)\n"
                       "assert c.syscall(0x40000000 + 39) == -1 and ctypes.get_errno() == errno.ENOSYS\n'")
                .exit_code,
            0);
#endif
}

// ---- sudden death

TEST(Killed, a_gg_that_is_killed_leaves_no_process_and_the_next_run_removes_its_placeholders) {
  World world(std::chrono::seconds(60));
  world.write("in", "hello\n");
  const pid_t gg = ::fork();
  if (gg == 0) {
    World other(std::chrono::seconds(60), world.folder.path());
    other.options.state_dir = world.options.state_dir;
    (void)other.shell("cd " + world.at("") + " && " + other.folder.path() +
                      "/bin/x-tool in out && echo $$ > pid.tmp && "
                      "mv pid.tmp pid && exec sleep 1000");
    ::_exit(0);
  }
  while (!base::read_file_if_there(world.at("pid"))) {
    ::usleep(2000);
  }
  EXPECT_TRUE(read_placeholder(world.at("out")));
  ASSERT_EQ(::kill(gg, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(gg, &status, 0), gg);
  const pid_t left = std::stoi(world.read("pid"));
  for (int i = 0; i < 5000 && ::kill(left, 0) == 0; ++i) {
    ::usleep(2000);
  }
  EXPECT_EQ(::kill(left, 0), -1);
  EXPECT_EQ(world.shell("true").exit_code, 0);
  EXPECT_EQ(world.read("out"), "(no such file)");
  EXPECT_NE(world.seen.notes.find("/out"), std::string::npos) << world.seen.notes;
}

// ---- other stands

TEST(PathDirectory, tools_are_found_before_path_and_every_command_waits) {
  World world;
  world.options.only_path_directory = true;
  world.write("in", "hello\n");
  EXPECT_EQ(world.make("x-tool in out; cmp out out && x-tool --native in").exit_code, 0)
      << world.seen.story();
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Waited), 1U) << world.seen.story();
  EXPECT_EQ(world.seen.count(Outcome::Native), 1U) << world.seen.story();
}

// Runs the claim in a process of user 65534.
void as_nobody(const std::function<void()>& claim) {
  if (::geteuid() != 0) {
    claim();
    return;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) {
      ::_exit(3);
    }
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // as it is for a program that this user has started
    claim();
    ::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Unprivileged, an_ordinary_user_gets_the_same) {
  as_nobody([] {
    World world;
    world.write("in", "hello\n");
    EXPECT_EQ(world
                  .make("x-tool in out && x-tool out more\ngrep -q HELLO more\nx-tool --native in || "
                        "true\nid -u > id")
                  .exit_code,
              0)
        << world.seen.story();
    EXPECT_EQ(world.read("more"), "HELLO\n");
    EXPECT_EQ(world.read("id"), std::to_string(::geteuid()) + "\n");
    EXPECT_EQ(world.seen.count(Outcome::Promised), 2U) << world.seen.story();
    EXPECT_EQ(world.seen.count(Outcome::Native), 1U) << world.seen.story();
  });
}

TEST(Unprivileged, the_real_tool_runs_where_the_shim_stood) {
  as_nobody([] {
    World world;
    base::write_file_atomically(world.folder.path() + "/bin/x-tool", "#!/bin/sh\necho real $0 `id -u` > $2\n",
                                0755);
    EXPECT_EQ(world.make("x-tool --native out").exit_code, 0) << world.seen.story();
    EXPECT_EQ(world.read("out"),
              "real " + world.folder.path() + "/bin/x-tool " + std::to_string(::geteuid()) + "\n");
  });
}

TEST(Abilities, are_told_with_a_reason_when_there_are_none) {
  const base::TemporaryDirectory folder;
  const Abilities abilities = probe_abilities(folder.path());
  EXPECT_EQ(abilities.namespaces, abilities.namespaces_refused.empty());
  EXPECT_EQ(abilities.supervision, abilities.supervision_refused.empty());
  RecordProperty("namespaces", abilities.namespaces ? 1 : 0);
}

}  // namespace
}  // namespace intercept
