#pragma once

#include <string>
#include <string_view>

namespace golden {

// Expects `folder`/`name`.bin to hold `bytes` and `name`.txt, its twin for people, `text` after the bytes'
// digest. With GG_ACCEPT=1 in the environment it writes both files instead (spec/README.md says when).
void expect(const std::string& folder, const std::string& name, std::string_view bytes,
            const std::string& text);

}  // namespace golden
