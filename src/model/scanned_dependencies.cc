#include "model/scanned_dependencies.hh"

#include "model/clang_options.hh"
#include "model/gcc_options.hh"
#include "model/look.hh"
#include "model/scan/depfile.hh"

#include <algorithm>
#include <utility>

namespace model {

namespace {

const DriverOptions& driver_options(Toolchain::Maker maker) {
  return maker == Toolchain::Maker::Llvm ? clang_options() : gcc_options();
}

scan::Request request_of(const PreprocessingQuestion& question, PreprocessorOptions options,
                         const KnownCompiler& compiler, scan::FileSystem& files) {
  scan::Request request;
  request.compiler = compiler.compiler;
  request.macros = std::move(options.macros);
  request.forced = std::move(options.forced);
  request.path = scan::merge(compiler.facts.flavour, options.directories, compiler.facts.directories,
                             question.working_directory, files)
                     .path;
  request.main_file = question.source.path;
  request.working_directory = question.working_directory;
  request.reads_stdc_predef = options.reads_stdc_predef;
  request.canonical_system_headers = options.canonical_system_headers;
  request.file_macros_remapped = options.file_macros_remapped;
  request.passes_over_precompiled = question.precompiled == PreprocessingQuestion::Precompiled::PassedOver;
  request.answers = compiler.answers.get();
  return request;
}

std::string depfile_of(const PreprocessingQuestion& question, scan::Flavour flavour,
                       const std::vector<scan::Dependency>& dependencies) {
  if (!question.dependencies.wanted) {
    return "";
  }
  scan::DepfileOptions options;
  options.system_headers = !question.dependencies.user_headers_only;
  options.phony_targets = question.dependencies.phony_targets;
  return scan::format_depfile(flavour, targets_of(question), dependencies, options);
}

// clang's depfiles name the lists of what sanitizers and XRay leave alone, its own among them.
bool lists_more(const PreprocessingQuestion& question) {
  const std::vector<std::string>& options = question.options;
  return question.dependencies.wanted && question.toolchain->maker == Toolchain::Maker::Llvm &&
         std::any_of(options.begin(), options.end(), [](const std::string& word) {
           return word.starts_with("-fsanitize") || word.starts_with("-fxray");
         });
}

// What no thunk can be made of, whatever the files are.
std::optional<Declined> objection(const scan::Scan& scan, const PreprocessingQuestion& question) {
  const bool date_is_fixed = question.environment.contains("SOURCE_DATE_EPOCH");
  if (scan.timestamp || (scan.date && !date_is_fixed)) {
    return Declined{"date-macro", question.source.path};
  }
  if (!scan.assembled.empty()) {
    return Declined{"included-binary", scan.assembled.front()};
  }
  return std::nullopt;
}

std::string with_place(const scan::Inexact& inexact) {
  return inexact.file + ":" + std::to_string(inexact.line) + ": " + inexact.detail;
}

// Where asking the compiler would change nothing: the command itself is to say what is wrong, or does what no
// thunk does.
std::optional<Declined> objection(const scan::Inexact& inexact) {
  switch (inexact.reason) {
    case scan::Reason::MissingHeader:
    case scan::Reason::CompilerWillFail:
      return Declined{"preprocessing-fails", with_place(inexact)};
    case scan::Reason::AssemblerFile:
      return Declined{"included-binary", inexact.file};
    default:
      return std::nullopt;
  }
}

}  // namespace

ScannedDependencies::ScannedDependencies(View& view, object::Records& records, const base::Clock& clock)
    : view_(view),
      clock_(clock),
      files_(view),
      scanner_(files_),
      compilers_(view, records, scanner_),
      compiler_(view, clock) {}

base::Result<PreprocessingAnswer> ScannedDependencies::of(const PreprocessingQuestion& question) {
  if (question.ask_compiler) {
    return ask(question, "thunk-failed", question.source.path);
  }
  return is_preprocessed_by_us(question.source.language) ? scan(question) : compiler_.of(question);
}

base::Result<PreprocessingAnswer> ScannedDependencies::scan(const PreprocessingQuestion& question) {
  const bool cxx = is_cxx(question.source.language);
  PreprocessorOptions options = sort_preprocessor_options(driver_options(question.toolchain->maker),
                                                          question.options, question.environment, cxx);
  if (!options.not_scanned.empty()) {
    return ask(question, "option", options.not_scanned);
  }
  if (lists_more(question)) {
    return ask(question, "sanitizer-list", question.source.path);
  }
  const auto compiler = compilers_.find(question, options);
  if (!compiler) {
    return ask(question, "compiler-facts", compiler.error().message);
  }
  const base::Nanoseconds begin = clock_.steady();
  scan::Outcome outcome = scanner_.scan(request_of(question, std::move(options), **compiler, files_));
  const base::Nanoseconds scanning = clock_.steady() - begin;
  if (auto kept = compilers_.keep_answers(**compiler); !kept) {
    return tl::unexpected(kept.error());
  }
  if (const auto* owes = std::get_if<scan::Owed>(&outcome)) {
    return owed(*owes, question);
  }
  if (const auto* inexact = std::get_if<scan::Inexact>(&outcome)) {
    if (inexact->reason == scan::Reason::PrecompiledHeader) {
      return with_precompiled(question, inexact->detail);
    }
    if (auto declined = objection(*inexact)) {
      return PreprocessingAnswer(*std::move(declined));
    }
    return ask(question, scan::name(inexact->reason), with_place(*inexact));
  }
  auto& scanned = std::get<scan::Scan>(outcome);
  counts_.with([&](Counts& counts) {
    ++counts.scanned;
    counts.scanning += scanning;
  });
  if (auto declined = objection(scanned, question)) {
    return PreprocessingAnswer(*std::move(declined));
  }
  Preprocessing found;
  found.depfile = depfile_of(question, (*compiler)->facts.flavour, scanned.dependencies);
  found.read = std::move(scanned.read);
  found.present = std::move(scanned.present);
  found.directories = std::move(scanned.directories);
  return PreprocessingAnswer(std::move(found));
}

void ScannedDependencies::count(std::string_view reason, const std::string& detail) {
  counts_.with([&](Counts& counts) {
    Asked& asked = counts.asked[std::string(reason)];
    ++asked.times;
    asked.example = detail;
  });
}

base::Result<PreprocessingAnswer> ScannedDependencies::ask(const PreprocessingQuestion& question,
                                                           std::string_view reason,
                                                           const std::string& detail) {
  count(reason, detail);
  return compiler_.of(question);
}

base::Result<PreprocessingAnswer> ScannedDependencies::with_precompiled(const PreprocessingQuestion& question,
                                                                        const std::string& header) {
  if (question.toolchain->maker == Toolchain::Maker::Llvm) {
    return PreprocessingAnswer(Declined{"precompiled-header", header});
  }
  PreprocessingQuestion without = question;
  without.precompiled = PreprocessingQuestion::Precompiled::PassedOver;
  auto text = scan(without);
  const auto* declined = text ? std::get_if<Declined>(&*text) : nullptr;
  if (declined != nullptr && declined->reason == "preprocessing-fails") {
    // What was compiled is not there to be read, and which of it is needed nobody tells.
    return PreprocessingAnswer(Declined{"precompiled-header", header});
  }
  if (!text || !std::holds_alternative<Preprocessing>(*text)) {
    return text;
  }
  count(scan::name(scan::Reason::PrecompiledHeader), header);
  return compiler_.with_precompiled(question, std::get<Preprocessing>(*std::move(text)));
}

base::Result<PreprocessingAnswer> ScannedDependencies::owed(const scan::Owed& owed,
                                                            const PreprocessingQuestion& question) {
  MustRead must_read;
  for (const std::string& path : owed.paths) {
    const auto entry = look_through(view_, path);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      must_read.promises.push_back(*promise);
    }
  }
  // None: they were put in place since they were looked at.
  return must_read.promises.empty() ? scan(question) : PreprocessingAnswer(std::move(must_read));
}

}  // namespace model
