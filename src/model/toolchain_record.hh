#pragma once

#include "model/toolchain.hh"

#include <optional>
#include <string>
#include <string_view>

// What was found out about tools, as bytes for Findings. What it rests on is not in them. Nullopt: bytes that
// are none. Change them together with the version in findings.cc.
namespace model {

[[nodiscard]] std::string encode(const Toolset& set);
[[nodiscard]] std::optional<Toolset> decode_toolset(std::string_view bytes);

[[nodiscard]] std::string encode(const Toolchain& toolchain);
[[nodiscard]] std::optional<Toolchain> decode_toolchain(std::string_view bytes);

[[nodiscard]] std::string encode(const Archiver& archiver);
[[nodiscard]] std::optional<Archiver> decode_archiver(std::string_view bytes);

}  // namespace model
