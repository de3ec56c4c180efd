#include "daemon/pipeline/platform_view.h"

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

}  // namespace autonomous::daemon
