#include "model/thunk_builder.hh"

#include "model/layout.hh"
#include "model/view_files.hh"
#include "object/hash.hh"

#include <algorithm>

namespace model {

namespace {

// Most are one thunk's alone; those of all thunks are soon there again.
constexpr size_t kMostPut = 10'000;

}  // namespace

ThunkBuilder::ThunkBuilder(View& view, object::Store& store) : view_(view), store_(store) {}

base::Result<bool> ThunkBuilder::keep(const Materials& materials) {
  for (const auto& [digest, path] : materials.files) {
    auto kept = view_.keep(digest, path);
    if (!kept || !*kept) {
      return kept;
    }
  }
  for (const EncodedObject& object : materials.encoded) {
    if (put_.with([&](const auto& known) { return known.contains(object.digest); })) {
      continue;
    }
    if (const auto stored = store_.put(*object.bytes); !stored) {
      return tl::unexpected(stored.error());
    }
    put_.with([&](auto& known) {
      if (known.size() >= kMostPut) {
        known.clear();
      }
      known.insert(object.digest);
    });
  }
  return true;
}

base::Result<bool> ThunkBuilder::is_still(const View::Seen& seen, const scan::Reading& reading) {
  const auto* file = std::get_if<object::File>(&seen.entry);
  if (file == nullptr || seen.identity != reading.identity) {
    return false;
  }
  if (!reading.fingerprint) {
    return true;
  }
  const auto contents = view_.read(reading.path);
  if (!contents) {
    return tl::unexpected(contents.error());
  }
  return scan::fingerprint_of(contents->bytes) == *reading.fingerprint &&
         object::hash(contents->bytes) == file->digest;
}

base::Result<ThunkBuilder::Outcome> ThunkBuilder::build(const Footprint& footprint) {
  Layout layout(view_);
  for (const std::string& input : footprint.inputs) {
    const auto there = layout.add_input(input);
    if (!there) {
      return tl::unexpected(there.error());
    }
    if (*there == nullptr) {
      return Outcome(MissingInput{input});
    }
  }
  for (const scan::Reading& reading : footprint.readings) {
    const auto there = layout.add_reading(reading);
    if (!there) {
      return tl::unexpected(there.error());
    }
    const auto same = *there == nullptr ? base::Result<bool>(false) : is_still(**there, reading);
    if (!same) {
      return tl::unexpected(same.error());
    }
    if (!*same) {
      return Outcome(ChangedInput{reading.path});
    }
  }
  for (const scan::Reading& condition : footprint.conditions) {
    const auto contents = contents_through(view_, condition.path);
    if (!contents) {
      return tl::unexpected(contents.error());
    }
    if (!*contents || (*contents)->identity != condition.identity ||
        (condition.fingerprint && scan::fingerprint_of((*contents)->bytes) != *condition.fingerprint)) {
      return Outcome(ChangedInput{condition.path});
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
  Built built;
  const auto encode = [&](std::string bytes) {
    built.materials.encoded.push_back(encoded_object(std::move(bytes)));
    return built.materials.encoded.back().digest;
  };
  const object::Digest root = layout.finish(directories_, built.materials.encoded);
  ir::Thunk thunk{encode(ir::encode(command)), root, {}};
  if (footprint.outputs == Footprint::Outputs::Exact) {
    thunk.platform.emplace(ir::kOutputs, ir::kExact);
  }
  built.thunk = encode(ir::encode(thunk));
  built.materials.files = layout.take_files();
  return Outcome(std::move(built));
}

}  // namespace model
