#include "model/thunk_builder.hh"

#include "model/layout.hh"
#include "object/hash.hh"

#include <algorithm>

namespace model {

ThunkBuilder::ThunkBuilder(View& view, object::Store& store) : view_(view), store_(store) {}

base::Result<object::Digest> ThunkBuilder::put(const std::string& bytes) {
  const object::Digest digest = object::hash(bytes);
  if (put_.with([&](const auto& known) { return known.contains(digest); })) {
    return digest;
  }
  auto stored = store_.put(bytes);
  if (stored) {
    put_.with([&](auto& known) { known.insert(digest); });
  }
  return stored;
}

base::Result<std::variant<object::Digest, MissingInput>> ThunkBuilder::build(const Footprint& footprint) {
  Layout layout(view_);
  for (const std::string& input : footprint.inputs) {
    const auto there = layout.add_input(input);
    if (!there) {
      return tl::unexpected(there.error());
    }
    if (!*there) {
      return MissingInput{input};
    }
  }
  for (const auto& given : footprint.given) {
    if (const auto done = layout.add_entry(given.first, given.second); !done) {
      return tl::unexpected(done.error());
    }
  }
  std::vector<std::string> directories = footprint.directories;
  directories.push_back(footprint.working_directory);
  ir::Command command{footprint.arguments, footprint.environment, footprint.working_directory.substr(1),
                      footprint.output_paths};
  for (const std::string& directory : directories) {
    if (const auto done = layout.add_directory(directory); !done) {
      return tl::unexpected(done.error());
    }
  }
  std::sort(command.output_paths.begin(), command.output_paths.end());
  command.output_paths.erase(std::unique(command.output_paths.begin(), command.output_paths.end()),
                             command.output_paths.end());
  const auto root = layout.finish([this](const std::string& bytes) { return put(bytes); });
  const auto encoded = put(ir::encode(command));
  if (!root || !encoded) {
    return tl::unexpected(root ? encoded.error() : root.error());
  }
  const auto thunk = put(ir::encode(ir::Thunk{*encoded, *root, {}}));
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  return *thunk;
}

}  // namespace model
