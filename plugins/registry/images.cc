#include "plugins/registry/images.h"

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "gitops/base/text.h"
#include "plugins/registry/reference.h"
#include "plugins/registry/registry.h"

namespace autonomous::registry {

namespace {

using Json = nlohmann::json;
using ports::ImageFacts;

constexpr uint64_t kMaxConfig = 4u << 20;
constexpr size_t kMaxKnown = 5'000;

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_in(const Json& object, const char* key) {
  const Json* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

Result<Json> parsed(const std::string& text, const std::string& what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(Code::kCorrupt, what, " is no JSON object");
  return json;
}

class RegistryImages final : public ports::Images {
 public:
  RegistryImages(const ports::Host& host, ports::Instance instance, std::string name)
      : client_(host.client), instance_(std::move(instance)), host_(std::move(name)) {}

  const std::string& name() const override { return instance_.name; }
  const std::string& host() const override { return host_; }

  Result<ImageFacts> look(const Ctx& ctx, const std::string& repository, const std::string& reference) override {
    const std::string key = repository + "@" + reference;
    {
      std::lock_guard lock(mutex_);
      if (auto known = known_.find(key); known != known_.end()) return known->second;
    }
    TRY(Access access, access_now());
    Registry registry(client_, host_, std::move(access));
    TRY_WITH(ImageFacts facts, "while looking at " + host_ + "/" + repository,
             read(ctx, registry, repository, reference));
    if (is_sha256(reference)) {  // a tag may mean something else the next time
      std::lock_guard lock(mutex_);
      if (known_.size() >= kMaxKnown) known_.clear();
      known_[key] = facts;
    }
    return facts;
  }

  // No list of repositories: few registries give one. What is asked for says whether somebody may ask.
  Result<std::string> check(const Ctx& ctx) override {
    TRY(Access access, access_now());
    Registry registry(client_, host_, std::move(access));
    auto digest = registry.digest(ctx, "autonomous/doctor", "none");
    if (digest || digest.error().code() == Code::kNotFound) return std::string("answers");
    return std::move(digest).error();
  }

 private:
  // Read anew each time: credentials rotate.
  Result<Access> access_now() const {
    Access access;
    access.plain_http = starts_with(instance_.url, "http://");
    access.via.ca_file = instance_.ca_file;
    access.via.insecure = instance_.insecure;
    auto user = instance_.options.find("username");
    if (user != instance_.options.end()) access.username = user->second;
    if (instance_.credential) {
      TRY(access.password, instance_.credential());
    }
    return access;
  }

  // An index names an image an architecture; all are taken to be configured alike, and the first one is read.
  Result<ImageFacts> read(const Ctx& ctx, Registry& registry, const std::string& repository,
                          const std::string& reference) {
    TRY(Manifest top, registry.manifest(ctx, repository, reference));
    ImageFacts out;
    out.digest = top.digest;
    TRY(Json manifest, parsed(top.body, "the manifest of " + repository));
    if (const Json* images = member(manifest, "manifests"); images != nullptr && images->is_array()) {
      std::string first;
      for (const Json& image : *images) {
        const Json* platform = member(image, "platform");
        if (platform == nullptr || text_in(*platform, "os") != "linux") continue;
        out.architectures.push_back(text_in(*platform, "architecture"));
        if (first.empty()) first = text_in(image, "digest");
      }
      if (first.empty()) return fail(Code::kInvalid, "it has no image for linux");
      TRY(Manifest one, registry.manifest(ctx, repository, first));
      TRY(manifest, parsed(one.body, "a manifest of " + repository));
    }
    const Json* config = member(manifest, "config");
    if (config == nullptr) return fail(Code::kInvalid, "its manifest names no configuration: is it a container image?");
    TRY(std::string blob, registry.blob(ctx, repository, text_in(*config, "digest"), kMaxConfig));
    TRY(Json said, parsed(blob, "the configuration of " + repository));
    if (out.architectures.empty() && !text_in(said, "architecture").empty())
      out.architectures.push_back(text_in(said, "architecture"));
    const Json* runs = member(said, "config");
    if (runs == nullptr) return out;
    out.user = text_in(*runs, "User");
    if (const Json* ports = member(*runs, "ExposedPorts"); ports != nullptr && ports->is_object()) {
      for (const auto& [port, unused] : ports->items()) out.listens.push_back(port);
    }
    return out;
  }

  http::Client& client_;
  const ports::Instance instance_;
  const std::string host_;
  std::mutex mutex_;
  std::map<std::string, ImageFacts> known_;  // guarded by mutex_: repository@digest
};

}  // namespace

Result<std::unique_ptr<ports::Images>> make_images(const ports::Host& host, const ports::Instance& instance) {
  std::string_view rest = instance.url;
  for (std::string_view scheme : {"https://", "http://"}) {
    if (starts_with(rest, scheme)) rest.remove_prefix(scheme.size());
  }
  std::string name(rest.substr(0, rest.find('/')));
  if (name.empty() || rest.size() == instance.url.size()) {
    return fail(Code::kInvalid, "instance ", instance.name, ": a registry needs its url")
        .hint("url: https://registry.example.com");
  }
  if (name == "registry-1.docker.io" || name == "index.docker.io") name = "docker.io";
  return std::unique_ptr<ports::Images>(std::make_unique<RegistryImages>(host, instance, std::move(name)));
}

}  // namespace autonomous::registry
