// fib N: the N-th Fibonacci number in "out"; fib add A B: the sum of two files. See ../shell/fib.
#include <fstream>

#include "gg.hh"

namespace {

unsigned long number_in(const std::string& path) {
  unsigned long number = 0;
  std::ifstream(path) >> number;
  return number;
}

void fib(unsigned long n) {
  if (n < 2) {
    std::ofstream("out") << n << "\n";
    return;
  }
  const std::string a = gg::promise({"/fib", std::to_string(n - 1)}, {"--dynamic"});
  const std::string b = gg::promise({"/fib", std::to_string(n - 2)}, {"--dynamic"});
  gg::promise({"/fib", "add", "a", "b"}, {"--input", "a=" + a, "--input", "b=" + b, "--place", "out=out"});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    std::ofstream("out") << number_in(argv[2]) + number_in(argv[3]) << "\n";
  } else if (argc == 2) {
    fib(std::stoul(argv[1]));
  } else {
    return 2;
  }
}
