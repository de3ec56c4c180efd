#include <map>
#include <mutex>

#include "gitops/git/refs.h"
#include "gitops/git/repository.h"
#include "gitops/git/whole.h"
#include "gitops/store/index.h"
#include "gitops/store/journal.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/record.h"
#include "gitops/store/refs.h"
#include "gitops/store/shared_state.h"

namespace autonomous::store {

namespace {

struct Shared {
  std::mutex mutex;
  std::map<std::string, StatePtr> states;
};

Shared& shared_states() {
  static Shared shared;
  return shared;
}

std::string shared_key(const std::string& repository, std::string_view branch) {
  return repository + "\n" + std::string(branch);
}

StatePtr with_tips(const StatePtr& state, const Tips& tips) {
  if (state->deploy == tips.deploy && state->main == tips.main && state->ledger == tips.ledger) return state;
  auto copy = std::make_shared<State>(*state);
  copy->deploy = tips.deploy;
  copy->main = tips.main;
  copy->ledger = tips.ledger;
  return copy;
}

}  // namespace

void offer_state(const std::string& repository, std::string_view branch, StatePtr state) {
  std::lock_guard lock(shared_states().mutex);
  shared_states().states[shared_key(repository, branch)] = std::move(state);
}

StatePtr offered_state(const std::string& repository, std::string_view branch) {
  std::lock_guard lock(shared_states().mutex);
  auto found = shared_states().states.find(shared_key(repository, branch));
  return found == shared_states().states.end() ? nullptr : found->second;
}

Result<Tips> tips_of_clone(const git::Repository& repository, std::string_view branch) {
  std::string ledger = ledger_branch(branch);
  // What was fetched is newer than local branches of the same names, and all three come from one place.
  std::string folder =
      git::read_ref(repository, "refs/remotes/origin/" + ledger) ? "refs/remotes/origin/" : "refs/heads/";
  auto tip = [&](std::string_view name) -> Result<git::Oid> {
    auto found = git::read_ref(repository, folder + std::string(name));
    if (!found && found.error().code() == Code::kNotFound) {
      return fail(Code::kNotFound, "there is no branch ", name, " in ", repository.path())
          .hint("git fetch origin; a GitOps repository has main, deploy and autonomous/ledger/deploy");
    }
    return found;
  };
  Tips tips;
  TRY(tips.ledger, tip(ledger));
  TRY(tips.deploy, tip(branch));
  TRY(tips.main, tip(kMain));
  return tips;
}

struct Reader::Impl {
  Impl(git::Repository repository, std::string branch)
      : repository_(std::move(repository)), branch_(std::move(branch)) {}

  Result<StatePtr> state() {
    TRY(Tips tips, tips_of_clone(repository_, branch_));
    if (state_ && state_->ledger == tips.ledger) return state_ = with_tips(state_, tips);
    StatePtr from = state_ ? state_ : offered_state(repository_.path(), branch_);
    if (from && from->ledger == tips.ledger) return state_ = with_tips(from, tips);
    TRY(StatePtr folded, fold_from(from, repository_, tips));
    return keep(std::move(folded));
  }

  StatePtr keep(StatePtr state) {
    offer_state(repository_.path(), branch_, state);
    return state_ = std::move(state);
  }

  Result<ReleaseRowPtr> row(const model::ReleaseId& id) {
    TRY(StatePtr now, state());
    ReleaseRowPtr row = now->find(id);
    if (!row) return fail(Code::kNotFound, "there is no release ", id.str());
    return row;
  }

  git::Repository repository_;
  std::string branch_;
  StatePtr state_;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const std::string& path, std::string_view branch) {
  // Elsewhere (the source that a command is in) nobody minds.
  TRY_DO(git::expect_whole(path, ledger_branch(branch)));
  TRY(git::Repository repository, git::Repository::open(path));
  return Reader(std::make_unique<Impl>(std::move(repository), std::string(branch)));
}

Result<StatePtr> Reader::state() { return impl_->state(); }

Result<ReleaseDetail> Reader::show(const model::ReleaseId& id) {
  TRY(ReleaseRowPtr row, impl_->row(id));
  StatePtr now = impl_->state_;
  ReleaseDetail detail;
  detail.target = id.target;
  detail.row = row;
  uint32_t lines = now->find(id.target)->entries;
  for (uint32_t line = row->line - row->line % kSegmentEntries; line < lines; line += kSegmentEntries) {
    TRY(auto entries, read_segment(impl_->repository_, now->ledger, ledger_file(id.target, line)));
    for (model::Entry& entry : entries) {
      if (entry.number != id.number) continue;
      if (entry.type == model::EntryType::kRelease) detail.tag = entry.tag;
      detail.entries.push_back(std::move(entry));
    }
  }
  TRY(detail.trailers, model::parse_trailers(detail.tag));
  auto commit = impl_->repository_.commit(row->commit);
  // After an accepted rewrite the commit may be gone; the ledger still knows the release.
  if (commit) detail.message = commit->message;
  else if (commit.error().code() != Code::kNotFound) return std::move(commit).error();
  return detail;
}

Result<std::shared_ptr<const FileTree>> Reader::files(const model::ReleaseId& id) {
  TRY(ReleaseRowPtr row, impl_->row(id));
  return impl_->repository_.tree_of(row->target_tree);
}

Result<KeptInput> Reader::input(std::string_view digest) {
  TRY(StatePtr now, impl_->state());
  return read_input(impl_->repository_, now->ledger, digest);
}

Result<std::shared_ptr<const FileTree>> Reader::main_at(const git::Oid& commit) {
  return impl_->repository_.tree_of(commit);
}

git::Repository& Reader::repository() { return impl_->repository_; }

}  // namespace autonomous::store
