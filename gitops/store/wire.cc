#include "gitops/store/wire.h"

#include <algorithm>

#include "gitops/base/file.h"
#include "gitops/git/refs.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kTags = "refs/tags/";
constexpr size_t kManyTags = 32;
constexpr Millis kStaleLock(10'000);

Result<git::Oid> tip_or_zero(const git::Repository& repository, const std::string& ref) {
  auto tip = git::read_ref(repository, ref);
  if (!tip && tip.error().code() == Code::kNotFound) return git::Oid();
  return tip;
}

class HostedWire final : public Wire {
 public:
  HostedWire(git::Repository& repository, std::string branch) : repository_(repository), branch_(std::move(branch)) {}

  using Wire::look;
  Result<Tips> look(const Ctx&, TagQuestion* tags) override {
    Tips tips;
    for (const std::string& name : tags == nullptr ? std::vector<std::string>{} : tags->names) {
      TRY(git::Oid there, tip_or_zero(repository_, std::string(kTags) + name));
      if (!there.is_zero()) tags->there[name] = there;
    }
    TRY(tips.main, tip_or_zero(repository_, branch_ref(kMain)));
    TRY(tips.deploy, tip_or_zero(repository_, branch_ref(branch_)));
    TRY(tips.ledger, tip_or_zero(repository_, branch_ref(ledger_branch(branch_))));
    return tips;
  }

  // The journal finishes what a power cut leaves, so the branches need not wait until all tags are written anew beside
  // them. Many tags will be, and then it is two syncs less, where no branch has a file of its own that hides the other.
  Result<MoveResult> move(const Ctx& ctx, const std::vector<Move>& moves, size_t tags) override {
    std::vector<git::RefUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    bool loose = std::any_of(moves.begin(), moves.end(),
                             [&](const Move& move) { return exists(repository_.path() + "/" + move.ref); });
    auto cut = tags > kManyTags && !loose ? git::CutLeaves::kAllOrNone : git::CutLeaves::kSome;
    auto done = git::update_refs(ctx, repository_, std::move(updates), kStaleLock, cut);
    if (done) return MoveResult{};
    if (done.error().code() == Code::kConflict) return MoveResult{MoveResult::Kind::kRaced, done.error().message()};
    return std::move(done).error();
  }

  Result<std::vector<TagRefusal>> make_tags(const Ctx& ctx, const std::vector<Tag>& tags) override {
    std::vector<git::RefUpdate> updates;
    for (const auto& [name, oid] : tags) updates.push_back({std::string(kTags) + name, oid, git::Oid()});
    std::vector<TagRefusal> wrong;
    auto made = git::update_refs(ctx, repository_, updates);
    if (made) return wrong;
    if (made.error().code() != Code::kConflict) return std::move(made).error();
    // Some are there: ours, from before, or others'.
    std::vector<git::RefUpdate> missing;
    for (size_t i = 0; i < tags.size(); ++i) {
      TRY(git::Oid there, tip_or_zero(repository_, updates[i].name));
      if (there.is_zero()) missing.push_back(updates[i]);
      else if (there != tags[i].second)
        wrong.push_back({tags[i].first, "it is there with another value: " + there.short_hex(12)});
    }
    TRY_DO(git::update_refs(ctx, repository_, std::move(missing)));
    return wrong;
  }

  Result<std::vector<std::string>> move_tags(const Ctx& ctx, const std::vector<Move>& moves) override {
    std::vector<git::RefUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    if (!updates.empty()) TRY_DO(git::update_refs(ctx, repository_, std::move(updates)));
    return std::vector<std::string>{};
  }

  Result<std::vector<Tag>> tags(const Ctx&, std::string_view prefix) override {
    TRY(auto refs, git::list_refs(repository_, std::string(kTags) + std::string(prefix)));
    std::vector<Tag> found;
    for (const git::Ref& ref : refs) found.emplace_back(ref.name.substr(kTags.size()), ref.oid);
    return found;
  }

 private:
  git::Repository& repository_;
  std::string branch_;
};

}  // namespace

std::unique_ptr<Wire> hosted_wire(git::Repository& repository, std::string branch) {
  return std::make_unique<HostedWire>(repository, std::move(branch));
}

}  // namespace autonomous::store
