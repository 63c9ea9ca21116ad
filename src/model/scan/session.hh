#pragma once

#include "model/scan/command_words.hh"

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace model::scan {

// One compile, as its command line gives it.
struct Unit {
  std::string driver;              // absolute
  std::vector<std::string> words;  // options that decide about preprocessing, in order, with -MT, -MQ and -MP
  std::string language;            // of -x: "c", "c++", "assembler-with-cpp"
  std::string source;              // as given
  std::string target;          // of the depfile, where no -MT or -MQ says another; "" for the compiler's own
  bool system_headers = true;  // in the depfile: false is -MMD
  std::map<std::string, std::string> environment;
  std::string working_directory;  // absolute
  std::string root;               // where the driver can be run; "" is here
};

struct Scanned {
  Scan scan;
  std::string depfile;  // what -MD (or -MMD) would write
};

// What compilers said of themselves, kept from session to session. Keys and values are bytes. Thread-safe.
class FactsStore {
 public:
  FactsStore() = default;
  FactsStore(const FactsStore&) = delete;
  FactsStore& operator=(const FactsStore&) = delete;
  virtual ~FactsStore() = default;

  [[nodiscard]] virtual std::optional<std::string> get(const std::string& key) = 0;
  virtual void put(const std::string& key, const std::string& value) = 0;
};

// From command lines to files read: asks each compiler once per set of options, then only scans. Thread-safe.
class Session {
 public:
  // Both must outlive it; `facts` may be nullptr: nothing is kept.
  explicit Session(FileSystem& files, FactsStore* facts = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] std::variant<Scanned, Owed, Inexact> scan(const Unit& unit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace model::scan
