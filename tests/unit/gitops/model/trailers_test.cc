#include "gitops/model/trailers.h"

#include <gtest/gtest.h>

#include <random>

#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/model/foreign_text.h"

namespace autonomous::model {
namespace {

const std::string kOid(40, 'a');
const std::string kDigest = "sha256:" + std::string(64, 'b');

Trailers full_trailers() {
  Trailers t;
  t.release = {{"production", "shop", "web"}, 42};
  t.trigger = Trigger::kPromotion;
  t.because = "the cart loses items: see (1)";
  t.source = SourceFact{"https://git.example.com/acme/shop.git", kOid, "refs/heads/main"};
  t.build = BuildFact{"https://ci.example.com/job/1", "success", 12, 0, std::string(64, 'c')};
  t.images = {{"web", "registry.example.com/shop/web@" + kDigest}, {"db", "postgres:16"}};
  t.secrets = {{"STRIPE_KEY", "kv/shop/stripe#key", "3"}};
  t.chart = ChartFact{"web", "1.2.3", kDigest};
  t.renderer = RendererFact{"render-format/1", "helm/4", "autonomous 0.1.0"};
  t.input_digest = kDigest;
  t.target_tree = kOid;
  t.policy = PolicyFact{kOid, std::string(40, 'd')};
  t.requested_by = Who{"Jane Doe", "jane@example.com", "oidc https://sso.example.com 123"};
  t.approved_by = {{"A B", "a@example.com", "signature SHA256:xyz; signed"}, {"C", "", "oidc; attested by the daemon"}};
  t.promoted_from = PromotedFrom{{{"staging", "shop", "web"}, 41}, "https://git.example.com/stg.git", kOid};
  t.rollback_of = ReleaseId{{"production", "shop", "web"}, 40};
  t.retry_of = ReleaseId{{"production", "shop", "web"}, 39};
  t.adopts = kOid;
  t.supersedes = {kOid, std::string(40, 'e')};
  t.ticket = "CHG1234";
  return t;
}

Trailers small_trailers() {
  Trailers t;
  t.release = {{"local", "shop", "web"}, 1};
  t.target_tree = kOid;
  return t;
}

// What the git program reads from the message.
std::string git_reads(const std::string& message) {
  ChildSpec spec;
  spec.argv = {"git", "interpret-trailers", "--parse"};
  spec.env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1"};
  spec.input = message;
  auto ran = run_child(Ctx{}, spec);
  return ran ? ran->out : ran.error().text();
}

TEST(Trailers, AreReadAsTheyWereWritten) {
  for (const Trailers& t : {full_trailers(), small_trailers()}) {
    auto block = format_trailers(t);
    ASSERT_TRUE(block) << block.error().text();
    auto read = parse_trailers("subject\n\nprose\n\n" + *block);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, t);
    EXPECT_EQ(parse_trailers(*block).value(), t);  // a tag's message is the block alone
  }
}

TEST(Trailers, HaveTheContractsForm) {
  EXPECT_EQ(format_trailers(full_trailers()).value(),
            "Release: production/shop/web/42\n"
            "Trigger: promotion\n"
            "Because: the cart loses items: see (1)\n"
            "Source: https://git.example.com/acme/shop.git " +
                kOid +
                " refs/heads/main\n"
                "Build: https://ci.example.com/job/1 success tests=12/0 log-sha256:" +
                std::string(64, 'c') +
                "\n"
                "Image: web=registry.example.com/shop/web@" +
                kDigest +
                "\n"
                "Image: db=postgres:16\n"
                "Secret: STRIPE_KEY kv/shop/stripe#key v3\n"
                "Chart: web 1.2.3 " +
                kDigest +
                "\n"
                "Renderer: render-format/1 helm/4 (autonomous 0.1.0)\n"
                "Input-Digest: " +
                kDigest +
                "\n"
                "Target-Tree: " +
                kOid +
                "\n"
                "Policy: " +
                kOid + " " + std::string(40, 'd') +
                "\n"
                "Requested-By: Jane Doe <jane@example.com> (oidc https://sso.example.com 123)\n"
                "Approved-By: A B <a@example.com> (signature SHA256:xyz; signed)\n"
                "Approved-By: C <> (oidc; attested by the daemon)\n"
                "Promoted-From: staging/shop/web/41 https://git.example.com/stg.git " +
                kOid +
                "\n"
                "Rollback-Of: production/shop/web/40\n"
                "Retry-Of: production/shop/web/39\n"
                "Adopts: " +
                kOid +
                "\n"
                "Supersedes: " +
                kOid + " " + std::string(40, 'e') +
                "\n"
                "Ticket: CHG1234\n");
}

TEST(Trailers, ValuesWithControlCharactersAreRefused) {
  for (std::string_view evil : {"a\nRelease: local/shop/web/2", "a\rb", "a\x1b[31m", "a\xc2\x85z", "a\xe2\x80\xaez",
                                "\xff", " a", "a ", "a\tb"}) {
    Trailers t = small_trailers();
    t.because = evil;
    EXPECT_FALSE(format_trailers(t)) << evil;
    t = small_trailers();
    t.ticket = evil;
    EXPECT_FALSE(format_trailers(t)) << evil;
    t = small_trailers();
    t.requested_by = Who{std::string(evil), "", "commit, unverified"};
    EXPECT_FALSE(format_trailers(t)) << evil;
  }
}

TEST(Trailers, WrongValuesAreRefused) {
  auto refused = [](auto change) {
    Trailers t = full_trailers();
    change(t);
    return !format_trailers(t);
  };
  EXPECT_TRUE(refused([](Trailers& t) { t.release.number = 0; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.release.target.app = "a/b"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.target_tree = "abc"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.input_digest = "md5:1"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.source->url = "https://user:pass@example.com/x"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.source->url = "a b"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.source->commit = "HEAD"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.build->result = "fine"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.build->failed.reset(); }));
  EXPECT_TRUE(refused([](Trailers& t) { t.images[0].name = "a=b"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.images[0].reference = "a b"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.chart->version = ""; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.renderer->by = "a) (b"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.policy->blob = ""; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.requested_by->name = "A <b>"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.adopts = "x"; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.supersedes = {"x"}; }));
  EXPECT_TRUE(refused([](Trailers& t) { t.promoted_from->commit = ""; }));
  EXPECT_FALSE(refused([](Trailers&) {}));
}

TEST(Trailers, TheReaderTakesOnlyTheExactForm) {
  std::string good = "Release: local/shop/web/1\nTrigger: push\nTarget-Tree: " + kOid + "\n";
  ASSERT_TRUE(parse_trailers("s\n\n" + good));
  for (const std::string& bad : std::vector<std::string>{
           "Trigger: push\nRelease: local/shop/web/1\nTarget-Tree: " + kOid + "\n",  // order
           good + "Target-Tree: " + kOid + "\n",                                     // doubled
           good + "Colour: red\n",                                                   // not ours
           good + "no trailer\n",
           good + " folded\n",
           "Release:  local/shop/web/1\nTrigger: push\nTarget-Tree: " + kOid + "\n",  // blank
           "Release: local/shop/web/01\nTrigger: push\nTarget-Tree: " + kOid + "\n",
           "Release: local/shop/web/1\nTrigger: Push\nTarget-Tree: " + kOid + "\n",
           "Release: local/shop/web/1\nTrigger: push\n",
           "release: local/shop/web/1\nTrigger: push\nTarget-Tree: " + kOid + "\n",
           "Release: local/shop/web/1\r\nTrigger: push\r\nTarget-Tree: " + kOid + "\r\n",
       }) {
    EXPECT_FALSE(parse_trailers("s\n\n" + bad)) << bad;
  }
  EXPECT_EQ(parse_trailers("just a subject\n").error().code(), Code::kNotFound);
  EXPECT_EQ(parse_trailers("").error().code(), Code::kNotFound);
  EXPECT_EQ(parse_trailers("\n\n\n").error().code(), Code::kNotFound);
  // Trailers that are not the last paragraph are prose.
  EXPECT_EQ(parse_trailers("s\n\n" + good + "\nmore prose\n").error().code(), Code::kNotFound);
}

TEST(Trailers, TheSignatureOfATagIsNoPartOfThem) {
  std::string block = format_trailers(full_trailers()).value();
  auto read = parse_trailers(block + "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, full_trailers());
}

TEST(Who, HostilePartsBecomeReadable) {
  Who who = Who::clean("Eve <root@x>\nRelease: a", "e <v>e@x", "pusher\n(x)");
  auto read = Who::parse(who.str());
  ASSERT_TRUE(read) << who.str();
  EXPECT_EQ(*read, who);
  EXPECT_EQ(who.name, "Eve root@x Release: a");
  EXPECT_EQ(who.email, "eve@x");
  EXPECT_EQ(Who::clean("", "", "").name, "unknown");
  EXPECT_FALSE(Who::parse("Jane jane@example.com"));
  EXPECT_FALSE(Who::parse("Jane <jane@example.com> pusher"));
  EXPECT_FALSE(Who::parse("<jane@example.com>"));
}

TEST(ForeignText, IsOneCleanLine) {
  EXPECT_EQ(clean_value("  a\t\n b \x01"), "a b");
  EXPECT_EQ(clean_value("a\xffz"), "a z");
  EXPECT_EQ(clean_value("äöü", 6), "äöü");
  EXPECT_EQ(clean_value("äöüx", 6), "ä…");
  EXPECT_EQ(clean_value("abcdef", 5), "ab…");
  EXPECT_EQ(clean_value(""), "");
  EXPECT_EQ(clean_value("\xe2\x80\xae"
                        "evil"),
            "evil");
}

TEST(ForeignText, ProseIsIndented) {
  EXPECT_EQ(indent_foreign("\n\nFix\n---\n\nRelease: x\n\n"), "    Fix\n    ---\n\n    Release: x\n");
  EXPECT_EQ(indent_foreign(""), "");
  EXPECT_EQ(indent_foreign("a\nb\nc", 2), "    a\n    b\n    …\n");
}

// Whatever is done to a message: it is refused, or read as something that would be written in exactly that way.
TEST(Trailers, BrokenMessagesAreRefusedOrExact) {
  std::string good = "s\n\n" + format_trailers(full_trailers()).value();
  std::mt19937 random(11);
  for (int round = 0; round < 4000; ++round) {
    std::string message = good;
    for (size_t n = random() % 3 + 1; n > 0; --n) {
      size_t at = random() % message.size();
      switch (random() % 4) {
        case 0: message.erase(at, random() % 20 + 1); break;
        case 1: message[at] = static_cast<char>(random()); break;
        case 2: message.insert(at, message.substr(random() % message.size(), random() % 30)); break;
        default: message.insert(at, 1, "\n \0:%<>()"[random() % 9]); break;
      }
      if (message.empty()) message = "x";
    }
    auto read = parse_trailers(message);
    if (!read) continue;
    auto block = format_trailers(*read);
    ASSERT_TRUE(block);
    EXPECT_NE((message + "\n").find(*block), std::string::npos) << message;
  }
}

// Random text made of what hurts: whatever it is, git reads exactly our trailers.
TEST(Trailers, GitReadsExactlyOursWhateverTheTextsAre) {
  const std::vector<std::string> pieces = {"---",
                                           "\n",
                                           "\n\n",
                                           "\r\n",
                                           "Release: a/b/c/9",
                                           "Signed-off-by: x <y>",
                                           ": ",
                                           " ",
                                           "    ",
                                           "\t",
                                           "\x01",
                                           "\x1b[0m",
                                           std::string(1, '\0'),
                                           "#",
                                           "-----BEGIN SSH SIGNATURE-----",
                                           "ä",
                                           "\xff",
                                           "\xe2\x80\xa8",
                                           "diff --git a/x b/x",
                                           "(cherry picked from commit 1)",
                                           "Trigger: push",
                                           "word",
                                           "<",
                                           ">",
                                           "(",
                                           ")"};
  std::mt19937 random(7);
  auto hostile = [&] {
    std::string text;
    for (size_t n = random() % 9; n > 0; --n) text += pieces[random() % pieces.size()];
    return text;
  };
  for (int round = 0; round < 60; ++round) {
    Trailers t = small_trailers();
    t.because = clean_value(hostile());
    t.ticket = clean_value(hostile());
    t.requested_by = Who::clean(hostile(), hostile(), hostile());
    auto block = format_trailers(t);
    ASSERT_TRUE(block) << block.error().text();
    std::string message = "local/shop/web: release 1 (" + clean_value(hostile(), 72) + ")\n\n" +
                          indent_foreign(hostile()) + "\nUndo: git revert release/local/shop/web/1\n\n" + *block;
    ASSERT_EQ(git_reads(message), *block) << "round " << round << "\n" << message;
    auto read = parse_trailers(message);
    ASSERT_TRUE(read) << read.error().text() << "\n" << message;
    EXPECT_EQ(*read, t);
  }
}

}  // namespace
}  // namespace autonomous::model
