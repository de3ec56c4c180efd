// What a release changes: time and chance come from its inputs, and what would make secrets is refused, with the line.
#include "tests/unit/render/helm/helper.h"

namespace autonomous::helm {
namespace {

using testing::chart_of;

Result<Rendered> released(const std::string& templ, const std::string& seed = "sha256:1",
                          HelmVersion helm = HelmVersion::k4) {
  ChartInput input;
  input.helm = helm;
  input.chart = chart_of({{"templates/a.yaml", templ}}, helm);
  input.determinism = Determinism{seed, Time(Millis(1'700'000'000'000))};
  return render(input);
}

std::string manifest(const Result<Rendered>& rendered) {
  return rendered ? rendered->manifest : "Error: " + rendered.error().message();
}

TEST(Determinism, TimeIsTheSourceCommits) {
  std::string text = manifest(released(
      "a: {{ now | unixEpoch }}\nb: {{ date \"2006-01-02T15:04:05Z07:00\" now }}\nc: {{ htmlDate now }}\nd: {{ ago now }}\n"
      "e: {{ now | dateModify \"-1h\" | unixEpoch }}\nf: {{ now.Format \"MST\" }}\ng: {{ (toDate \"2006-01-02\" \"2001-02-03\").Local.String }}\n"));
  EXPECT_NE(text.find("a: 1700000000\nb: 2023-11-14T22:13:20Z\nc: 2023-11-14\nd: 0s\ne: 1699996400\nf: UTC\n"
                      "g: 2001-02-03 00:00:00 +0000 UTC\n"),
            std::string::npos)
      << text;
}

TEST(Determinism, ChanceIsDrawnFromTheInputDigest) {
  const std::string templ =
      "a: {{ randAlphaNum 20 }}\nb: {{ uuidv4 }}\nc: {{ shuffle \"abcdefghijklmnop\" }}\nd: {{ randInt 0 1000000 }}\n"
      "e: {{ randAlpha 9 }}{{ randNumeric 9 }}\nf: {{ randAscii 9 | quote }}\ng: {{ randBytes 9 }}\n";
  for (HelmVersion helm : {HelmVersion::k4, HelmVersion::k3}) {
    auto first = released(templ, "sha256:1", helm);
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_EQ(first->manifest, manifest(released(templ, "sha256:1", helm)));
    EXPECT_NE(first->manifest, manifest(released(templ, "sha256:2", helm)));
  }
}

TEST(Determinism, MapsHaveOneOrder) {
  std::string text = manifest(released(
      "{{- $d := dict \"c\" 3 \"a\" 1 \"b\" 2 }}\na: {{ keys $d | join \",\" }}\nb: {{ values $d | join \",\" }}\nc: {{ range $k, $v := $d }}{{ $k }}{{ end }}\n"));
  EXPECT_NE(text.find("a: a,b,c\nb: 1,2,3\nc: abc\n"), std::string::npos) << text;
}

// Each is refused with its line, and with a way out.
TEST(Determinism, MakesNoSecrets) {
  struct Refused {
    const char* call;
    const char* instead;
  };
  constexpr const char* kSecret = "keep it in a Secret of your own";
  constexpr const char* kHash = "put the finished hash into a Secret of your own";
  for (const Refused& refused :
       {Refused{"genCA \"a\" 1", kSecret}, Refused{"genCAWithKey \"a\" 1 \"k\"", kSecret},
        Refused{"genSelfSignedCert \"a\" nil nil 1", kSecret},
        Refused{"genSelfSignedCertWithKey \"a\" nil nil 1 \"k\"", kSecret}, Refused{"genPrivateKey \"rsa\"", kSecret},
        Refused{"encryptAES \"k\" \"x\"", "use decryptAES"}, Refused{"bcrypt \"p\"", kHash},
        Refused{"htpasswd \"u\" \"p\"", kHash}}) {
    const std::string call = refused.call;
    const std::string name = call.substr(0, call.find(' '));
    for (HelmVersion helm : {HelmVersion::k4, HelmVersion::k3}) {
      std::string text = manifest(released("a: b\n\nc: {{ " + call + " }}\n", "sha256:1", helm));
      EXPECT_NE(text.find("web/templates/a.yaml:3:"), std::string::npos) << text;
      EXPECT_NE(text.find("error calling " + name + ": " + name + " gives something new at each render"),
                std::string::npos)
          << text;
      EXPECT_NE(text.find(refused.instead), std::string::npos) << text;
    }
  }
}

// `autonomous render` on its own is helm: all of that works.
TEST(Determinism, IsOfReleasesOnly) {
  std::string text = testing::rendered(
      {{"templates/a.yaml",
        "a: {{ bcrypt \"p\" | trunc 4 }}\nb: {{ randAlphaNum 30 }}\nc: {{ (genPrivateKey \"ed25519\") | trunc 10 }}\n"}});
  EXPECT_NE(text.find("a: $2a$"), std::string::npos) << text;
  EXPECT_NE(text.find("c: -----BEGIN"), std::string::npos) << text;
  EXPECT_NE(
      text,
      testing::rendered(
          {{"templates/a.yaml",
            "a: {{ bcrypt \"p\" | trunc 4 }}\nb: {{ randAlphaNum 30 }}\nc: {{ (genPrivateKey \"ed25519\") | trunc 10 }}\n"}}));
}

}  // namespace
}  // namespace autonomous::helm
