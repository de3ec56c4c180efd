#include "gitops/store/policy.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/model/weaker.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

constexpr uint64_t kMaxPlatform = 4u << 20;
constexpr size_t kIdDigits = 12;

struct Platforms {
  const git::Repository& repository;
  std::map<git::Oid, std::shared_ptr<const model::Platform>> known = {};

  git::Oid blob_at(const git::Oid& commit) const {
    auto entry = repository.entry(commit, kPlatformFile);
    return entry ? entry->oid : git::Oid();
  }
  // Null where it cannot be read.
  std::shared_ptr<const model::Platform> at(const git::Oid& blob) {
    auto [found, fresh] = known.try_emplace(blob);
    if (!fresh || blob.is_zero()) return found->second;
    auto text = repository.blob(blob, kMaxPlatform);
    auto parsed = text ? model::parse_platform(*text) : model::Parsed<model::Platform>{};
    if (parsed) found->second = std::move(parsed.value);
    return found->second;
  }
};

// main's first parents after `base`, oldest first; where `base` is none of them, those after the newest that `base`
// descends from. main that went back to an ancestor of `base`: its tip alone.
Result<std::vector<git::Oid>> steps_to(const git::Repository& repository, const git::Oid& base, const git::Oid& tip) {
  std::vector<git::Oid> newest_first;
  for (git::Oid at = tip; at != base;) {
    TRY(git::Commit commit, repository.commit(at));
    newest_first.push_back(at);
    if (commit.parents.empty()) break;
    at = commit.parents.front();
    if (at != base) continue;
    std::reverse(newest_first.begin(), newest_first.end());
    return newest_first;
  }
  auto shared = std::partition_point(newest_first.begin(), newest_first.end(), [&](const git::Oid& each) {
    auto is = repository.is_ancestor(each, base);
    return !is || !*is;
  });
  bool went_back = shared == newest_first.begin() && !newest_first.empty();
  newest_first.erase(went_back ? newest_first.begin() + 1 : shared, newest_first.end());
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

Result<Entry> proposal_of(const git::Repository& repository, const std::string& environment, const git::Oid& before,
                          const git::Oid& after, const git::Oid& main) {
  TRY(git::Commit commit, repository.commit(main));
  Entry entry;
  entry.type = EntryType::kPropose;
  entry.scope = environment;
  entry.tree = after.hex();
  entry.previous = before.hex();
  entry.commit = main.hex();
  entry.subject = model::clean_value(commit.subject(), 200);
  entry.author = model::clean_value(commit.author.name + " <" + commit.author.email + ">", 200);
  Sha256 id;
  id.add_field("policy/1").add_field(environment).add_field(entry.previous).add_field(entry.tree);
  entry.id = id.finish_hex().substr(0, kIdDigits);
  return entry;
}

// The approvals as they stood after each one was given: they counted once, or they did not.
bool agreed(PolicyQuestion& question, const model::Platform& platform, const model::Environment& environment,
            const std::vector<Entry>& said, const CountsApproval& counts) {
  const Entry& proposal = question.proposal;
  if (auto author = model::Who::parse(proposal.author))
    question.responsible.author = model::Who::clean(author->name, author->email, "commit, unverified");
  for (const Entry& entry : said) {
    if (entry.target || entry.type != EntryType::kApprove || entry.id != proposal.id || entry.tree != proposal.tree ||
        !entry.by)
      continue;
    if (counts && !counts(proposal, entry, platform)) continue;
    std::erase_if(question.approvals, [&](const Entry& before) { return before.by == entry.by; });
    question.approvals.push_back(entry);
    // Nobody knows who pushed to main. Where a policy wants others than those who ask, the first to agree is held to
    // be the one who asks.
    if (!environment.approvals.without.empty() && !question.stands_for) question.stands_for = entry.by;
    question.responsible.requester = question.stands_for;
    question.counting = model::counting_approvals(platform, environment.approvals, question.responsible,
                                                  question.approvals, entry.time);
    if (question.counting.size() >= question.needed) return true;
  }
  return false;
}

}  // namespace

Result<PolicyInForce> policy_in_force(const git::Repository& repository, const git::Oid& base, const git::Oid& tip,
                                      const std::vector<Entry>& said, const CountsApproval& counts) {
  Platforms platforms{repository};
  PolicyInForce out;
  std::vector<git::Oid> steps{tip};
  if (!base.is_zero() && repository.has(base)) {
    out.commit = base;
    out.blob = platforms.blob_at(base);
    out.platform = platforms.at(out.blob);
    TRY_WITH(steps, "while following main from " + base.short_hex(12), steps_to(repository, base, tip));
  }
  git::Oid newest, brought;  // the platform.yaml that stood last, and the commit that it came with
  for (const git::Oid& step : steps) {
    git::Oid blob = platforms.blob_at(step);
    if (blob != newest) brought = step;
    newest = blob;
    auto platform = platforms.at(blob);
    if (!platform) continue;
    std::vector<PolicyQuestion> questions;
    if (out.platform && blob != out.blob) {
      for (auto& [name, weaker] : model::weakened(*out.platform, *platform)) {
        const model::Environment& environment = *model::find_environment(*out.platform, name);
        PolicyQuestion question;
        TRY(question.proposal, proposal_of(repository, name, out.blob, blob, brought));
        question.needed = model::guarded_by(environment);
        question.weaker = std::move(weaker);
        if (!agreed(question, *out.platform, environment, said, counts)) questions.push_back(std::move(question));
      }
    }
    if (questions.empty()) {
      out.commit = step;
      out.blob = blob;
      out.platform = platform;
    }
    out.questions = std::move(questions);
  }
  return out;
}

std::string policy_scope(std::string_view text) {
  std::string tail = "/" + std::string(kPlatformFile);
  if (!ends_with(text, tail)) return "";
  text.remove_suffix(tail.size());
  return std::string(text);
}

}  // namespace autonomous::store
