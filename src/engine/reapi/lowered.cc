#include "engine/reapi/lowered.hh"

#include "base/embedded.hh"
#include "ir/dynamic.hh"
#include "ir/output_path.hh"

GG_EMBED(gg_exec_image, GG_EXEC_IMAGE);

namespace engine {

namespace {

std::string_view gg_exec() {
  return GG_EMBEDDED(gg_exec_image);
}

constexpr const char* kFolder = "gg";        // of the tree as it is sent
constexpr const char* kProgram = "gg-exec";  // in that
constexpr const char* kRoot = "root";        // beside it: the thunk's own input root

// The same command with its root a level deeper, so that no worker's own /tmp or /dev can cover it.
base::Result<ir::Command> through_gg_exec(const ir::Command& command, Lowered& lowered) {
  ir::Command through;
  const std::string& directory = command.working_directory;
  through.arguments = {std::string(kFolder) + "/" + kProgram, kRoot, directory.empty() ? "." : directory};
  through.arguments.insert(through.arguments.end(), command.arguments.begin(), command.arguments.end());
  through.environment = command.environment;
  lowered.outputs.clear();
  for (const std::string& path : command.output_paths) {
    const auto from_root = ir::output_from_root(directory, path);
    if (!from_root) {
      return base::failure("'" + path + "' is no output path", base::FailureKind::Ours);
    }
    lowered.outputs.emplace(std::string(kRoot) + "/" + *from_root, path);
  }
  for (const auto& [there, here] : lowered.outputs) {
    through.output_paths.push_back(there);
  }
  return through;
}

base::Result<object::Digest> beside_gg_exec(object::Store& store, const object::Digest& root) {
  return store.put(gg_exec())
      .and_then([&](const object::Digest& program) {
        return store.put(object::encode(object::Directory{{{kProgram, object::File{program, true}}}}));
      })
      .and_then([&](const object::Digest& folder) {
        return store.put(object::encode(object::Directory{
            {{kFolder, object::Subdirectory{folder, false}}, {kRoot, object::Subdirectory{root, false}}}}));
      });
}

// Would a worker's own /tmp hide something from this command?
Attempted<bool> needs_tmp(object::Store& store, const object::Digest& root, const ir::Command& command) {
  const auto directory = read_directory(store, root, "the input root");
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  return directory->entries.count("tmp") != 0 || command.working_directory.starts_with("tmp");
}

base::Result<void> rewrite(object::Store& store, ir::Thunk thunk, const ir::Command& command,
                           const Lowering& lowering, Lowered& lowered) {
  thunk.platform.insert(lowering.platform.begin(), lowering.platform.end());
  if (lowering.root == Lowering::Root::Ours) {
    const auto words = through_gg_exec(command, lowered).and_then([&](const ir::Command& through) {
      return store.put(ir::encode(through));
    });
    const auto root = beside_gg_exec(store, thunk.input_root);
    if (!words || !root) {
      return tl::unexpected(words ? root.error() : words.error());
    }
    thunk.command = lowered.command = *words;
    thunk.input_root = lowered.input_root = *root;
  }
  return store.put(ir::encode(thunk)).map([&](const object::Digest& action) { lowered.action = action; });
}

}  // namespace

Attempted<Lowered> lower(object::Store& store, const object::Digest& name, const Lowering& lowering) {
  const auto encoded = read_object(store, name, "the thunk");
  if (!encoded) {
    return tl::unexpected(encoded.error());
  }
  const auto thunk = ir::decode_thunk(*encoded);
  if (!thunk) {
    return failed(thunk.error());
  }
  for (const char* property : {ir::kOutputs, ir::kGraph}) {
    if (thunk->platform.count(property) != 0) {
      return failed({std::string("a thunk with the property ") + property +
                         " needs gg's own container, which Remote Execution does not have",
                     base::FailureKind::RetryElsewhere});
    }
  }
  const auto words = read_object(store, thunk->command, "the command");
  if (!words) {
    return tl::unexpected(words.error());
  }
  const auto command = ir::decode_command(*words);
  if (!command) {
    return failed(command.error());
  }
  if (lowering.root == Lowering::Root::ServersButTmp) {
    const auto hidden = needs_tmp(store, thunk->input_root, *command);
    if (!hidden) {
      return tl::unexpected(hidden.error());
    }
    if (*hidden) {
      return failed({"the server's workers put a /tmp of their own over the command's",
                     base::FailureKind::RetryElsewhere});
    }
  }
  Lowered lowered{name, thunk->command, thunk->input_root, {}};
  for (const std::string& path : command->output_paths) {
    lowered.outputs.emplace(path, path);
  }
  if (!lowering.platform.empty() || lowering.root == Lowering::Root::Ours) {
    if (const auto rewritten = rewrite(store, *thunk, *command, lowering, lowered); !rewritten) {
      return failed(rewritten.error());
    }
  }
  return lowered;
}

}  // namespace engine
