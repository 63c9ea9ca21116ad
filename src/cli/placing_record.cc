#include "cli/placing_record.hh"

#include <utility>

namespace cli {

PlacingRecord::PlacingRecord(std::string store) : state_dir_(std::move(store) + "/sessions") {}

PlacingRecord::~PlacingRecord() {
  if (journal_) {
    journal_->forget();
  }
}

void PlacingRecord::will_place(const std::string& path) {
  if (!journal_) {
    journal_.emplace(state_dir_);
    clear_up();
  }
  journal_->record_temporaries_beside(path);
}

void PlacingRecord::clear_up() {
  (void)intercept::clean_up_after_dead_sessions(state_dir_, intercept::CleanUp::OfPlacing);
}

}  // namespace cli
