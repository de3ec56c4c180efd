#include "plugins/table.h"

#include "gitops/base/text.h"
#include "plugins/argocd/argocd.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/registry/images.h"
#include "plugins/vault/vault.h"

namespace autonomous {

namespace {

// A kind makes one port; the others stay null.
struct Row {
  std::string_view kind;
  Result<std::unique_ptr<ports::Reconciler>> (*reconciler)(const ports::Host&, const ports::Instance&);
  Result<std::unique_ptr<ports::Cluster>> (*cluster)(const ports::Host&, const ports::Instance&);
  Result<std::unique_ptr<ports::Images>> (*images)(const ports::Host&, const ports::Instance&);
  Result<std::unique_ptr<ports::Secrets>> (*secrets)(const ports::Host&, const ports::Instance&);
};

constexpr Row kTable[] = {
    {"argocd", &argocd::make, nullptr, nullptr, nullptr},
    {"kubernetes", nullptr, &kubernetes::make, nullptr, nullptr},
    {"registry", nullptr, nullptr, &registry::make_images, nullptr},
    {"harbor", nullptr, nullptr, &registry::make_images, nullptr},
    {"vault", nullptr, nullptr, nullptr, &vault::make},
    {"openbao", nullptr, nullptr, nullptr, &vault::make},
};

constexpr bool has_duplicates() {
  for (size_t i = 0; i < std::size(kTable); ++i) {
    for (size_t j = i + 1; j < std::size(kTable); ++j) {
      if (kTable[i].kind == kTable[j].kind) return true;
    }
  }
  return false;
}
static_assert(!has_duplicates(), "two plugins of one kind");

Result<const Row*> row_of(const ports::Instance& instance) {
  std::vector<std::string> kinds;
  for (const Row& row : kTable) {
    if (row.kind == instance.kind) return &row;
    kinds.emplace_back(row.kind);
  }
  const std::string meant = nearest(instance.kind, kinds);
  return fail(Code::kInvalid, "instance ", instance.name, ": no plugin of kind '", instance.kind, "'",
              meant.empty() ? "; there are " + join(kinds, ", ") : "; did you mean " + meant + "?");
}

Error wrong_port(const ports::Instance& instance, std::string_view wanted) {
  return fail(Code::kInvalid, "instance ", instance.name, ": ", instance.kind, " is no ", wanted);
}

}  // namespace

std::vector<std::string_view> plugin_kinds() {
  std::vector<std::string_view> out;
  for (const Row& row : kTable) out.push_back(row.kind);
  return out;
}

Result<std::unique_ptr<ports::Reconciler>> make_reconciler(const ports::Host& host, const ports::Instance& instance) {
  TRY(const Row* row, row_of(instance));
  if (row->reconciler == nullptr) return wrong_port(instance, "reconciler");
  return row->reconciler(host, instance);
}

Result<std::unique_ptr<ports::Cluster>> make_cluster(const ports::Host& host, const ports::Instance& instance) {
  TRY(const Row* row, row_of(instance));
  if (row->cluster == nullptr) return wrong_port(instance, "cluster");
  return row->cluster(host, instance);
}

Result<std::unique_ptr<ports::Images>> make_images(const ports::Host& host, const ports::Instance& instance) {
  TRY(const Row* row, row_of(instance));
  if (row->images == nullptr) return wrong_port(instance, "registry");
  return row->images(host, instance);
}

Result<std::unique_ptr<ports::Secrets>> make_secrets(const ports::Host& host, const ports::Instance& instance) {
  TRY(const Row* row, row_of(instance));
  if (row->secrets == nullptr) return wrong_port(instance, "secret store");
  return row->secrets(host, instance);
}

}  // namespace autonomous
