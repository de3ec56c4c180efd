// daemon.yaml: defaults, every section, mistakes with carets, credentials that rotate, and reloading.
#include "daemon/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gitops/base/file.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ConfigPlaces places() {
  ConfigPlaces out;
  out.home = "/home/jane";
  return out;
}

std::string config_errors(std::string_view text) {
  auto config = parse_config(text, "/etc/daemon.yaml", places());
  EXPECT_FALSE(config);
  std::string out;
  for (const Error& error : config.errors) out += error.text() + "\n";
  return out;
}

DaemonConfig config_of(std::string_view text, const ConfigPlaces& where = places()) {
  auto config = parse_config(text, "/etc/autonomous/daemon.yaml", where);
  EXPECT_TRUE(config) << config.error().text();
  return config ? *config : DaemonConfig{};
}

TEST(Config, HasADefaultForEverything) {
  auto config = load_config("", places());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->state, "/home/jane/.local/state/autonomous");
  EXPECT_EQ(config->socket, "/home/jane/.local/state/autonomous/autonomous.sock");
  EXPECT_EQ(config->listen, "127.0.0.1:7300");
  EXPECT_EQ(config->public_url, "") << "known when the port is: it may be 0, or a flag's";
  EXPECT_EQ(config->gitops.url, "");
  EXPECT_TRUE(config->hosting.enabled);
  ConfigPlaces systemd;
  systemd.state_directory = "/var/lib/autonomous";
  systemd.runtime_directory = "/run/autonomous";
  EXPECT_EQ(config_of("", systemd).state, "/var/lib/autonomous");
  EXPECT_EQ(config_of("", systemd).socket, "/run/autonomous/autonomous.sock");
  systemd.state = "/tmp/x";
  systemd.listen = "127.0.0.1:0";
  EXPECT_EQ(config_of("state: /y\nlisten: 1.2.3.4:5", systemd).state, "/tmp/x");  // flags win
  EXPECT_EQ(config_of("state: /y\nlisten: 1.2.3.4:5", systemd).listen, "127.0.0.1:0");
  EXPECT_EQ(config_of("", systemd).socket, "/tmp/x/autonomous.sock");
}

TEST(Config, ReadsEverySection) {
  ConfigPlaces where = places();
  where.credentials_directory = "/run/credentials";
  DaemonConfig config = config_of(R"(
version: 1
listen: "off"
public_url: https://autonomous.example.com/
gitops: {url: "ssh://git@git.example.com/acme/gitops.git", deploy: live, credential: keys/deploy, known_hosts: /etc/known, poll: 1m}
signing: {key: ~/key}
committer: {name: Bot, email: bot@example.com}
sources:
  poll: 10s
  jitter: 0
  allow_file_urls: true
  credentials: {git.example.com: /etc/token, git.example.com/acme: {systemd: acme}}
hosting: {tokens: {jane: {file: /etc/jane}}, max_push: 1GiB}
webhooks: {github: {systemd: github}}
limits: {blob: 1MiB, render_time: 5s, render_fuel: 1000, render_memory: 1GiB, render_includes: 5, render_templates: 6, chart: 1MiB,
         chart_archives: 2MiB, chart_files: 7, chart_depth: 3, yaml: 4KiB, yaml_depth: 9, yaml_nodes: 99}
log: json
concurrency: {renders: 3}
verify_timeout: 90s
instances:
  argocd-prod: {kind: argocd, url: "https://argo", credential: {systemd: argocd}, ca_file: ca.pem, options: {any: [1]}}
x-note: free
)",
                                  where);
  EXPECT_EQ(config.listen, "");
  EXPECT_EQ(config.public_url, "https://autonomous.example.com");
  EXPECT_EQ(config.gitops.deploy, "live");
  EXPECT_EQ(config.gitops.credential.path(), "/etc/autonomous/keys/deploy");
  EXPECT_EQ(config.gitops.known_hosts, "/etc/known");
  EXPECT_EQ(config.gitops.poll, Millis(60'000));
  EXPECT_EQ(config.signing.key, "/home/jane/key");
  EXPECT_EQ(config.committer.email, "bot@example.com");
  EXPECT_EQ(config.sources.jitter, 0u);
  EXPECT_TRUE(config.sources.allow_file_urls);
  EXPECT_EQ(config.hosting.tokens.at("jane").path(), "/etc/jane");
  EXPECT_EQ(config.hosting.max_push, 1u << 30);
  EXPECT_EQ(config.webhooks.at("github").path(), "/run/credentials/github");
  EXPECT_EQ(config.limits.blob, 1u << 20);
  EXPECT_EQ(config.limits.render_fuel, 1000u);
  EXPECT_EQ(config.limits.render_memory, 1u << 30);
  EXPECT_EQ(config.limits.render_includes, 5u);
  EXPECT_EQ(config.limits.render_templates, 6u);
  EXPECT_EQ(config.limits.chart, 1u << 20);
  EXPECT_EQ(config.limits.chart_archives, 2u << 20);
  EXPECT_EQ(config.limits.chart_files, 7u);
  EXPECT_EQ(config.limits.chart_depth, 3u);
  EXPECT_EQ(config.limits.yaml, 4u << 10);
  EXPECT_EQ(config.limits.yaml_depth, 9u);
  EXPECT_EQ(config.limits.yaml_nodes, 99u);
  EXPECT_EQ(config.log.format, "json");
  EXPECT_EQ(config.concurrency.renders, 3u);
  EXPECT_EQ(config.concurrency.fetches, 4u);
  EXPECT_EQ(config.verify_timeout, Millis(90'000));
  const InstanceConfig& argo = config.instances.at("argocd-prod");
  EXPECT_EQ(argo.credential.path(), "/run/credentials/argocd");
  EXPECT_EQ(argo.ca_file, "/etc/autonomous/ca.pem");
  EXPECT_NE(argo.options.find("options"), nullptr);
}

TEST(Config, TellsAllMistakesAtOnce) {
  EXPECT_EQ(config_errors(R"(lisen: 127.0.0.1:7300
listen: 7300
gitops:
  url: https://me:secret@git.example.com/x
  credential: {token: abc}
instances:
  argo: {kind: argocd, token: abc, insecure: maybe}
limits: {blob: 1 parsec}
log: xml
projects: {}
)"),
            R"(/etc/daemon.yaml:1:1: unknown key 'lisen'; did you mean 'listen'?
  lisen: 127.0.0.1:7300
  ^
/etc/daemon.yaml:2:9: listen: expected an address and port (127.0.0.1:7300, [::1]:7300), not '7300'
  listen: 7300
          ^
/etc/daemon.yaml:4:8: gitops.url: a URL here must not hold a password; credentials belong to daemon.yaml, as files
    url: https://me:secret@git.example.com/x
         ^
/etc/daemon.yaml:5:16: gitops.credential: 'token' does not belong here
    credential: {token: abc}
                 ^
  hint: a secret never stands in a configuration: {file: /path} or {systemd: NAME}
/etc/daemon.yaml:7:24: instances.argo: 'token' does not belong here
    argo: {kind: argocd, token: abc, insecure: maybe}
                         ^
  hint: a secret never stands in a configuration: credential: {file: /path} or {systemd: NAME}
/etc/daemon.yaml:7:46: instances.argo.insecure: expected true or false, not 'maybe'
    argo: {kind: argocd, token: abc, insecure: maybe}
                                               ^
/etc/daemon.yaml:8:16: limits.blob: expected a size (4096, 16MiB, 2GiB), not '1 parsec'
  limits: {blob: 1 parsec}
                 ^
/etc/daemon.yaml:9:6: log: 'xml' is none of text, json, journald
  log: xml
       ^
/etc/daemon.yaml:10:1: 'projects' does not belong here
  projects: {}
  ^
  hint: this belongs to platform.yaml (environments, projects, roles) or autonomous.yaml (apps), which live in git
)");
}

TEST(Config, TellsMistakesOfSyntax) {
  EXPECT_EQ(config_errors("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n"),
            "/etc/daemon.yaml:2:1: the key 'listen' is there twice\n  listen: 127.0.0.1:2\n  ^\n");
  EXPECT_THAT(config_errors("a: [1\nb: 2\n"), HasSubstr("/etc/daemon.yaml:2:"));
  EXPECT_THAT(config_errors("version: 1\n---\nlisten: off\n"),
              HasSubstr("/etc/daemon.yaml:3:1: one document is wanted; here a second one begins"));
  EXPECT_THAT(config_errors("version: 1\n...\ngarbage\n"), HasSubstr("a second one begins"));
  EXPECT_THAT(config_errors("- a\n- b\n"), HasSubstr("/etc/daemon.yaml:1:1: expected a map, not a list"));
  EXPECT_THAT(config_errors("gitops: {credential: {file: /a, systemd: b}}\n"), HasSubstr("one of the two"));
  EXPECT_THAT(config_errors("gitops: {deploy: main}\n"), HasSubstr("must be another branch"));
  EXPECT_THAT(config_errors("tls: {key: /a}\n"), HasSubstr("go together"));
  EXPECT_FALSE(parse_config("", "", ConfigPlaces{}));  // nowhere to put the state
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    laughs += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) laughs += std::string(i == 0 ? "" : ", ") + "*" + static_cast<char>(c - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(config_errors(laughs), HasSubstr("more than 100000 values"));
}

TEST(Config, ChoosesTheCredentialOfTheLongestPath) {
  SourcesConfig sources =
      config_of("sources: {credentials: {git.example.com: /a, git.example.com/acme: /b, \"localhost:3000\": /c}}")
          .sources;
  EXPECT_EQ(credential_for(sources, "https://git.example.com/other/x.git").path(), "/a");
  EXPECT_EQ(credential_for(sources, "https://git.example.com/acme/x.git").path(), "/b");
  EXPECT_EQ(credential_for(sources, "https://git.example.com/acmeevil/x.git").path(), "/a");
  EXPECT_EQ(credential_for(sources, "git@git.example.com:acme/x.git").path(), "/b");
  EXPECT_EQ(credential_for(sources, "ssh://git@git.example.com/acme/x.git").path(), "/b");
  EXPECT_TRUE(credential_for(sources, "https://git.example.com.evil.org/acme/x.git").empty());
  EXPECT_TRUE(credential_for(sources, "http://git.example.com/acme/x.git").empty());  // in the clear
  EXPECT_EQ(credential_for(sources, "http://localhost:3000/x.git").path(), "/c");
}

TEST(Credential, IsReadAgainWhenItRotates) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  const std::string path = folder->path() + "/token";
  Credential credential = Credential::of_file(path);
  EXPECT_EQ(credential.read().error().code(), Code::kNotFound);
  ASSERT_TRUE(write_file(path, "first-secret\n"));
  EXPECT_EQ(credential.read().value(), "first-secret");
  Credential copy = credential;  // NOLINT(performance-unnecessary-copy-initialization): a copy sees it, too
  ASSERT_TRUE(write_file_durable(path, "user:the-second-secret\n"));
  EXPECT_EQ(copy.read().value(), "user:the-second-secret");
  EXPECT_EQ(masked("was first-secret, is the-second-secret"), "was ***, is ***");
  ASSERT_TRUE(write_file_durable(path, "\n"));
  EXPECT_THAT(credential.read().error().message(), HasSubstr("is empty"));
  EXPECT_THAT(Credential::of_systemd("argocd", "").read().error().text(),
              HasSubstr("hint: LoadCredential=argocd:/path in the unit"));
  EXPECT_FALSE(Credential().read());
}

std::string finding_of(const DaemonConfig& config, std::string_view subject) {
  for (const Finding& finding : check_config(config)) {
    const char* levels[] = {"ok", "warning", "error"};
    if (finding.subject == subject)
      return std::string(levels[static_cast<int>(finding.level)]) + ": " + finding.text +
             (finding.fix.empty() ? "" : " → " + finding.fix);
  }
  return "none";
}

TEST(Config, ChecksWhatCanBeCheckedWithoutTheNetwork) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  const std::string root = folder->path();
  ASSERT_TRUE(write_file(root + "/open", "secret-1", 0644));
  ASSERT_EQ(::chmod((root + "/open").c_str(), 0644), 0);
  ASSERT_TRUE(write_file(root + "/closed", "secret-2", 0600));
  DaemonConfig config = config_of(
      "state: " + root + "/state\nlisten: 0.0.0.0:7300\ngitops: {url: \"https://git/x\", credential: " + root +
      "/closed}\nhosting: {tokens: {jane: " + root +
      "/open, joe: /nowhere}}\nwebhooks: {github: /nowhere}\ninstances: {argo: {insecure: true}}\n");
  EXPECT_EQ(finding_of(config, "state"), "ok: " + root + "/state (will be made)");
  EXPECT_THAT(finding_of(config, "listen"), HasSubstr("warning: 0.0.0.0:7300 is reachable from outside without TLS"));
  EXPECT_THAT(finding_of(config, "public_url"), HasSubstr("nobody can follow"));
  EXPECT_EQ(finding_of(config, "gitops.credential"), "ok: file " + root + "/closed");
  EXPECT_EQ(finding_of(config, "hosting.tokens.jane"),
            "warning: file " + root + "/open can be read by others on this machine → chmod 600 " + root + "/open");
  EXPECT_THAT(finding_of(config, "hosting.tokens.joe"), HasSubstr("error: file /nowhere: No such file"));
  EXPECT_THAT(finding_of(config, "webhooks.github"), HasSubstr("error: file /nowhere: No such file"));
  EXPECT_THAT(finding_of(config, "instances.argo"), HasSubstr("warning: its certificate is not checked"));
  EXPECT_THAT(finding_of(config_of("socket: /" + std::string(120, 'x')), "socket"), HasSubstr("too long"));
}

TEST(ConfigFile, KeepsTheOldOneWhenTheNewIsWrong) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  const std::string path = folder->path() + "/daemon.yaml";
  ASSERT_TRUE(write_file(path, "verify_timeout: 1m\n"));
  auto first = load_config(path, places());
  ASSERT_TRUE(first);
  ConfigFile file(path, places(), std::shared_ptr<const DaemonConfig>(std::move(first.value)));
  EXPECT_FALSE(file.reload().value());
  EXPECT_FALSE(file.reload_if_changed().value());
  ASSERT_TRUE(write_file_durable(path, "verify_timeout: 2m\nlisten: 127.0.0.1:1\n"));
  auto before = file.current();
  EXPECT_TRUE(file.reload_if_changed().value());
  EXPECT_EQ(file.current()->verify_timeout, Millis(120'000));
  EXPECT_THAT(needs_restart(*before, *file.current()), ElementsAre("listen"));
  ASSERT_TRUE(write_file_durable(path, "verify_timeout: later\n"));
  auto wrong = file.reload();
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().text(), HasSubstr("daemon.yaml:1:17: verify_timeout: expected a duration"));
  EXPECT_EQ(file.current()->verify_timeout, Millis(120'000));
  EXPECT_EQ(file.trouble(), wrong.error().text());
  ASSERT_TRUE(remove_all(path));
  EXPECT_FALSE(file.reload());
  EXPECT_EQ(file.current()->verify_timeout, Millis(120'000));
  ASSERT_TRUE(write_file_durable(path, "verify_timeout: 2m\nlisten: 127.0.0.1:1\n"));
  EXPECT_FALSE(file.reload_if_changed().value()) << "it is what is in force";
  EXPECT_EQ(file.trouble(), "");
}

TEST(ConfigFile, KeepsTheFlagsThatWinOverTheFile) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  const std::string path = folder->path() + "/daemon.yaml";
  ConfigPlaces flags = places();
  flags.state = "/somewhere";
  flags.listen = "127.0.0.1:0";
  ASSERT_TRUE(write_file(path, "state: /elsewhere\n"));
  auto first = load_config(path, flags);
  ASSERT_TRUE(first);
  ConfigFile file(path, flags, std::shared_ptr<const DaemonConfig>(std::move(first.value)));
  auto before = file.current();
  ASSERT_TRUE(write_file_durable(path, "state: /nowhere\nlisten: 127.0.0.1:7\nlog: json\n"));
  EXPECT_TRUE(file.reload_if_changed().value());
  EXPECT_EQ(file.current()->state, "/somewhere");
  EXPECT_THAT(needs_restart(*before, *file.current()), testing::IsEmpty());
  EXPECT_EQ(file.current()->log.format, "json");
}

}  // namespace
}  // namespace autonomous::daemon
