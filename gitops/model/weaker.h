// weaker: what a platform.yaml allows that the one before did not, where the one before asks people to agree to what is
// released (design.md §10: weakening a policy needs the old policy's approvals). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gitops/model/platform.h"

namespace autonomous::model {

// How many people have to agree to a weaker policy of this environment, by its own rules; 0: anybody may change it.
uint32_t guarded_by(const Environment& environment);

// Of each environment of `before` that is guarded: each rule that `after` weakens, as a sentence for people, in a fixed
// order. Weaker in no rule: not in the map. It is an order: what is weaker in nothing twice, is weaker in nothing.
std::map<std::string, std::vector<std::string>> weakened(const Platform& before, const Platform& after);

}  // namespace autonomous::model
