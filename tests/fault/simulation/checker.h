// Checker: what must hold of a ledger at every moment, and at the end. It folds for itself, with simple rules of its
// own, so that a mistake in the fold is not its own judge.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "gitops/model/entry.h"

namespace autonomous::fault {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Checker {
 public:
  // Takes the entries that were added since the last call. Throws Violation.
  void check(const std::vector<model::Entry>& ledger);
  // After everything came to rest: every release has its outcome.
  void check_end() const;

  // The ledger's last word on source commits of a target: released, unchanged, or failed.
  const std::vector<std::string>& told_of(const model::Target& target) const;
  const std::vector<std::string>& failed_of(const model::Target& target) const;
  size_t releases() const { return releases_; }
  size_t outcomes() const { return outcomes_; }
  bool has_outcome(const model::Target& target, uint32_t number) const;
  // As somebody decided it; what it is about may have been filled in.
  bool has_decision(const model::Entry& decision) const;
  // The number of the newest release; 0: none.
  uint32_t last_of(const model::Target& target) const;

 private:
  struct Held {
    std::optional<Time> until;
  };
  struct Folded {
    uint32_t last = 0;
    std::set<uint32_t> outcomes;
    std::set<std::string> intents;
    std::optional<Held> hold;
    std::vector<std::string> told, failed;
  };
  void release(Folded& target, const model::Entry& entry);

  size_t read_ = 0;
  size_t releases_ = 0, outcomes_ = 0;
  model::Entry last_;
  std::map<model::Target, Folded> targets_;
  std::set<std::string> bad_;
  std::map<std::string, std::optional<Time>> frozen_;
  std::vector<model::Entry> decisions_;
};

}  // namespace autonomous::fault
