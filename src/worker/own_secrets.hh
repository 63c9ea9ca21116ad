#pragma once

namespace worker {

// What this process was given in its environment, and what lies in its memory, is nobody else's to read: a
// thunk is a stranger, and where a place allows no containers it runs under the same user. To be called
// first, before any thread, once the environment has been read: it is gone afterwards, also from /proc.
void hide_own_secrets();

}  // namespace worker
