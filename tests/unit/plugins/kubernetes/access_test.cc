#include "plugins/kubernetes/access.h"

#include <gtest/gtest.h>

#include "gitops/base/file.h"

namespace autonomous::kubernetes {
namespace {

constexpr char kConfig[] = R"(apiVersion: v1
kind: Config
current-context: b
contexts:
- {name: a, context: {cluster: other, user: other}}
- {name: b, context: {cluster: eu, user: bot, namespace: default}}
clusters:
- name: eu
  cluster:
    server: https://eu.example.com:6443/
    certificate-authority-data: LS0tIGNhIC0tLQo=
users:
- name: bot
  user: {token: abcdef}
- name: other
  user: {exec: {command: rm}}
)";

TEST(Kubeconfig, TheCurrentContextCounts) {
  auto access = read_kubeconfig(kConfig, "config", "/x");
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->url, "https://eu.example.com:6443");
  EXPECT_EQ(access->token, "abcdef");
  EXPECT_EQ(access->via.ca_pem, "--- ca ---\n");
  EXPECT_FALSE(access->via.insecure);
}

std::string with(std::string from, const std::string& to) {
  std::string text = kConfig;
  return text.replace(text.find(from), from.size(), to);
}

TEST(Kubeconfig, FilesCountFromItsFolder) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  ASSERT_TRUE(write_file(folder->path() + "/token", "from-a-file\n"));
  ASSERT_TRUE(write_file(folder->path() + "/key.pem", "KEY"));
  auto access =
      read_kubeconfig(with("{token: abcdef}", "{tokenFile: token, client-key: key.pem}"), "config", folder->path());
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->token, "from-a-file");
  EXPECT_EQ(access->via.client_key_pem, "KEY");
}

TEST(Kubeconfig, SaysWhatIsWrong) {
  struct {
    std::string text, words;
    Code code;
  } cases[] = {{with("current-context: b", "x: y"), "no current-context", Code::kInvalid},
               {with("current-context: b", "current-context: c"), "no context 'c' in `contexts`", Code::kInvalid},
               {with("name: bot", "name: robot"), "no user 'bot' in `users`", Code::kInvalid},
               {with("server: https://eu.example.com:6443/", "x: y"), "the cluster has no `server`", Code::kInvalid},
               {with("current-context: b", "current-context: a"), "no cluster 'other' in `clusters`", Code::kInvalid},
               {with("{token: abcdef}", "{exec: {command: rm}}"), "`exec` runs a program", Code::kDenied},
               {with("LS0tIGNhIC0tLQo=", "LS0"), "cut off", Code::kInvalid}};
  for (const auto& expected : cases) {
    auto access = read_kubeconfig(expected.text, "config", "/x");
    ASSERT_FALSE(access) << expected.words;
    EXPECT_EQ(access.error().code(), expected.code) << access.error().line();
    EXPECT_NE(access.error().line().find(expected.words), std::string::npos) << access.error().line();
  }
}

TEST(Access, IsTheInstancesWhereItHasAUrl) {
  ports::Instance instance;
  instance.url = "https://c/";
  instance.insecure = true;
  instance.credential = [] { return Result<std::string>("t0ken"); };
  auto access = access_of(instance);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->url, "https://c");
  EXPECT_EQ(access->token, "t0ken");
  EXPECT_TRUE(access->via.insecure);
  instance.credential = [] { return Result<std::string>(fail(Code::kNotFound, "no file")); };
  EXPECT_EQ(access_of(instance).error().code(), Code::kNotFound);
}

TEST(Access, OfAKubeconfigMayBeElsewhere) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  ports::Instance instance;
  instance.kubeconfig = folder->path() + "/config";
  ASSERT_TRUE(write_file(instance.kubeconfig, kConfig));
  EXPECT_EQ(access_of(instance)->url, "https://eu.example.com:6443");
  instance.url = "https://tunnel/";
  EXPECT_EQ(access_of(instance)->url, "https://tunnel");
  EXPECT_EQ(access_of(instance)->token, "abcdef");
}

TEST(Base64, DecodesWhatIsWhole) {
  EXPECT_EQ(*decode_base64("YQ=="), "a");
  EXPECT_EQ(*decode_base64("YWI=\n"), "ab");
  EXPECT_EQ(*decode_base64("YW Jj"), "abc");
  EXPECT_EQ(*decode_base64("//79"), "\xff\xfe\xfd");
  EXPECT_EQ(*decode_base64(""), "");
  for (const char* bad : {"YQ", "YQ=a", "Y!==", "====", "YQ==="}) EXPECT_FALSE(decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace autonomous::kubernetes
