#include "daemon/http/ref_answers.h"

#include <algorithm>

#include "gitops/base/child.h"
#include "gitops/base/file.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kMostOpen = 64;  // repositories held open
constexpr size_t kMostSaid = 10'000;
constexpr uint64_t kMostConfig = 1u << 20;
constexpr std::chrono::minutes kSaidFor{10};

// git's own, http-backend.c
HttpResponse as_git(std::string type, std::string body) {
  return {200,
          std::move(type),
          std::move(body),
          {{"Expires", "Fri, 01 Jan 1980 00:00:00 GMT"},
           {"Pragma", "no-cache"},
           {"Cache-Control", "no-cache, max-age=0, must-revalidate"}}};
}

}  // namespace

std::shared_ptr<git::RefServer> RefAnswers::server(const std::string& folder) {
  std::lock_guard lock(mutex_);
  auto found = std::find_if(servers_.begin(), servers_.end(), [&](const auto& each) { return each.first == folder; });
  if (found != servers_.end()) {
    servers_.splice(servers_.begin(), servers_, found);
    return found->second;
  }
  auto opened = git::RefServer::open(folder);
  if (!opened) return nullptr;
  servers_.emplace_front(folder, *std::move(opened));
  if (servers_.size() > kMostOpen) servers_.pop_back();
  return servers_.front().second;
}

std::optional<HttpResponse> RefAnswers::ls_refs(const std::string& folder, std::string_view body) {
  auto asked = git::parse_ls_refs_request(body);
  auto refs = asked ? server(folder) : nullptr;
  auto bytes = refs ? refs->answer(*asked) : std::nullopt;
  if (!bytes) return std::nullopt;
  return as_git("application/x-git-upload-pack-result", *std::move(bytes));
}

std::optional<HttpResponse> RefAnswers::advertisement(const Ctx& ctx, const std::string& folder,
                                                      const std::vector<std::string>& env) {
  auto config = read_file(folder + "/config", kMostConfig);
  if (!config) return std::nullopt;
  auto now = std::chrono::steady_clock::now();
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    auto found = said_.find(folder);
    if (found != said_.end() && found->second.config == *config && now < found->second.until)
      bytes = found->second.bytes;
  }
  if (bytes.empty()) {
    ChildSpec spec;
    spec.argv = {"git", "upload-pack", "--http-backend-info-refs", folder};
    spec.env = env;
    auto ran = run_child(ctx, spec);
    if (!ran || ran->status != 0 || !ran->out.starts_with("000eversion 2\n")) return std::nullopt;
    bytes = std::move(ran->out);
    std::lock_guard lock(mutex_);
    if (said_.size() >= kMostSaid) said_.clear();
    said_[folder] = {*std::move(config), bytes, now + kSaidFor};
  }
  return as_git("application/x-git-upload-pack-advertisement", std::move(bytes));
}

}  // namespace autonomous::daemon
