#include "render/helm/batch_line.h"

#include <nlohmann/json.hpp>

#include "gitops/base/text.h"

namespace autonomous::helm {

namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

// Takes the members of one object by name; at the end every member must have been asked for.
class Members {
 public:
  explicit Members(const json& object) : object_(object) {}

  void take(const char* key, std::string& into) {
    if (const json* found = find(key, "a text", &json::is_string)) into = found->get<std::string>();
  }
  void take(const char* key, bool& into) {
    if (const json* found = find(key, "true or false", &json::is_boolean)) into = found->get<bool>();
  }
  void take(const char* key, Texts& into) {
    const json* found = find(key, "a list of texts", &json::is_array);
    if (found == nullptr) return;
    for (const json& item : *found) {
      if (!item.is_string()) return complain(key, "a list of texts");
      into.push_back(item.get<std::string>());
    }
  }
  void take_helm(HelmVersion& into) {
    known_.emplace_back("helm");
    auto found = object_.find("helm");
    if (found == object_.end()) return;
    if (*found == 3 || *found == "3") {
      into = HelmVersion::k3;
    } else if (*found != 4 && *found != "4") {
      complain("helm", "3 or 4");
    }
  }

  Result<void> finish() {
    for (const auto& member : object_.items()) {
      if (!error_.empty() || std::find(known_.begin(), known_.end(), member.key()) != known_.end()) continue;
      std::string meant = nearest(member.key(), known_);
      error_ = "unknown key \"" + one_line(member.key(), 60) + "\"" +
               (meant.empty() ? "" : "; did you mean \"" + meant + "\"?");
    }
    return error_.empty() ? ok() : Result<void>(Error(Code::kInvalid, error_));
  }

 private:
  const json* find(const char* key, const char* type, bool (json::*is_type)() const noexcept) {
    known_.emplace_back(key);
    auto found = object_.find(key);
    if (found == object_.end()) return nullptr;
    if (((*found).*is_type)()) return &*found;
    complain(key, type);
    return nullptr;
  }
  void complain(std::string_view key, std::string_view type) {
    if (error_.empty()) error_ = "\"" + std::string(key) + "\" has to be " + std::string(type);
  }

  const json& object_;
  Texts known_;
  std::string error_;
};

void take_input(Members& members, ChartInput& input) {
  members.take("namespace", input.release_namespace);
  members.take_helm(input.helm);
  members.take("kube-version", input.kube_version);
  members.take("api-versions", input.api_versions);
  members.take("show-only", input.show_only);
  members.take("include-crds", input.include_crds);
  bool skip_crds = false;  // as with helm: what is not included can be skipped, too
  members.take("skip-crds", skip_crds);
  members.take("skip-tests", input.skip_tests);
  members.take("no-hooks", input.no_hooks);
  members.take("is-upgrade", input.is_upgrade);
  members.take("skip-schema-validation", input.skip_schema);
  constexpr std::pair<const char*, SetKind> kSets[] = {{"set-json", SetKind::kJson},
                                                       {"set", SetKind::kTyped},
                                                       {"set-string", SetKind::kString},
                                                       {"set-file", SetKind::kFile},
                                                       {"set-literal", SetKind::kLiteral}};
  for (const auto& [key, kind] : kSets) {
    Texts texts;
    members.take(key, texts);
    for (std::string& text : texts) input.sets.push_back({kind, std::move(text)});
  }
}

void take_remote(Members& members, RemoteChart& remote) {
  members.take("chart", remote.chart);
  members.take("version", remote.version);
  members.take("repo", remote.repo);
  members.take("username", remote.username);
  members.take("password", remote.password);
  members.take("ca-file", remote.ca_file);
  members.take("cert-file", remote.cert_file);
  members.take("key-file", remote.key_file);
  members.take("registry-config", remote.registry_config);
  members.take("plain-http", remote.plain_http);
  members.take("insecure-skip-tls-verify", remote.insecure);
  members.take("pass-credentials", remote.pass_credentials);
}

}  // namespace

Result<void> read_batch_line(std::string_view text, BatchLine& line) {
  // Without exceptions: a depth that the parser does not survive is refused before.
  constexpr int kMaxDepth = 16;
  auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= kMaxDepth; };
  json object = json::parse(text.begin(), text.end(), shallow, false);
  if (object.is_discarded()) return fail(Code::kInvalid, "this line is no JSON");
  if (!object.is_object()) return fail(Code::kInvalid, "each line has to be a JSON object");
  Members members(object);
  members.take("name", line.name);
  take_input(members, line.input);
  take_remote(members, line.remote);
  members.take("values", line.value_files);
  TRY_DO(members.finish());
  if (line.remote.chart.empty()) return fail(Code::kInvalid, "\"chart\" is missing");
  line.input.release_name = object.contains("name") ? line.name : "release-name";
  line.input.with_values = false;
  line.remote.warn_inexact = line.input.helm == HelmVersion::k4;
  return ok();
}

}  // namespace autonomous::helm
