#include "plugins/kubernetes/access.h"

#include <cstdlib>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/model/value.h"

namespace autonomous::kubernetes {

namespace {

using model::Value;

constexpr char kServiceAccount[] = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string text_of(const Value* record, std::string_view key) {
  const Value* value = record == nullptr ? nullptr : record->find(key);
  return value != nullptr && value->is_scalar() ? value->text : "";
}

// `clusters: [{name: x, cluster: {…}}]` → the record under `what` of the entry of that name.
Result<const Value*> entry(const Value& root, std::string_view list, std::string_view what, const std::string& name) {
  const Value* entries = root.find(list);
  if (entries != nullptr) {
    for (const Value& item : entries->items) {
      if (text_of(&item, "name") == name && item.find(what) != nullptr) return item.find(what);
    }
  }
  return fail(Code::kInvalid, "no ", what, " '", name, "' in `", list, "`").at(root.place());
}

std::string absolute(const std::string& path, const std::string& folder) {
  return path.empty() || path.front() == '/' ? path : folder + "/" + path;
}

// `<key>-data` in base64, or the file that `<key>` names.
Result<std::string> pem(const Value* record, const std::string& key, const std::string& folder) {
  if (const std::string data = text_of(record, key + "-data"); !data.empty()) return decode_base64(data);
  const std::string path = text_of(record, key);
  if (path.empty()) return std::string();
  return read_file(absolute(path, folder), 1u << 20);
}

Result<void> read_user(const Value* user, const std::string& folder, Access& access) {
  for (std::string_view runs : {"exec", "auth-provider"}) {
    if (const Value* value = user->find(runs)) {
      return fail(Code::kDenied, "`", runs, "` runs a program to get credentials; give a token instead")
          .at(value->place());
    }
  }
  access.token = text_of(user, "token");
  if (const std::string file = text_of(user, "tokenFile"); !file.empty()) {
    TRY(const std::string token, read_file(absolute(file, folder), 1u << 20));
    access.token = trim(token);
  }
  TRY(access.via.client_pem, pem(user, "client-certificate", folder));
  TRY(access.via.client_key_pem, pem(user, "client-key", folder));
  mask_in_logs(access.token);
  return ok();
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

Result<Access> of_service_account() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return fail(Code::kInvalid, "neither a url nor a kubeconfig, and this is no pod of a cluster");
  }
  const std::string name = std::string(host).find(':') == std::string::npos ? host : "[" + std::string(host) + "]";
  Access access{.url = "https://" + name + ":" + port, .token = ""};
  access.via.ca_file = std::string(kServiceAccount) + "ca.crt";
  TRY(const std::string token, read_file(std::string(kServiceAccount) + "token", 1u << 20));
  access.token = trim(token);
  mask_in_logs(access.token);
  return access;
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  size_t count = 0, padding = 0;
  for (char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const size_t value = kAlphabet.find(c);
    if (c == '=') ++padding;
    if ((value == std::string_view::npos && c != '=') || (c != '=' && padding > 0))
      return fail(Code::kInvalid, "this is no base64");
    bits = bits << 6 | (c == '=' ? 0 : static_cast<uint32_t>(value));
    if (++count % 4 != 0) continue;
    for (int shift : {16, 8, 0}) out += static_cast<char>(bits >> shift & 0xff);
    bits = 0;
  }
  if (count % 4 != 0 || padding > 2) return fail(Code::kInvalid, "this base64 is cut off");
  out.resize(out.size() - padding);
  return out;
}

Result<Access> read_kubeconfig(std::string_view text, std::string_view file, const std::string& folder) {
  const auto parsed = model::parse_yaml(text, file);
  if (!parsed) return parsed.error();
  const Value& root = *parsed;
  const std::string current = text_of(&root, "current-context");
  if (current.empty()) return fail(Code::kInvalid, file, ": no current-context");
  TRY(const Value* context, entry(root, "contexts", "context", current));
  TRY(const Value* cluster, entry(root, "clusters", "cluster", text_of(context, "cluster")));
  TRY(const Value* user, entry(root, "users", "user", text_of(context, "user")));
  Access access{.url = without_slash(text_of(cluster, "server")), .token = ""};
  if (access.url.empty()) return fail(Code::kInvalid, "the cluster has no `server`").at(cluster->place());
  access.via.insecure = text_of(cluster, "insecure-skip-tls-verify") == "true";
  TRY(access.via.ca_pem, pem(cluster, "certificate-authority", folder));
  TRY_DO(read_user(user, folder, access));
  return access;
}

Result<void> check_instance(const ports::Instance& instance) {
  if (!instance.url.empty() || !instance.kubeconfig.empty() || std::getenv("KUBERNETES_SERVICE_HOST") != nullptr)
    return ok();
  return fail(Code::kInvalid, "instance ", instance.name, ": kubernetes needs a url or a kubeconfig");
}

Result<Access> access_of(const ports::Instance& instance) {
  if (instance.url.empty() && instance.kubeconfig.empty()) return of_service_account();
  if (!instance.kubeconfig.empty()) {
    TRY(const std::string text, read_file(instance.kubeconfig, 4u << 20));
    const size_t slash = instance.kubeconfig.rfind('/');
    TRY(Access access, read_kubeconfig(text, instance.kubeconfig,
                                       slash == std::string::npos ? "." : instance.kubeconfig.substr(0, slash)));
    if (!instance.url.empty()) access.url = without_slash(instance.url);
    return access;
  }
  Access access{.url = without_slash(instance.url), .token = ""};
  access.via.ca_file = instance.ca_file;
  access.via.insecure = instance.insecure;
  if (instance.credential) {
    TRY(access.token, instance.credential());
    mask_in_logs(access.token);
  }
  return access;
}

}  // namespace autonomous::kubernetes
