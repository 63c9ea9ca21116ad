#include "model/clang_options.hh"

#include "model/gcc_options.hh"

#include <algorithm>
#include <array>

namespace model {

namespace {

using enum Takes;
using enum Does;

// As in gcc_options.cc: the longer spelling counts, so families stand beside their exceptions. What is about
// Windows, Darwin or devices is declined as a family.
constexpr Option kClang[] = {
    // Stages and their files
    {"-c", Nothing, Compile},
    {"-S", Nothing, Assembly},
    {"-E", Nothing, Preprocess},
    {"-o", Either, Output},
    {"--output=", Joined, Output},
    {"-x", Either, Language},
    {"-fsyntax-only", Nothing, CheckSyntax},
    {"-emit-ast", Nothing, Declines, "other-action"},
    {"-emit-interface-stubs", Nothing, Declines, "other-action"},
    {"-emit-merged-ifs", Nothing, Declines, "other-action"},
    {"-extract-api", Nothing, Declines, "other-action"},
    {"-verify-pch", Nothing, Declines, "other-action"},
    {"-rewrite-objc", Nothing, Declines, "other-action"},
    {"-rewrite-legacy-objc", Nothing, Declines, "other-action"},
    {"--analyze", Nothing, Declines, "other-action"},
    {"--migrate", Nothing, Declines, "other-action"},
    {"--precompile", Nothing, Declines, "other-action"},
    {"--verify-debug-info", Nothing, Declines, "other-action"},
    {"-fsycl", Nothing, Declines, "other-action"},
    {"-fno-sycl", Nothing, Declines, "other-action"},
    {"-module-file-info", Nothing, Declines, "other-action"},
    {"--emit-static-lib", Nothing, Declines, "other-action"},
    {"-emit-llvm", Nothing, Bitcode},
    {"-analyze", Joined, Declines, "other-action"},
    {"--analyzer", Joined, Declines, "other-action"},
    {"-Xanalyzer", Separate, Declines, "other-action"},
    // Questions
    {"-v", Nothing, Declines, "query"},
    {"-###", Nothing, Declines, "query"},
    {"-V", Nothing, Declines, "query"},
    {"--version", Nothing, Declines, "query"},
    {"--help", Nothing, Declines, "query"},
    {"--help-hidden", Nothing, Declines, "query"},
    {"-help", Nothing, Declines, "query"},
    {"--verbose", Nothing, Declines, "query"},
    {"-dumpversion", Nothing, Declines, "query"},
    {"-dumpmachine", Nothing, Declines, "query"},
    {"-dumpspecs", Nothing, Declines, "query"},
    {"-H", Nothing, Declines, "query"},
    {"-t", Nothing, Declines, "query"},
    {"-print-", Joined, Declines, "query"},
    {"--print-", Joined, Declines, "query"},
    {"--autocomplete=", Joined, Declines, "query"},
    {"-ccc-print-", Joined, Declines, "query"},
    {"-fshow-skipped-includes", Joined, Declines, "query"},
    {"-mcpu=help", Joined, Declines, "query"},
    {"-mtune=help", Joined, Declines, "query"},
    // The toolchain itself
    {"-B", Either, Toolchain},
    {"-b", Either, Declines, "tool-prefix"},
    {"-resource-dir", Either, Declines, "tool-prefix"},
    {"-working-directory", Either, Declines, "tool-prefix"},
    {"-arch", Either, Declines, "tool-prefix"},
    {"-resource-dir=", Joined, Declines, "tool-prefix"},
    {"-working-directory=", Joined, Declines, "tool-prefix"},
    {"--gcc-toolchain=", Joined, Toolchain},
    {"--gcc-install-dir=", Joined, Declines, "tool-prefix"},
    {"--ld-path=", Joined, Declines, "tool-prefix"},
    {"-ccc-", Joined, Declines, "tool-prefix"},
    {"-specs=", Joined, Declines, "tool-prefix"},
    {"--specs", Joined, Declines, "tool-prefix"},
    {"-gcc-toolchain", Joined, Declines, "tool-prefix"},
    {"-fintegrated-as=", Joined, Declines, "tool-prefix"},
    {"--driver-mode=", Joined, Declines, "tool-prefix"},
    {"--rsp-quoting=", Joined, Declines, "tool-prefix"},
    {"-cxx-isystem=", Joined, Declines, "tool-prefix"},
    {"--config", Joined, Declines, "configuration-file"},
    {"-gen-reproducer", Nothing, Declines, "dump-files"},
    {"-gen-cdb-fragment-path", Separate, Declines, "compilation-database"},
    {"-MJ", Either, DatabaseFragment, "compilation-database"},
    {"-target", Separate, Toolchain},
    {"--target=", Joined, Toolchain},
    {"--sysroot=", Joined, Toolchain},
    {"--sysroot", Separate, Toolchain},
    {"-fuse-ld=", Joined, ChoosesLinker},
    {"-fno-integrated-as", Nothing, ExternalAssembler},
    {"-no-integrated-as", Nothing, ExternalAssembler},
    {"-via-file-asm", Nothing, Declines, "external-assembler"},
    {"--via-file-asm", Nothing, Declines, "external-assembler"},
    {"-fintegrated-as", Nothing, Neutral},
    {"-integrated-as", Nothing, Neutral},
    {"-pipe", Nothing, Neutral},
    {"--pipe", Nothing, Neutral},
    {"-no-canonical-prefixes", Nothing, Neutral},
    {"-canonical-prefixes", Nothing, Neutral},
    {"-Qunused-arguments", Nothing, Neutral},
    {"--start-no-unused-arguments", Nothing, Neutral},
    {"--end-no-unused-arguments", Nothing, Neutral},
    {"-pass-exit-codes", Nothing, Neutral},
    {"-Xclang", Separate, ToFrontend},
    {"-mllvm", Separate, ToBackend},
    {"-time", Joined, Declines, "timings"},
    {"-save-temps", Nothing, KeepsStages},
    {"--save-temps", Nothing, KeepsStages},
    {"-save-temps=", Joined, KeepsStages},
    {"--save-temps=", Joined, KeepsStages},
    {"-save-stats", Joined, Declines, "timings"},
    {"--save-stats", Joined, Declines, "timings"},
    {"-ftime-report", Joined, Declines, "timings"},
    {"-ftime-trace", Joined, Declines, "timings"},
    {"-fproc-stat-report", Joined, Declines, "timings"},
    {"-fdebug-pass-", Joined, Declines, "timings"},
    // Language and diagnostics
    {"-ansi", Nothing, Neutral},
    {"--ansi", Nothing, Neutral},
    {"-trigraphs", Nothing, Neutral},
    {"--trigraphs", Nothing, Neutral},
    {"-traditional-cpp", Nothing, Neutral},
    {"--traditional-cpp", Nothing, Neutral},
    {"-undef", Nothing, Neutral},
    {"-std=", Joined, Neutral},
    {"--std=", Joined, Neutral},
    {"-stdlib=", Joined, Neutral},
    {"--stdlib=", Joined, Neutral},
    {"-rtlib=", Joined, Neutral},
    {"--rtlib=", Joined, Neutral},
    {"-unwindlib=", Joined, Neutral},
    {"--unwindlib=", Joined, Neutral},
    {"-W", Joined, Neutral},
    {"-Rpass", Joined, Neutral},
    {"-R", Joined, Neutral},
    {"--system-header-prefix", Joined, Neutral},
    {"--no-system-header-prefix", Joined, Neutral},
    {"-inline-asm=", Joined, Neutral},
    {"-w", Nothing, Neutral},
    {"-pedantic", Nothing, Neutral},
    {"--pedantic", Nothing, Neutral},
    {"-pedantic-errors", Nothing, Neutral},
    {"--pedantic-errors", Nothing, Neutral},
    {"-no-pedantic", Nothing, Neutral},
    {"--no-pedantic", Nothing, Neutral},
    {"-fcolor-diagnostics", Nothing, DiagnosticsColour},
    {"-fno-color-diagnostics", Nothing, DiagnosticsColour},
    {"-fno-diagnostics-color", Nothing, DiagnosticsColour},
    {"-fansi-escape-codes", Nothing, DiagnosticsColour},
    {"-fdiagnostics-color", Joined, DiagnosticsColour},
    {"-serialize-diagnostics", Either, Declines, "dump-files"},
    {"--serialize-diagnostics", Either, Declines, "dump-files"},
    {"-fcrash-diagnostics-dir=", Joined, Neutral},
    {"-fno-crash-diagnostics", Nothing, Neutral},
    {"-verify", Joined, Declines, "other-action"},
    // Debugging, optimisation, code generation
    {"-g", Joined, Debug},
    {"-g0", Nothing, Debug},
    {"-ggdb0", Nothing, Debug},
    {"-p", Nothing, Neutral},
    {"-pg", Nothing, Neutral},
    {"-Qn", Nothing, Neutral},
    {"-Qy", Nothing, Neutral},
    {"-G", Either, Neutral},
    {"-gsplit-dwarf", Nothing, WritesBeside, ".dwo"},
    {"-gsplit-dwarf=split", Nothing, WritesBeside, ".dwo"},
    {"-gsplit-dwarf=single", Nothing, Debug},
    {"-gno-split-dwarf", Nothing, Declines, "split-dwarf"},
    {"-gmodules", Nothing, Declines, "modules"},
    {"-grecord-command-line", Nothing, RecordsCommandLine},
    {"-grecord-gcc-switches", Nothing, RecordsCommandLine},
    {"-frecord-command-line", Nothing, RecordsCommandLine},
    {"-frecord-gcc-switches", Nothing, RecordsCommandLine},
    {"-fverbose-asm", Nothing, RecordsCommandLine},
    {"-dA", Nothing, RecordsCommandLine},
    {"-gno-record-command-line", Nothing, Neutral},
    {"-gno-record-gcc-switches", Nothing, Neutral},
    {"-fno-record-command-line", Nothing, Neutral},
    {"-fno-verbose-asm", Nothing, Neutral},
    {"-O", Joined, Neutral},
    {"-m", Joined, Neutral},
    {"-cl-", Joined, Neutral},
    {"-dwarf-debug-", Joined, Neutral},
    {"-march=native", Nothing, NativeProcessor},
    {"-mcpu=native", Nothing, NativeProcessor},
    {"-mtune=native", Nothing, NativeProcessor},
    {"-mthread-model", Separate, Neutral},
    {"-fdebug-compilation-dir", Separate, Neutral},
    {"-module-dependency-dir", Separate, Declines, "modules"},
    {"-fbasic-block-sections=list=", Joined, Declines, "profile"},
    {"-fbasic-block-sections=", Joined, Neutral},
    {"-flto", Nothing, LinkTimeOptimisation},
    {"-flto=", Joined, LinkTimeOptimisation},
    {"-fno-lto", Nothing, Neutral},
    {"-flto-jobs=", Joined, Neutral},
    {"-fthinlto-index=", Joined, Declines, "bitcode"},
    {"-fthin-link-bitcode=", Joined, Declines, "bitcode"},
    {"-foffload-lto", Joined, Declines, "offload"},
    {"-fno-offload-lto", Joined, Declines, "offload"},
    {"--param", Either, Neutral},
    {"--param=", Joined, Neutral},
    // Instrumentation and profiles
    {"--coverage", Nothing, WritesBeside, ".gcno"},
    {"-coverage", Nothing, WritesBeside, ".gcno"},
    {"-ftest-coverage", Nothing, WritesBeside, ".gcno"},
    {"-fstack-usage", Nothing, WritesBeside, ".su"},
    {"-fsanitize=", Joined, Neutral},
    {"-fsanitize-blacklist=", Joined, CompilerReads},
    {"-fsanitize-ignorelist=", Joined, CompilerReads},
    {"-fsanitize-system-blacklist=", Joined, CompilerReads},
    {"-fsanitize-system-ignorelist=", Joined, CompilerReads},
    {"-fsanitize-coverage-allowlist=", Joined, CompilerReads},
    {"-fsanitize-coverage-blacklist=", Joined, CompilerReads},
    {"-fsanitize-coverage-ignorelist=", Joined, CompilerReads},
    {"-fsanitize-coverage-whitelist=", Joined, CompilerReads},
    {"-fno-sanitize-blacklist", Nothing, Neutral},
    {"-fno-sanitize-ignorelist", Nothing, Neutral},
    {"-fsanitize-stats", Nothing, Neutral},
    {"-fno-sanitize-stats", Nothing, Neutral},
    {"-fprofile", Joined, Declines, "profile"},
    {"-fprofile-use", Nothing, UsesProfile},
    {"-fprofile-use=", Joined, UsesProfile},
    {"-fprofile-instr-use", Nothing, UsesProfile},
    {"-fprofile-instr-use=", Joined, UsesProfile},
    {"-fprofile-sample-use=", Joined, ReadsFile},
    {"-fauto-profile", Joined, Declines, "profile"},
    {"-fauto-profile=", Joined, ReadsFile},
    {"-fcs-profile-use", Joined, Declines, "profile"},
    {"-fprofile-arcs", Nothing, Neutral},
    {"-fprofile-generate", Nothing, Neutral},
    {"-fprofile-instr-generate", Nothing, Neutral},
    {"-fcs-profile-generate", Nothing, Neutral},
    {"-fno-profile-arcs", Nothing, Neutral},
    {"-fno-profile-generate", Nothing, Neutral},
    {"-fno-profile-instr-generate", Nothing, Neutral},
    {"-fno-profile-instr-use", Nothing, Neutral},
    {"-fno-profile-sample-use", Nothing, Neutral},
    {"-fno-profile-use", Nothing, Neutral},
    {"-fno-profile-sample-accurate", Nothing, Neutral},
    {"-fprofile-sample-accurate", Nothing, Neutral},
    {"-fno-auto-profile", Nothing, Neutral},
    {"-fno-auto-profile-accurate", Nothing, Neutral},
    {"-fmemory-profile", Nothing, Neutral},
    {"-fno-memory-profile", Nothing, Neutral},
    {"-fno-stack-usage", Nothing, Neutral},
    {"-fno-test-coverage", Nothing, Neutral},
    {"-fprofile-generate=", Joined, Neutral},
    {"-fprofile-instr-generate=", Joined, Neutral},
    {"-fcs-profile-generate=", Joined, Neutral},
    {"-fprofile-update=", Joined, Neutral},
    {"-fprofile-dir=", Joined, Neutral},
    {"-fprofile-exclude-files=", Joined, Neutral},
    {"-fprofile-filter-files=", Joined, Neutral},
    {"-fmemory-profile=", Joined, Neutral},
    {"-fxray-attr-list=", Joined, CompilerReads},
    {"-fxray-always-instrument=", Joined, CompilerReads},
    {"-fxray-never-instrument=", Joined, CompilerReads},
    {"-fdump", Joined, Declines, "dump-files"},
    {"-fsave-optimization-record", Joined, Declines, "dump-files"},
    {"-foptimization-record", Joined, Declines, "dump-files"},
    {"-fdepfile-entry=", Joined, Declines, "dump-files"},
    {"-fno-save-optimization-record", Nothing, Neutral},
    // Preprocessor
    {"-D", Either, Neutral},
    {"-U", Either, Neutral},
    {"-C", Nothing, Neutral},
    {"-CC", Nothing, Neutral},
    {"-P", Nothing, Neutral},
    {"-dependency-dot", Separate, Declines, "dump-files"},
    {"-d", Joined, Declines, "dump-files"},
    {"-dD", Nothing, LinkOnly},
    {"-dM", Nothing, LinkOnly},
    {"-dI", Nothing, LinkOnly},
    {"-include", Separate, Neutral},
    {"-imacros", Separate, Neutral},
    {"--include", Joined, Declines, "long-spelling"},
    {"--imacros", Joined, Declines, "long-spelling"},
    {"-M", Nothing, TellDependencies},
    {"-MM", Nothing, TellDependencies},
    {"-MG", Nothing, GuessMissing},
    {"-MD", Nothing, DependenciesAll},
    {"-MMD", Nothing, DependenciesUser},
    {"-MF", Either, DependencyFile},
    {"-MT", Either, DependencyTarget},
    {"-MQ", Either, DependencyTarget},
    {"-MP", Nothing, DependencyPhony},
    {"-MV", Nothing, Declines, "depfile-format"},
    {"-dependency-file", Separate, Declines, "depfile-format"},
    {"-Wp,", Joined, ToPreprocessor},
    {"-Xpreprocessor", Separate, OneToPreprocessor},
    {"-A", Either, Declines, "assertion"},
    {"-fexec-charset=", Joined, Neutral},
    {"-finput-charset=", Joined, Neutral},
    {"-frewrite", Joined, Declines, "preprocessed"},
    {"-fno-rewrite", Joined, Declines, "preprocessed"},
    {"-fno-rewrite-includes", Nothing, Neutral},
    {"-fno-rewrite-imports", Nothing, Neutral},
    {"-index-header-map", Nothing, Declines, "header-map"},
    {"-ivfsoverlay", Either, Declines, "header-map"},
    // Directories
    {"-I", Either, SearchDirectory},
    {"-iquote", Either, SearchDirectory},
    {"-isystem", Either, SearchDirectory},
    {"-idirafter", Either, SearchDirectory},
    {"-cxx-isystem", Either, SearchDirectory},
    {"-stdlib++-isystem", Either, SearchDirectory},
    {"-isystem-after", Either, SearchDirectory},
    {"-isysroot", Either, SearchDirectory},
    {"-I-", Nothing, Declines, "split-include-path"},
    {"-iprefix", Either, Neutral},
    {"-iwithprefix", Either, Neutral},
    {"-iwithprefixbefore", Either, Neutral},
    {"-iwithsysroot", Either, Neutral},
    {"-imultilib", Either, Declines, "include-prefix"},
    {"-imsvc", Either, Declines, "include-prefix"},
    {"-F", Either, Declines, "framework"},
    {"-iframework", Either, Declines, "framework"},
    {"-iframeworkwithsysroot", Either, Declines, "framework"},
    {"-framework", Either, Declines, "framework"},
    {"-nostdinc", Nothing, Neutral},
    {"-nostdinc++", Nothing, Neutral},
    {"-nostdlibinc", Nothing, Neutral},
    {"-nobuiltininc", Nothing, Neutral},
    {"-ibuiltininc", Nothing, Neutral},
    {"-nogpuinc", Nothing, Neutral},
    {"-nogpulib", Nothing, Neutral},
    {"-nohipwrapperinc", Nothing, Neutral},
    {"-L", Either, LibraryDirectory},
    // Modules, precompiled headers, plugins
    {"-fmodule", Joined, Declines, "modules"},
    {"-fcxx-modules", Joined, Declines, "modules"},
    {"-fimplicit-module", Joined, Declines, "modules"},
    {"-fbuiltin-module-map", Joined, Declines, "modules"},
    {"-fprebuilt", Joined, Declines, "modules"},
    {"-fno-prebuilt", Joined, Declines, "modules"},
    {"-fno-implicit-module", Joined, Declines, "modules"},
    {"-fbuild-session", Joined, Declines, "modules"},
    {"-fsystem-module", Joined, Declines, "modules"},
    {"-fstrict-modules", Joined, Declines, "modules"},
    {"-fno-strict-modules", Joined, Declines, "modules"},
    {"-fno-module-", Joined, Declines, "modules"},
    {"-fno_modules", Joined, Declines, "modules"},
    {"-fno-modules", Nothing, Neutral},
    {"-fno-cxx-modules", Nothing, Neutral},
    {"-fno-modules-decluse", Nothing, Neutral},
    {"-fno-modules-search-all", Nothing, Neutral},
    {"-fno-modules-validate-system-headers", Nothing, Neutral},
    {"-include-pch", Separate, TakesPrecompiled},
    {"-fpch-instantiate-templates", Nothing, Neutral},
    {"-fno-pch-instantiate-templates", Nothing, Neutral},
    {"-fpch", Joined, Declines, "precompiled-header"},
    {"-fno-pch", Joined, Declines, "precompiled-header"},
    {"-fno_pch", Joined, Declines, "precompiled-header"},
    {"-relocatable-pch", Joined, Declines, "precompiled-header"},
    {"--relocatable-pch", Joined, Declines, "precompiled-header"},
    {"-fvalidate-ast", Joined, Declines, "precompiled-header"},
    {"-fplugin", Joined, Declines, "plugin"},
    {"-fpass-plugin=", Joined, Declines, "plugin"},
    {"-load", Joined, Declines, "plugin"},
    // Assembler and linker
    {"-Wa,", Joined, ToAssembler},
    {"-Xassembler", Separate, ToAssembler},
    {"-l", Either, LinkInput},
    {"-Wl,", Joined, ToLinker},
    {"-Xlinker", Separate, ToLinker},
    {"-z", Separate, LinkOnly},
    {"-rpath", Separate, LinkOnly},
    {"-undefined", Separate, LinkOnly},
    {"-u", Either, LinkOnly},
    {"-e", Either, LinkOnly},
    {"-Tbss", Either, LinkOnly},
    {"-Tdata", Either, LinkOnly},
    {"-Ttext", Either, LinkOnly},
    {"-T", Either, ReadsFile},
    {"--entry=", Joined, LinkOnly},
    {"-Tbss=", Joined, LinkOnly},
    {"-Tdata=", Joined, LinkOnly},
    {"-Ttext=", Joined, LinkOnly},
    {"-shared", Nothing, LinkOnly},
    {"--shared", Nothing, LinkOnly},
    {"-static", Nothing, LinkOnly},
    {"--static", Nothing, LinkOnly},
    {"-shared-libgcc", Nothing, LinkOnly},
    {"-static-libgcc", Nothing, LinkOnly},
    {"-static-libstdc++", Nothing, LinkOnly},
    {"-static-libsan", Nothing, LinkOnly},
    {"-shared-libsan", Nothing, LinkOnly},
    {"-static-libgfortran", Nothing, LinkOnly},
    {"-static-openmp", Nothing, LinkOnly},
    {"-static-pie", Nothing, LinkOnly},
    {"-pie", Nothing, LinkOnly},
    {"-no-pie", Nothing, LinkOnly},
    {"-nopie", Nothing, LinkOnly},
    {"-r", Nothing, LinkOnly},
    {"-s", Nothing, LinkOnly},
    {"-n", Nothing, LinkOnly},
    {"-N", Nothing, LinkOnly},
    {"-rdynamic", Nothing, LinkOnly},
    {"-symbolic", Nothing, LinkOnly},
    {"-nostartfiles", Nothing, LinkOnly},
    {"-nodefaultlibs", Nothing, LinkOnly},
    {"-nostdlib", Nothing, LinkOnly},
    {"-nostdlib++", Nothing, LinkOnly},
    {"-nolibc", Nothing, LinkOnly},
    {"-X", Nothing, LinkOnly},
    {"-Z", Nothing, LinkOnly},
    {"-pthread", Nothing, Neutral},
    {"-no-pthread", Nothing, Neutral},
    // Of other languages and of devices
    {"--cuda", Joined, Declines, "offload"},
    {"--no-cuda", Joined, Declines, "offload"},
    {"--hip", Joined, Declines, "offload"},
    {"--rocm", Joined, Declines, "offload"},
    {"--offload", Joined, Declines, "offload"},
    {"--no-offload", Joined, Declines, "offload"},
    {"--gpu", Joined, Declines, "offload"},
    {"--no-gpu", Joined, Declines, "offload"},
    {"--ptxas", Joined, Declines, "offload"},
    {"--libomptarget", Joined, Declines, "offload"},
    {"--amdgpu", Joined, Declines, "offload"},
    {"-fopenmp-targets=", Joined, Declines, "offload"},
    {"-fcuda", Joined, Declines, "offload"},
    {"-fno-cuda", Joined, Declines, "offload"},
    {"-fgpu", Joined, Declines, "offload"},
    {"-fno-gpu", Joined, Declines, "offload"},
    {"-fhip", Joined, Declines, "offload"},
    {"-fno-hip", Joined, Declines, "offload"},
    {"-fuse-cuid=", Joined, Declines, "offload"},
    {"-cuid=", Joined, Declines, "offload"},
    {"-Xarch_", Joined, Declines, "offload"},
    {"-Xcuda", Joined, Declines, "offload"},
    {"-Xopenmp-target", Joined, Declines, "offload"},
    {"-fembed-offload-object=", Joined, Declines, "offload"},
    {"-foffload", Joined, Declines, "offload"},
    {"-sycl-std=", Joined, Declines, "offload"},
    {"-ObjC", Joined, Declines, "other-language"},
    {"-fobjc", Joined, Declines, "other-language"},
    {"-fno-objc", Joined, Declines, "other-language"},
    {"-objcmt", Joined, Declines, "other-language"},
    {"-fapple", Joined, Declines, "other-language"},
    {"-fno-apple", Joined, Declines, "other-language"},
    {"-kernel", Joined, Declines, "other-language"},
    {"-dsym-dir", Joined, Declines, "other-language"},
    {"-print-ivar-layout", Joined, Declines, "other-language"},
    {"-ferror-kext", Joined, Declines, "other-language"},
    {"-J", Joined, Declines, "other-language"},
    {"-fcreate-profile", Joined, Declines, "other-language"},
    {"-fbootclasspath=", Joined, Declines, "other-language"},
    {"-fclasspath=", Joined, Declines, "other-language"},
    {"-fcompile-resource=", Joined, Declines, "other-language"},
    {"-fencoding=", Joined, Declines, "other-language"},
    {"-fextdirs=", Joined, Declines, "other-language"},
    {"-foutput-class-dir=", Joined, Declines, "other-language"},
    {"-fintrinsic-modules-path", Joined, Declines, "other-language"},
    {"-gcodeview", Joined, Declines, "other-language"},
    {"-gno-codeview", Joined, Declines, "other-language"},
    {"-object-file-name=", Joined, Declines, "other-language"},
    {"-arcmt", Joined, Declines, "other-language"},
    {"-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang", Nothing, Neutral},
};

// From clang 14's own list of options, less those that it takes for gcc's sake.
constexpr const char* kNeutralF =
    "aapcs-bitfield-load aapcs-bitfield-width addrsig aggressive-function-elimination align-commons "
    "aligned-allocation all-intrinsics allow-editor-placeholders allow-unsupported altivec "
    "altivec-src-compat= application-extension approx-func asm-blocks assume-sane-operator-new "
    "async-exceptions autolink backtrace binutils-version= blocks borland-extensions bounds-check "
    "bracket-depth= c++-abi= c++-static-destructors caret-diagnostics cf-runtime-abi= "
    "check-array-temporaries "
    "clang-abi-compat= comment-block-commands= complete-member-pointers constant-cfstrings "
    "constant-string-class= constexpr-backtrace-limit= constexpr-steps= convergent-functions coroutines-ts "
    "coverage-compilation-dir= coverage-mapping coverage-prefix-map= cray-pointer cxx-exceptions "
    "d-lines-as-code d-lines-as-comments debug-compilation-dir= debug-default-version= "
    "debug-info-for-profiling debug-macro debug-ranges-base-address declspec delayed-template-parsing "
    "denormal-fp-math= diagnostics-absolute-paths diagnostics-fixit-info diagnostics-format= "
    "diagnostics-hotness-threshold= diagnostics-print-source-range-info diagnostics-show-category= "
    "diagnostics-show-hotness diagnostics-show-note-include-stack digraphs direct-access-external-data "
    "discard-value-names dollar-ok double-square-bracket-attributes dwarf-directory-asm dwarf-exceptions "
    "embed-bitcode embed-bitcode-marker embed-bitcode= emit-all-decls emulated-tls enable-matrix "
    "error-limit= "
    "escaping-block-tail-calls experimental-isel experimental-new-constant-interpreter "
    "experimental-new-pass-manager experimental-relative-c++-abi-vtables experimental-strict-floating-point "
    "extend-arguments= external-blas f2c file-compilation-dir= fine-grained-bitfield-accesses "
    "force-dwarf-frame force-emit-vtables force-enable-int128 fp-exception-behavior= fp-model= "
    "frontend-optimize fuchsia-api-level= global-isel gnu-inline-asm gnu-runtime gnuc-version= "
    "honor-infinities honor-nans ignore-exceptions init-local-zero inline-hint-functions "
    "instrument-function-entry-bare instrument-functions-after-inlining integer-4-integer-8 integrated-cc1 "
    "legacy-pass-manager limited-precision= max-identifier-length max-tokens= max-type-align max-type-align= "
    "minimize-whitespace ms-compatibility ms-compatibility-version= ms-hotpatch ms-memptr-rep= ms-volatile "
    "msc-version= nested-functions new-alignment= new-infallible next-runtime noopenmp-relocatable-target "
    "noopenmp-use-tls noxray-link-deps openmp-assume-teams-oversubscription "
    "openmp-assume-threads-oversubscription openmp-cuda-blocks-per-sm= openmp-cuda-force-full-runtime "
    "openmp-cuda-mode openmp-cuda-number-of-sm= openmp-cuda-teams-reduction-recs-num= "
    "openmp-enable-irbuilder "
    "openmp-extensions openmp-implicit-rpath openmp-new-driver openmp-optimistic-collapse "
    "openmp-relocatable-target openmp-target-debug openmp-target-debug= openmp-target-new-runtime "
    "openmp-use-tls openmp-version= openmp= operator-arrow-depth= order-file-instrumentation pack-derived "
    "parse-all-comments pascal-strings preserve-as-comments protect-parens pseudo-probe-for-profiling "
    "range-check real-4-real-10 real-4-real-16 real-4-real-8 real-8-real-10 real-8-real-16 real-8-real-4 "
    "realloc-lhs record-marker= recursive register-global-dtors-with-atexit relaxed-template-template-args "
    "repack-arrays reroll-loops retain-comments-from-system-headers ropi rtlib-add-rpath rtti-data rwpi "
    "sanitize-address-destructor= sanitize-address-field-padding= sanitize-address-globals-dead-stripping "
    "sanitize-address-outline-instrumentation sanitize-address-poison-custom-array-cookie "
    "sanitize-address-use-after-return sanitize-address-use-after-return= sanitize-address-use-odr-indicator "
    "sanitize-address-vcasan-lib sanitize-cfi-canonical-jump-tables sanitize-cfi-cross-dso "
    "sanitize-cfi-icall-generalize-pointers sanitize-hwaddress-abi= sanitize-hwaddress-experimental-aliasing "
    "sanitize-link-c++-runtime sanitize-link-runtime sanitize-memory-param-retval "
    "sanitize-memory-track-origins sanitize-memory-track-origins= sanitize-memory-use-after-dtor "
    "sanitize-minimal-runtime sanitize-thread-atomics sanitize-thread-func-entry-exit "
    "sanitize-thread-memory-access sanitize-trap sanitize-trap= sanitize-undefined-strip-path-components= "
    "second-underscore seh-exceptions show-overloads= show-skipped-includes show-source-location sign-zero "
    "signaling-math sjlj-exceptions slp-vectorize spell-checking spell-checking-limit= split-dwarf-inlining "
    "split-lto-unit split-machine-functions stack-arrays stack-size-section standalone-debug "
    "strict-float-cast-overflow strict-return strict-vtable-pointers struct-path-tbaa swift-async-fp= "
    "symbol-partition= temp-file threadsafe-statics trap-function= trapv-handler= trigraphs "
    "trivial-auto-var-init-stop-after= underscoring unique-basic-block-section-names "
    "unique-internal-linkage-names unique-section-names use-init-array use-line-directives veclib= vectorize "
    "virtual-function-elimination visibility-dllexport= visibility-externs-dllimport= "
    "visibility-externs-nodllstorageclass= visibility-from-dllstorageclass "
    "visibility-global-new-delete-hidden visibility-inlines-hidden-static-local-var "
    "visibility-nodllstorageclass= wasm-exceptions whole-file whole-program-vtables writable-strings "
    "xl-pragma-pack xray-always-emit-customevents xray-always-emit-typedevents xray-function-groups= "
    "xray-function-index xray-ignore-loops xray-instruction-threshold xray-instruction-threshold= "
    "xray-instrument xray-instrumentation-bundle= xray-link-deps xray-modes= xray-selected-function-group= "
    "zvector";

constexpr std::string_view kNeutralFFamilies[] = {
    "fixed-",       "call-used-", "call-saved-",      "builtin-",           "template-depth-",
    "inline-limit", "sanitize=",  "sanitize-recover", "sanitize-coverage=", "xray-instruction-threshold"};

constexpr std::string_view kFrontend[] = {"-disable-O0-optnone",
                                          "-disable-llvm-passes",
                                          "-disable-llvm-optzns",
                                          "-disable-lifetime-markers",
                                          "-fno-pch-timestamp",
                                          "-no-opaque-pointers",
                                          "-opaque-pointers",
                                          "-fno-validate-pch",
                                          "-include",
                                          "-include-pch",
                                          "-munwind-tables",
                                          "-target-cpu",
                                          "-target-feature",
                                          "-tune-cpu"};

constexpr std::string_view kFrontendWithValue[] = {"-include", "-include-pch", "-target-cpu",
                                                   "-target-feature", "-tune-cpu"};

// Whatever LLVM's passes know is an option here, so a family is none.
constexpr std::string_view kBackend[] = {"-inline-threshold=", "-unroll-threshold=", "-enable-tail-merge",
                                         "-asan-stack=",       "-x86-asm-syntax=",   "-align-all-functions=",
                                         "-align-all-blocks=", "-hot-cold-split=",   "-vectorize-loops"};

}  // namespace

const DriverOptions& clang_options() {
  static const DriverOptions options(kClang, std::array<std::string_view, 2>{kNeutralF, gcc_neutral_f()},
                                     kNeutralFFamilies);
  return options;
}

bool is_neutral_frontend_option(std::string_view word) {
  return std::find(std::begin(kFrontend), std::end(kFrontend), word) != std::end(kFrontend);
}

bool takes_value(std::string_view word) {
  return std::find(std::begin(kFrontendWithValue), std::end(kFrontendWithValue), word) !=
         std::end(kFrontendWithValue);
}

bool is_neutral_backend_option(std::string_view word) {
  return std::any_of(std::begin(kBackend), std::end(kBackend), [&](std::string_view known) {
    return known.ends_with('=') ? word.starts_with(known) : word == known;
  });
}

}  // namespace model
