#include <gtest/gtest.h>

#include "plugins/ports/reconciler.h"

namespace autonomous::ports {
namespace {

TEST(Names, FollowTheLayout) {
  EXPECT_EQ(application_name("production", "shop", "web"), "production.shop.web");
  EXPECT_EQ(application_path("production", "shop", "web"), "argocd/production/shop/web.yaml");
  EXPECT_EQ(root_path("production", "shop"), "argocd/production/shop/_root.yaml");
}

TEST(Names, OfResources) {
  EXPECT_EQ((ResourceId{"apps", "Deployment", "shop", "web"}).str(), "apps/Deployment shop/web");
  EXPECT_EQ((ResourceId{"", "Namespace", "", "shop"}).str(), "Namespace shop");
}

TEST(Troubles, ReadAsOneLine) {
  Trouble trouble{
      .object = "pod web-1", .container = "web", .reason = "CrashLoopBackOff", .message = "back-off", .exit_code = 3};
  EXPECT_EQ(trouble.line(), "pod web-1, container web: CrashLoopBackOff, exit code 3: back-off");
  trouble.last_lines = {"one", "no such table"};
  EXPECT_EQ(trouble.line(),
            "pod web-1, container web: CrashLoopBackOff, exit code 3: back-off; its last line: no such table");
  EXPECT_EQ((Trouble{.object = "ReplicaSet web-5", .reason = "FailedCreate", .message = "quota"}).line(),
            "ReplicaSet web-5: FailedCreate: quota");
}

}  // namespace
}  // namespace autonomous::ports
