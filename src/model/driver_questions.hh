#pragma once

#include "base/result.hh"
#include "base/subprocess.hh"
#include "model/toolchain.hh"

#include <set>
#include <string>
#include <string_view>
#include <vector>

// What the discovery of a toolchain is made of.
namespace model {

// Asks a driver what it would run and read.
class DriverQuestions {
 public:
  // `words`: what it is asked with each time (--target=…).
  DriverQuestions(std::string driver, std::vector<std::string> words, std::string path_variable,
                  std::string root)
      : driver_(std::move(driver)),
        words_(std::move(words)),
        path_variable_(std::move(path_variable)),
        root_(std::move(root)) {}

  // The answer on stdout less its newline; "" if it refuses. Throws base::SyscallError if the driver cannot
  // be started.
  [[nodiscard]] std::string ask(const std::string& question);

  // What it says on stderr to -v.
  [[nodiscard]] std::string about_itself();

  // The file that the driver would run as `name`; "" if there is none.
  [[nodiscard]] std::string program(const std::string& name);

  // The file that the driver would read as `name`; "" if there is none.
  [[nodiscard]] std::string file(const std::string& name);

  // Every path, there or not, that decides about the answers so far: the driver tells where it looks
  // (-print-search-dirs).
  [[nodiscard]] std::set<std::string> looked_at();

 private:
  [[nodiscard]] base::Completed asked(const std::string& question) const;

  std::string driver_;
  std::vector<std::string> words_;
  std::string path_variable_;
  std::string root_;
  std::set<std::string> names_;      // of all programs and files asked for
  std::set<std::string> looked_at_;  // along PATH
};

// What stands behind `label` on lines of its own.
[[nodiscard]] std::vector<std::string> lines_after(std::string_view label, std::string_view text);

// The first executable called `name` on a PATH of absolute folders; "" if there is none. Every path that was
// tried goes into `looked_at`.
[[nodiscard]] std::string find_on_path(const std::string& name, const std::string& path_variable,
                                       std::set<std::string>& looked_at);

[[nodiscard]] bool is_directory(const std::string& path);
[[nodiscard]] bool is_there(const std::string& path);

// The program and all libraries that it is loaded with. Errors name what is missing.
[[nodiscard]] base::Result<void> add_program(Toolset& set, const std::string& path);

// The same of a program that another one starts by itself: whether it is a script is noted.
[[nodiscard]] base::Result<void> add_part(Toolset& set, const std::string& path);

// binutils load every plugin of their folders (one is beside their own library) to read objects of other
// compilers. One that cannot be loaded here is passed over there, too.
void add_binutils_plugins(Toolset& set);

// PATH with just the folders that these programs are in, in the order of the user's.
[[nodiscard]] std::string narrowed_path(const std::string& path_variable,
                                        const std::set<std::string>& programs);

}  // namespace model
