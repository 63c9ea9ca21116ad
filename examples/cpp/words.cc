// Map and reduce with a fan-out that only the input knows: words split TEXT: one thunk a line of TEXT counts
// its words, and a tree of thunks adds the counts up, all made here and now.
#include <fstream>
#include <iterator>
#include <sstream>

#include "gg.hh"

namespace {

void count(const std::string& line) {
  std::istringstream words(line);
  std::ofstream("out") << std::distance(std::istream_iterator<std::string>(words), {}) << "\n";
}

void add(const std::vector<std::string>& files) {
  unsigned long sum = 0;
  for (const std::string& file : files) {
    unsigned long number = 0;
    std::ifstream(file) >> number;
    sum += number;
  }
  std::ofstream("out") << sum << "\n";
}

void split(const std::string& text) {
  std::vector<std::string> level;
  std::ifstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    level.push_back(gg::promise({"/words", "count", line}));
  }
  while (level.size() > 1) {
    std::vector<std::string> next;
    for (size_t at = 0; at + 1 < level.size(); at += 2) {
      next.push_back(gg::promise({"/words", "add", "a", "b"},
                                 {"--input", "a=" + level[at], "--input", "b=" + level[at + 1]}));
    }
    if (level.size() % 2 != 0) {
      next.push_back(level.back());
    }
    level = std::move(next);
  }
  if (level.empty()) {
    add({});
  } else {
    gg::give_back("out", level[0]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "add") {
    add({argv + 2, argv + argc});
  } else if (verb == "count" && argc == 3) {
    count(argv[2]);
  } else if (verb == "split" && argc == 3) {
    split(argv[2]);
  } else {
    return 2;
  }
}
