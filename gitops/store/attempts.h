// Attempts: all that was tried of one target and made no release, oldest first. Of each a few words only: what it was
// about, and where in the ledger the whole entry stands. A value; copies share what is full.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/git/oid.h"

namespace autonomous::store {

struct Attempt {
  Time time{};
  git::Oid source;     // the source commit; zero: none
  uint32_t line = 0;   // of its target's ledger, from 0: read_entry
  bool failed = true;  // else: it was found to change nothing
};

class Attempts {
 public:
  size_t size() const { return full_.size() * kChunk + last_.size(); }
  bool empty() const { return last_.empty() && full_.empty(); }
  const Attempt& operator[](size_t i) const {
    return i / kChunk < full_.size() ? (*full_[i / kChunk])[i % kChunk] : last_[i % kChunk];
  }
  void push_back(const Attempt& attempt) {
    last_.push_back(attempt);
    if (last_.size() < kChunk) return;
    full_.push_back(std::make_shared<const std::vector<Attempt>>(std::move(last_)));
    last_ = {};
  }

 private:
  static constexpr size_t kChunk = 128;
  std::vector<std::shared_ptr<const std::vector<Attempt>>> full_;
  std::vector<Attempt> last_;
};

}  // namespace autonomous::store
