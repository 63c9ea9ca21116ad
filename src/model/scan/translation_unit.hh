#pragma once

#include "model/scan/compiler.hh"
#include "model/scan/evaluator.hh"
#include "model/scan/places.hh"
#include "model/scan/scanner.hh"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace model::scan {

// The machine that goes through one translation unit after another: conditionals, macros, inclusion. Keeps
// its buffers and what it knows of paths in between. One thread.
class TranslationUnit final : private Builtins {
 public:
  TranslationUnit(FileSystem& files, HeaderCache& headers, Listings& listings, Vocabulary& vocabulary);

  // `command_line`: the request's macro actions, reduced; nullptr when there are none.
  [[nodiscard]] Outcome run(const Request& request, const FileDirectives* command_line);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMissing = UINT32_MAX - 1;

  // A directory from which a search can start; `next` is where it goes on.
  struct SearchStart {
    const Folder* folder = nullptr;
    bool system = false;
    uint32_t next = kNone;
    bool of_includer = false;
  };

  // gcc: one header under one name and search; clang: one inode.
  struct File {
    Place* place = nullptr;
    uint32_t found_in = kNone;  // index of its SearchStart
    bool system = false;        // clang: by its directory
    bool once = false;
    bool read = false;
    uint32_t times = 0;        // it was entered
    uint32_t guard = 0;        // known once it was read
    Folder* folder = nullptr;  // where its own quoted includes begin
  };

  // What one search came to. clang: the same file may be found under several names.
  struct Found {
    uint32_t file = 0;
    Place* place = nullptr;
    uint32_t start = kNone;
  };

  struct Frame {
    uint32_t file = 0;
    uint32_t found_in = kNone;
    const Place* place = nullptr;
    const FileDirectives* directives = nullptr;
    size_t at = 0;
    bool system = false;
    int64_t line_shift = 0;             // #line
    const std::string* name = nullptr;  // #line "name"; nullptr: its path
  };

  enum class Searching : uint8_t { Include, IncludeNext, Forced };
  enum class Entering : uint8_t { Include, Import };

  // Setting up.
  void begin(const Request& request);
  void make_chain();
  void run_macros(const FileDirectives& file);
  bool run_file(const std::string& name);
  bool enter_main();
  bool enter_stdc_predef();

  // Directives.
  bool run_frames(size_t floor);
  bool step(Frame& frame);
  [[nodiscard]] bool holds(const Directive& directive);
  void branch(Frame& frame, const Directive& directive, bool taken);
  bool include(const Directive& directive);
  bool included_name(const Directive& directive, uint32_t& name, Quoting& quoting);
  std::optional<std::string> glue();
  bool embed(const Directive& directive);
  void line(const Directive& directive);
  void line_marker(const Directive& directive);
  bool text(uint16_t features);

  // Builtins.
  Token value(Known which, Expander& expander) override;
  Token has_include(Known which);
  Token ask(Known which);
  Token number(int64_t value);
  Token string(std::string_view text);

  // Files.
  [[nodiscard]] uint32_t start_of(std::string_view name, Quoting quoting, Searching searching);
  [[nodiscard]] uint32_t folder_start(Folder& folder, bool system);
  [[nodiscard]] uint32_t find(uint32_t name, uint32_t start);
  [[nodiscard]] uint32_t search(uint32_t name, uint32_t start);
  [[nodiscard]] std::optional<uint32_t> try_place(uint32_t name, uint32_t start);
  [[nodiscard]] uint32_t file_at(Place& place, uint32_t start);
  [[nodiscard]] File& use(uint32_t found);
  bool enter(uint32_t found, Entering entering);
  bool skips(File& file, Entering entering);
  bool clang_skips(File& file, Entering entering) const;
  [[nodiscard]] bool twin_was_read(const File& file, Entering entering);
  bool load(File& file, bool once);
  bool guarded(const File& file) const;
  void list(const File& file, bool system);

  [[nodiscard]] bool gcc() const { return request_->compiler->dialect.flavour == Flavour::Gcc; }

  [[nodiscard]] Folder& folder_of(File& file);
  [[nodiscard]] Folder& clang_folder(Folder& folder);
  [[nodiscard]] Folder& clang_folder_of(std::string_view path);

  // Failing.
  bool inexact(Reason reason, std::string_view detail);
  bool expansion_failed();

  PlaceTable places_;
  Vocabulary& vocabulary_;
  MacroTable macros_;
  Conditions conditions_;
  Expander expander_;

  const Request* request_ = nullptr;
  Scan scan_;
  std::optional<Outcome> failure_;
  std::vector<SearchStart> starts_;
  uint32_t quote_head_ = kNone;
  uint32_t bracket_head_ = kNone;
  EpochMap starts_by_folder_;
  EpochMap files_by_search_;   // name and start
  EpochMap files_by_inode_;    // clang
  EpochMap listed_;            // clang: each path once
  EpochMap folders_by_inode_;  // clang
  std::vector<Folder*> clang_folders_;
  std::vector<File> files_;
  std::vector<Found> finds_;
  std::vector<Frame> frames_;
  std::deque<std::string> line_names_;
  const Directive* directive_ = nullptr;
  uint32_t counter_ = 0;
  uint16_t features_ = 0;
  bool once_seen_ = false;
  bool first_include_ = true;
};

}  // namespace model::scan
