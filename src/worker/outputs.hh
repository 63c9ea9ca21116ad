#pragma once

#include "base/still_wanted.hh"
#include "net/http.hh"
#include "object/store.hh"
#include "wire/message.hh"

#include <span>

namespace worker {

// Puts where the invocation says what `made` names (all in `store`) and the result; small things come in the
// answer, too, what the command has said first. Objects are in the pack in the order in which they were made,
// behind the result.
[[nodiscard]] base::Result<wire::Made> deliver(const wire::Invocation& invocation, const ir::Result& result,
                                               std::span<const object::Digest> made, object::Store& store,
                                               net::HttpClient& http, const base::StillWanted& wanted);

}  // namespace worker
