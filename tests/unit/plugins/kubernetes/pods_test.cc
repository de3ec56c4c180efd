#include "plugins/kubernetes/pods.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace autonomous::kubernetes {
namespace {

using Json = nlohmann::json;
using ports::Followed;

constexpr char kMade[] = "2026-11-23T20:10:00Z";
const Time kSince = *parse_time(kMade);

Followed web() {
  return {"local/shop/web", "shop", {{"apps", "Deployment", "", "web"}, {"batch", "CronJob", "", "tidy"}}, kSince};
}

Json pod(const std::string& name, const std::string& status,
         const std::string& owner = R"({"kind":"ReplicaSet","name":"web-5d8f"})") {
  return Json::parse(R"({"metadata":{"name":")" + name + R"(","creationTimestamp":")" + kMade +
                     R"(","ownerReferences":[)" + owner + R"(]},"status":)" + status + "}");
}

Json list(std::vector<Json> items) { return {{"items", items}}; }

Json event(const std::string& kind, const std::string& name, const std::string& reason, int count = 1,
           const char* when = kMade) {
  return {{"type", "Warning"},     {"reason", reason},
          {"message", "it\nsays"}, {"involvedObject", {{"kind", kind}, {"name", name}}},
          {"count", count},        {"lastTimestamp", when}};
}

// The trouble that matters most, as a line; "" where all is well.
std::string first(const Json& pods, const Json& events = Json(), const Followed& followed = web()) {
  const auto found = find_troubles(followed, "shop", pods, events);
  return found.empty() ? "" : found.front().trouble.line();
}

TEST(Pods, ContainersThatCannotStart) {
  EXPECT_EQ(first(list({pod("web-5d8f-a", R"({"containerStatuses":[{"name":"web","image":"r/web:9","state":{"waiting":
    {"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}]})")})),
            "pod web-5d8f-a, container web: ImagePullBackOff: Back-off pulling image");
  EXPECT_EQ(first(list({pod("web-5d8f-a", R"({"initContainerStatuses":[{"name":"init","state":{"waiting":
    {"reason":"CreateContainerConfigError","message":"secret \"db\" not found"}}}]})")})),
            "pod web-5d8f-a, container init: CreateContainerConfigError: secret \"db\" not found");
  EXPECT_EQ(first(list(
                {pod("web-5d8f-a",
                     R"({"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ContainerCreating"}}}]})")})),
            "");
}

TEST(Pods, ContainersThatEnd) {
  const Json looping = list({pod("web-5d8f-a", R"({"containerStatuses":[{"name":"web","restartCount":2,
    "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 20s"}},"lastState":{"terminated":{"exitCode":3,"reason":"Error"}}}]})")});
  EXPECT_EQ(first(looping), "pod web-5d8f-a, container web: CrashLoopBackOff, exit code 3: back-off 20s");
  const auto found = find_troubles(web(), "shop", looping, Json());
  EXPECT_TRUE(found[0].has_log);
  EXPECT_EQ(found[0].restarts, 2);
  EXPECT_EQ(first(list({pod("web-5d8f-a",
                            R"({"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"CrashLoopBackOff"}},
    "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]})")})),
            "pod web-5d8f-a, container web: CrashLoopBackOff (OOMKilled), exit code 137");
  EXPECT_EQ(first(list({pod("web-5d8f-a", R"({"containerStatuses":[{"name":"web","state":{"running":{}},
    "lastState":{"terminated":{"exitCode":1,"reason":"Error","finishedAt":"2026-11-23T20:10:09Z"}}}]})")})),
            "pod web-5d8f-a, container web: Error, exit code 1");
  EXPECT_EQ(
      first(list({pod("tidy-29000-x", R"({"containerStatuses":[{"name":"t","state":{"terminated":{"exitCode":0}}}]})",
                      R"({"kind":"Job","name":"tidy-29000"})")})),
      "");
}

TEST(Pods, WholePods) {
  EXPECT_EQ(first(list({pod("web-5d8f-a", R"({"phase":"Failed","reason":"Evicted","message":"low on memory"})")})),
            "pod web-5d8f-a: Evicted: low on memory");
  EXPECT_EQ(first(list({pod("web-5d8f-a", R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
    "reason":"Unschedulable","message":"0/3 nodes are available"}]})")})),
            "pod web-5d8f-a: Unschedulable: 0/3 nodes are available");
}

TEST(Pods, OnlyTheReleasesOwn) {
  const std::string bad = R"({"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ErrImagePull"}}}]})";
  const auto owned_by = [&](const std::string& owner) { return first(list({pod("p", bad, owner)})) != ""; };
  EXPECT_TRUE(owned_by(R"({"kind":"ReplicaSet","name":"web-5d8f"})"));
  EXPECT_FALSE(owned_by(R"({"kind":"ReplicaSet","name":"web-api-5d8f"})"));
  EXPECT_FALSE(owned_by(R"({"kind":"ReplicaSet","name":"web"})"));
  EXPECT_TRUE(owned_by(R"({"kind":"Job","name":"tidy-29000"})"));
  EXPECT_FALSE(owned_by(R"({"kind":"Job","name":"tidy"})"));
  EXPECT_FALSE(owned_by(R"({"kind":"StatefulSet","name":"web"})"));
  EXPECT_FALSE(owned_by(""));
  Followed later = web();
  later.since = kSince + Millis(60'000);
  EXPECT_EQ(first(list({pod("web-5d8f-a", bad)}), Json(), later), "") << "a pod of the release before";
  Json leaving = pod("web-5d8f-a", bad);
  leaving["metadata"]["deletionTimestamp"] = kMade;
  EXPECT_EQ(first(list({leaving})), "");
  EXPECT_TRUE(find_troubles(web(), "elsewhere", list({pod("web-5d8f-a", bad)}), Json()).empty());
}

TEST(Events, OfWhatMakesPods) {
  EXPECT_EQ(first(Json(), list({event("ReplicaSet", "web-5d8f", "FailedCreate")})),
            "ReplicaSet web-5d8f: FailedCreate: it says");
  EXPECT_EQ(first(Json(), list({event("ReplicaSet", "api-5d8f", "FailedCreate")})), "");
  EXPECT_EQ(first(Json(), list({event("ReplicaSet", "web-5d8f", "FailedCreate", 1, "2026-11-23T20:09:00Z")})), "")
      << "an old one";
}

TEST(Events, OfPodsThatAreThere) {
  const Json pods = list({pod("web-5d8f-a", "{}")});
  EXPECT_EQ(first(pods, list({event("Pod", "web-5d8f-a", "FailedMount")})), "pod web-5d8f-a: FailedMount: it says");
  EXPECT_EQ(first(pods, list({event("Pod", "other", "FailedMount")})), "");
  EXPECT_EQ(first(pods, list({event("Pod", "web-5d8f-a", "Unhealthy", 2)})), "");
  EXPECT_EQ(first(pods, list({event("Pod", "web-5d8f-a", "Unhealthy", 3)})), "pod web-5d8f-a: Unhealthy: it says");
}

TEST(Events, MatterLessThanContainers) {
  const Json pods = list(
      {pod("web-5d8f-a", R"({"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ErrImagePull"}}}]})")});
  EXPECT_EQ(first(pods, list({event("ReplicaSet", "web-5d8f", "FailedCreate"), event("Pod", "web-5d8f-a", "Failed")})),
            "pod web-5d8f-a, container web: ErrImagePull");
}

TEST(Pods, OddAnswersTellNothing) {
  for (const char* text :
       {"{}", "[]", "5", R"({"items":5})", R"({"items":[5,{"metadata":7,"status":[]}]})",
        R"({"items":[{"metadata":{"ownerReferences":{"a":1}},"status":{"containerStatuses":"x"}}]})"}) {
    EXPECT_EQ(first(Json::parse(text), Json::parse(text)), "") << text;
  }
}

TEST(Logs, AreCutToTheirEnd) {
  std::string log = "\n";
  for (int i = 0; i < 20; ++i) log += "line \x1b[31m" + std::to_string(i) + "\n\n";
  const auto lines = last_lines(log);
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines.back().find('\x1b'), std::string::npos);
  EXPECT_TRUE(lines.back().ends_with("19"));
  EXPECT_TRUE(last_lines("").empty());
}

}  // namespace
}  // namespace autonomous::kubernetes
