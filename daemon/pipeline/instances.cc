#include "daemon/pipeline/instances.h"

#include "gitops/base/log.h"
#include "plugins/table.h"

namespace autonomous::daemon {

namespace {

bool is_registry(const std::string& kind) { return kind == "registry" || kind == "harbor"; }
bool is_store(const std::string& kind) { return kind == "vault" || kind == "openbao"; }

}  // namespace

struct Instances::Held {
  ports::Instance description;
  std::unique_ptr<ports::Reconciler> reconciler;
  std::unique_ptr<ports::Cluster> cluster;
  std::unique_ptr<ports::Images> images;
  std::unique_ptr<ports::Secrets> secrets;
  std::optional<Error> error;
  std::string away;  // why it does not answer; "" when it does
  std::mutex mutex;  // guards away
  std::jthread watcher;
};

Instances::Instances(http::Client& client, const Clock& clock,
                     std::function<std::shared_ptr<const DaemonConfig>()> config)
    : client_(client), clock_(clock), config_(std::move(config)) {}

Instances::~Instances() { stop(); }

void Instances::stop() {
  std::map<std::string, std::shared_ptr<Held>> all;
  std::vector<std::shared_ptr<Held>> retired;
  {
    std::lock_guard lock(mutex_);
    all.swap(held_);
    retired.swap(retired_);
  }
  for (auto& [name, held] : all) held->watcher.request_stop();
  for (auto& held : retired) held->watcher.request_stop();
  for (auto& [name, held] : all) held->watcher = {};
  for (auto& held : retired) held->watcher = {};
  // Pointers that were given out stay valid until the end.
  std::lock_guard lock(mutex_);
  for (auto& [name, held] : all) retired_.push_back(held);
  retired_.insert(retired_.end(), retired.begin(), retired.end());
}

void Instances::on_change(std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

ports::Instance Instances::describe(const model::Instance& instance) const {
  ports::Instance out;
  out.name = instance.name;
  out.kind = instance.kind;
  out.url = instance.url;
  std::shared_ptr<const DaemonConfig> config = config_();
  auto ours = config->instances.find(instance.name);
  if (ours != config->instances.end()) {
    const InstanceConfig& half = ours->second;
    if (!half.url.empty()) out.url = half.url;
    out.ca_file = half.ca_file;
    out.insecure = half.insecure;
    out.kubeconfig = half.kubeconfig;
    // Looked up at each use: the file may rotate, and the configuration may name another one.
    if (!half.credential.empty()) {
      out.credential = [config = config_, name = instance.name]() -> Result<std::string> {
        auto now = config();
        auto found = now->instances.find(name);
        if (found == now->instances.end())
          return fail(Code::kNotFound, "daemon.yaml has no credential of the instance ", name);
        return found->second.credential.read();
      };
    }
    if (const model::Value* options = half.options.find("options")) {
      for (const model::Member& member : options->members) out.options[member.key] = member.value.text;
    }
  }
  return out;
}

void Instances::set_platform(std::shared_ptr<const model::Platform> platform) {
  std::lock_guard lock(mutex_);
  platform_ = std::move(platform);
  for (auto it = held_.begin(); it != held_.end();) {
    auto named = platform_->instances.find(it->first);
    bool same = false;
    if (named != platform_->instances.end()) {
      ports::Instance now = describe(named->second);
      const ports::Instance& before = it->second->description;
      same = now.kind == before.kind && now.url == before.url && now.ca_file == before.ca_file &&
             now.insecure == before.insecure && now.kubeconfig == before.kubeconfig && now.options == before.options &&
             static_cast<bool>(now.credential) == static_cast<bool>(before.credential) && !it->second->error;
    }
    if (same) {
      ++it;
    } else {
      it->second->watcher.request_stop();
      retired_.push_back(it->second);
      it = held_.erase(it);
    }
  }
}

void Instances::refresh() {
  std::shared_ptr<const model::Platform> platform;
  {
    std::lock_guard lock(mutex_);
    platform = platform_;
  }
  if (platform) set_platform(std::move(platform));
}

std::shared_ptr<Instances::Held> Instances::find(const std::string& name) {
  auto known = held_.find(name);
  if (known != held_.end()) return known->second;
  if (!platform_) return nullptr;
  auto named = platform_->instances.find(name);
  if (named == platform_->instances.end()) return nullptr;
  auto held = std::make_shared<Held>();
  held->description = describe(named->second);
  ports::Host host{client_, clock_};
  const std::string& kind = named->second.kind;
  auto take = [&](auto made, auto& into) {
    if (made) into = *std::move(made);
    else held->error = made.error();
  };
  if (kind == "kubernetes") take(make_cluster(host, held->description), held->cluster);
  else if (is_registry(kind)) take(make_images(host, held->description), held->images);
  else if (is_store(kind)) take(make_secrets(host, held->description), held->secrets);
  else take(make_reconciler(host, held->description), held->reconciler);
  if (held->error)
    log(Level::kError, "the instance cannot be used", {{"instance", name}, {"error", held->error->line()}});
  if (held->reconciler || held->cluster) {
    ports::Sink sink;
    sink.changed = [listener = listener_](const std::string&) {
      if (listener) listener();
    };
    sink.link = [name, raw = held.get(), listener = listener_](const std::string& why) {
      {
        std::lock_guard lock(raw->mutex);
        raw->away = why;
      }
      log(why.empty() ? Level::kInfo : Level::kWarning, why.empty() ? "the instance answers" : "the instance went away",
          {{"instance", name}, {"why", why}});
      if (listener) listener();
    };
    held->watcher = std::jthread([raw = held.get(), sink](std::stop_token stop) {
      if (raw->reconciler) raw->reconciler->watch(sink, stop);
      if (raw->cluster) raw->cluster->watch(sink, stop);
    });
  }
  held_[name] = held;
  return held;
}

ports::Reconciler* Instances::reconciler(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto held = find(name);
  return held ? held->reconciler.get() : nullptr;
}

ports::Cluster* Instances::cluster(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto held = find(name);
  return held ? held->cluster.get() : nullptr;
}

ports::Images* Instances::images(const std::string& host) {
  std::lock_guard lock(mutex_);
  if (!platform_) return nullptr;
  for (const auto& [name, instance] : platform_->instances) {
    if (!is_registry(instance.kind)) continue;
    auto held = find(name);
    if (held && held->images && held->images->host() == host) return held->images.get();
  }
  return nullptr;
}

ports::Secrets* Instances::secrets(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto held = find(name);
  return held ? held->secrets.get() : nullptr;
}

std::string Instances::away(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto held = held_.find(name);
  if (held == held_.end()) return "";
  std::lock_guard inner(held->second->mutex);
  return held->second->away;
}

std::vector<Check> Instances::check(const Ctx& ctx) {
  std::vector<std::pair<std::string, std::shared_ptr<Held>>> all;
  {
    std::lock_guard lock(mutex_);
    if (!platform_) return {};
    for (const auto& [name, instance] : platform_->instances) all.emplace_back(name, find(name));
  }
  std::vector<Check> checks;
  for (const auto& [name, held] : all) {
    if (!held) continue;
    std::string what = held->description.kind + " " + name;
    if (held->error) {
      checks.push_back({what, "failed", held->error->line(), held->error->hint()});
      continue;
    }
    const Ctx soon = ctx.within(Millis(10'000));
    auto answer = held->reconciler ? held->reconciler->check(soon)
                  : held->cluster  ? held->cluster->check(soon)
                  : held->images   ? held->images->check(soon)
                                   : held->secrets->check(soon);
    checks.push_back(answer ? Check{what, "ok", *answer, ""}
                            : Check{what, "failed", answer.error().line(), answer.error().hint()});
  }
  return checks;
}

}  // namespace autonomous::daemon
