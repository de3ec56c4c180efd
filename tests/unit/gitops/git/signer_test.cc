#include "gitops/git/signer.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/gitops/git/bed.h"

namespace autonomous::git {
namespace {

using ::testing::HasSubstr;

class SignerTest : public Bed {
 protected:
  std::string key_path() { return path("key"); }
  SignFunction signing(const Signer& signer) {
    return [signer](std::string_view bytes) { return signer.sign(bytes); };
  }
  // ssh-keygen's own judgement of a signature.
  ChildResult keygen_verify(const std::string& allowed, const std::string& who, const std::string& bytes,
                            const std::string& signature) {
    must(write_file(path("allowed"), allowed));
    must(write_file(path("sig"), signature));
    return run({"ssh-keygen", "-Y", "verify", "-f", path("allowed"), "-I", who, "-n", "git", "-s", path("sig")}, bytes);
  }
};

TEST_F(SignerTest, MakesAKeyThatSshKeygenReads) {
  Signer signer = must(Signer::load_or_make(key_path(), "autonomous@host"));
  struct stat info {};
  ASSERT_EQ(::stat(key_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(run({"ssh-keygen", "-y", "-f", key_path()}).out, signer.public_line() + "\n");
  EXPECT_EQ(must(read_file(key_path() + ".pub")), signer.public_line() + "\n");
  EXPECT_THAT(run({"ssh-keygen", "-l", "-f", key_path() + ".pub"}).out,
              HasSubstr(signer.fingerprint() + " autonomous@host"));
  EXPECT_EQ(must(Signer::load_or_make(key_path())).public_line(), signer.public_line());
  EXPECT_EQ(must(key_fingerprint(signer.public_line())), signer.fingerprint());
}

TEST_F(SignerTest, ReadsSshKeygensKeysAndMakesTheSameSignatures) {
  run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", key_path()});
  Signer signer = must(Signer::load(key_path()));
  EXPECT_EQ(signer.public_line() + "\n", must(read_file(key_path() + ".pub")));
  must(write_file(path("message"), "some bytes\n"));
  run({"ssh-keygen", "-q", "-Y", "sign", "-f", key_path(), "-n", "git", path("message")});
  EXPECT_EQ(must(read_file(path("message.sig"))), must(signer.sign("some bytes\n")));
}

TEST_F(SignerTest, RefusesOtherKeysWithWords) {
  EXPECT_THAT(Signer::parse("garbage").error().message(), HasSubstr("OpenSSH"));
  run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path("locked")});
  EXPECT_THAT(Signer::load(path("locked")).error().message(), HasSubstr("passphrase"));
  run({"ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path("ecdsa")});
  EXPECT_THAT(Signer::load(path("ecdsa")).error().message(), HasSubstr("ssh-ed25519"));
  EXPECT_EQ(Signer::load(path("none")).error().code(), Code::kNotFound);
}

TEST_F(SignerTest, GitAcceptsCommitsAndTags) {
  Signer signer = must(Signer::load_or_make(key_path()));
  Repository repository = bare();
  must(repository.write(ObjectKind::kTree, ""));
  Oid tip = must(repository.write_commit({empty_tree(), {}, jane(), jane(), "Signed\n\nBody\n"}, signing(signer)));
  Oid tag = must(repository.write_tag({tip, ObjectKind::kCommit, "release/a/1", jane(), "release"}, signing(signer)));
  must(update_refs(ctx_, repository, {{"refs/heads/main", tip, {}}, {"refs/tags/release/a/1", tag, {}}}));
  must(write_file(path("allowed"), signer.allowed_signers_line("daemon@example.com") + "\n"));
  std::vector<std::string> git_with_key = {
      "git", "-C", repository.path(), "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=" + path("allowed")};
  auto with = [&](std::vector<std::string> args) {
    std::vector<std::string> argv = git_with_key;
    argv.insert(argv.end(), args.begin(), args.end());
    return run(argv);
  };
  ChildResult commit_check = with({"verify-commit", "main"});
  EXPECT_EQ(commit_check.status, 0) << commit_check.err;
  EXPECT_THAT(commit_check.err, HasSubstr("Good \"git\" signature for daemon@example.com"));
  ChildResult tag_check = with({"verify-tag", "release/a/1"});
  EXPECT_EQ(tag_check.status, 0) << tag_check.err;
  expect_sound(repository.path());
  // And our own check agrees.
  AllowedSigners allowed = must(AllowedSigners::parse(signer.allowed_signers_line("daemon@example.com")));
  Commit commit = must(repository.commit(tip));
  EXPECT_TRUE(allowed.verify(commit.payload, commit.signature).good);
  Tag read = must(repository.tag(tag));
  EXPECT_EQ(allowed.verify(read.payload, read.signature).principal, "daemon@example.com");
}

TEST_F(SignerTest, AcceptsWhatGitSignsWithEachKindOfKey) {
  for (std::vector<std::string> kind : {std::vector<std::string>{"ed25519"},
                                        {"rsa", "-b", "2048"},
                                        {"ecdsa", "-b", "256"},
                                        {"ecdsa", "-b", "384"},
                                        {"ecdsa", "-b", "521"}}) {
    std::string key = path("key-" + kind[0] + kind.back());
    std::vector<std::string> argv = {"ssh-keygen", "-q", "-N", "", "-f", key, "-t"};
    argv.insert(argv.end(), kind.begin(), kind.end());
    run(argv);
    must(write_file(path("m"), "message"));
    ASSERT_EQ(run({"ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "git", path("m")}).status, 0);
    std::string signature = must(read_file(path("m.sig")));
    run({"rm", path("m.sig")});
    std::string line = "jane@example.com " + must(read_file(key + ".pub"));
    AllowedSigners allowed = must(AllowedSigners::parse(line));
    Verdict good = allowed.verify("message", signature);
    EXPECT_TRUE(good.good) << kind[0] << kind.back() << ": " << good.reason;
    Verdict bad = allowed.verify("messagf", signature);
    EXPECT_FALSE(bad.good || bad.intact);
    EXPECT_EQ(must(signature_fingerprint(signature)), good.fingerprint);
  }
}

TEST_F(SignerTest, JudgesAsSshKeygenDoes) {
  Signer signer = must(Signer::load_or_make(key_path(), ""));
  Signer other = must(Signer::load_or_make(path("other"), ""));
  std::string key = signer.public_line(), signature = must(signer.sign("text"));
  struct Case {
    std::string allowed, who;
    bool good;
  };
  for (const Case& c : std::vector<Case>{{"jane@example.com " + key, "jane@example.com", true},
                                         {"jane@example.com " + key, "eve@example.com", false},
                                         {"*@example.com " + key, "eve@example.com", true},
                                         {"*@example.com,!eve@example.com " + key, "eve@example.com", false},
                                         {"\"jane doe\" " + key, "jane doe", true},
                                         {"jane namespaces=\"file,git\" " + key, "jane", true},
                                         {"jane namespaces=\"file\" " + key, "jane", false},
                                         {"jane namespaces=\"g?t\" " + key, "jane", true},
                                         {"# a comment\n\njane " + key, "jane", true},
                                         {"jane " + other.public_line(), "jane", false},
                                         {"jane " + other.public_line() + "\njane " + key, "jane", true}}) {
    EXPECT_EQ(must(AllowedSigners::parse(c.allowed)).verify("text", signature, "git", c.who).good, c.good) << c.allowed;
    EXPECT_EQ(keygen_verify(c.allowed + "\n", c.who, "text", signature).status == 0, c.good) << c.allowed;
  }
}

TEST_F(SignerTest, KeysCountForTheirTimeOnly) {
  Signer signer = must(Signer::load_or_make(key_path(), ""));
  std::string signature = must(signer.sign("text"));
  AllowedSigners allowed = must(
      AllowedSigners::parse("jane valid-after=\"20250101\",valid-before=\"20260101120000Z\" " + signer.public_line()));
  auto at = [&](const char* time) { return allowed.verify("text", signature, "git", "jane", must(parse_time(time))); };
  EXPECT_TRUE(at("2025-06-01T00:00:00Z").good);
  EXPECT_TRUE(at("2025-01-01T00:00:00Z").good);
  EXPECT_FALSE(at("2024-12-31T23:59:59Z").good);
  EXPECT_TRUE(at("2026-01-01T11:59:59Z").good);
  EXPECT_FALSE(at("2026-01-01T12:00:00Z").good);
  EXPECT_THAT(at("2026-01-01T12:00:00Z").reason, HasSubstr("only before 2026-01-01T12:00:00Z"));
  EXPECT_TRUE(at("2026-01-01T12:00:00Z").intact);
}

TEST_F(SignerTest, WrongFilesAreNamedByLine) {
  Signer signer = must(Signer::load_or_make(key_path(), ""));
  for (const std::string& bad :
       {std::string("jane"), std::string("jane ssh-ed25519 AAAA"), "jane cert-authority " + signer.public_line(),
        "jane valid-after=x " + signer.public_line(), "jane what=1 " + signer.public_line()}) {
    Result<AllowedSigners> parsed = AllowedSigners::parse("# first\n" + bad, "keys/allowed");
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().line(), HasSubstr("keys/allowed:2")) << bad;
  }
}

TEST_F(SignerTest, DamagedSignaturesAreNeverGood) {
  Signer signer = must(Signer::load_or_make(key_path(), ""));
  AllowedSigners allowed = must(AllowedSigners::parse("* " + signer.public_line()));
  std::string signature = must(signer.sign("text"));
  ASSERT_TRUE(allowed.verify("text", signature).good);
  EXPECT_FALSE(allowed.verify("text", must(signer.sign("text", "file"))).good);
  for (size_t at = 30; at < signature.size(); ++at) {
    std::string changed = signature;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(allowed.verify("text", changed).good) << at;
    EXPECT_FALSE(allowed.verify("text", signature.substr(0, at)).good && at < signature.size() - 1) << at;
  }
}

}  // namespace
}  // namespace autonomous::git
