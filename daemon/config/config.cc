#include "daemon/config/config.h"

#include <cstdlib>

#include "daemon/config/config_shape.h"
#include "daemon/config/config_yaml.h"
#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/model/shape.h"

namespace autonomous::daemon {

namespace {

using model::text_of;
using model::Value;

constexpr const char* kDefaultFile = "/etc/autonomous/daemon.yaml";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  // systemd gives several directories with colons between them.
  return value == nullptr ? "" : std::string(value).substr(0, std::string(value).find(':'));
}

// Reads what the shape has checked.
struct Reader {
  const Value& root;
  const ConfigPlaces& places;
  std::string folder;  // of the file

  std::string absolute(const std::string& path) const {
    if (path.empty() || path.front() == '/') return path;
    if (starts_with(path, "~/") && !places.home.empty()) return places.home + path.substr(1);
    return (folder.empty() ? "." : folder) + "/" + path;
  }
  Credential credential(const Value& record, std::string_view key) const {
    const Value* value = record.find(key);
    if (value == nullptr) return {};
    if (value->is_scalar()) return Credential::of_file(absolute(value->text));
    const std::string name = text_of(*value, "systemd");
    return name.empty() ? Credential::of_file(absolute(text_of(*value, "file")))
                        : Credential::of_systemd(name, places.credentials_directory);
  }
  std::map<std::string, Credential> credentials(const Value& record, std::string_view key) const {
    std::map<std::string, Credential> out;
    if (const Value* map = record.find(key)) {
      for (const model::Member& member : map->members) out[member.key] = credential(*map, member.key);
    }
    return out;
  }
  const Value& section(std::string_view key) const {
    static const Value none = Value::map();
    const Value* found = root.find(key);
    return found == nullptr ? none : *found;
  }
};

void set_text(const Value& record, std::string_view key, std::string& out) {
  if (const Value* value = record.find(key)) out = value->text;
}

void set_duration(const Value& record, std::string_view key, Millis& out) {
  if (const Value* value = record.find(key)) out = parse_duration(value->text).value_or(out);
}

void set_bytes(const Value& record, std::string_view key, uint64_t& out) {
  if (const Value* value = record.find(key)) out = model::parse_bytes(value->text).value_or(out);
}

void set_number(const Value& record, std::string_view key, uint32_t& out) {
  out = static_cast<uint32_t>(model::number_of(record, key, out));
}

void read_gitops(const Reader& reader, DaemonConfig& out) {
  const Value& gitops = reader.section("gitops");
  set_text(gitops, "url", out.gitops.url);
  set_text(gitops, "deploy", out.gitops.deploy);
  out.gitops.credential = reader.credential(gitops, "credential");
  if (std::string file = text_of(gitops, "known_hosts"); !file.empty()) out.gitops.known_hosts = reader.absolute(file);
  out.gitops.ca_file = reader.absolute(text_of(gitops, "ca_file"));
  set_text(gitops, "public_url", out.gitops.public_url);
  set_duration(gitops, "poll", out.gitops.poll);
  set_number(gitops, "tags", out.gitops.tags);
  const Value& signing = reader.section("signing");
  out.signing.key = reader.absolute(text_of(signing, "key"));
  const Value& committer = reader.section("committer");
  set_text(committer, "name", out.committer.name);
  set_text(committer, "email", out.committer.email);
}

void read_sources(const Reader& reader, DaemonConfig& out) {
  const Value& sources = reader.section("sources");
  set_duration(sources, "poll", out.sources.poll);
  set_number(sources, "jitter", out.sources.jitter);
  out.sources.allow_file_urls = model::flag_of(sources, "allow_file_urls", out.sources.allow_file_urls);
  out.sources.credentials = reader.credentials(sources, "credentials");
  out.sources.known_hosts = reader.absolute(text_of(sources, "known_hosts"));
  if (const Value* files = sources.find("ca_files")) {
    for (const model::Member& member : files->members)
      out.sources.ca_files[member.key] = reader.absolute(member.value.text);
  }
  const Value& hosting = reader.section("hosting");
  out.hosting.enabled = model::flag_of(hosting, "enabled", out.hosting.enabled);
  out.hosting.tokens = reader.credentials(hosting, "tokens");
  out.webhooks = reader.credentials(reader.root, "webhooks");
  set_bytes(hosting, "max_push", out.hosting.max_push);
}

void read_limits(const Reader& reader, DaemonConfig& out) {
  const Value& limits = reader.section("limits");
  set_bytes(limits, "blob", out.limits.blob);
  set_bytes(limits, "repository", out.limits.repository);
  set_bytes(limits, "render_output", out.limits.render_output);
  out.limits.render_fuel = model::number_of(limits, "render_fuel", out.limits.render_fuel);
  set_bytes(limits, "render_memory", out.limits.render_memory);
  set_number(limits, "render_includes", out.limits.render_includes);
  set_number(limits, "render_templates", out.limits.render_templates);
  set_duration(limits, "render_time", out.limits.render_time);
  set_bytes(limits, "chart", out.limits.chart);
  set_bytes(limits, "chart_archives", out.limits.chart_archives);
  set_number(limits, "chart_files", out.limits.chart_files);
  set_number(limits, "chart_depth", out.limits.chart_depth);
  set_bytes(limits, "yaml", out.limits.yaml);
  set_number(limits, "yaml_depth", out.limits.yaml_depth);
  set_number(limits, "yaml_nodes", out.limits.yaml_nodes);
  set_number(limits, "apps", out.limits.apps);
  const Value& log = reader.section("log");
  set_text(log, "format", out.log.format);
  set_text(log, "level", out.log.level);
  const Value& concurrency = reader.section("concurrency");
  set_number(concurrency, "renders", out.concurrency.renders);
  set_number(concurrency, "fetches", out.concurrency.fetches);
  set_duration(reader.root, "verify_timeout", out.verify_timeout);
}

void read_instances(const Reader& reader, DaemonConfig& out) {
  for (const model::Member& member : reader.section("instances").members) {
    const Value& value = member.value;
    InstanceConfig instance;
    instance.name = member.key;
    set_text(value, "kind", instance.kind);
    set_text(value, "url", instance.url);
    instance.credential = reader.credential(value, "credential");
    instance.kubeconfig = reader.absolute(text_of(value, "kubeconfig"));
    instance.ca_file = reader.absolute(text_of(value, "ca_file"));
    instance.insecure = model::flag_of(value, "insecure");
    instance.options = value;
    out.instances[member.key] = std::move(instance);
  }
}

// What has to be somewhere: the state folder, the socket, the addresses.
void read_places(const Reader& reader, DaemonConfig& out, std::vector<Error>& errors) {
  const ConfigPlaces& places = reader.places;
  out.state = places.state.value_or(reader.absolute(text_of(reader.root, "state")));
  if (out.state.empty()) out.state = places.state_directory;
  if (out.state.empty() && !places.home.empty()) out.state = places.home + "/.local/state/autonomous";
  if (out.state.empty()) {
    errors.push_back(
        fail(Code::kInvalid, "there is no folder for the state: neither state:, $STATE_DIRECTORY nor $HOME is set"));
  }
  out.socket = places.socket.value_or(reader.absolute(text_of(reader.root, "socket")));
  if (out.socket.empty() && !places.runtime_directory.empty() && !places.state)
    out.socket = places.runtime_directory + "/autonomous.sock";
  if (out.socket.empty()) out.socket = out.state + "/autonomous.sock";
  set_text(reader.root, "listen", out.listen);
  if (places.listen) out.listen = *places.listen;
  if (out.listen == "off") out.listen.clear();
  if (std::string why = check_listen(out.listen); !why.empty())
    errors.push_back(fail(Code::kInvalid, "--listen: ", why));
  const Value& tls = reader.section("tls");
  out.tls.certificate = reader.credential(tls, "certificate");
  out.tls.key = reader.credential(tls, "key");
  set_text(reader.root, "public_url", out.public_url);
  while (ends_with(out.public_url, "/")) out.public_url.pop_back();
}

// What the table can't say.
void judge_config(const Value& root, std::vector<Error>& errors) {
  auto credential = [&](const Value& holder, const std::string& name) {
    if (!holder.is_map()) return;
    const bool file = holder.find("file") != nullptr;
    const bool systemd = holder.find("systemd") != nullptr;
    if (file == systemd)
      errors.push_back(
          model::shape_error(holder.place(), name, "a credential is a file or a systemd credential: one of the two"));
  };
  auto all = [&](const Value* map, const std::string& name) {
    if (map == nullptr) return;
    for (const model::Member& member : map->members) credential(member.value, name + "." + member.key);
  };
  if (const Value* gitops = root.find("gitops")) {
    if (const Value* value = gitops->find("credential")) credential(*value, "gitops.credential");
    if (const Value* deploy = gitops->find("deploy"); deploy != nullptr && deploy->text == "main") {
      errors.push_back(model::shape_error(deploy->place(), "gitops.deploy",
                                          "main says what people want: what runs must be another branch"));
    }
  }
  if (const Value* sources = root.find("sources")) all(sources->find("credentials"), "sources.credentials");
  if (const Value* hosting = root.find("hosting")) all(hosting->find("tokens"), "hosting.tokens");
  all(root.find("webhooks"), "webhooks");
  if (const Value* instances = root.find("instances")) {
    for (const model::Member& member : instances->members) {
      if (const Value* value = member.value.find("credential"))
        credential(*value, "instances." + member.key + ".credential");
    }
  }
  if (const Value* tls = root.find("tls");
      tls != nullptr && (tls->find("certificate") == nullptr) != (tls->find("key") == nullptr)) {
    errors.push_back(model::shape_error(tls->place(), "tls", "a certificate and its key go together"));
  } else if (tls != nullptr && tls->find("key") != nullptr) {
    credential(*tls->find("certificate"), "tls.certificate");
    credential(*tls->find("key"), "tls.key");
  }
}

}  // namespace

ConfigPlaces ConfigPlaces::of_process() {
  ConfigPlaces out;
  out.state_directory = from_environment("STATE_DIRECTORY");
  out.runtime_directory = from_environment("RUNTIME_DIRECTORY");
  out.credentials_directory = from_environment("CREDENTIALS_DIRECTORY");
  out.home = from_environment("HOME");
  return out;
}

model::Parsed<DaemonConfig> parse_config(std::string_view text, std::string_view file, const ConfigPlaces& places) {
  model::Parsed<DaemonConfig> out;
  auto value = parse_config_yaml(text, file);
  out.errors = std::move(value.errors);
  if (!value) return out;
  model::ShapeCheck check{out.errors, ""};
  model::check_shape(config_shape(), *value, "", check);
  if (out.errors.empty()) judge_config(*value, out.errors);
  if (!out.errors.empty()) return out;
  auto config = std::make_unique<DaemonConfig>();
  config->file = file;
  config->digest = sha256_hex(text);
  std::string folder;
  if (size_t slash = file.rfind('/'); slash != std::string_view::npos) folder = file.substr(0, slash);
  Reader reader{*value, places, folder};
  read_places(reader, *config, out.errors);
  read_gitops(reader, *config);
  read_sources(reader, *config);
  read_limits(reader, *config);
  read_instances(reader, *config);
  if (out.errors.empty()) out.value = std::move(config);
  return out;
}

std::string default_config_file() { return kDefaultFile; }

model::Parsed<DaemonConfig> load_config(const std::string& path, const ConfigPlaces& places) {
  std::string file = path;
  if (file.empty() && exists(kDefaultFile)) file = kDefaultFile;
  if (file.empty()) return parse_config("", "", places);
  auto text = read_file(file, 1u << 20);
  if (text) return parse_config(*text, file, places);
  model::Parsed<DaemonConfig> out;
  out.errors.push_back(std::move(text).error());
  return out;
}

namespace {

struct Wanted {
  std::string place;  // host[:port]/path
  bool in_the_clear = false;
};

Wanted place_of(std::string_view url) {
  Wanted wanted;
  std::string_view rest = url;
  size_t scheme = rest.find("://");
  if (scheme != std::string_view::npos) {
    wanted.in_the_clear = rest.substr(0, scheme) == "http";
    rest = rest.substr(scheme + 3);
  }
  size_t path = rest.find('/');
  if (size_t at = rest.substr(0, path).rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  wanted.place = std::string(rest);
  // git@host:acme/shop names the path after a colon.
  if (scheme == std::string_view::npos) {
    if (size_t colon = wanted.place.find(':'); colon != std::string::npos) wanted.place[colon] = '/';
  }
  for (const char* here : {"127.0.0.1", "localhost", "[::1]"}) {
    std::string_view after = wanted.place;
    if (!starts_with(after, here)) continue;
    after.remove_prefix(std::string_view(here).size());
    if (after.empty() || after[0] == ':' || after[0] == '/') wanted.in_the_clear = false;
  }
  return wanted;
}

// The longest key that the place lies under, in whole parts.
template <typename T>
const T* longest(const std::map<std::string, T>& by_place, const std::string& place) {
  const std::pair<const std::string, T>* best = nullptr;
  for (const auto& entry : by_place) {
    const std::string& prefix = entry.first;
    const bool fits = starts_with(place, prefix) &&
                      (place.size() == prefix.size() || place[prefix.size()] == '/' || place[prefix.size()] == ':');
    if (fits && (best == nullptr || prefix.size() > best->first.size())) best = &entry;
  }
  return best == nullptr ? nullptr : &best->second;
}

}  // namespace

Credential credential_for(const SourcesConfig& sources, std::string_view url) {
  Wanted wanted = place_of(url);
  const Credential* found = wanted.in_the_clear ? nullptr : longest(sources.credentials, wanted.place);
  return found == nullptr ? Credential() : *found;
}

std::string ca_file_for(const SourcesConfig& sources, std::string_view url) {
  const std::string* found = longest(sources.ca_files, place_of(url).place);
  return found == nullptr ? "" : *found;
}

std::string config_schema() {
  return model::json_schema_document(config_shape(), "daemon.yaml", "What the Autonomous daemon needs to start");
}

}  // namespace autonomous::daemon
