#include "model/gcc_model.hh"

#include "model/environment.hh"
#include "model/late_objects.hh"
#include "model/link_inputs.hh"
#include "model/link_step.hh"
#include "model/output_names.hh"
#include "model/paths.hh"
#include "model/step.hh"

#include <unistd.h>

#include <algorithm>
#include <memory>

namespace model {

namespace {

// Everything that outlives a single command, and how it is to be inferred.
struct Helpers {
  View& view;
  object::Store& store;
  Dependencies& dependencies;
  Toolchains& toolchains;
  LinkerCalls& linker_calls;
  ThunkBuilder& builder;
  SharedLinks& links;
  GccModel::Asking asking;
};

// gcc/diagnostic-color.cc; clang has a database of terminals to look into, and among those in use only "dumb"
// has no colours.
bool has_colour(const Invocation& invocation) {
  const auto terminal = invocation.environment.find("TERM");
  const auto colours = invocation.environment.find("GCC_COLORS");
  return invocation.stderr_is_terminal && terminal != invocation.environment.end() &&
         terminal->second != "dumb" && (colours == invocation.environment.end() || !colours->second.empty());
}

// Work on one command.
class Work {
 public:
  Work(const Helpers& helpers, Driver driver, Invocation invocation, GccCommand command,
       std::shared_ptr<const Toolchain> toolchain, std::map<std::string, std::string> environment)
      : helpers_(helpers),
        driver_(driver),
        invocation_(std::move(invocation)),
        command_(std::move(command)),
        toolchain_(std::move(toolchain)),
        step_(helpers.view, helpers.builder, invocation_, std::move(environment)) {}

  void add_readings(const std::vector<scan::Reading>& readings) { step_.add_readings(readings); }

  // The driver gets the words as they were given, and rules for them. `argv`: with argv[0].
  base::Result<void> use_specs(std::vector<std::string> argv, const std::string& specs) {
    const auto stored = helpers_.store.put(specs);
    if (!stored) {
      return tl::unexpected(stored.error());
    }
    const std::string file = "/usr/lib/gg-processor.specs";  // no user's file, and in a folder of any machine
    step_.add_given(file, object::File{*stored, false});
    argv.push_back("-specs=" + file);
    step_.set_arguments(std::move(argv));
    return {};
  }

  base::Result<Inference> run() {
    if (const auto precompiled = is_clang(driver_) ? precompiled_header() : std::nullopt) {
      return Inference(Declined{"precompiled-header", *precompiled});
    }
    use_colour();
    if (command_.converts_charsets) {
      step_.convert_charsets();
    }
    step_.use(toolchain_->assemble);
    if (command_.assembles_outside) {
      step_.use(toolchain_->external_assembler);
    }
    // For -M, too, the driver looks for the linker's plugin before it sees that nothing links.
    if (command_.goal == GccCommand::Goal::Dependencies || command_.goal == GccCommand::Goal::Syntax ||
        command_.seeks_linker) {
      step_.use(toolchain_->link);
    }
    if (std::find(command_.beside.begin(), command_.beside.end(), ".dwo") != command_.beside.end()) {
      step_.use(toolchain_->split_debug);
    }
    for (const std::string& file : command_.read_files) {
      step_.add_input(file);
    }
    for (const std::string& directory : command_.search_directories) {
      step_.add_directory(directory);
    }
    for (const Source& source : command_.sources) {
      if (auto done = compile(source); !done) {
        return tl::unexpected(done.error());
      }
    }
    if (!answered_ && !command_.database_fragment.empty()) {
      if (helpers_.view.look(step_.in_place(command_.database_fragment)).what != scan::Look::What::Absent) {
        step_.add_input(command_.database_fragment);  // it may be added to
      }
      step_.add_output(command_.database_fragment, Output::Made::Always, false);
    }
    if (!answered_ && command_.keeps_stages) {
      if (auto done = keep_stages(); !done) {
        return tl::unexpected(done.error());
      }
    }
    for (const std::string& object : objects_) {
      step_.add_output(object, Output::Made::Always, false);
    }
    if (!answered_ && command_.goal == GccCommand::Goal::Link) {
      if (auto done = link(); !done) {
        return tl::unexpected(done.error());
      }
    }
    if (answered_) {
      return *answered_;
    }
    if (command_.goal != GccCommand::Goal::Link) {
      for (const std::string& unused : command_.link_files) {
        step_.add_input(unused);
      }
    }
    auto inference = step_.finish(label());
    if (inference && linked_) {
      note_link(helpers_.links, *linked_, *inference);
    }
    return inference;
  }

 private:
  // clang's driver takes FILE.pch or FILE.gch for -include FILE (Clang.cpp, AddPreprocessingOptions).
  [[nodiscard]] std::optional<std::string> precompiled_header() const {
    const std::vector<std::string>& words = command_.words;
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      for (const char* const extension : {".pch", ".gch"}) {
        const std::string path = step_.in_place(words[i + 1] + extension);
        if (words[i] == "-include" && ::access(path.c_str(), F_OK) == 0) {
          return path;
        }
      }
    }
    return std::nullopt;
  }

  // What is in the terminal's colours here has to be asked for where there is no terminal.
  void use_colour() {
    if (!has_colour(invocation_) || command_.decides_colour || command_.records_command_line) {
      return;
    }
    step_.add_argument("-fdiagnostics-color=always");
    if (is_clang(driver_)) {
      return;
    }
    step_.add_argument("-fdiagnostics-urls=never");
    if (const auto colours = invocation_.environment.find("GCC_COLORS");
        colours != invocation_.environment.end()) {
      step_.add_variable(colours->first, colours->second);
    }
  }

  [[nodiscard]] PreprocessingQuestion question(const Source& source) const {
    PreprocessingQuestion asked;
    asked.toolchain = toolchain_.get();
    asked.argv0 = step_.footprint().arguments[0];
    asked.options = command_.preprocessing;
    asked.environment = step_.footprint().environment;
    asked.working_directory = invocation_.working_directory;
    asked.source = source;
    asked.dependencies = command_.dependencies;
    asked.output = command_.output.value_or("");
    asked.precompiled_file = command_.precompiled;
    asked.ask_compiler = helpers_.asking == GccModel::Asking::Compiler;
    if (!is_clang(driver_) && passes_over_precompiled()) {  // clang's driver always takes one
      asked.precompiled = PreprocessingQuestion::Precompiled::PassedOver;
    }
    return asked;
  }

  // Where the preprocessor runs by itself, and where a precompiled header is made.
  [[nodiscard]] bool passes_over_precompiled() const {
    const std::vector<std::string>& words = command_.preprocessing;
    const bool traditional = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return word.starts_with("-traditional") || word.starts_with("--traditional");
    });
    return command_.precompiles || traditional || command_.goal == GccCommand::Goal::Preprocess ||
           command_.goal == GccCommand::Goal::Dependencies;
  }

  base::Result<void> compile(const Source& source) {
    if (answered_) {
      return {};
    }
    if (is_cxx(source.language)) {
      step_.use(toolchain_->compile_cxx);
    } else if (source.language != Language::Assembler) {
      step_.use(toolchain_->compile);
    }
    auto answer = helpers_.dependencies.of(question(source));
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    if (const auto* declined = std::get_if<Declined>(&*answer)) {
      answered_ = *declined;
    } else if (const auto* must_read = std::get_if<MustRead>(&*answer)) {
      answered_ = *must_read;
    } else {
      take_preprocessing(source, std::get<Preprocessing>(*std::move(answer)));
    }
    return {};
  }

  void take_preprocessing(const Source& source, Preprocessing found) {
    step_.add_readings(std::move(found.read));
    for (const std::string& file : found.present) {
      step_.add_input(file);
    }
    for (const std::string& directory : found.directories) {
      step_.add_directory(directory);
    }
    using Goal = GccCommand::Goal;
    const Goal goal = command_.goal;
    if (goal == Goal::Compile || goal == Goal::Assembly || goal == Goal::Preprocess) {
      objects_.push_back(object_path(command_, source));
    }
    if (command_.goal == GccCommand::Goal::Compile) {
      add_beside(source);
    }
    if (command_.uses_profile) {
      add_profile(source);
    }
    const bool to_file = command_.dependencies.path != "-";  // else it is on the thunk's standard output
    if (command_.dependencies.wanted && to_file && is_preprocessed_by_us(source.language)) {
      step_.add_written(depfile_path(command_, source), found.depfile);
    }
  }

  // Without one the compiler says where it looked, which is for the real one to say.
  void add_profile(const Source& source) {
    std::vector<std::string> directories = {invocation_.working_directory};
    const auto& environment = step_.footprint().environment;
    if (const auto pwd = environment.find("PWD"); pwd != environment.end()) {
      directories.push_back(pwd->second);
    }
    bool found = false;
    for (const std::string& path : profile_paths(driver_, command_, source, directories)) {
      if (helpers_.view.look(step_.in_place(path)).what == scan::Look::What::File) {
        step_.add_input(path);
        found = true;
      }
    }
    if (!found) {
      answered_ = Declined{"profile", source.path};
    }
    if (!command_.profile.empty()) {
      step_.add_directory(command_.profile);
    }
  }

  // They are made even if there is nothing to tell; but the assembler tells nothing, and only what comes out
  // of it is split.
  void add_beside(const Source& source) {
    const bool assembles =
        source.language == Language::Assembler || source.language == Language::PreprocessedAssembler;
    for (const std::string& suffix : std::set(command_.beside.begin(), command_.beside.end())) {
      if (!assembles || suffix == ".dwo") {
        // clang alone makes no .dwo where there is nothing to put into it.
        const bool sure = !is_clang(driver_) || suffix != ".dwo" || command_.debugs;
        step_.add_output(beside_path(command_, source, suffix),
                         sure ? Output::Made::Always : Output::Made::Perhaps, false);
      }
    }
  }

  [[nodiscard]] DriverLink driver_call() const {
    DriverLink call;
    call.toolchain = toolchain_.get();
    call.argv0 = step_.footprint().arguments[0];
    call.words = command_.words;
    call.environment = step_.footprint().environment;
    call.working_directory = invocation_.working_directory;
    return call;
  }

  // Releases differ in the names of what stages hand on; the driver tells.
  base::Result<void> keep_stages() {
    const auto outputs = helpers_.linker_calls.stage_outputs(driver_call());
    if (!outputs) {
      return tl::unexpected(outputs.error());
    }
    if (!*outputs) {
      answered_ = Declined{"intermediate-files", label()};
      return {};
    }
    std::set<std::string> own;
    if (command_.goal == GccCommand::Goal::Link) {
      own.insert(step_.in_place(command_.output.value_or("a.out")));
    } else {
      for (const Source& source : command_.sources) {
        own.insert(step_.in_place(object_path(command_, source)));
      }
    }
    for (const std::string& output : **outputs) {
      if (own.insert(step_.in_place(output)).second) {
        step_.add_output(output, Output::Made::Always, false);
        kept_stages_.insert(output);
      }
    }
    step_.require_exact_outputs();
    return {};
  }

  base::Result<void> link() {
    auto words = helpers_.linker_calls.of(driver_call());
    if (!words) {
      return tl::unexpected(words.error());
    }
    if (!*words) {
      answered_ = Declined{"no-link", ""};  // the driver finds fault with the command: let it say so
      return {};
    }
    if (auto done = refuse_files_beside_late_objects(); !done || answered_) {
      return done;
    }
    // clang leaves out of the linker's words what is not there, and fails itself.
    for (const std::string& file : command_.link_files) {
      step_.add_input(file);
    }
    LinkQuestion question;
    if (!take_linker_words(**words, question.words)) {
      return {};
    }
    const LinkerDefaults defaults = helpers_.toolchains.linker_defaults(toolchain_->linker, question.words);
    question.default_directories = defaults.directories;
    question.sysroot = defaults.sysroot;
    question.working_directory = invocation_.working_directory;
    question.environment = step_.footprint().environment;
    question.temporaries = temporaries(question.words);
    auto found = find_link_inputs(question, helpers_.view, helpers_.store, helpers_.links);
    if (!found) {
      return tl::unexpected(found.error());
    }
    if (const auto* declined = std::get_if<Declined>(&*found)) {
      answered_ = *declined;
    } else if (const auto* must_read = std::get_if<MustRead>(&*found)) {
      answered_ = *must_read;
    } else {
      step_.use(toolchain_->link);
      if (helpers_.asking == GccModel::Asking::Compiler &&
          (!command_.beside.empty() || command_.keeps_stages)) {
        // The objects may ask for the compiler themselves, which would make them under names of its own.
        answered_ = Declined{"files-beside", command_.keeps_stages ? "-save-temps" : command_.beside.front()};
        return {};
      }
      if (command_.optimises_at_link_time || helpers_.asking == GccModel::Asking::Compiler) {
        step_.use(toolchain_->optimise_at_link);
        use_plugin(question.words);
      }
      auto& footprint = std::get<LinkFootprint>(*found);
      add_link(step_, footprint);
      step_.add_output(footprint.output, Output::Made::Always, makes_an_executable(question.words));
      linked_ = std::move(footprint);
    }
    return {};
  }

  // An object may ask for the compiler though no option does, which then names what it makes beside it, or
  // keeps, as it likes.
  base::Result<void> refuse_files_beside_late_objects() {
    if (is_clang(driver_) || (command_.beside.empty() && !command_.keeps_stages)) {
      return {};
    }
    for (const std::string& file : command_.link_files) {
      const auto late = is_compiled_at_link(helpers_.view, helpers_.store, step_.in_place(file));
      if (!late) {
        return tl::unexpected(late.error());
      }
      if (*late) {
        answered_ = Declined{"files-beside", file};
        return {};
      }
    }
    return {};
  }

  // With what response files among them hold (-Wl,@file). False: answered.
  bool take_linker_words(const std::vector<std::string>& given, std::vector<std::string>& words) {
    ResponseFiles files(helpers_.view, invocation_);
    for (const std::string& word : given) {
      const auto text = word.starts_with('@') ? files.read(word.substr(1)) : std::nullopt;
      if (!text) {
        words.push_back(word);
        continue;
      }
      for (std::string& inner : split_response_file(*text)) {
        words.push_back(std::move(inner));
      }
    }
    step_.add_readings(files.readings());
    if (!files.owed().promises.empty()) {
      answered_ = files.owed();
    }
    return !answered_;
  }

  // gcc's plugin is of its toolchain; clang has the linker load one that is in a package of its own.
  void use_plugin(const std::vector<std::string>& words) {
    const auto plugin = std::find(words.begin(), words.end(), "-plugin");
    if (is_clang(driver_) && plugin != words.end() && plugin + 1 != words.end()) {
      step_.use(*helpers_.toolchains.program(*(plugin + 1)));
    }
  }

  // Objects of sources in the same command: the driver names them as it likes.
  [[nodiscard]] std::set<std::string> temporaries(const std::vector<std::string>& words) const {
    std::set<std::string> names = kept_stages_;
    for (const std::string& word : words) {
      const bool given = std::find(command_.link_files.begin(), command_.link_files.end(), word) !=
                         command_.link_files.end();
      if (!given && word.starts_with('/') && extension(word) == ".o" && is_temporary(base_name(word))) {
        names.insert(word);
      }
    }
    return names;
  }

  // "ccXXXXXX.o" is gcc's, "SOURCE-XXXXXX.o" clang's.
  [[nodiscard]] bool is_temporary(std::string_view name) const {
    return std::any_of(command_.sources.begin(), command_.sources.end(), [&](const Source& source) {
      return name.starts_with(is_clang(driver_) ? std::string(stem(source.path)) + "-" : "cc");
    });
  }

  [[nodiscard]] std::string label() const {
    switch (command_.goal) {
      case GccCommand::Goal::Link:
        return "link " + command_.output.value_or("a.out");
      case GccCommand::Goal::Assembly:
        return "compile to assembly " + command_.sources.front().path;
      case GccCommand::Goal::Preprocess:
        return "preprocess " + command_.sources.front().path;
      case GccCommand::Goal::Syntax:
        return "check " + command_.sources.front().path;
      case GccCommand::Goal::Dependencies:
        return "dependencies of " + command_.sources.front().path;
      case GccCommand::Goal::Compile:
        break;
    }
    return "compile " + command_.sources.front().path;
  }

  const Helpers& helpers_;
  const Driver driver_;
  const Invocation invocation_;
  GccCommand command_;
  std::shared_ptr<const Toolchain> toolchain_;
  Step step_;
  std::vector<std::string> objects_;
  std::set<std::string> kept_stages_;  // -save-temps: what is written on the way
  std::optional<Inference> answered_;  // an answer that ends the work
  std::optional<LinkFootprint> linked_;
};

// A command made ready, or the answer that there is nothing to work on.
using Prepared = std::variant<std::unique_ptr<Work>, Inference>;

// The command as it would be written for this machine's processor by name: a thunk is run on others.
Invocation without_native(const Helpers& helpers, const Invocation& invocation, const GccCommand& command,
                          const Toolchain& toolchain) {
  Invocation explicit_one = invocation;
  explicit_one.argv = helpers.toolchains.for_this_processor(toolchain, command.words);
  explicit_one.argv.insert(explicit_one.argv.begin(), invocation.argv[0]);
  return explicit_one;
}

Prepared prepare(const Helpers& helpers, Driver driver, const Invocation& invocation);

Prepared prepare_native(const Helpers& helpers, Driver driver, const Invocation& invocation,
                        const GccCommand& command, const Toolchain& toolchain) {
  auto prepared = prepare(helpers, driver, without_native(helpers, invocation, command, toolchain));
  auto* work = std::get_if<std::unique_ptr<Work>>(&prepared);
  if (work == nullptr || !command.records_options) {
    return prepared;
  }
  const auto specs = helpers.toolchains.processor_specs(toolchain, command.words);
  if (!specs) {
    return Inference(Declined{"native-processor", "-march=native"});
  }
  std::vector<std::string> argv{invocation.argv[0]};
  argv.insert(argv.end(), command.words.begin(), command.words.end());
  if (auto done = (*work)->use_specs(std::move(argv), *specs); !done) {
    return Inference(Declined{"error", done.error().message});
  }
  return prepared;
}

Prepared prepare(const Helpers& helpers, Driver driver, const Invocation& invocation) {
  ResponseFiles files(helpers.view, invocation);
  auto parsed = parse_gcc(driver, invocation.argv, [&](const std::string& path) { return files.read(path); });
  if (!files.owed().promises.empty()) {
    return Inference(files.owed());
  }
  if (const auto* declined = std::get_if<Declined>(&parsed)) {
    return Inference(*declined);
  }
  auto& command = std::get<GccCommand>(parsed);
  auto toolchain =
      helpers.toolchains.find(invocation.program, path_variable_of(invocation),
                              command.goal == GccCommand::Goal::Link ? command.linker : GccCommand{}.linker,
                              words_from(invocation.working_directory, command.toolchain));
  if (command.native_processor) {
    return prepare_native(helpers, driver, invocation, command, *toolchain);
  }
  auto environment = thunk_environment(invocation, toolchain->path_variable);
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  auto& variables = std::get<0>(environment);
  // These are the link step's alone.
  if (command.goal != GccCommand::Goal::Link) {
    variables.erase("LIBRARY_PATH");
    variables.erase("LD_RUN_PATH");
  }
  auto work = std::make_unique<Work>(helpers, driver, invocation, std::move(command), std::move(toolchain),
                                     std::move(variables));
  work->add_readings(files.readings());
  return work;
}

}  // namespace

GccModel::GccModel(View& view, object::Store& store, Dependencies& dependencies, Toolchains& toolchains,
                   LinkerCalls& linker_calls, ThunkBuilder& builder, SharedLinks& links)
    : view_(view),
      store_(store),
      dependencies_(dependencies),
      toolchains_(toolchains),
      linker_calls_(linker_calls),
      builder_(builder),
      links_(links) {}

base::Result<Inference> GccModel::infer(Driver driver, const Invocation& invocation, Asking asking) {
  const Helpers helpers{view_, store_, dependencies_, toolchains_, linker_calls_, builder_, links_, asking};
  auto prepared = prepare(helpers, driver, invocation);
  if (auto* answer = std::get_if<Inference>(&prepared)) {
    return std::move(*answer);
  }
  return std::get<std::unique_ptr<Work>>(prepared)->run();
}

}  // namespace model
