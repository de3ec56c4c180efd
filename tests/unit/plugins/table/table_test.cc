#include "plugins/table.h"

#include <gtest/gtest.h>

namespace autonomous {
namespace {

ports::Instance instance(std::string kind) {
  ports::Instance out;
  out.name = "x";
  out.kind = std::move(kind);
  out.url = "http://localhost:1";
  out.credential = [] { return Result<std::string>("token"); };
  return out;
}

TEST(Table, MakesWhatItLists) {
  http::Client client;
  const ports::Host host{client, system_clock()};
  EXPECT_TRUE(make_reconciler(host, instance("argocd")));
  EXPECT_TRUE(make_cluster(host, instance("kubernetes")));
  EXPECT_TRUE(make_images(host, instance("registry")));
  EXPECT_TRUE(make_images(host, instance("harbor")));
  EXPECT_TRUE(make_secrets(host, instance("vault")));
  EXPECT_TRUE(make_secrets(host, instance("openbao")));
  EXPECT_EQ(plugin_kinds().size(), 6u);
}

TEST(Table, SaysWhatItCannotMake) {
  http::Client client;
  const ports::Host host{client, system_clock()};
  EXPECT_EQ(make_reconciler(host, instance("kubernetes")).error().message(), "instance x: kubernetes is no reconciler");
  EXPECT_EQ(make_cluster(host, instance("argocd")).error().message(), "instance x: argocd is no cluster");
  EXPECT_EQ(make_cluster(host, instance("kubernete")).error().message(),
            "instance x: no plugin of kind 'kubernete'; did you mean kubernetes?");
  EXPECT_EQ(make_cluster(host, instance("zzz")).error().message(),
            "instance x: no plugin of kind 'zzz'; there are argocd, kubernetes, registry, harbor, vault, openbao");
  EXPECT_EQ(make_images(host, instance("argocd")).error().message(), "instance x: argocd is no registry");
  EXPECT_EQ(make_secrets(host, instance("harbor")).error().message(), "instance x: harbor is no secret store");
}

}  // namespace
}  // namespace autonomous
