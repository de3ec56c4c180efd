// Cases that the real text/template, sprig and Helm have answered; tests/golden/oracle writes the answers.
#include <sstream>

#include "render/funcs/families.h"
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

const Library& functions() {
  static const Library* made = [] {
    auto* library = new Library();
    add_functions(*library, 4);
    return library;
  }();
  return *made;
}

void check(const std::string& name) {
  testing::check_cases(functions(), std::string(CASES_FOLDER) + "/" + name + ".jsonl");
}

TEST(FunctionCases, Execution) { check("execution"); }
TEST(FunctionCases, Builtins) { check("builtins"); }
TEST(FunctionCases, Printf) { check("printf"); }
TEST(FunctionCases, Strings) { check("strings"); }
TEST(FunctionCases, Dicts) { check("dicts"); }
TEST(FunctionCases, Lists) { check("lists"); }
TEST(FunctionCases, Methods) { check("methods"); }
TEST(FunctionCases, Maths) { check("maths"); }
TEST(FunctionCases, Encodings) { check("encodings"); }
TEST(FunctionCases, Regex) { check("regex"); }
TEST(FunctionCases, Words) { check("words"); }
TEST(FunctionCases, Paths) { check("paths"); }
TEST(FunctionCases, Dates) { check("dates"); }
TEST(FunctionCases, Decimals) { check("decimals"); }
TEST(FunctionCases, Toml) { check("toml"); }
TEST(FunctionCases, TomlReading) { check("toml_reading"); }
TEST(FunctionCases, Urls) { check("urls"); }
TEST(FunctionCases, Secrets) { check("secrets"); }
TEST(FunctionCases, Durations) { check("durations"); }

// A chart that names a function that isn't there fails to parse. These are the names of Helm 4's engine.
TEST(FunctionNames, HasEveryNameOfHelm) {
  std::istringstream names(
      "abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc "
      "base bcrypt biggest buildCustomCert camelcase cat ceil chunk clean coalesce compact concat contains "
      "date dateInZone dateModify date_in_zone date_modify decryptAES deepCopy deepEqual default "
      "derivePassword dict dig dir div divf duration durationDays durationHours durationMicroseconds "
      "durationMilliseconds durationMinutes durationNanoseconds durationRound durationRoundTo durationSeconds "
      "durationTruncateTo durationWeeks empty encryptAES ext fail first float64 floor fromJson fromJsonArray "
      "fromToml fromYaml fromYamlArray genCA genCAWithKey genPrivateKey genSelfSignedCert "
      "genSelfSignedCertWithKey genSignedCert genSignedCertWithKey get getHostByName has hasKey hasPrefix "
      "hasSuffix hello htmlDate htmlDateInZone htpasswd include indent initial initials int int64 isAbs join "
      "kebabcase keys kindIs kindOf last list lookup lower max maxf merge mergeOverwrite min minf mod mul "
      "mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy mustFirst mustFromJson mustHas "
      "mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend mustPush mustRegexFind mustRegexFindAll "
      "mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse "
      "mustSlice mustToDate mustToDuration mustToJson mustToPrettyJson mustToRawJson mustToToml mustToYaml "
      "mustUniq mustWithout must_date_modify nindent nospace now omit osBase osClean osDir osExt osIsAbs pick "
      "pluck plural prepend push quote randAlpha randAlphaNum randAscii randBytes randInt randNumeric "
      "regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit "
      "repeat replace required rest reverse round semver semverCompare seq set sha1sum sha256sum sha512sum "
      "shuffle slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title "
      "toDate toDecimal toJson toPrettyJson toRawJson toString toStrings toToml toYaml toYamlPretty tpl trim "
      "trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until "
      "untilStep untitle upper urlJoin urlParse uuidv4 values without wrap wrapWith ");
  for (std::string name; names >> name;) EXPECT_NE(functions().find(name), nullptr) << name;
}

}  // namespace
}  // namespace autonomous::render
