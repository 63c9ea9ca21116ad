#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "base/result.hh"
#include "model/findings.hh"
#include "model/model.hh"
#include "object/digest.hh"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace model {

// What one kind of work with a compiler needs of this machine besides the user's own files. Absolute paths.
struct Toolset {
  std::set<std::string> files;
  std::set<std::string> directories;
  std::set<std::string> rests_on;  // besides: paths, there or not, that decided what is in it
  std::string script;              // one of its programs that is one, and may run anything; "": none

  [[nodiscard]] size_t size() const { return files.size(); }
};

// One driver (gcc, g++, clang, …) and all that it runs, found by asking it. Any version, any target.
struct Toolchain {
  enum class Maker : unsigned char { Gnu, Llvm };

  Maker maker = Maker::Gnu;
  std::string driver;                    // as it was asked for
  object::Digest identity;               // of its paths and stat signatures at discovery
  Toolset compile;                       // driver, cc1, as
  Toolset compile_cxx;                   // driver, cc1plus, as
  Toolset assemble;                      // driver, as
  Toolset link;                          // driver, collect2, ld, its plugin
  Toolset optimise_at_link;              // what the plugin starts beside driver and assembler: lto1, make
  Toolset external_assembler;            // of a compiler that otherwise assembles by itself
  Toolset split_debug;                   // what takes a .dwo out of an object: objcopy
  std::string linker;                    // ld
  std::string path_variable;             // PATH that leads the driver to the same as and ld as the user's
  std::set<std::string> rests_on;        // paths, there or not, whose states decided about all this
  std::set<std::string> watched;         // those, or the folders around them
  std::optional<object::Digest> states;  // theirs; nullopt: not known for sure
};

// A single program and what it needs.
struct Program : Toolset {
  std::optional<object::Digest> states;  // of all that it rests on; nullopt: not known for sure
};

// An ar or ranlib, or a wrapper of one (gcc/gcc-ar.c).
struct Archiver {
  std::string program;  // that does the work
  Toolset tools;
  std::string path_variable;             // PATH that leads a wrapper to it; "" for none
  std::optional<object::Digest> states;  // of all that it rests on; nullopt: not known for sure
};

// What a linker does by itself.
struct LinkerDefaults {
  std::vector<std::string> directories;  // where it looks for -l after -L: its built-in SEARCH_DIRs
  std::string sysroot;
};

// Finds toolchains once and remembers them while the driver is unchanged and all that a toolchain rests on;
// of what is in the system's own folders, if no words lead there, the folders tell. A single program is
// remembered while all that it rests on is unchanged. What an earlier process found out serves as long as
// nothing that it rests on has changed. Any thread.
class Toolchains {
 public:
  // `pristine_root`: see View.
  Toolchains(object::Records& records, const base::Clock& clock, std::string pristine_root);

  // The toolchain of the driver at `driver` for somebody with that PATH, with the linker that the driver
  // finds by this name ("ld", "ld.gold"), and with those words of its command line that lead to other
  // programs (-B, --target, --sysroot). Errors name the file or library that is missing.
  [[nodiscard]] std::shared_ptr<const Toolchain> find(const std::string& driver,
                                                      const std::string& path_variable,
                                                      const std::string& linker = "ld",
                                                      const std::vector<std::string>& words = {});

  // The single program at `path` (ar, ld, as) and its libraries.
  [[nodiscard]] std::shared_ptr<const Program> program(const std::string& path);

  // The same of a program that loads no plugins of binutils.
  [[nodiscard]] std::shared_ptr<const Program> plain_program(const std::string& path);

  // What `path` leads to: `name` is "ar" or "ranlib". Errors name what is missing.
  [[nodiscard]] Archiver archiver(const std::string& path, const std::string& name,
                                  const std::string& path_variable);

  // The driver's command line with -march=native and its like replaced by what the driver puts in their place
  // on this machine: before all others, so that these overrule it. `words`: after argv[0].
  [[nodiscard]] std::vector<std::string> for_this_processor(const Toolchain& toolchain,
                                                            const std::vector<std::string>& words);

  // A specs file by which gcc's driver puts for -march=native what it puts on this machine, and in the same
  // place: where options are recorded their order shows, and no other command line has the same. Nullopt: its
  // own specs do not say how it does that. `words`: after argv[0].
  [[nodiscard]] std::optional<std::string> processor_specs(const Toolchain& toolchain,
                                                           const std::vector<std::string>& words);

  // Of the linker at `path` for these words of its command line (-m decides).
  [[nodiscard]] LinkerDefaults linker_defaults(const std::string& path,
                                               const std::vector<std::string>& words);

  // Does the ar, ranlib, strip or objcopy at `path` write no times and owners unless told to (binutils'
  // --enable-deterministic-archives)?
  [[nodiscard]] bool is_deterministic_archiver(const std::string& path);

 private:
  enum class Stream : unsigned char { Out, Err };
  enum class Plugins : unsigned char { None, Binutils };

  [[nodiscard]] std::shared_ptr<const Program> program(const std::string& path, Plugins plugins);

  [[nodiscard]] std::optional<std::string> ask_processor_specs(const Toolchain& toolchain,
                                                               const std::vector<std::string>& machine);

  [[nodiscard]] Archiver behind_wrapper(const std::string& path, const std::string& driver,
                                        const std::string& name, const std::string& path_variable);

  // What the tool prints when asked this, asked once. `rests_on`: what another answer could come of;
  // `states`: theirs, as far as this process minds them, nullopt: not known for sure.
  enum class About : unsigned char { Tool, Processor };
  [[nodiscard]] std::string says(const std::string& path, const std::vector<std::string>& question,
                                 const std::set<std::string>& rests_on,
                                 const std::optional<object::Digest>& states, About about = About::Tool,
                                 Stream stream = Stream::Out);
  [[nodiscard]] base::Result<Toolchain> discover(const std::string& driver, const std::string& path_variable,
                                                 const std::string& linker,
                                                 const std::vector<std::string>& words) const;

  Findings findings_;
  std::string pristine_root_;
  // Of this process, by question. A build may install another tool over one: states are part of what is
  // known, or of the question.
  template <class Known>
  using ByQuestion = base::Guarded<std::map<std::string, std::shared_ptr<const Known>>>;
  ByQuestion<Toolchain> toolchains_;
  ByQuestion<Program> programs_;
  ByQuestion<Archiver> archivers_;   // wrappers only
  ByQuestion<std::string> answers_;  // of says()
};

}  // namespace model
