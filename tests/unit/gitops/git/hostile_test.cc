// Repositories and servers that try to hurt whoever fetches from them: published attacks on git and its libraries, as
// regression tests. What they have in common: nothing of ours checks out, recurses, links, or asks a helper.
#include <gmock/gmock.h>
#include <unistd.h>

#include "gitops/git/program.h"
#include "gitops/git/remote.h"
#include "gitops/git/ssh.h"
#include "tests/unit/gitops/git/bed.h"
#include "tests/unit/gitops/git/bomb.h"
#include "tests/unit/gitops/git/git_server.h"

namespace autonomous::git {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HostileTest : public Bed {
 protected:
  HostileTest() {
    program_.allow_file = true;
    program_.home = path("home");
    must(make_folders(program_.home));
  }

  // mode, name and oid of one entry each, as they are: git's own tools would refuse to write such a tree.
  Oid raw_tree(const std::vector<std::tuple<std::string, std::string, Oid>>& entries) {
    std::string bytes;
    for (const auto& [mode, name, oid] : entries)
      bytes += mode + " " + name + std::string(1, '\0') +
               std::string(reinterpret_cast<const char*>(oid.data()), Oid::kBytes);
    return must(hostile_.write(ObjectKind::kTree, bytes));
  }
  Oid blob(const std::string& content) { return must(hostile_.write_blob(content)); }
  Oid raw_commit(const Oid& tree) {
    return must(hostile_.write(ObjectKind::kCommit, "tree " + tree.hex() +
                                                        "\nauthor E <e@example.com> 1700000000 +0000\ncommitter E "
                                                        "<e@example.com> 1700000000 +0000\n\nHostile\n"));
  }
  void publish(const Oid& commit) {
    must(hostile_.flush());
    must(update_refs(ctx_, hostile_, {{"refs/heads/main", commit, std::nullopt}}));
  }
  Result<void> fetch(const std::string& url, uint64_t max_fetch = 0) {
    RemoteSettings settings;
    settings.url = url;
    settings.max_fetch = max_fetch;
    Remote remote = must(Remote::make(settings, program_));
    return remote.fetch(ctx_, mirror_, {"+refs/heads/*:refs/heads/*"});
  }
  std::vector<std::string> files_below(const std::string& folder) {
    ChildResult found = run({"find", folder, "-not", "-type", "d"});
    std::vector<std::string> all;
    for (std::string_view line : split(found.out, '\n')) {
      if (!line.empty()) all.emplace_back(line);
    }
    return all;
  }

  GitProgram program_;
  Repository hostile_ = bare("hostile.git");
  Repository mirror_ = bare("mirror.git");
};

TEST_F(HostileTest, NamesThatHurtAreNotTakenIn) {
  for (const std::string name : {".git", ".GIT", ".gIt", "git~1", "..", ".", ".git ", ".git.",
                                 ".git::$INDEX_ALLOCATION", "\xe2\x80\x8c.git", "a/b", ""}) {
    publish(raw_commit(raw_tree({{"100644", name, blob("x")}})));
    Result<void> fetched = fetch(hostile_.path());
    ASSERT_FALSE(fetched) << name;
    EXPECT_NE(fetched.error().code(), Code::kInternal) << name;
    EXPECT_TRUE(must(list_refs(mirror_, "refs/")).empty()) << name;
  }
}

TEST_F(HostileTest, NamesThatGitTakesAreListedOrRefusedByUs) {
  struct Case {
    std::string name;
    bool listed;
  };
  for (const Case& one :
       {Case{"-x", true}, Case{"--upload-pack=x", true}, Case{"a:b", true}, Case{"a\nb", false}, Case{"a\rb", false},
        Case{"a\\b", false}, Case{std::string(283, 'n'), false}, Case{"\x1b[2J", false}}) {
    publish(raw_commit(raw_tree({{"100644", one.name, blob("x")}})));
    auto fetched = fetch(hostile_.path());
    ASSERT_TRUE(fetched) << fetched.error().text();
    auto listed = must(mirror_.tree_of(must(read_ref(mirror_, "refs/heads/main"))))->list();
    EXPECT_EQ(bool(listed), one.listed) << one.name;
    if (!listed) {
      EXPECT_THAT(listed.error().text(), Not(HasSubstr("\x1b"))) << one.name;
    }
  }
  // Names that differ by case only are two names to us, who check nothing out.
  publish(raw_commit(raw_tree({{"100644", "A.yaml", blob("1")}, {"100644", "a.yaml", blob("2")}})));
  must(fetch(hostile_.path()));
  auto twins = must(mirror_.tree_of(must(read_ref(mirror_, "refs/heads/main"))));
  EXPECT_EQ(must(twins->read("A.yaml", 10)) + must(twins->read("a.yaml", 10)), "12");
}

TEST_F(HostileTest, MalformedObjectsAreNotTakenIn) {
  Oid empty = must(hostile_.write(ObjectKind::kTree, ""));
  const std::string people =
      "\nauthor E <e@example.com> 1700000000 +0000\ncommitter E <e@example.com> 1700000000 +0000\n";
  std::vector<std::string> commits = {
      "tree " + std::string(40, '1') + people + "\nNo such tree\n",          // it is not there
      "tree " + empty.hex() + people.substr(0, 30) + "\n\nHalf a person\n",  // cut
      "tree " + empty.hex() + "\ntree " + empty.hex() + people + "\nTwice\n",
      people.substr(1) + "\nNo tree at all\n",
  };
  for (const std::string& commit : commits) {
    publish(must(hostile_.write(ObjectKind::kCommit, commit)));
    EXPECT_FALSE(fetch(hostile_.path())) << commit;
    EXPECT_TRUE(must(list_refs(mirror_, "refs/")).empty()) << commit;
  }
  for (const auto& tree : {raw_tree({{"100644", "b", blob("x")}, {"100644", "a", blob("x")}}),
                           raw_tree({{"100644", "a", blob("x")}, {"100644", "a", blob("y")}})}) {
    publish(raw_commit(tree));
    EXPECT_FALSE(fetch(hostile_.path())) << tree.hex();
  }
}

TEST_F(HostileTest, PacksThatAreDamagedAreNotTakenIn) {
  publish(raw_commit(raw_tree({{"100644", "a", blob(std::string(5000, 'x') + "end")}})));
  std::string whole, part;
  GitServer honest(folder_.path());
  must(fetch(honest.url("/hostile.git")));
  for (size_t damage : {size_t{30}, size_t{60}, size_t{100}, size_t{150}}) {
    mirror_ = bare("mirror-" + std::to_string(damage) + ".git");
    GitServer* backend = &honest;
    GitServer broken(folder_.path(), [&](const GitServer::Request& request) -> std::optional<std::string> {
      if (request.body.find("command=fetch") == std::string::npos) return std::nullopt;
      std::string answer = backend->answer(request);
      size_t pack = answer.find("PACK");
      if (pack == std::string::npos || pack + damage >= answer.size()) return answer;
      answer[pack + damage] = static_cast<char>(answer[pack + damage] ^ 0x55);
      return answer;
    });
    EXPECT_FALSE(fetch(broken.url("/hostile.git"))) << damage;
    EXPECT_TRUE(must(list_refs(mirror_, "refs/")).empty());
  }
}

TEST_F(HostileTest, MoreThanTheLimitIsNotTakenIn) {
  std::string noise;
  uint64_t state = 88172645463325252ull;  // xorshift: does not compress
  while (noise.size() < (4u << 20)) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    noise.append(reinterpret_cast<const char*>(&state), sizeof state);
  }
  publish(raw_commit(raw_tree({{"100644", "big", blob(noise)}})));
  Result<void> fetched = fetch(hostile_.path(), 1u << 20);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kLimit) << fetched.error().text();
  EXPECT_TRUE(must(list_refs(mirror_, "refs/")).empty());
  EXPECT_THAT(files_below(mirror_.path() + "/objects"), ::testing::IsEmpty()) << "each try would leave its megabytes";
  must(fetch(hostile_.path(), 16u << 20));
}

// Some kilobytes that ask for half a gigabyte of memory.
TEST_F(HostileTest, DeltasThatBecomeHugeAreNotTakenIn) {
  GitCall call;
  call.folder = mirror_.path();
  call.args = {"index-pack", "--stdin", "--strict", "--fix-thin"};
  call.input = bomb_pack(512u << 20);
  ASSERT_LT(call.input.size(), 32u << 10);
  Result<std::string> taken = git_output(ctx_, program_, call);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::kLimit) << taken.error().text();
  EXPECT_THAT(taken.error().text(), HasSubstr("-delta"));
  call.input = bomb_pack(32u << 20);  // as a large file of an honest history
  EXPECT_TRUE(git_output(ctx_, program_, call));
}

// CVE-2024-32002: a submodule below a link into .git brings a hook of its own. CVE-2025-48384: so does a submodule
// whose path ends in a carriage return. Submodules are never followed, and nothing is checked out.
TEST_F(HostileTest, SubmodulesAndTheirHooksStayWhereTheyAre) {
  std::string pwned = path("pwned");
  std::string inner = path("inner.git");
  run({"git", "init", "-q", "--bare", inner});
  std::string hook = "#!/bin/sh\ntouch " + pwned + "\n";
  Repository sub = must(Repository::open(inner));
  Oid tree = must(sub.update_tree(Oid(), {{"y/hooks/post-checkout", must(sub.write_blob(hook)), Mode::kExecutable}}));
  Oid tip = commit(sub, tree, {});
  must(update_refs(ctx_, sub, {{"refs/heads/main", tip, std::nullopt}}));
  std::string modules = "[submodule \"x/y\"]\n\tpath = A/modules/x\n\turl = " + inner + "\n";
  std::string with_return = "[submodule \"sub\"]\n\tpath = \"sub\r\"\n\turl = " + inner + "\n";
  std::string helper =
      "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::sh -c 'touch " + pwned + "'\n\tupdate = !touch " + pwned + "\n";
  for (const std::string& text : {modules, with_return, helper}) {
    Oid folder = raw_tree({{"40000", "modules", raw_tree({{"160000", "x", tip}})}});
    publish(raw_commit(raw_tree({{"100644", ".gitmodules", blob(text)},
                                 {"40000", "A", folder},
                                 {"120000", "a", blob(".git")},
                                 {"160000", "sub", tip}})));
    auto fetched = fetch(hostile_.path());  // git's fsck may refuse it; that is as well
    EXPECT_FALSE(exists(pwned)) << text;
    if (!fetched) continue;
    EXPECT_FALSE(mirror_.has(tip)) << "a submodule was fetched";
    auto listed = must(mirror_.tree_of(must(read_ref(mirror_, "refs/heads/main"))))->list();
    ASSERT_TRUE(listed) << listed.error().text();
    int links = 0, submodules = 0;
    for (const FileEntry& entry : *listed) {
      links += entry.kind == FileKind::kLink;
      submodules += entry.kind == FileKind::kSubmodule;
    }
    EXPECT_EQ(links, 1);
    EXPECT_EQ(submodules, 2);
  }
}

// CVE-2025-48385: a server that advertises bundle URIs makes the client write files where it likes. They are not asked
// for.
TEST_F(HostileTest, BundleUrisAreNotFollowed) {
  publish(raw_commit(raw_tree({{"100644", "a", blob("x")}})));
  GitServer server(folder_.path());
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"uploadpack.advertiseBundleURIs", "true"},
                                                        {"bundle.version", "1"},
                                                        {"bundle.mode", "all"},
                                                        {"bundle.bait.uri", server.url("/bait.bundle")}})
    git(hostile_.path(), {"config", key, value});
  must(fetch(server.url("/hostile.git")));
  for (const GitServer::Request& request : server.seen()) {
    EXPECT_THAT(request.target, Not(HasSubstr("bait")));
    EXPECT_THAT(request.body, Not(HasSubstr("bundle-uri")));
  }
}

// CVE-2022-39253: a local repository whose object store is made of links takes files of the machine into the clone.
TEST_F(HostileTest, LinksInALocalObjectStoreAreNotCopied) {
  publish(raw_commit(raw_tree({{"100644", "a", blob("x")}})));
  must(make_folders(path("private")));
  must(write_file(path("private/secret"), "the secret of this machine"));
  ASSERT_EQ(::symlink(path("private").c_str(), (hostile_.path() + "/objects/secrets").c_str()), 0);
  ASSERT_EQ(::symlink(path("private/secret").c_str(), (hostile_.path() + "/objects/pack/pack-x.keep").c_str()), 0);
  must(fetch("file://" + hostile_.path()));
  for (const std::string& file : files_below(mirror_.path())) {
    EXPECT_THAT(file, Not(HasSubstr("secret")));
    EXPECT_THAT(must(read_file(file)), Not(HasSubstr("the secret of this machine")));
  }
}

// CVE-2024-52006 (and its kin): a carriage return in an address makes a credential helper answer for another host. Such
// addresses are refused, and no helper is ever asked, whatever the user's configuration says.
TEST_F(HostileTest, CredentialHelpersAreNeverAsked) {
  for (const std::string url :
       {"https://example.com\r/x", "https://exa\nmple.com/x", "https://u%0dhost=evil@example.com/x\r"})
    EXPECT_FALSE(check_url(url, false)) << one_line(url);
  std::string asked = path("asked");
  must(write_file(path("home/.gitconfig"),
                  "[credential]\n\thelper = \"!f() { cat >> " + asked + "; echo password=stolen; }; f\"\n"));
  must(write_file(path(".gitconfig"), must(read_file(path("home/.gitconfig")))));
  GitServer server(folder_.path(), [&](const GitServer::Request& request) -> std::optional<std::string> {
    EXPECT_EQ(request.headers.count("authorization"), 0u);
    return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\rhost=evil\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  });
  Result<void> fetched = fetch(server.url("/%0dhost=evil/hostile.git"));
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kDenied) << fetched.error().text();
  EXPECT_FALSE(exists(asked));
}

// CVE-2023-22742: libgit2 connected to ssh hosts whose key nobody had checked. libgit2 never connects here, and the ssh
// program is told to refuse them.
TEST(Ssh, UnknownHostsAreRefusedAndNothingOfTheUsersCounts) {
  std::string all = ssh_command("/keys/deploy key", "/etc/known hosts");
  for (const char* wanted : {"'StrictHostKeyChecking=yes'", "'BatchMode=yes'", "'-F' '/dev/null'",
                             "'IdentityAgent=none'", "'IdentitiesOnly=yes'", "'IdentityFile=\"/keys/deploy key\"'",
                             "'UserKnownHostsFile=\"/etc/known hosts\"'", "'GlobalKnownHostsFile=/dev/null'"})
    EXPECT_THAT(all, HasSubstr(wanted));
  EXPECT_THAT(ssh_command("", ""), HasSubstr("'IdentityFile=none'"));
  EXPECT_THAT(ssh_command("", ""), HasSubstr("'UserKnownHostsFile=/dev/null'"));
  EXPECT_EQ(shell_quoted("it's; $(x)"), "'it'\\''s; $(x)'");
}

TEST(Ssh, ReadsAddressesAsGitDoes) {
  struct Case {
    const char *url, *host, *port, *path;
  };
  for (const Case& one : {Case{"ssh://git@example.com/acme/a.git", "git@example.com", "", "/acme/a.git"},
                          Case{"ssh://git@example.com:2222/acme/a.git", "git@example.com", "2222", "/acme/a.git"},
                          Case{"ssh://example.com/~jane/a.git", "example.com", "", "~jane/a.git"},
                          Case{"ssh://git@[::1]:22/a", "git@::1", "22", "/a"}, Case{"ssh://[::1]/a", "::1", "", "/a"},
                          Case{"git@example.com:acme/a.git", "git@example.com", "", "acme/a.git"},
                          Case{"git@[::1]:a.git", "git@::1", "", "a.git"}}) {
    auto address = parse_ssh(one.url);
    ASSERT_TRUE(address) << one.url;
    EXPECT_EQ(address->host + " " + address->port + " " + address->path,
              std::string(one.host) + " " + one.port + " " + one.path);
  }
  for (const char* bad : {"ssh://example.com", "ssh://example.com:22x/a", "ssh://-oProxyCommand=x/a",
                          "git@example.com:", "git@example.com:-x", "ssh://example.com:123456/a"})
    EXPECT_FALSE(parse_ssh(bad)) << bad;
}

}  // namespace
}  // namespace autonomous::git
