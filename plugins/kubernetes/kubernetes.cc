#include "plugins/kubernetes/kubernetes.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "gitops/base/log.h"
#include "plugins/kubernetes/access.h"
#include "plugins/kubernetes/pods.h"

namespace autonomous::kubernetes {

namespace {

using Json = nlohmann::json;
using ports::Followed;
using ports::Trouble;

constexpr Millis kPause{1'500};     // between two looks while somebody is followed
constexpr Millis kRequest{10'000};  // for one answer
constexpr uint64_t kMaxList = 64u << 20;
constexpr size_t kMaxLogs = 1000;  // logs that are remembered
constexpr Millis kFactsLast{30'000};
// Every kind in two answers; without it, they would be one request a group.
constexpr char kDiscovery[] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

// Kubernetes answers a Status object; its message is for people.
std::string said(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return "";
  const auto message = json.find("message");
  return message != json.end() && message->is_string() ? message->get<std::string>() : "";
}

Result<Json> read(const http::Request& request, const Result<http::Response>& response) {
  if (!response) return response.error();
  if (!response->ok()) return http::status_error(request, *response, said(response->body));
  Json json = Json::parse(response->body, nullptr, false);
  if (json.is_discarded())
    return fail(Code::kUnavailable, request.method, ": the answer is no JSON: is this the cluster's address?");
  return json;
}

http::Request get(const Access& access, const std::string& path) {
  http::Request request;
  request.url = access.url + path;
  if (!access.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + access.token);
  request.headers.emplace_back("Accept", "application/json, */*");
  request.via = access.via;
  request.max_body = kMaxList;
  request.total_timeout = kRequest;
  return request;
}

const Json& list_in(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  if (!object.is_object()) return kNone;
  auto found = object.find(key);
  return found == object.end() || !found->is_array() ? kNone : *found;
}

const Json& child(const Json& object, const char* key) {
  static const Json kNone = Json::object();
  if (!object.is_object()) return kNone;
  auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

std::string text_in(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Of an APIGroupDiscoveryList.
void add_kinds(const Json& groups, std::set<std::string>& kinds) {
  for (const Json& group : list_in(groups, "items")) {
    std::string name = text_in(child(group, "metadata"), "name");
    for (const Json& version : list_in(group, "versions")) {
      std::string api = (name.empty() ? "" : name + "/") + text_in(version, "version");
      for (const Json& resource : list_in(version, "resources")) {
        std::string kind = text_in(child(resource, "responseKind"), "kind");
        if (!kind.empty()) kinds.insert(api + " " + kind);
      }
    }
  }
}

std::string in_namespace(const std::string& ns, const std::string& rest) {
  return "/api/v1/namespaces/" + http::escape(ns) + rest;
}

class Kubernetes final : public ports::Cluster {
 public:
  Kubernetes(const ports::Host& host, ports::Instance instance) : host_(host), instance_(std::move(instance)) {}

  const std::string& name() const override { return instance_.name; }
  void follow(Followed followed) override;
  void forget(const std::string& key) override;
  std::optional<Trouble> snapshot(const std::string& key) const override;
  void watch(const ports::Sink& sink, std::stop_token stop) override;
  Result<ports::ClusterFacts> facts(const Ctx& ctx) override;
  Result<std::string> check(const Ctx& ctx) override;

 private:
  using Lists = std::map<std::string, std::pair<Json, Json>>;  // namespace → pods, events

  std::vector<Followed> all_followed() const;
  Result<void> look(const ports::Sink& sink, const Ctx& ctx);
  Result<void> read_lists(const Ctx& ctx, const Access& access, const std::vector<Followed>& all, Lists& lists);
  std::optional<Trouble> judge(const Ctx& ctx, const Access& access, const Followed& followed, const Lists& lists);
  void add_log(const Ctx& ctx, const Access& access, Found& found);

  const ports::Host host_;
  const ports::Instance instance_;
  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::map<std::string, Followed> followed_;              // guarded by mutex_
  std::map<std::string, Trouble> troubles_;               // guarded by mutex_
  std::optional<ports::ClusterFacts> facts_;              // guarded by mutex_
  Time facts_at_{};                                       // guarded by mutex_
  std::map<std::string, std::vector<std::string>> logs_;  // watch's own: pod, container and restart → last lines
};

void Kubernetes::follow(Followed followed) {
  std::lock_guard lock(mutex_);
  troubles_.erase(followed.key);
  std::string key = followed.key;
  followed_[std::move(key)] = std::move(followed);
  wanted_.notify_all();
}

void Kubernetes::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  followed_.erase(key);
  troubles_.erase(key);
}

std::optional<Trouble> Kubernetes::snapshot(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = troubles_.find(key);
  if (found == troubles_.end()) return std::nullopt;
  return found->second;
}

std::vector<Followed> Kubernetes::all_followed() const {
  std::lock_guard lock(mutex_);
  std::vector<Followed> out;
  for (const auto& [key, followed] : followed_) out.push_back(followed);
  return out;
}

std::set<std::string> namespaces_of(const Followed& followed) {
  std::set<std::string> out;
  for (const ports::ResourceId& id : followed.workloads) out.insert(id.ns.empty() ? followed.ns : id.ns);
  return out;
}

// One list of pods and one of warnings a namespace, however many targets live there. resourceVersion=0 is answered from
// the API server's memory.
Result<void> Kubernetes::read_lists(const Ctx& ctx, const Access& access, const std::vector<Followed>& all,
                                    Lists& lists) {
  std::set<std::string> namespaces;
  for (const Followed& followed : all) namespaces.merge(namespaces_of(followed));
  std::vector<http::Request> requests;
  for (const std::string& ns : namespaces) {
    requests.push_back(get(access, in_namespace(ns, "/pods?resourceVersion=0")));
    requests.push_back(get(access, in_namespace(ns, "/events?fieldSelector=type%3DWarning")));
  }
  const auto answers = host_.client.send_all(ctx, requests, 8);
  Result<void> first;
  size_t at = 0;
  for (const std::string& ns : namespaces) {
    for (Json* list : {&lists[ns].first, &lists[ns].second}) {
      Result<Json> json = read(requests[at], answers[at]);
      ++at;
      if (json) {
        *list = *std::move(json);
      } else if (first) {
        first = std::move(json).error();
      }
    }
  }
  return first;
}

// The end of the log of the container that ended: of the run before where it was started again.
void Kubernetes::add_log(const Ctx& ctx, const Access& access, Found& found) {
  const std::string key =
      found.ns + "/" + found.pod + "/" + found.trouble.container + "/" + std::to_string(found.restarts);
  if (logs_.size() > kMaxLogs) logs_.clear();
  if (const auto known = logs_.find(key); known != logs_.end()) {
    found.trouble.last_lines = known->second;
    return;
  }
  const std::string path = in_namespace(
      found.ns, "/pods/" + http::escape(found.pod) +
                    "/log?tailLines=10&limitBytes=16384&container=" + http::escape(found.trouble.container));
  for (const char* run : {"&previous=true", ""}) {
    if (found.restarts == 0 && *run != 0) continue;
    const Result<http::Response> response = host_.client.send(ctx, get(access, path + run));
    if (!response || !response->ok()) continue;
    logs_[key] = found.trouble.last_lines = last_lines(response->body);
    return;
  }
  logs_[key] = {};  // not there, or not allowed: asked once
}

std::optional<Trouble> Kubernetes::judge(const Ctx& ctx, const Access& access, const Followed& followed,
                                         const Lists& lists) {
  std::vector<Found> all;
  for (const std::string& ns : namespaces_of(followed)) {
    const auto list = lists.find(ns);
    if (list == lists.end()) continue;
    std::vector<Found> found = find_troubles(followed, ns, list->second.first, list->second.second);
    all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  const auto worst =
      std::min_element(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.rank < b.rank; });
  if (worst == all.end()) return std::nullopt;
  if (worst->has_log) add_log(ctx, access, *worst);
  return worst->trouble;
}

Result<void> Kubernetes::look(const ports::Sink& sink, const Ctx& ctx) {
  const std::vector<Followed> all = all_followed();
  TRY_WITH(const Access access, "while reaching " + name(), access_of(instance_));
  Lists lists;
  Result<void> read = read_lists(ctx, access, all, lists);
  for (const Followed& followed : all) {
    std::optional<Trouble> trouble = judge(ctx, access, followed, lists);
    {
      std::lock_guard lock(mutex_);
      if (followed_.count(followed.key) == 0) continue;
      const auto known = troubles_.find(followed.key);
      const bool same = trouble ? known != troubles_.end() && known->second == *trouble : known == troubles_.end();
      if (same || (!trouble && !read)) continue;  // an unanswered question is no "all well"
      if (trouble) {
        troubles_[followed.key] = *std::move(trouble);
      } else {
        troubles_.erase(known);
      }
    }
    sink.changed(followed.key);
  }
  return read;
}

void Kubernetes::watch(const ports::Sink& sink, std::stop_token stop) {
  std::optional<std::string> told;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [&] { return !followed_.empty(); })) return;
    }
    const Result<void> looked = look(sink, Ctx{stop});
    if (stop.stop_requested()) return;
    const std::string state = looked ? "" : looked.error().line();
    if (told != state) sink.link(state);
    told = state;
    std::unique_lock lock(mutex_);
    wanted_.wait_for(lock, stop, kPause, [] { return false; });
  }
}

Result<ports::ClusterFacts> Kubernetes::facts(const Ctx& ctx) {
  const Time now = host_.clock.now();
  {
    std::lock_guard lock(mutex_);
    if (facts_ && now >= facts_at_ && now - facts_at_ < kFactsLast) return *facts_;
  }
  TRY_WITH(const Access access, "while reaching " + name(), access_of(instance_));
  ports::ClusterFacts out;
  for (const char* path : {"/api", "/apis"}) {
    http::Request request = get(access, path);
    for (auto& [header, value] : request.headers) {
      if (header == "Accept") value = kDiscovery;
    }
    TRY(const Json groups, read(request, host_.client.send(ctx, request)));
    if (!groups.is_object() || !groups.contains("items"))
      return fail(Code::kUnavailable, name(), " does not say what kinds it has");
    add_kinds(groups, out.kinds);
  }
  // Nodes are the cluster's, not everybody may look at them.
  const http::Request nodes = get(access, "/api/v1/nodes?resourceVersion=0");
  if (auto list = read(nodes, host_.client.send(ctx, nodes))) {
    for (const Json& node : list_in(*list, "items")) {
      std::string architecture = text_in(child(child(node, "status"), "nodeInfo"), "architecture");
      if (!architecture.empty()) out.architectures.insert(architecture);
    }
  }
  std::lock_guard lock(mutex_);
  facts_ = out;
  facts_at_ = now;
  return out;
}

Result<std::string> Kubernetes::check(const Ctx& ctx) {
  TRY_WITH(const Access access, "while reaching " + name(), access_of(instance_));
  const http::Request version = get(access, "/version");
  TRY(const Json json, read(version, host_.client.send(ctx, version)));
  const http::Request pods = get(access, "/api/v1/pods?limit=1");
  if (const Result<Json> listed = read(pods, host_.client.send(ctx, pods));
      !listed && listed.error().code() == Code::kDenied) {
    return fail(Code::kDenied, "may not list pods in all namespaces: ", listed.error().message())
        .hint("grant get and list on pods, pods/log and events, in the namespaces of the targets at least");
  }
  const auto found = json.find("gitVersion");
  return found == json.end() || !found->is_string() ? std::string("unknown") : found->get<std::string>();
}

}  // namespace

Result<std::unique_ptr<ports::Cluster>> make(const ports::Host& host, const ports::Instance& instance) {
  TRY_DO(check_instance(instance));
  return std::unique_ptr<ports::Cluster>(std::make_unique<Kubernetes>(host, instance));
}

}  // namespace autonomous::kubernetes
