#include "gitops/model/trailers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gitops/base/text.h"
#include "gitops/model/foreign_text.h"

namespace autonomous::model {

namespace {

constexpr std::array<std::string_view, 9> kTriggers = {"push",          "promotion", "rollback", "retry",   "rotation",
                                                       "configuration", "request",   "retire",   "adoption"};
constexpr size_t kMaxValue = 16 * 1024;
constexpr std::string_view kSha256 = "sha256:";
constexpr std::string_view kTests = "tests=";
constexpr std::string_view kLog = "log-sha256:";

bool is_oid(std::string_view text) { return text.size() == 40 && is_hex(text); }
bool is_digest(std::string_view text) {
  return text.starts_with(kSha256) && text.size() == kSha256.size() + 64 && is_hex(text.substr(kSha256.size()));
}
// One word of a value: not empty, no blank. (Control characters are refused for the whole value.)
bool is_word(std::string_view text) { return !text.empty() && text.find(' ') == std::string_view::npos; }

// A user is fine (git@host), a password isn't.
bool has_password(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  size_t at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos;
}

Error wrong(std::string_view key, std::string_view value, std::string_view why) {
  return fail(Code::kInvalid, "trailer ", key, ": '", one_line(value, 120), "': ", why);
}

class TrailerBlock {
 public:
  void add(std::string_view key, std::string_view value) {
    if (failed_) return;
    if (value.empty() || value.size() > kMaxValue || !is_plain_line(value)) {
      failed_ = wrong(key, value,
                      value.empty()              ? "it is empty"
                      : value.size() > kMaxValue ? "it is too long"
                                                 : "control characters, line ends or blanks at an end are not allowed");
      return;
    }
    text_.append(key).append(": ").append(value).append("\n");
  }
  void require(bool fine, std::string_view key, std::string_view value, std::string_view why) {
    if (!fine && !failed_) failed_ = wrong(key, value, why);
  }
  Result<std::string> take() {
    if (failed_) return *std::move(failed_);
    return std::move(text_);
  }

 private:
  std::string text_;
  std::optional<Error> failed_;
};

void add_who(TrailerBlock& block, std::string_view key, const Who& who) {
  auto parsed = Who::parse(who.str());
  block.require(parsed && *parsed == who, key, who.str(), "expected 'Name <email> (how we know)'");
  block.add(key, who.str());
}

void add_source(TrailerBlock& block, const SourceFact& source) {
  std::string value = source.url + " " + source.commit + " " + source.ref;
  block.require(is_word(source.url) && is_word(source.ref), "Source", value, "expected a URL, a commit and a ref");
  block.require(is_oid(source.commit), "Source", value, "the commit must have 40 hexadecimal digits");
  block.require(!has_password(source.url), "Source", "…", "the URL must not hold credentials");
  block.add("Source", value);
}

void add_build(TrailerBlock& block, const BuildFact& build) {
  std::string value = (build.url.empty() ? "-" : build.url) + " " + build.result;
  block.require(is_word(build.url.empty() ? "-" : build.url), "Build", value, "the URL must not hold blanks");
  block.require(build.result == "success" || build.result == "external" || build.result == "none", "Build", value,
                "expected success, external or none");
  block.require(build.passed.has_value() == build.failed.has_value(), "Build", value, "tests: both numbers or neither");
  if (build.passed && build.failed) {
    value.append(" ").append(kTests) += std::to_string(*build.passed) + "/" + std::to_string(*build.failed);
  }
  if (!build.log_sha256.empty()) {
    block.require(build.log_sha256.size() == 64 && is_hex(build.log_sha256), "Build", value, "no SHA-256 of a log");
    value.append(" ").append(kLog) += build.log_sha256;
  }
  block.add("Build", value);
}

void add_artifacts(TrailerBlock& block, const Trailers& t) {
  for (const ImageFact& image : t.images) {
    std::string value = image.name + "=" + image.reference;
    block.require(is_word(image.name) && image.name.find('=') == std::string::npos && is_word(image.reference), "Image",
                  value, "expected name=reference");
    block.add("Image", value);
  }
  for (const SecretFact& secret : t.secrets) {
    std::string value = secret.name + " " + secret.path + " v" + secret.version;
    block.require(is_word(secret.name) && is_word(secret.path) && is_word(secret.version), "Secret", value,
                  "expected a name, a path and a version");
    block.add("Secret", value);
  }
  if (t.chart) {
    std::string value = t.chart->name + " " + t.chart->version + " " + t.chart->digest;
    block.require(is_word(t.chart->name) && is_word(t.chart->version) && is_digest(t.chart->digest), "Chart", value,
                  "expected a name, a version and sha256:<64 hex>");
    block.add("Chart", value);
  }
  if (t.renderer) {
    std::string value = t.renderer->format;
    if (!t.renderer->helm.empty()) value += " " + t.renderer->helm;
    block.require(is_word(t.renderer->format) && t.renderer->helm.find_first_of(" ()") == std::string::npos &&
                      t.renderer->by.find_first_of("()") == std::string::npos && !t.renderer->by.empty(),
                  "Renderer", value, "expected format, helm's version and (who rendered)");
    block.add("Renderer", value + " (" + t.renderer->by + ")");
  }
}

void add_origin(TrailerBlock& block, const Trailers& t) {
  if (t.promoted_from) {
    const PromotedFrom& from = *t.promoted_from;
    std::string value = from.release.str();
    block.require(from.repository.empty() == from.commit.empty(), "Promoted-From", value,
                  "repository and commit, or neither");
    if (!from.repository.empty()) {
      block.require(is_word(from.repository) && !has_password(from.repository) && is_oid(from.commit), "Promoted-From",
                    value, "expected a release, a repository and a commit");
      value += " " + from.repository + " " + from.commit;
    }
    block.add("Promoted-From", value);
  }
  if (t.rollback_of) block.add("Rollback-Of", t.rollback_of->str());
  if (t.retry_of) block.add("Retry-Of", t.retry_of->str());
  if (!t.adopts.empty()) {
    block.require(is_oid(t.adopts), "Adopts", t.adopts, "expected 40 hexadecimal digits");
    block.add("Adopts", t.adopts);
  }
  if (!t.supersedes.empty()) {
    block.require(std::all_of(t.supersedes.begin(), t.supersedes.end(), is_oid), "Supersedes", join(t.supersedes, " "),
                  "expected commits of 40 hexadecimal digits");
    block.add("Supersedes", join(t.supersedes, " "));
  }
  if (!t.ticket.empty()) block.add("Ticket", t.ticket);
}

// ---- reading: each field says false where its value does not have its form; the canonical form is checked at the end

Result<uint32_t> read_number(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return fail(Code::kInvalid, "no number");
  return value;
}

Result<void> read_build(Trailers& t, const std::vector<std::string_view>& words) {
  if (words.size() < 2) return fail(Code::kInvalid, "expected a URL and a result");
  BuildFact build;
  if (words[0] != "-") build.url = words[0];
  build.result = words[1];
  for (size_t i = 2; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word.starts_with(kTests) && i == 2) {
      word.remove_prefix(kTests.size());
      size_t slash = std::min(word.find('/'), word.size());
      TRY(build.passed, read_number(word.substr(0, slash)));
      TRY(build.failed, read_number(word.substr(std::min(slash + 1, word.size()))));
    } else if (word.starts_with(kLog)) {
      build.log_sha256 = word.substr(kLog.size());
    } else {
      return fail(Code::kInvalid, "unknown part");
    }
  }
  t.build = std::move(build);
  return ok();
}

Result<void> read_renderer(Trailers& t, std::string_view value) {
  size_t open = value.find(" (");
  if (open == std::string_view::npos || value.back() != ')') return fail(Code::kInvalid, "expected (who rendered)");
  auto words = split(value.substr(0, open), ' ');
  if (words.size() > 2) return fail(Code::kInvalid, "too many words");
  t.renderer = RendererFact{std::string(words[0]), words.size() == 2 ? std::string(words[1]) : "",
                            std::string(value.substr(open + 2, value.size() - open - 3))};
  return ok();
}

Result<void> read_release_id(std::optional<ReleaseId>& into, std::string_view value) {
  TRY(into, ReleaseId::parse(value));
  return ok();
}

Result<void> read_promoted(Trailers& t, const std::vector<std::string_view>& words) {
  if (words.size() != 1 && words.size() != 3) return fail(Code::kInvalid, "expected a release [repository commit]");
  TRY(ReleaseId id, ReleaseId::parse(words[0]));
  t.promoted_from = PromotedFrom{std::move(id), "", ""};
  if (words.size() == 3) {
    t.promoted_from->repository = words[1];
    t.promoted_from->commit = words[2];
  }
  return ok();
}

Result<void> read_artifact(Trailers& t, std::string_view key, std::string_view value,
                           const std::vector<std::string_view>& words) {
  if (key == "Image") {
    size_t equals = value.find('=');
    if (equals == std::string_view::npos) return fail(Code::kInvalid, "expected name=reference");
    t.images.push_back({std::string(value.substr(0, equals)), std::string(value.substr(equals + 1))});
  } else if (key == "Secret") {
    if (words.size() != 3 || !words[2].starts_with('v')) return fail(Code::kInvalid, "expected name, path and version");
    t.secrets.push_back({std::string(words[0]), std::string(words[1]), std::string(words[2].substr(1))});
  } else {
    if (words.size() != 3) return fail(Code::kInvalid, "expected name, version and digest");
    t.chart = ChartFact{std::string(words[0]), std::string(words[1]), std::string(words[2])};
  }
  return ok();
}

Result<void> read_who(Trailers& t, std::string_view key, std::string_view value) {
  TRY(Who who, Who::parse(value));
  if (key == "Requested-By") {
    t.requested_by = std::move(who);
  } else {
    t.approved_by.push_back(std::move(who));
  }
  return ok();
}

Result<void> read_one(Trailers& t, std::string_view key, std::string_view value) {
  auto words = split(value, ' ');
  if (key == "Release") {
    TRY(t.release, ReleaseId::parse(value));
  } else if (key == "Trigger") {
    TRY(t.trigger, parse_trigger(value));
  } else if (key == "Because") {
    t.because = value;
  } else if (key == "Source") {
    if (words.size() != 3) return fail(Code::kInvalid, "expected a URL, a commit and a ref");
    t.source = SourceFact{std::string(words[0]), std::string(words[1]), std::string(words[2])};
  } else if (key == "Build") {
    return read_build(t, words);
  } else if (key == "Image" || key == "Secret" || key == "Chart") {
    return read_artifact(t, key, value, words);
  } else if (key == "Renderer") {
    return read_renderer(t, value);
  } else if (key == "Input-Digest") {
    t.input_digest = value;
  } else if (key == "Target-Tree") {
    t.target_tree = value;
  } else if (key == "Policy") {
    if (words.size() != 2) return fail(Code::kInvalid, "expected a commit and a blob");
    t.policy = PolicyFact{std::string(words[0]), std::string(words[1])};
  } else if (key == "Requested-By" || key == "Approved-By") {
    return read_who(t, key, value);
  } else if (key == "Promoted-From") {
    return read_promoted(t, words);
  } else if (key == "Rollback-Of") {
    return read_release_id(t.rollback_of, value);
  } else if (key == "Retry-Of") {
    return read_release_id(t.retry_of, value);
  } else if (key == "Adopts") {
    t.adopts = value;
  } else if (key == "Supersedes") {
    t.supersedes.assign(words.begin(), words.end());
  } else if (key == "Ticket") {
    t.ticket = value;
  } else {
    return fail(Code::kInvalid, "it is none of ours");
  }
  return ok();
}

// The last paragraph, without what `git tag -s` puts behind it; with its final line end.
std::string_view last_paragraph(std::string_view message) {
  constexpr std::string_view kSignature = "-----BEGIN SSH SIGNATURE-----";
  for (size_t at = message.rfind(kSignature); at != std::string_view::npos; at = std::string_view::npos) {
    if (at == 0 || message[at - 1] == '\n') message = message.substr(0, at);
  }
  while (message.ends_with("\n\n")) message.remove_suffix(1);
  if (message == "\n") return {};
  size_t blank = message.rfind("\n\n");
  return blank == std::string_view::npos ? message : message.substr(blank + 2);
}

}  // namespace

std::string_view trigger_name(Trigger trigger) { return kTriggers.at(static_cast<size_t>(trigger)); }

Result<Trigger> parse_trigger(std::string_view name) {
  auto found = std::find(kTriggers.begin(), kTriggers.end(), name);
  if (found == kTriggers.end()) return fail(Code::kInvalid, "'", one_line(name, 40), "' is no trigger");
  return static_cast<Trigger>(found - kTriggers.begin());
}

std::string Who::str() const {
  std::string text = name + " <" + email + ">";
  if (!how.empty()) text += " (" + how + ")";
  return text;
}

Result<Who> Who::parse(std::string_view text) {
  auto malformed = [&] {
    return fail(Code::kInvalid, "'", one_line(text, 120), "': expected 'Name <email> (how we know)'");
  };
  size_t open = text.find('<');
  size_t close = text.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos || open == 0 || text[open - 1] != ' ') {
    return malformed();
  }
  Who who{std::string(text.substr(0, open - 1)), std::string(text.substr(open + 1, close - open - 1)), ""};
  std::string_view rest = text.substr(close + 1);
  if (!rest.empty()) {
    if (!rest.starts_with(" (") || rest.back() != ')' || rest.size() < 4) return malformed();
    who.how = rest.substr(2, rest.size() - 3);
  }
  bool fine = !who.name.empty() && who.name.find('>') == std::string::npos &&
              who.email.find_first_of(" <") == std::string::npos && is_plain_line(who.name) &&
              (who.how.empty() || is_plain_line(who.how)) && (who.email.empty() || is_plain_line(who.email));
  if (!fine) return malformed();
  return who;
}

Who Who::clean(std::string_view name, std::string_view email, std::string_view how) {
  Who who{clean_value(name, 200), clean_value(email, 200), clean_value(how, 300)};
  std::erase_if(who.name, [](char c) { return c == '<' || c == '>'; });
  std::erase_if(who.email, [](char c) { return c == '<' || c == '>' || c == ' '; });
  who.name = std::string(trim(who.name));
  if (who.name.empty()) who.name = "unknown";
  return who;
}

Result<std::string> format_trailers(const Trailers& t) {
  TrailerBlock block;
  TRY(ReleaseId id, ReleaseId::parse(t.release.str()));  // the names and the number are what they should be
  block.add("Release", id.str());
  block.add("Trigger", trigger_name(t.trigger));
  if (!t.because.empty()) block.add("Because", t.because);
  if (t.source) add_source(block, *t.source);
  if (t.build) add_build(block, *t.build);
  add_artifacts(block, t);
  if (!t.input_digest.empty()) {
    block.require(is_digest(t.input_digest), "Input-Digest", t.input_digest, "expected sha256:<64 hex>");
    block.add("Input-Digest", t.input_digest);
  }
  block.require(is_oid(t.target_tree), "Target-Tree", t.target_tree, "expected 40 hexadecimal digits");
  block.add("Target-Tree", t.target_tree);
  if (t.policy) {
    block.require(is_oid(t.policy->commit) && is_oid(t.policy->blob), "Policy", t.policy->commit, "expected two oids");
    block.add("Policy", t.policy->commit + " " + t.policy->blob);
  }
  if (t.requested_by) add_who(block, "Requested-By", *t.requested_by);
  for (const Who& who : t.approved_by) add_who(block, "Approved-By", who);
  add_origin(block, t);
  return block.take();
}

Result<Trailers> parse_trailers(std::string_view message) {
  std::string_view block = last_paragraph(message);
  if (!block.starts_with("Release: ")) return fail(Code::kNotFound, "the message has no release trailers");
  Trailers t;
  for (std::string_view rest = block; !rest.empty();) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return fail(Code::kInvalid, "'", one_line(line, 120), "' is no trailer");
    auto read = read_one(t, line.substr(0, colon), line.substr(colon + 2));
    if (!read) return wrong(line.substr(0, colon), line.substr(colon + 2), read.error().message());
  }
  // What was read must be what we would have written: this catches order, doubled keys, odd blanks and bad values.
  TRY(std::string canonical, format_trailers(t));
  if (canonical != block && canonical != std::string(block) + "\n") {
    return fail(Code::kInvalid, "the trailers of ", t.release.str(), " are not in their exact form");
  }
  return t;
}

}  // namespace autonomous::model
