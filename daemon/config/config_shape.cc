#include "daemon/config/config_shape.h"

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using namespace model;  // the builders of shapes

std::string check_branch(std::string_view name) {
  const bool good = !name.empty() && name.front() != '-' && name.front() != '/' && name.back() != '/' &&
                    name.find("..") == std::string_view::npos && name.find("//") == std::string_view::npos &&
                    !ends_with(name, ".lock") && name.find_first_of(" ~^:?*[\\\t\n") == std::string_view::npos;
  return good ? "" : "'" + one_line(name, 60) + "' is no name of a branch";
}

std::string check_file(std::string_view path) {
  return path.empty() || path.find('\0') != std::string_view::npos ? "expected a path of a file" : "";
}

std::string check_credential_name(std::string_view name) {
  return name.empty() || name.find('/') != std::string_view::npos || name.front() == '.'
             ? "expected the name that LoadCredential= gives it"
             : "";
}

std::string check_email(std::string_view email) {
  const size_t at = email.find('@');
  const bool good = at != 0 && at != std::string_view::npos && email.find_first_of("<> \t\n") == std::string_view::npos;
  return good ? "" : "expected an e-mail address, not '" + one_line(email, 60) + "'";
}

std::string check_person(std::string_view name) {
  return name.empty() || name.find_first_of("<>\n") != std::string_view::npos ? "expected a name without '<' and '>'"
                                                                              : "";
}

std::string check_instance(std::string_view name) {
  return name.empty() || name.size() > 63 ||
                 name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string_view::npos
             ? "'" + one_line(name, 60) + "' is no name: a-z, 0-9 and '-'"
             : "";
}

Shape file_path() { return text("a path of a file", check_file); }

Shape credential_shape() {
  Shape credential =
      with_short(record({{"file", file_path(), "holds a token, user:password, or an SSH key"},
                         {"systemd", text("a name", check_credential_name), "of LoadCredential= in the unit"}}),
                 file_path());
  for (const char* key : {"token", "password", "value"})
    credential.elsewhere[key] = "a secret never stands in a configuration: {file: /path} or {systemd: NAME}";
  return credential;
}

Shape instance_shape() {
  Shape instance = record({{"kind", text("argocd, kubernetes, vault, jenkins…"), "default: as platform.yaml says"},
                           {"url", url(), "default: as platform.yaml says"},
                           {"credential", credential_shape(), "a token"},
                           {"kubeconfig", file_path(), "of a cluster; its current context"},
                           {"ca_file", file_path(), "PEM; default: the system's"},
                           {"insecure", boolean(), "does not check the server's certificate: for tests"},
                           {"options", map_of(any()), "of the kind"}});
  for (const char* key : {"token", "password"})
    instance.elsewhere[key] = "a secret never stands in a configuration: credential: {file: /path} or {systemd: NAME}";
  instance.elsewhere["token_file"] = "credential: {file: /path}";
  return instance;
}

Shape limits_shape() {
  return record(
      {{"blob", bytes(), "of a file that is read from a source repository; default: 16MiB"},
       {"repository", bytes(), "of a source repository's mirror; default: 2GiB"},
       {"render_output", bytes(), "default: 64MiB"},
       {"render_fuel", integer(1000, 1'000'000'000'000), "steps of a render; default: 2000000000"},
       {"render_memory", bytes(), "of a render's values and texts; default: 2GiB"},
       {"render_includes", integer(1, 10'000), "nested ones of one name; default: 1000, as helm has it"},
       {"render_templates", integer(1, 100'000), "nested ones of all names; default: 100000, as helm has it"},
       {"render_time", duration(), "default: 1m"},
       {"chart", bytes(), "of a chart's files, and of each archive in it, unpacked; default: 100MiB"},
       {"chart_archives", bytes(), "of all archives in a chart, unpacked; default: 512MiB"},
       {"chart_files", integer(1, 1'000'000), "default: 100000"},
       {"chart_depth", integer(1, 100), "of charts in charts; default: 32"},
       {"yaml", bytes(), "of a YAML file of a chart, of a values file, of what aliases repeat; default: 64MiB"},
       {"yaml_depth", integer(1, 10'000), "default: 10000, as helm has it"},
       {"yaml_nodes", integer(1, 1'000'000'000), "default: 20000000"},
       {"apps", integer(1, 1000), "of one project; default: 1000"}});
}

Shape make_config_shape() {
  Shape log = with_short(record({{"format", choice({"text", "json", "journald"}), "default: text"},
                                 {"level", choice({"debug", "info", "warn", "error"}), "default: info"}}),
                         choice({"text", "json", "journald"}), [](Value value) {
                           Value map = Value::map();
                           map.set("format", std::move(value));
                           return map;
                         });
  Shape config = record(
      {{"version", integer(1, 1), "1"},
       {"state", file_path(), "folder; default: $STATE_DIRECTORY, else ~/.local/state/autonomous"},
       {"listen", text("an address and port (127.0.0.1:7300), or off", check_listen), "default: 127.0.0.1:7300"},
       {"socket", file_path(), "default: $RUNTIME_DIRECTORY/autonomous.sock, else in the state folder"},
       {"public_url", url(), "where people and Argo CD reach it; default: http://<listen>"},
       {"tls", record({{"certificate", credential_shape(), "PEM, with its chain"}, {"key", credential_shape(), "PEM"}}),
        "of `listen`; both are read again when they rotate; default: plain HTTP"},
       {"gitops",
        record(
            {{"url", url(), "default: a repository in the state folder, served by the daemon"},
             {"deploy", text("a branch", check_branch), "default: deploy"},
             {"credential", credential_shape(), ""},
             {"known_hosts", file_path(), "of an SSH url; default: /etc/ssh/ssh_known_hosts"},
             {"ca_file", file_path(), "PEM; default: the system's"},
             {"public_url", url(), "how Argo CD and people reach it; default: url"},
             {"poll", duration(), "default: 15s"},
             {"tags", integer(0, 10'000'000),
              "release tags that stay beside those of what is live; older ones are in the ledger. 0: all; default: 1000"}}),
        "the GitOps repository"},
       {"signing", record({{"key", file_path(), "Ed25519, OpenSSH format; default: made in the state folder"}}), ""},
       {"committer",
        record({{"name", text("a name", check_person), ""}, {"email", text("an e-mail address", check_email), ""}}),
        "of the daemon's commits"},
       {"sources",
        record({{"poll", duration(), "default: 30s"},
                {"jitter", integer(0, 90), "percent; default: 20"},
                {"allow_file_urls", boolean(), "default: false"},
                {"known_hosts", file_path(), "of SSH URLs; default: /etc/ssh/ssh_known_hosts"},
                {"ca_files", map_of(file_path(), "a host or host/path"), "PEM; default: the system's"},
                {"credentials", map_of(credential_shape(), "a host or host/path"),
                 "by host, or host/path; the longest wins"}}),
        "source repositories"},
       {"hosting",
        record({{"enabled", boolean(), "of source repositories; default: true"},
                {"tokens", map_of(credential_shape(), "a person"), "who may push over HTTP"},
                {"max_push", bytes(), "default: 512MiB"}}),
        "git push to the daemon itself"},
       {"webhooks", map_of(credential_shape(), "a name"),
        "secrets of what git hosts send to /api/v1/webhook; a source that moved is then looked at without a poll"},
       {"limits", limits_shape(), ""},
       {"log", std::move(log), ""},
       {"concurrency",
        record({{"renders", integer(0, 256), "default: one a core"}, {"fetches", integer(1, 256), "default: 4"}}), ""},
       {"verify_timeout", duration(), "until a release that isn't healthy has failed; default: 10m"},
       {"instances", map_of(instance_shape(), "an instance", check_instance),
        "how to get into what platform.yaml names"}});
  for (const char* key : {"environments", "projects", "roles", "apps"}) {
    config.elsewhere[key] =
        "this belongs to platform.yaml (environments, projects, roles) or autonomous.yaml (apps), which live in git";
  }
  return config;
}

}  // namespace

std::string check_listen(std::string_view text) {
  if (text.empty() || text == "off") return "";
  const size_t colon = text.rfind(':');
  std::string_view port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  bool good = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos &&
              std::stoul(std::string(port)) <= 65535;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  good = good && !host.empty() && (bracketed || host.find_first_of("[]: /") == std::string_view::npos);
  return good ? "" : "expected an address and port (127.0.0.1:7300, [::1]:7300), not '" + one_line(text, 60) + "'";
}

const Shape& config_shape() {
  static const Shape shape = make_config_shape();
  return shape;
}

}  // namespace autonomous::daemon
