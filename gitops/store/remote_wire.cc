// The wire to a remote: what counts is what the remote's refs say, never the words of a push.
#include <algorithm>
#include <set>

#include "gitops/base/log.h"
#include "gitops/git/refs.h"
#include "gitops/store/layout.h"
#include "gitops/store/wire.h"

namespace autonomous::store {

namespace {

// So many pushes without an answer are bad luck; from then on less is sent at once.
constexpr int kUnanswered = 2;
constexpr std::string_view kTagRefs = "refs/tags/";

Result<git::Oid> mirrored(const git::Repository& repository, const std::string& ref) {
  auto tip = git::read_ref(repository, ref);
  if (!tip && tip.error().code() == Code::kNotFound) return git::Oid();
  return tip;
}

// The mirror's refs/remotes/origin/… say what was fetched last; what counts is what the remote says now.
class RemoteWire final : public Wire {
 public:
  RemoteWire(git::Repository& mirror, std::shared_ptr<git::Remote> remote, std::string branch)
      : mirror_(mirror), remote_(std::move(remote)), branches_{std::string(kMain), branch, ledger_branch(branch)} {}

  using Wire::look;
  Result<Tips> look(const Ctx& ctx, TagQuestion* tags) override {
    std::vector<std::string> asked = {branch_ref(branches_[0]), branch_ref(branches_[1]), branch_ref(branches_[2])};
    if (tags != nullptr) {
      for (const std::string& name : tags->names) asked.push_back(std::string(kTagRefs) + name);
    }
    TRY(auto refs, remote_->ls_refs(ctx, asked));
    if (tags != nullptr) {
      std::set<std::string_view> names(tags->names.begin(), tags->names.end());
      for (const git::RemoteRef& ref : refs) {  // also those that only begin like one
        if (!ref.name.starts_with(kTagRefs)) continue;
        std::string name = ref.name.substr(kTagRefs.size());
        if (names.contains(name)) tags->there[name] = ref.oid;
      }
    }
    Tips tips;
    std::vector<std::string> wanted;
    for (size_t i = 0; i < branches_.size(); ++i) {
      for (const git::RemoteRef& ref : refs) {
        if (ref.name == branch_ref(branches_[i])) at(tips, i) = ref.oid;
      }
      TRY(git::Oid fetched, mirrored(mirror_, tracking(i)));
      if (!at(tips, i).is_zero() && (fetched != at(tips, i) || !mirror_.has(fetched))) {
        wanted.push_back("+" + branch_ref(branches_[i]) + ":" + tracking(i));
      }
    }
    if (wanted.empty()) return tips;
    auto fetched = remote_->fetch(ctx, mirror_, wanted);
    // Of what others pushed: nothing that we send is too large.
    if (!fetched && fetched.error().code() == Code::kLimit)
      return fail(Code::kUnavailable, fetched.error().line()).hint(fetched.error().hint()).may_retry();
    TRY_DO(std::move(fetched));
    // It may have moved on between the two requests: what was fetched is one consistent answer, too.
    for (size_t i = 0; i < branches_.size(); ++i) {
      if (at(tips, i).is_zero()) continue;
      TRY(at(tips, i), mirrored(mirror_, tracking(i)));
    }
    return tips;
  }

  Result<MoveResult> move(const Ctx& ctx, const std::vector<Move>& moves, size_t) override {
    std::vector<git::PushUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    auto report = remote_->push(ctx, mirror_, updates, /*atomic=*/true);
    if (report) unanswered_ = 0;
    if (report && report->all_ok()) {
      TRY_DO(track(ctx, moves));
      return MoveResult{};
    }
    // What the refs say decides, not the words.
    TRY(auto refs,
        remote_->ls_refs(ctx, {branch_ref(branches_[0]), branch_ref(branches_[1]), branch_ref(branches_[2])}));
    size_t there = 0;
    size_t unmoved = 0;
    for (const Move& move : moves) {
      git::Oid now;
      for (const git::RemoteRef& ref : refs) now = ref.name == move.ref ? ref.oid : now;
      there += now == move.to ? 1 : 0;
      unmoved += now == move.from ? 1 : 0;
    }
    if (there == moves.size()) {
      TRY_DO(track(ctx, moves));
      return MoveResult{};
    }
    if (unmoved != moves.size()) {
      TRY(bool landed, any_landed(ctx, moves));
      if (landed)
        return MoveResult{MoveResult::Kind::kLanded, "the answer was lost, and the remote's branches moved on"};
      return MoveResult{MoveResult::Kind::kRaced, "the remote's branches moved"};
    }
    if (!report) return unanswered(std::move(report).error());
    return MoveResult{MoveResult::Kind::kRefused, words(*report)};
  }

  Result<std::vector<TagRefusal>> make_tags(const Ctx& ctx, const std::vector<Tag>& tags) override {
    std::vector<git::PushUpdate> updates;
    for (const auto& [name, oid] : tags) updates.push_back({std::string(kTagRefs) + name, oid, git::Oid()});
    TRY(git::PushReport report, remote_->push(ctx, mirror_, updates, /*atomic=*/false));
    std::vector<size_t> doubtful;
    std::vector<std::string> prefixes;
    for (size_t i = 0; i < report.refs.size() && i < tags.size(); ++i) {
      git::PushOutcome outcome = report.refs[i].outcome;
      if (outcome == git::PushOutcome::kOk || outcome == git::PushOutcome::kUpToDate) continue;
      doubtful.push_back(i);
      prefixes.push_back(updates[i].ref);
    }
    std::vector<TagRefusal> wrong;
    if (doubtful.empty()) return wrong;
    // A tag that is there already with our value is fine.
    TRY(auto refs, remote_->ls_refs(ctx, prefixes));
    for (size_t i : doubtful) {
      bool ours = std::any_of(refs.begin(), refs.end(), [&](const git::RemoteRef& ref) {
        return ref.name == updates[i].ref && ref.oid == tags[i].second;
      });
      if (!ours) wrong.push_back({tags[i].first, report.refs[i].reason + ": " + report.server_words});
    }
    return wrong;
  }

  Result<std::vector<std::string>> move_tags(const Ctx& ctx, const std::vector<Move>& moves) override {
    std::vector<std::string> refused;
    if (moves.empty()) return refused;
    std::vector<git::PushUpdate> updates;
    for (const Move& move : moves) updates.push_back({move.ref, move.to, move.from});
    TRY(git::PushReport report, remote_->push(ctx, mirror_, updates, /*atomic=*/false));
    for (const git::PushVerdict& verdict : report.refs) {
      if (verdict.outcome == git::PushOutcome::kOk || verdict.outcome == git::PushOutcome::kUpToDate) continue;
      std::string name = verdict.ref.substr(std::min(kTagRefs.size(), verdict.ref.size()));
      log(Level::kWarning, "the remote did not take a release tag back",
          {{"tag", name}, {"reason", verdict.reason}, {"words", report.server_words}});
      refused.push_back(std::move(name));
    }
    return refused;
  }

  Result<std::vector<Tag>> tags(const Ctx& ctx, std::string_view prefix) override {
    TRY(auto refs, remote_->ls_refs(ctx, {std::string(kTagRefs) + std::string(prefix)}));
    std::vector<std::pair<std::string, git::Oid>> found;
    for (const git::RemoteRef& ref : refs) found.emplace_back(ref.name.substr(kTagRefs.size()), ref.oid);
    return found;
  }

 private:
  static git::Oid& at(Tips& tips, size_t i) { return i == 0 ? tips.main : i == 1 ? tips.deploy : tips.ledger; }
  std::string tracking(size_t i) const { return "refs/remotes/origin/" + branches_[i]; }

  // Nothing moved, and the server did not say why. Proxies cut what is too long for them in ways of their own.
  Error unanswered(Error error) {
    bool cut = error.code() == Code::kUnavailable || error.code() == Code::kTimeout;
    if (error.code() == Code::kLimit) return error;
    if (cut && ++unanswered_ >= kUnanswered) return fail(Code::kLimit, error.line()).may_retry();
    return std::move(error).may_retry();
  }

  // Whether one of them is on the remote, as a tip or below one: the answer of the push that brought it was lost.
  Result<bool> any_landed(const Ctx& ctx, const std::vector<Move>& moves) {
    TRY(Tips tips, look(ctx));
    for (const Move& move : moves) {
      for (size_t i = 0; i < branches_.size(); ++i) {
        git::Oid now = at(tips, i);
        if (move.ref != branch_ref(branches_[i]) || now.is_zero() || now == move.from) continue;
        if (now == move.to) return true;
        TRY(bool below, mirror_.is_ancestor(move.to, now));
        if (below) return true;
      }
    }
    return false;
  }

  Result<void> track(const Ctx& ctx, const std::vector<Move>& moves) {
    std::vector<git::RefUpdate> updates;
    for (const Move& move : moves) {
      for (size_t i = 0; i < branches_.size(); ++i) {
        if (move.ref == branch_ref(branches_[i])) updates.push_back({tracking(i), move.to, std::nullopt});
      }
    }
    return git::update_refs(ctx, mirror_, std::move(updates));
  }

  static std::string words(const git::PushReport& report) {
    std::string text = report.server_words;
    for (const git::PushVerdict& verdict : report.refs) {
      if (verdict.outcome == git::PushOutcome::kRejected)
        text += (text.empty() ? "" : "\n") + verdict.ref + ": " + verdict.reason;
    }
    return text.empty() ? "the remote refused the push without a word" : text;
  }

  git::Repository& mirror_;
  std::shared_ptr<git::Remote> remote_;
  std::vector<std::string> branches_;
  int unanswered_ = 0;  // pushes in a row
};

}  // namespace

std::unique_ptr<Wire> remote_wire(git::Repository& mirror, std::shared_ptr<git::Remote> remote, std::string branch) {
  return std::make_unique<RemoteWire>(mirror, std::move(remote), std::move(branch));
}

}  // namespace autonomous::store
