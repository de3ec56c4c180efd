#include "render/helm/render_flags.h"

#include <gtest/gtest.h>

namespace autonomous::helm {
namespace {

struct Parsed {
  RenderFlags flags;
  std::string error;
};

Parsed parse(const std::vector<std::string>& arguments) {
  Parsed out;
  Flags parser;
  out.flags.add_to(parser);
  auto done = parser.parse(arguments, out.flags.rest, out.flags.notices);
  if (!done) out.error = done.error().message();
  return out;
}

TEST(Flags, PflagsForms) {
  auto parsed = parse({"x", "-f", "a.yaml,b.yaml", "chart", "--set=a=1", "--set", "b=2", "-nfoo", "--include-crds",
                       "-s=t.yaml", "--", "--set"});
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.flags.values, (std::vector<std::string>{"a.yaml", "b.yaml"}));
  EXPECT_EQ(parsed.flags.set, (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(parsed.flags.release_namespace, "foo");
  EXPECT_EQ(parsed.flags.show_only, (std::vector<std::string>{"t.yaml"}));
  EXPECT_TRUE(parsed.flags.include_crds);
  EXPECT_EQ(parsed.flags.rest, (std::vector<std::string>{"x", "chart", "--set"}));
}

TEST(Flags, PflagsErrors) {
  EXPECT_EQ(parse({"--foo"}).error, "unknown flag: --foo");
  EXPECT_EQ(parse({"-zz"}).error, "unknown shorthand flag: 'z' in -zz");
  EXPECT_EQ(parse({"-f"}).error, "flag needs an argument: 'f' in -f");
  EXPECT_EQ(parse({"--set"}).error, "flag needs an argument: --set");
  EXPECT_EQ(
      parse({"--include-crds=maybe"}).error,
      "invalid argument \"maybe\" for \"--include-crds\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax");
  EXPECT_EQ(
      parse({"--api-versions", "a,b\"c"}).error,
      "invalid argument \"a,b\\\"c\" for \"-a, --api-versions\" flag: parse error on line 1, column 4: bare \" in non-quoted-field");
  EXPECT_EQ(parse({"--timeout", "5"}).error,
            "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"");
  EXPECT_EQ(parse({"-l", "a"}).error,
            "invalid argument \"a\" for \"-l, --labels\" flag: a must be formatted as key=value");
}

TEST(Flags, Notices) {
  EXPECT_EQ(
      parse({"--hide-notes"}).flags.notices,
      (std::vector<std::string>{
          "Flag --hide-notes has been deprecated, this flag has no effect for 'helm template' and will be removed in Helm 5"}));
}

}  // namespace
}  // namespace autonomous::helm
