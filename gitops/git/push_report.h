// Reads what `git push --porcelain` and the server say. Pure. Internal to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/git/remote.h"

namespace autonomous::git {

// One verdict for each update, in their order; kUnavailable where git gave no answer for one of them.
Result<PushReport> parse_push_report(const std::vector<PushUpdate>& updates, std::string_view out,
                                     std::string_view err);
// The "remote: …" lines without their prefix, masked, cut at 8 KiB.
std::string server_words(std::string_view err);

}  // namespace autonomous::git
