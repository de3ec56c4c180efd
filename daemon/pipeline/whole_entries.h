// WholeEntries: entries of the ledger by the place where they stand. What a state keeps whole is given from there; the
// rest is read from git. For one request, on one thread.
#pragma once

#include <optional>
#include <string>

#include "gitops/git/repository.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

class WholeEntries {
 public:
  // gitops: the path of the repository, opened where it is needed.
  WholeEntries(std::string gitops, store::StatePtr state) : gitops_(std::move(gitops)), state_(std::move(state)) {}
  // The entry at `line` of the target's ledger.
  Result<model::Entry> at(const store::TargetState& target, uint32_t line);

 private:
  std::string gitops_;
  store::StatePtr state_;
  std::optional<git::Repository> repository_;
};

}  // namespace autonomous::daemon
