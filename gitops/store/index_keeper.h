// IndexKeeper: writes the index (index.h) of a record's state when it is worth one. Owned by the writer's thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "gitops/store/index.h"

namespace autonomous::store {

class IndexKeeper {
 public:
  // file: empty: no index is kept.
  explicit IndexKeeper(std::string file) : file_(std::move(file)) {}

  // Null where there is none.
  StatePtr load() { return saved_ = load_index(file_); }
  bool has_one() const { return saved_ != nullptr; }
  // A push made it grow to this.
  void grew(const StatePtr& state);
  // Where the one on disk is of another ledger. That it could not be written is said in the log.
  void save(const StatePtr& state);

 private:
  std::string file_;
  StatePtr saved_;      // what the one on disk was made of
  uint64_t since_ = 0;  // pushes
};

}  // namespace autonomous::store
