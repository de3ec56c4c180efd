// What others put on deploy that hurts those who read it: links (one that leads outside stops every Application of the
// repository in Argo CD), submodules, names that cannot be checked out everywhere. Hosted repositories refuse such
// pushes; elsewhere it is found here, and said.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// Every file of `deploy`, but for those of targets that stand as their newest release left them.
Result<std::vector<UnsafePath>> lint_branch(const git::Repository& repository, const State& state,
                                            const git::Oid& deploy);
// The same, going on from what was known at `before`: only `changes` are looked at.
Result<std::vector<UnsafePath>> lint_changes(const git::Repository& repository, std::vector<UnsafePath> known,
                                             const std::vector<git::PathChange>& changes, const git::Oid& before,
                                             const git::Oid& deploy);

// Those that are there still: a release may have taken their place.
std::vector<UnsafePath> still_there(const git::Repository& repository, std::vector<UnsafePath> known,
                                    const git::Oid& deploy);

// "argocd/x.yaml on deploy is a link (commit 1234567 by Jane Doe <jane@example.com>)".
std::string unsafe_text(const UnsafePath& unsafe, std::string_view branch);
// What to do about it.
std::string unsafe_remedy(const UnsafePath& unsafe, std::string_view branch);

}  // namespace autonomous::store
