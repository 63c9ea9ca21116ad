#pragma once

#include "cli/places.hh"
#include "cli/settings.hh"
#include "engine/memos/memo_exchange.hh"
#include "object/store.hh"

#include <memory>

namespace cli {

// The results that others share in the bucket that settings.shared_store is the address of. `here` gets what
// is fetched, and outlives it. Looks what the bucket holds. Throws base::OperatorError.
[[nodiscard]] std::unique_ptr<engine::MemoExchange> open_bucket(const Settings& settings,
                                                                const Environment& environment,
                                                                object::Store& here);

}  // namespace cli
