#include "model/toolchain_record.hh"

#include "model/netstrings.hh"

#include <array>
#include <utility>

namespace model {

namespace {

constexpr std::string_view kLlvm = "llvm";

// Of one Toolchain, const or not, in the record's order.
template <class AToolchain>
auto toolsets_of(AToolchain& toolchain) {
  return std::array{&toolchain.compile,    &toolchain.compile_cxx,      &toolchain.assemble,
                    &toolchain.link,       &toolchain.optimise_at_link, &toolchain.external_assembler,
                    &toolchain.split_debug};
}

void write(NetstringWriter& writer, const Toolset& set) {
  for (const auto* paths : {&set.files, &set.directories}) {
    writer.count(paths->size());
    for (const std::string& path : *paths) {
      writer.text(path);
    }
  }
  writer.text(set.script);
}

void read(NetstringReader& reader, Toolset& set) {
  for (auto* paths : {&set.files, &set.directories}) {
    for (size_t left = reader.count(); left > 0; --left) {
      paths->emplace_hint(paths->end(), reader.text());
    }
  }
  set.script = reader.text();
}

template <class Value>
std::optional<Value> whole(const NetstringReader& reader, Value value) {
  return reader.finished() ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace

std::string encode(const Toolset& set) {
  NetstringWriter writer;
  write(writer, set);
  return writer.take();
}

std::optional<Toolset> decode_toolset(std::string_view bytes) {
  NetstringReader reader(bytes);
  Toolset set;
  read(reader, set);
  return whole(reader, std::move(set));
}

std::string encode(const Toolchain& toolchain) {
  NetstringWriter writer;
  writer.text(toolchain.maker == Toolchain::Maker::Llvm ? kLlvm : "gnu");
  for (const std::string* text : {&toolchain.driver, &toolchain.linker, &toolchain.path_variable}) {
    writer.text(*text);
  }
  writer.text(toolchain.identity.to_string());
  for (const Toolset* set : toolsets_of(toolchain)) {
    write(writer, *set);
  }
  return writer.take();
}

std::optional<Toolchain> decode_toolchain(std::string_view bytes) {
  NetstringReader reader(bytes);
  Toolchain toolchain;
  toolchain.maker = reader.text() == kLlvm ? Toolchain::Maker::Llvm : Toolchain::Maker::Gnu;
  for (std::string* text : {&toolchain.driver, &toolchain.linker, &toolchain.path_variable}) {
    *text = reader.text();
  }
  const auto identity = object::Digest::parse(reader.text());
  for (Toolset* set : toolsets_of(toolchain)) {
    read(reader, *set);
  }
  if (!identity) {
    return std::nullopt;
  }
  toolchain.identity = *identity;
  return whole(reader, std::move(toolchain));
}

std::string encode(const Archiver& archiver) {
  NetstringWriter writer;
  writer.text(archiver.program);
  writer.text(archiver.path_variable);
  write(writer, archiver.tools);
  return writer.take();
}

std::optional<Archiver> decode_archiver(std::string_view bytes) {
  NetstringReader reader(bytes);
  Archiver archiver;
  archiver.program = reader.text();
  archiver.path_variable = reader.text();
  read(reader, archiver.tools);
  return whole(reader, std::move(archiver));
}

}  // namespace model
