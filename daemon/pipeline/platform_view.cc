#include "daemon/pipeline/platform_view.h"

#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

PlatformPtr read_view(const git::Repository& repository, const git::Oid& main, const PlatformPtr& before) {
  auto view = std::make_shared<PlatformView>();
  auto keep = [&](Error error) {
    if (before) *view = *before;
    if (!view->platform) view->platform = std::make_shared<model::Platform>();
    view->tip = main;
    view->errors = {std::move(error)};
    return view;
  };
  auto tree = repository.tree_of(main);
  if (!tree) return keep(std::move(tree).error());
  auto text = (*tree)->read(store::kPlatformFile, 4 << 20);
  if (!text) return keep(std::move(text).error().with("while reading platform.yaml of main"));
  auto parsed = model::parse_platform(*text);
  if (!parsed) {
    std::vector<Error> errors = parsed.errors;
    keep(parsed.error());
    view->errors = std::move(errors);
    return view;
  }
  view->commit = view->tip = main;
  view->tree = *tree;
  view->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
  if (auto entry = repository.entry(main, store::kPlatformFile)) view->blob = entry->oid.hex();
  return view;
}

PlatformPtr view_in_force(const git::Repository& repository, const git::Oid& main, const PlatformPtr& before,
                          const store::State& state) {
  auto in_force = store::policy_in_force(repository, state.policy, main, state.platform);
  if (!in_force || in_force->commit.is_zero() || in_force->commit == main) {
    PlatformPtr view = read_view(repository, main, before);
    if (in_force) return view;
    auto degraded = std::make_shared<PlatformView>(before ? *before : *view);
    degraded->tip = main;
    degraded->errors = {Error(in_force.error()).with("while looking for the platform.yaml that is in force")};
    return degraded;
  }
  PlatformPtr stands = read_view(repository, in_force->commit, before);
  if (in_force->questions.empty()) return read_view(repository, main, stands);
  auto view = std::make_shared<PlatformView>(*stands);
  view->tip = main;
  view->questions = std::move(in_force->questions);
  for (const store::PolicyQuestion& question : view->questions) {
    const model::Entry& proposal = question.proposal;
    view->errors.push_back(
        fail(Code::kDenied, "platform.yaml of ", proposal.commit.substr(0, 12), " is weaker for ", proposal.scope,
             " than the one of ", view->commit.short_hex(12), ", which stays in force: ", join(question.weaker, "; "))
            .hint("`autonomous approve " + proposal.scope + "/platform.yaml` by " + std::to_string(question.needed) +
                  " who may, as the one in force asks; or push to main what was there"));
  }
  return view;
}

}  // namespace autonomous::daemon
