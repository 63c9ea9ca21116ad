// What one translation unit costs the scanner when its headers are known, against asking the compiler.
#include "base/files.hh"
#include "model/scan/oracle.hh"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using model::scan::Case;
using model::scan::Oracle;
using model::scan::Outcome;
using model::scan::Request;
using model::scan::Scan;

double milliseconds_of(const auto& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// Some text of its own, as any source has.
std::string unit(const std::string& headers) {
  std::string text = headers;
  for (int i = 0; i < 400; ++i) {
    text += "static int f" + std::to_string(i) + "(int a) {\n  // comment\n  if (a > 0) {\n    return a + " +
            std::to_string(i) + ";\n  }\n  return \"text\"[0];\n}\n#ifdef NEVER\nint g;\n#endif\n";
  }
  return text;
}

void measure(const char* name, const Case& c, const std::string& headers) {
  constexpr int kPairs = 5;
  constexpr int kScans = 101;
  const base::TemporaryDirectory folder;
  model::scan::write_tree(folder.path(), {{c.main_file, unit(headers)}});
  model::scan::Disk disk;
  Oracle oracle(disk);
  Request request;
  Outcome outcome;
  request = oracle.request(c, folder.path());
  // Builtin tests are asked of the compiler once; that is no part of reading headers.
  outcome = oracle.scanner.scan(request);
  const auto* scan = std::get_if<Scan>(&outcome);
  if (scan == nullptr) {
    std::printf("%-28s is not exact\n", name);
    return;
  }
  const double cold = milliseconds_of([&] {
    model::scan::Scanner fresh(disk);
    Request again = request;
    again.compiler = oracle.compiler_of(c, fresh);
    outcome = fresh.scan(again);
  });
  std::vector<double> warm;
  std::vector<double> real;
  for (int pair = 0; pair < kPairs; ++pair) {
    for (int i = 0; i < kScans; ++i) {
      warm.push_back(milliseconds_of([&] { outcome = oracle.scanner.scan(request); }));
    }
    real.push_back(milliseconds_of([&] { (void)Oracle::compiler(c, folder.path(), {"-M"}); }));
  }
  std::printf("%-28s %4zu files  cold %7.2f ms  warm %6.3f ms  -M %7.2f ms  ratio %.4f\n", name,
              std::get<Scan>(outcome).dependencies.size(), cold, median(warm), median(real),
              median(warm) / median(real));
}

}  // namespace

int main() {
  Case c;
  measure("c: stdio, stdlib, string", c, "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
  measure("c: posix and sockets", c,
          "#include <stdio.h>\n#include <unistd.h>\n#include <sys/stat.h>\n#include <sys/socket.h>\n"
          "#include <netinet/in.h>\n#include <pthread.h>\n#include <signal.h>\n#include <math.h>\n");
  c.program = "/usr/bin/g++";
  c.language = "c++";
  c.main_file = "main.cc";
  measure("c++: iostream", c, "#include <iostream>\n");
  measure("c++: iostream, fmt", c, "#include <iostream>\n#include <fmt/format.h>\n");
  measure("c++: the whole library", c, "#include <bits/stdc++.h>\n");
  return 0;
}
