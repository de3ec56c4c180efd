#include "gitops/store/wire.h"

#include "gitops/git/refs.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kTags = "refs/tags/";

Result<git::Oid> tip_or_zero(const git::Repository& repository, const std::string& ref) {
  auto tip = git::read_ref(repository, ref);
  if (!tip && tip.error().code() == Code::kNotFound) return git::Oid();
  return tip;
}

class HostedWire final : public Wire {
 public:
  HostedWire(git::Repository& repository, std::string branch) : repository_(repository), branch_(std::move(branch)) {}

  Result<Tips> look(const Ctx&) override {
    Tips tips;
    TRY(tips.main, tip_or_zero(repository_, branch_ref(kMain)));
    TRY(tips.deploy, tip_or_zero(repository_, branch_ref(branch_)));
    TRY(tips.ledger, tip_or_zero(repository_, branch_ref(ledger_branch(branch_))));
    return tips;
  }

  Result<MoveResult> move(const Ctx& ctx, const std::vector<Move>& moves) override {
    std::vector<git::RefUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    auto done = git::update_refs(ctx, repository_, std::move(updates));
    if (done) return MoveResult{};
    if (done.error().code() == Code::kConflict) return MoveResult{MoveResult::Kind::kRaced, done.error().message()};
    return std::move(done).error();
  }

  Result<std::vector<std::string>> make_tags(const Ctx& ctx,
                                             const std::vector<std::pair<std::string, git::Oid>>& tags) override {
    std::vector<git::RefUpdate> updates;
    std::vector<std::string> wrong;
    for (const auto& [name, oid] : tags) {
      std::string ref = std::string(kTags) + name;
      TRY(git::Oid there, tip_or_zero(repository_, ref));
      if (there.is_zero()) updates.push_back({ref, oid, git::Oid()});
      else if (there != oid) wrong.push_back(name);
    }
    if (updates.empty()) return wrong;
    auto made = git::update_refs(ctx, repository_, std::move(updates));
    if (!made) return std::move(made).error();
    return wrong;
  }

  Result<std::vector<std::string>> move_tags(const Ctx& ctx, const std::vector<Move>& moves) override {
    std::vector<git::RefUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    if (!updates.empty()) TRY_DO(git::update_refs(ctx, repository_, std::move(updates)));
    return std::vector<std::string>{};
  }

  Result<std::vector<std::pair<std::string, git::Oid>>> tags(const Ctx&, std::string_view prefix) override {
    TRY(auto refs, git::list_refs(repository_, std::string(kTags) + std::string(prefix)));
    std::vector<std::pair<std::string, git::Oid>> found;
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
