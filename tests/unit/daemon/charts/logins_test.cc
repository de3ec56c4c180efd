#include "daemon/charts/logins.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "gitops/base/file.h"

namespace autonomous::daemon {
namespace {

struct LoginsTest : ::testing::Test {
  TempFolder folder = *TempFolder::make();
  std::map<std::string, std::string> variables{{"HOME", folder.path()}};

  void write(const std::string& name, const std::string& text, unsigned mode = 0644) {
    std::string path = folder.path() + "/" + name;
    ASSERT_TRUE(make_folders(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(write_file(path, text, mode));
  }
  std::string login(const std::string& host, const std::string& file = "") {
    auto found = find_login({}, host, file, [&](const std::string& name) { return variables[name]; });
    return found ? found->username + ":" + found->password : "error: " + found.error().message();
  }
};

TEST_F(LoginsTest, NobodyIsLoggedIn) { EXPECT_EQ(login("ghcr.io"), ":"); }

TEST_F(LoginsTest, HelmsFileBeforeDockers) {
  write(".config/helm/registry/config.json", R"({"auths": {"ghcr.io": {"auth": "amFuZTpwOnc="}}})");
  write(
      ".docker/config.json",
      R"({"auths": {"ghcr.io": {"auth": "ZG9ja2VyOng="}, "https://index.docker.io/v1/": {"username": "hub", "password": "y"}}})");
  EXPECT_EQ(login("ghcr.io"), "jane:p:w");
  EXPECT_EQ(login("docker.io"), "hub:y");
  EXPECT_EQ(login("quay.io"), ":");
}

TEST_F(LoginsTest, AFileThatIsNamed) {
  write("other.json", R"({"auths": {"https://127.0.0.1:5000/v2/": {"auth": "amFuZTpwdw=="}}})");
  EXPECT_EQ(login("127.0.0.1:5000", folder.path() + "/other.json"), "jane:pw");
  write("broken.json", "{");
  EXPECT_EQ(login("x", folder.path() + "/broken.json"),
            "error: " + folder.path() + "/broken.json: this is no JSON object");
}

TEST_F(LoginsTest, AHelperIsAsked) {
  write("bin/docker-credential-safe",
        "#!/bin/sh\nread host\ncase $host in ghcr.io) echo '{\"Username\":\"jane\",\"Secret\":\"pw\"}' ;; "
        "quay.io) echo 'credentials not found in native keychain'; exit 1 ;; *) echo locked; exit 1 ;; esac\n",
        0755);
  write(".docker/config.json", R"({"credsStore": "safe", "auths": {"quay.io": {"auth": "cTpx"}}})");
  variables["PATH"] = folder.path() + "/bin:/usr/bin:/bin";
  std::string path = std::string(getenv("PATH"));
  ::setenv("PATH", variables["PATH"].c_str(), 1);
  EXPECT_EQ(login("ghcr.io"), "jane:pw");
  EXPECT_EQ(login("quay.io"), "q:q");
  EXPECT_EQ(login("other.io"), "error: the credential helper 'safe' failed: locked");
  ::setenv("PATH", path.c_str(), 1);
}

TEST_F(LoginsTest, AnIdentityTokenIsSaidToBeNone) {
  write(".docker/config.json", R"({"auths": {"ghcr.io": {"auth": "amFuZTo=", "identitytoken": "x"}}})");
  EXPECT_NE(login("ghcr.io").find("identity token"), std::string::npos);
}

}  // namespace
}  // namespace autonomous::daemon
