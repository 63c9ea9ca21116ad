// count N: a loop of N tail calls. See ../shell/count.
#include <fstream>

#include "gg.hh"

int main(int argc, char** argv) {
  const unsigned long n = argc == 2 ? std::stoul(argv[1]) : 0;
  if (n == 0) {
    std::ofstream("out") << "done\n";
  } else {
    gg::promise({"/count", std::to_string(n - 1)}, {"--dynamic", "--place", "out=out"});
  }
}
