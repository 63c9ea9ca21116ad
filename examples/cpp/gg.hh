// Calling gg from a program in a container; copy it into yours. Ends the program with gg's own message when
// gg refuses, so that a mistake is never taken for an answer.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace gg {

// What `/.gg/gg WORDS...` prints, without the newline at its end.
inline std::string call(std::vector<std::string> words) {
  words.insert(words.begin(), "/.gg/gg");
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe(ends) != 0) {
    std::perror("pipe");
    std::exit(1);
  }
  const pid_t child = ::vfork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string said;
  char chunk[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], chunk, sizeof chunk)) > 0;) {
    said.append(chunk, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
    std::exit(1);
  }
  if (!said.empty()) {
    said.pop_back();
  }
  return said;
}

// A thunk with this one's own input tree, which makes one file, "out". `more`: further flags of
// `gg thunk create`. Returns the word for its output.
inline std::string promise(const std::vector<std::string>& command,
                           const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"thunk", "create", "--base", "self:", "--output", "out"};
  words.insert(words.end(), more.begin(), more.end());
  words.push_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return "promise:" + call(std::move(words)) + ":out";
}

// At `path` stands what the promise becomes.
inline void give_back(const std::string& path, const std::string& promise) {
  call({"thunk", "return", path, promise});
}

}  // namespace gg
