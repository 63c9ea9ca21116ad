#include "model/gcc_options.hh"

#include <array>

namespace model {

namespace {

using enum Takes;
using enum Does;

// In the order of the manual's sections. Where two spellings fit, the longer one counts, so a family ("-W",
// "-m",
// "-g") stands beside its exceptions.
constexpr Option kGcc[] = {
    // Overall
    {"-c", Nothing, Compile},
    {"-S", Nothing, Assembly},
    {"-E", Nothing, Preprocess},
    {"-o", Either, Output},
    {"--output=", Joined, Output},
    {"-x", Either, Language},
    {"-v", Nothing, Declines, "query"},
    {"-###", Nothing, Declines, "query"},
    {"--help", Joined, Declines, "query"},
    {"--target-help", Nothing, Declines, "query"},
    {"--version", Nothing, Declines, "query"},
    {"--verbose", Nothing, Declines, "query"},
    {"-print-", Joined, Declines, "query"},
    {"--print-", Joined, Declines, "query"},
    {"-dumpversion", Nothing, Declines, "query"},
    {"-dumpfullversion", Nothing, Declines, "query"},
    {"-dumpmachine", Nothing, Declines, "query"},
    {"-dumpspecs", Nothing, Declines, "query"},
    {"--completion=", Joined, Declines, "query"},
    {"-fhelp", Joined, Declines, "query"},
    {"-fversion", Nothing, Declines, "query"},
    {"-ftarget-help", Nothing, Declines, "query"},
    {"-pass-exit-codes", Nothing, Neutral},
    {"-pipe", Nothing, Neutral},
    {"-specs=", Joined, Specs},
    {"--specs=", Joined, Specs},
    {"-specs", Separate, Declines, "specs"},
    {"--specs", Separate, Declines, "specs"},
    {"-wrapper", Separate, Declines, "wrapper"},
    {"-time", Joined, Declines, "timings"},
    {"-B", Either, Toolchain},
    {"--prefix=", Joined, Toolchain},
    {"-b", Either, Declines, "tool-prefix"},
    {"-V", Either, Declines, "tool-prefix"},
    {"-symbol=", Joined, Declines, "internal-option"},
    {"-quiet", Nothing, Declines, "timings"},
    {"-version", Nothing, Declines, "timings"},
    {"-lang-asm", Nothing, Declines, "preprocessed"},
    {"-no-canonical-prefixes", Nothing, Neutral},
    {"--no-canonical-prefixes", Nothing, Neutral},
    {"-save-temps", Nothing, KeepsStages},
    {"--save-temps", Nothing, KeepsStages},
    {"-save-temps=", Joined, KeepsStages},
    {"--save-temps=", Joined, KeepsStages},
    {"-dumpdir", Separate, Declines, "dump-files"},
    {"-dumpbase", Separate, Declines, "dump-files"},
    {"-dumpbase-ext", Separate, Declines, "dump-files"},
    {"-d", Joined, Declines, "dump-files"},
    {"-dD", Nothing, LinkOnly},  // these five are of -E alone, and -M would mix its answer with theirs
    {"-dI", Nothing, LinkOnly},
    {"-dM", Nothing, LinkOnly},
    {"-dN", Nothing, LinkOnly},
    {"-dU", Nothing, LinkOnly},
    {"-aux-info", Either, Declines, "dump-files"},
    {"-Q", Nothing, Declines, "timings"},
    // Language
    {"-ansi", Nothing, Neutral},
    {"-std=", Joined, Neutral},
    {"--std=", Joined, Neutral},
    {"-traditional", Joined, Neutral},
    {"-trigraphs", Nothing, Neutral},
    {"-remap", Nothing, Declines, "header-map"},
    // Diagnostics. Whatever begins with -W and isn't below names a warning; gcc itself refuses those that it
    // does not know, in a container as well as here.
    {"-W", Joined, Neutral},
    {"-w", Nothing, Neutral},
    {"-pedantic", Nothing, Neutral},
    {"--pedantic", Nothing, Neutral},
    {"-pedantic-errors", Nothing, Neutral},
    {"-fdiagnostics-color", Joined, DiagnosticsColour},
    {"-fno-diagnostics-color", Nothing, DiagnosticsColour},
    {"-fdiagnostics-plain-output", Nothing, DiagnosticsColour},
    {"-fdiagnostics-format=", Joined, Neutral},
    {"-fdiagnostics-format=sarif-file", Nothing, Declines, "dump-files"},
    {"-fdiagnostics-format=json-file", Nothing, Declines, "dump-files"},
    // Debugging
    {"-g", Joined, Debug},
    {"-g0", Nothing, Debug},
    {"-gsplit-dwarf", Nothing, WritesBeside, ".dwo"},
    {"-gno-split-dwarf", Nothing, Declines, "split-dwarf"},
    {"-grecord-gcc-switches", Nothing, Neutral},
    {"-p", Nothing, Neutral},
    {"-pg", Nothing, Neutral},
    {"-frecord-gcc-switches", Nothing, RecordsCommandLine},
    {"-fverbose-asm", Nothing, RecordsCommandLine},
    // Optimisation and code generation
    {"-O", Joined, Neutral},
    {"--param", Either, Neutral},
    {"--param=", Joined, Neutral},
    {"-m", Joined, Neutral},
    {"-march=native", Nothing, NativeProcessor},
    {"-mtune=native", Nothing, NativeProcessor},
    {"-mcpu=native", Nothing, NativeProcessor},
    {"-mmcu=", Joined, Declines, "specs"},  // of AVR and MSP430: names a specs file
    {"-mdump-tune-features", Nothing, Declines, "query"},
    {"-mtune-ctrl=", Joined, Neutral},
    {"-mllvm", Separate, Declines, "unknown-option"},
    // Instrumentation
    {"--coverage", Nothing, WritesBeside, ".gcno"},
    {"-coverage", Nothing, WritesBeside, ".gcno"},
    {"-ftest-coverage", Nothing, WritesBeside, ".gcno"},
    {"--profile", Nothing, Neutral},
    {"-fsanitize=", Joined, Neutral},
    {"-fsanitize-blacklist=", Joined, Declines, "sanitizer-list"},
    {"-fsanitize-ignorelist=", Joined, Declines, "sanitizer-list"},
    // Preprocessor
    {"-D", Either, Neutral},
    {"-U", Either, Neutral},
    {"-A", Either, Neutral},
    {"-include", Separate, Neutral},
    {"-imacros", Separate, Neutral},
    {"-undef", Nothing, Neutral},
    {"-C", Nothing, Neutral},
    {"-CC", Nothing, Neutral},
    {"-P", Nothing, Neutral},
    {"-H", Nothing, Declines, "query"},
    {"-M", Nothing, TellDependencies},
    {"-MM", Nothing, TellDependencies},
    {"-MG", Nothing, GuessMissing},
    {"-MD", Nothing, DependenciesAll},
    {"-MMD", Nothing, DependenciesUser},
    {"-MF", Either, DependencyFile},
    {"-MT", Either, DependencyTarget},
    {"-MQ", Either, DependencyTarget},
    {"-MP", Nothing, DependencyPhony},
    {"-Wp,", Joined, ToPreprocessor},
    {"-Xpreprocessor", Separate, OneToPreprocessor},
    // Other ways to write what stands here. Hardly anybody does, so only those with no bearing on files are
    // taken.
    {"--all-warnings", Nothing, Neutral},
    {"--extra-warnings", Nothing, Neutral},
    {"--no-warnings", Nothing, Neutral},
    {"--pedantic-errors", Nothing, Neutral},
    {"--optimize", Joined, Neutral},
    {"--debug", Joined, Neutral},
    {"--ansi", Nothing, Neutral},
    {"--assert", Joined, Declines, "long-spelling"},
    {"--assemble", Nothing, Declines, "long-spelling"},
    {"--compile", Nothing, Declines, "long-spelling"},
    {"--preprocess", Nothing, Declines, "long-spelling"},
    {"--comments", Joined, Declines, "long-spelling"},
    {"--define-macro", Joined, Declines, "long-spelling"},
    {"--undefine-macro", Joined, Declines, "long-spelling"},
    {"--dependencies", Nothing, TellDependencies},
    {"--user-dependencies", Nothing, TellDependencies},
    {"--print-missing-file-dependencies", Nothing, GuessMissing},
    {"--write-dependencies", Nothing, Declines, "long-spelling"},
    {"--write-user-dependencies", Nothing, Declines, "long-spelling"},
    {"--dump", Joined, Declines, "dump-files"},
    {"--imacros", Joined, Declines, "long-spelling"},
    {"--include", Joined, Declines, "long-spelling"},
    {"--no-line-commands", Nothing, Declines, "long-spelling"},
    {"--no-standard-includes", Nothing, Declines, "long-spelling"},
    {"--no-standard-libraries", Nothing, Declines, "long-spelling"},
    {"--output", Separate, Declines, "long-spelling"},
    {"--output-pch=", Joined, Declines, "precompiled-header"},
    {"--trace-includes", Nothing, Declines, "query"},
    {"--traditional-cpp", Nothing, Neutral},
    {"--trigraphs", Nothing, Neutral},
    // Of other languages' compilers
    {"-F", Either, Declines, "framework"},
    {"-Hd", Joined, Declines, "other-language"},
    {"-Hf", Joined, Declines, "other-language"},
    {"-J", Either, Declines, "other-language"},
    {"-Xf", Joined, Declines, "other-language"},
    {"-cpp=", Joined, Declines, "other-language"},
    {"-gnat", Joined, Declines, "other-language"},
    {"-fintrinsic-modules-path", Joined, Declines, "other-language"},
    {"-fversion=", Joined, Declines, "other-language"},
    {"-fxref", Nothing, Declines, "other-language"},
    {"-frequire-return-statement", Nothing, Declines, "other-language"},
    // Directories
    {"-I", Either, SearchDirectory},
    {"-I-", Nothing, Neutral},
    {"-iquote", Either, SearchDirectory},
    {"-isystem", Either, SearchDirectory},
    {"-idirafter", Either, SearchDirectory},
    {"-isysroot", Either, SearchDirectory},
    {"--sysroot=", Joined, SearchDirectory},
    {"--sysroot", Separate, SearchDirectory},
    {"-imultiarch", Separate, Neutral},
    {"-iprefix", Either, Neutral},
    {"-iwithprefix", Either, Neutral},
    {"-iwithprefixbefore", Either, Neutral},
    {"-imultilib", Either, Declines, "include-prefix"},
    {"-iplugindir=", Joined, Declines, "plugin"},
    {"-nostdinc", Nothing, Neutral},
    {"-nostdinc++", Nothing, Neutral},
    {"-L", Either, LibraryDirectory},
    // Assembler
    {"-Wa,", Joined, ToAssembler},
    {"-Xassembler", Separate, ToAssembler},
    // Linker
    {"-l", Either, LinkInput},
    {"-Wl,", Joined, ToLinker},
    {"-Xlinker", Separate, ToLinker},
    {"-z", Separate, LinkOnly},
    {"-u", Either, LinkOnly},
    {"-T", Either, ReadsFile},
    {"-Tbss", Either, LinkOnly},
    {"-Tdata", Either, LinkOnly},
    {"-Ttext", Either, LinkOnly},
    {"-Tbss=", Joined, LinkOnly},
    {"-Tdata=", Joined, LinkOnly},
    {"-Ttext=", Joined, LinkOnly},
    {"-e", Either, LinkOnly},
    {"--entry=", Joined, LinkOnly},
    {"-shared", Nothing, LinkOnly},
    {"--shared", Nothing, LinkOnly},
    {"-shared-libgcc", Nothing, LinkOnly},
    {"-static", Nothing, LinkOnly},
    {"--static", Nothing, LinkOnly},
    {"-static-libgcc", Nothing, LinkOnly},
    {"-static-libstdc++", Nothing, LinkOnly},
    {"-static-libasan", Nothing, LinkOnly},
    {"-static-libubsan", Nothing, LinkOnly},
    {"-static-libtsan", Nothing, LinkOnly},
    {"-static-liblsan", Nothing, LinkOnly},
    {"-static-pie", Nothing, LinkOnly},
    {"-pie", Nothing, LinkOnly},
    {"-no-pie", Nothing, LinkOnly},
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
    {"-fuse-ld=", Joined, ChoosesLinker},
    {"-pthread", Nothing, Neutral},
    {"-pthreads", Nothing, Neutral},
    {"-no-integrated-cpp", Nothing, Declines, "unknown-option"},
    {"-fexec-charset=", Joined, Charset},
    {"-fwide-exec-charset=", Joined, Charset},
    {"-finput-charset=", Joined, Charset},
    {"-finput-charset=UTF-8", Nothing, Neutral},
    {"-finput-charset=utf-8", Nothing, Neutral},
    {"-fexec-charset=UTF-8", Nothing, Neutral},
    {"-fexec-charset=utf-8", Nothing, Neutral},
    // -f options that touch files, or make output that differs from run to run
    {"-fsyntax-only", Nothing, CheckSyntax},
    {"-fpreprocessed", Nothing, Declines, "preprocessed"},
    {"-fdirectives-only", Nothing, Declines, "preprocessed"},
    {"-fplugin", Joined, Declines, "plugin"},
    {"-fdump", Joined, Declines, "dump-files"},
    {"-fstack-usage", Nothing, WritesBeside, ".su"},
    {"-fcallgraph-info", Nothing, WritesBeside, ".ci"},
    {"-fcallgraph-info=", Joined, WritesBeside, ".ci"},
    {"-fdisable-", Joined, Declines, "dump-files"},  // the compiler tells of it on stderr
    {"-fenable-", Joined, Declines, "dump-files"},
    {"-fdbg-cnt", Joined, Declines, "dump-files"},
    {"-fira-verbose=", Joined, Declines, "dump-files"},
    {"-fsched-verbose=", Joined, Declines, "dump-files"},
    {"-ftree-vectorizer-verbose=", Joined, Declines, "dump-files"},
    {"-fdebug-cpp", Nothing, Declines, "dump-files"},
    {"-freport-bug", Nothing, Declines, "dump-files"},
    {"-fself-test=", Joined, Declines, "internal-option"},
    {"-fstats", Nothing, Declines, "timings"},
    {"-fpre-ipa-mem-report", Nothing, Declines, "timings"},
    {"-fpost-ipa-mem-report", Nothing, Declines, "timings"},
    {"-fvtv-debug", Nothing, Declines, "dump-files"},
    {"-fvtv-counts", Nothing, Declines, "dump-files"},
    {"-frepo", Nothing, Declines, "dump-files"},
    {"-fsave-optimization-record", Nothing, Declines, "dump-files"},
    {"-fopt-info", Joined, Declines, "dump-files"},
    {"-fprofile", Joined, Declines, "profile"},
    {"-fprofile-use", Nothing, UsesProfile},
    {"-fprofile-use=", Joined, UsesProfile},
    {"-fauto-profile", Joined, Declines, "profile"},
    {"-fauto-profile=", Joined, ReadsFile},
    {"-fbranch-probabilities", Nothing, UsesProfile},
    {"-fprofile-abs-path", Nothing, Neutral},
    {"-fprofile-arcs", Nothing, Neutral},
    {"-fprofile-correction", Nothing, Neutral},
    {"-fprofile-dir=", Joined, ProfilePrefix},
    {"-fprofile-exclude-files=", Joined, Neutral},
    {"-fprofile-filter-files=", Joined, Neutral},
    {"-fprofile-generate", Nothing, Neutral},
    {"-fprofile-generate=", Joined, Neutral},
    {"-fprofile-info-section", Nothing, Neutral},
    {"-fprofile-info-section=", Joined, Neutral},
    {"-fprofile-partial-training", Nothing, Neutral},
    {"-fprofile-prefix-map=", Joined, Neutral},
    {"-fprofile-prefix-path=", Joined, ProfilePrefix},
    {"-fprofile-reorder-functions", Nothing, Neutral},
    {"-fprofile-reproducible=", Joined, Neutral},
    {"-fprofile-update=", Joined, Neutral},
    {"-fprofile-values", Nothing, Neutral},
    {"-flto", Nothing, LinkTimeOptimisation},
    {"-flto=", Joined, LinkTimeOptimisation},
    {"-flto=jobserver", Nothing, LinkTimeOptimisation, "jobserver"},
    {"-flto-compression-level=", Joined, Neutral},
    {"-flto-odr-type-merging", Nothing, Neutral},
    {"-flto-partition=", Joined, Neutral},
    {"-flto-report", Joined, Declines, "timings"},
    {"-fltrans", Joined, Declines, "internal-option"},
    {"-fresolution=", Joined, Declines, "internal-option"},
    {"-fwpa", Joined, Declines, "internal-option"},
    {"-fno-lto", Nothing, Neutral},
    {"-fmodule", Joined, Declines, "modules"},
    {"-fno-modules", Joined, Declines, "modules"},
    {"-flang-info-", Joined, Declines, "modules"},
    {"-fmodule-implicit-inline", Nothing, Neutral},
    {"-Mmodules", Nothing, Declines, "modules"},
    {"-Mno-modules", Nothing, Declines, "modules"},
    {"-fcompare-debug", Joined, Declines, "dump-files"},
    {"-ftime-report", Joined, Declines, "timings"},
    {"-fmem-report", Joined, Declines, "timings"},
    {"-fopenacc", Joined, Declines, "offload"},
    {"-foffload", Joined, Declines, "offload"},
    {"-fpch-preprocess", Nothing, Declines, "precompiled-header"},
    {"-fpch-deps", Nothing, Declines, "precompiled-header"},
};

// Those whose work is to decide what is emitted or accepted, from `gcc --help=common,optimizers,c,c++,joined`
// of GCC 12, with some of later releases. "name=" takes an argument; "no-" may stand before any.
constexpr const char* kNeutralF =
    "all-virtual cx-fortran-rules sanitize-coverage= version-loops-for-strides vtable-verify= "
    "PIC PIE RTS= abi-compat-version= abi-version abi-version= access-control ada-spec-parent= "
    "aggressive-loop-optimizations align-functions align-functions= align-jumps align-jumps= align-labels "
    "align-labels= align-loops align-loops= aligned-new aligned-new= allocation-dce "
    "allow-leading-underscore allow-parameterless-variadic-functions allow-store-data-races "
    "alt-external-templates analyzer analyzer-call-summaries analyzer-checker= analyzer-feasibility "
    "analyzer-fine-grained analyzer-show-duplicate-count analyzer-state-merge analyzer-state-purge "
    "analyzer-suppress-followups analyzer-transitivity analyzer-verbose-edges "
    "analyzer-verbose-state-changes analyzer-verbosity= argument-alias argument-noalias "
    "argument-noalias-anything argument-noalias-global asan-shadow-offset= asm associative-math "
    "asynchronous-unwind-tables auto-inc-dec bit-tests blas-matmul-limit= bounds-check= branch-count-reg "
    "branch-target-load-optimize branch-target-load-optimize2 btr-bb-exclusive building-libgcc "
    "building-libgfortran building-libphobos-tests builtin builtin- builtin-printf call-saved- call-used- "
    "caller-saves canon-prefix-map canonical-system-headers cf-protection cf-protection= char8_t "
    "check-data-deps check-new check-pointer-bounds check= checkaction= checking checking= "
    "chkp-check-incomplete-type chkp-check-read chkp-check-write chkp-first-field-has-own-bounds "
    "chkp-flexible-struct-trailing-arrays chkp-instrument-calls chkp-instrument-marked-only "
    "chkp-narrow-bounds chkp-narrow-to-innermost-array chkp-optimize chkp-store-bounds "
    "chkp-treat-zero-dynamic-size-as-infinite chkp-use-fast-string-functions "
    "chkp-use-nochk-string-functions chkp-use-static-bounds chkp-use-static-const-bounds "
    "chkp-use-wrappers chkp-zero-input-bounds-for-main cilkplus coarray= code-hoisting "
    "combine-stack-adjustments common compare-elim concepts concepts-diagnostics-depth= concepts-ts "
    "cond-mismatch conserve-space conserve-stack const-string-class= constexpr-cache-depth= "
    "constexpr-depth= constexpr-fp-except constexpr-loop-limit= constexpr-ops-limit= contracts convert= "
    "coroutines cppprog= cprop-registers crossjumping cse-follow-jumps cse-skip-blocks cx-limited-range "
    "data-sections dce debug-prefix-map= debug-types-section debug= declone-ctor-dtor deduce-init-list "
    "def= default-inline defer-pop delayed-branch delete-dead-exceptions delete-null-pointer-checks "
    "devirtualize devirtualize-at-ltrans devirtualize-speculatively "
    "diagnostics-column-origin= diagnostics-column-unit= diagnostics-escape-format= "
    "diagnostics-generate-patch diagnostics-minimum-margin-width= diagnostics-parseable-fixits "
    "diagnostics-path-format= diagnostics-show-caret diagnostics-show-cwe "
    "diagnostics-show-labels diagnostics-show-line-numbers diagnostics-show-location= "
    "diagnostics-show-option diagnostics-show-path-depths diagnostics-show-template-tree "
    "diagnostics-urls= doc-dir= doc-file= doc-inc= dollars-in-identifiers dse dwarf2-cfi-asm "
    "early-inlining elide-constructors elide-type eliminate-dwarf2-dups eliminate-unused-debug-symbols "
    "eliminate-unused-debug-types emit-class-debug-always emit-struct-debug-baseonly "
    "emit-struct-debug-detailed= emit-struct-debug-reduced enforce-eh-specs enum-int-equiv exceptions "
    "excess-precision= expensive-optimizations ext-numeric-literals extended-identifiers "
    "extern-std= extern-tls-init external-templates fast-math fat-lto-objects file-prefix-map= "
    "finite-loops finite-math-only fixed- fixed-line-length- float-store fold-simple-inlines for-scope "
    "force-addr forward-propagate fp-contract= fp-int-builtin-inexact fpe-summary= fpe-trap= "
    "free-line-length- freestanding friend-injection function-cse function-sections gcse "
    "gcse-after-reload gcse-las gcse-lm gcse-sm gimple gnat-encodings= gnu-keywords gnu-tm gnu-unique "
    "gnu89-inline go-c-header= go-debug-escape go-debug-escape-hash= go-dump- go-embedcfg= go-optimize- "
    "go-pkgpath= go-prefix= go-relative-import-path= graphite graphite-identity guess-branch-probability "
    "guiding-decls handle-exceptions harden-compares harden-conditional-branches hardened "
    "hoist-adjacent-loads honor-std hosted huge-objects ident if-conversion if-conversion2 "
    "implement-inlines implicit-constexpr implicit-inline-templates implicit-templates indirect-inlining "
    "inhibit-size-directive init-character= init-integer= init-logical= init-real= inline inline-atomics "
    "inline-functions inline-functions-called-once inline-limit- inline-limit= inline-matmul-limit= "
    "inline-small-functions instrument-functions instrument-functions-exclude-file-list= "
    "instrument-functions-exclude-function-list= ipa-bit-cp ipa-cp "
    "ipa-cp-alignment ipa-cp-clone ipa-icf ipa-icf-functions ipa-icf-variables ipa-matrix-reorg "
    "ipa-modref ipa-profile ipa-pta ipa-pure-const ipa-ra ipa-reference ipa-reference-addressable ipa-sra "
    "ipa-stack-alignment ipa-strict-aliasing ipa-struct-reorg ipa-vrp ira-algorithm= ira-hoist-pressure "
    "ira-loop-pressure ira-region= ira-share-save-slots ira-share-spill-slots "
    "isolate-erroneous-paths-attribute isolate-erroneous-paths-dereference ivar-visibility= ivopts "
    "jump-tables keep-gc-roots-live keep-inline-functions keep-static-consts keep-static-functions "
    "labels-ok large-source-files lax-vector-conversions lax-vector-conversions= leading-underscore libs= "
    "lifetime-dse lifetime-dse= limit-function-alignment linker-output= live-patching live-patching= "
    "live-range-shrinkage location= loop-block loop-flatten loop-interchange loop-nest-optimize "
    "loop-optimize loop-parallelize-all loop-strip-mine loop-unroll-and-jam lra-remat "
    "macro-backtrace-limit= macro-prefix-map= math-errno max-array-constructor= max-errors= "
    "max-identifier-length= max-include-depth= max-stack-var-size= max-subrecord-length= "
    "merge-all-constants merge-constants merge-debug-strings message-length= min-function-alignment= mod= "
    "modulo-sched modulo-sched-allow-regmoves move-loop-invariants move-loop-stores ms-extensions mudflap "
    "mudflapir mudflapth name-mangling-version- new-abi new-inheriting-ctors new-ttp-matching "
    "no-threadsafe-statics noexcept-type non-call-exceptions nonansi-builtins nonnull-objects nothrow-opt "
    "objc-abi-version= object-path= omit-frame-pointer only= openmp openmp-simd operator-names "
    "optimize-register-move optimize-sibling-calls optimize-strlen optional-diags pack-struct "
    "pack-struct= partial-inlining patchable-function-entry= pcc-struct-return peel-loops peephole "
    "peephole2 permissive permitted-flt-eval-methods= pic pie plan9-extensions plt pre-include= "
    "predictive-commoning prefetch-loop-arrays pretty-templates printf-return-value random-seed "
    "random-seed= reciprocal-math record-gcc-switches ree reg-struct-return regmove rename-registers "
    "reorder-blocks reorder-blocks-algorithm= reorder-blocks-and-partition reorder-functions "
    "rerun-cse-after-loop rerun-loop-opt reschedule-modulo-scheduled-loops rounding-math rtti "
    "runtime-modules= sanitize-address-use-after-scope sanitize-recover sanitize-recover= "
    "sanitize-sections= sanitize-undefined-trap-on-error save-mixins= sched-critical-path-heuristic "
    "sched-dep-count-heuristic sched-group-heuristic sched-interblock sched-last-insn-heuristic "
    "sched-pressure sched-rank-heuristic sched-spec sched-spec-insn-heuristic sched-spec-load "
    "sched-spec-load-dangerous sched-stalled-insns sched-stalled-insns-dep sched-stalled-insns-dep= "
    "sched-stalled-insns= sched2-use-superblocks sched2-use-traces schedule-fusion schedule-insns "
    "schedule-insns2 section-anchors see sel-sched-pipelining sel-sched-pipelining-outer-loops "
    "sel-sched-reschedule-pipelined selective-scheduling selective-scheduling2 semantic-interposition "
    "short-enums short-wchar show-column shrink-wrap shrink-wrap-separate signaling-nans signed-bitfields "
    "signed-char signed-zeros simd-cost-model= single-precision-constant sized-deallocation "
    "split-ivs-in-unroller split-loops split-paths split-stack split-wide-types split-wide-types-early "
    "squangle ssa-backprop ssa-phiopt sso-struct= stack-check stack-check= stack-clash-protection "
    "stack-limit stack-limit-register= stack-limit-symbol= stack-protector stack-protector-all "
    "stack-protector-explicit stack-protector-strong stack-reuse= stdarg-opt store-merging "
    "strength-reduce strict-aliasing strict-enums strict-flex-arrays strict-flex-arrays= strict-overflow "
    "strict-prototype strict-volatile-bitfields strong-eval-order strong-eval-order= sync-libcalls "
    "tabstop= tail-call-workaround= target-ar= target-ranlib= template-backtrace-limit= template-depth- "
    "template-depth= this-is-variable thread-jumps tls-model= toplevel-reorder tracer "
    "track-macro-expansion track-macro-expansion= trampolines trapping-math trapv tree-bit-ccp "
    "tree-builtin-call-dce tree-ccp tree-ch tree-coalesce-inlined-vars tree-coalesce-vars tree-copy-prop "
    "tree-copyrename tree-cselim tree-dce tree-dominator-opts tree-dse tree-forwprop tree-fre "
    "tree-loop-distribute-patterns tree-loop-distribution tree-loop-if-convert "
    "tree-loop-if-convert-stores tree-loop-im tree-loop-ivcanon tree-loop-linear tree-loop-optimize "
    "tree-loop-vectorize tree-lrs tree-parallelize-loops= tree-partial-pre tree-phiprop tree-pre tree-pta "
    "tree-reassoc tree-salias tree-scev-cprop tree-sink tree-slp-vectorize tree-slsr tree-sra "
    "tree-store-ccp tree-store-copy-prop tree-switch-conversion tree-tail-merge tree-ter "
    "tree-vect-loop-version tree-vectorize tree-vrp trivial-auto-var-init= unconstrained-commons "
    "unit-at-a-time unroll-all-loops unroll-completely-grow-size unroll-loops unsafe-loop-optimizations "
    "unsafe-math-optimizations unsigned-bitfields unsigned-char unswitch-loops unwind-tables "
    "use-cxa-atexit use-cxa-get-exception-ptr use-linker-plugin var-tracking var-tracking-assignments "
    "var-tracking-assignments-toggle var-tracking-uninit variable-expansion-in-unroller vect-cost-model "
    "vect-cost-model= verbose-asm visibility-inlines-hidden visibility-ms-compat visibility= vpt "
    "vtable-gc vtable-thunks weak web whole-program working-directory wrapv "
    "wrapv-pointer zee zero-call-used-regs= zero-initialized-in-bss";

// -ffixed-REG and the like: the name goes on.
constexpr std::string_view kNeutralFFamilies[] = {
    "fixed-",        "call-used-", "call-saved-",     "builtin-", "template-depth-", "name-mangling-version-",
    "inline-limit-", "sanitize=",  "sanitize-recover"};

}  // namespace

const DriverOptions& gcc_options() {
  static const DriverOptions options(kGcc, std::array<std::string_view, 1>{kNeutralF}, kNeutralFFamilies);
  return options;
}

std::string_view gcc_neutral_f() {
  return kNeutralF;
}

}  // namespace model
