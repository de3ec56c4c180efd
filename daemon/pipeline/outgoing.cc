#include "daemon/pipeline/outgoing.h"

namespace autonomous::daemon {

std::map<model::Target, Claim> Outgoing::others(const model::Target& target, const Concerns& concerns) {
  std::map<model::Target, Claim> out;
  for (auto it = claims_.begin(); it != claims_.end();) {
    const auto& [other, claim] = *it;
    if (other == target || !concerns(other, claim)) {
      ++it;
    } else if (still_true_(other, claim.tree)) {
      out.insert(*it++);
    } else {
      it = claims_.erase(it);
    }
  }
  return out;
}

void Outgoing::put(const model::Target& target, Claim claim) {
  if (claim.any()) claims_[target] = std::move(claim);
  else claims_.erase(target);
}

}  // namespace autonomous::daemon
