#include "gitops/base/text.h"
#include "gitops/git/signer.h"
#include "gitops/git/ssh_wire.h"

namespace autonomous::git {

struct AllowedSigners::Line {
  std::vector<std::string> principals;   // patterns; '!' in front: not these
  std::vector<std::string> name_spaces;  // patterns; empty: all
  std::optional<Time> after;
  std::optional<Time> before;
  std::string key_blob;
};

namespace {

// ssh's patterns: '*' and '?'. Linear in the product of both lengths.
bool matches(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches_list(std::string_view text, const std::vector<std::string>& patterns) {
  bool found = false;
  for (std::string_view pattern : patterns) {
    if (starts_with(pattern, "!")) {
      if (matches(text, pattern.substr(1))) return false;
    } else if (matches(text, pattern)) {
      found = true;
    }
  }
  return found;
}

// A word up to a blank outside of quotes; quotes stay.
std::string_view next_word(std::string_view& rest) {
  rest = trim(rest);
  bool quoted = false;
  size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (!quoted && (rest[end] == ' ' || rest[end] == '\t')) break;
  }
  std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  for (std::string_view word : split(list, ',')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

// YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with or without Z: always UTC here.
std::optional<Time> parse_moment(std::string_view text) {
  if (ends_with(text, "Z")) text.remove_suffix(1);
  if (text.size() != 8 && text.size() != 12 && text.size() != 14) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  auto part = [&](size_t at, size_t size) { return text.size() > at ? std::string(text.substr(at, size)) : "00"; };
  Result<Time> time = parse_time(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(8, 2) + ":" +
                                 part(10, 2) + ":" + part(12, 2) + "Z");
  if (!time) return std::nullopt;
  return *time;
}

// "" or what is wrong.
std::string apply_option(std::string_view option, AllowedSigners::Line& line) {
  size_t equals = std::min(option.find('='), option.size());
  std::string name = to_lower(option.substr(0, equals));
  std::string_view value = unquoted(option.substr(std::min(equals + 1, option.size())));
  if (name == "namespaces") {
    line.name_spaces = words_of(value);
    return line.name_spaces.empty() ? "namespaces= names none" : "";
  }
  if (name == "valid-after" || name == "valid-before") {
    std::optional<Time> moment = parse_moment(value);
    (name == "valid-after" ? line.after : line.before) = moment;
    return moment ? "" : "no time: " + one_line(value, 40);
  }
  if (name == "cert-authority") return "certificates are not supported";
  return "unknown option " + one_line(name, 40);
}

std::vector<std::string_view> split_options(std::string_view text) {
  std::vector<std::string_view> options;
  bool quoted = false;
  size_t start = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '"') quoted = !quoted;
    if (at == text.size() || (text[at] == ',' && !quoted)) {
      options.push_back(text.substr(start, at - start));
      start = at + 1;
    }
  }
  return options;
}

std::string parse_line(std::string_view text, AllowedSigners::Line& line) {
  line.principals = words_of(unquoted(next_word(text)));
  std::string_view rest = text;
  std::string_view word = next_word(rest);
  bool key_here = starts_with(word, "ssh-") || starts_with(word, "sk-ssh-") || starts_with(word, "ecdsa-") ||
                  starts_with(word, "sk-ecdsa-");
  if (!key_here) {
    for (std::string_view option : split_options(word)) {
      if (std::string wrong = apply_option(option, line); !wrong.empty()) return wrong;
    }
    text = rest;
  }
  std::string type(next_word(text)), key(next_word(text));
  Result<std::string> blob = key_blob_of_line(type + " " + key);
  if (!blob) return "no SSH public key";
  line.key_blob = *std::move(blob);
  return line.principals.empty() ? "no principal" : "";
}

}  // namespace

Result<AllowedSigners> AllowedSigners::parse(std::string_view text, std::string_view file) {
  auto lines = std::make_shared<std::vector<Line>>();
  uint32_t number = 0;
  for (std::string_view raw : split(text, '\n')) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    Line parsed;
    if (std::string wrong = parse_line(line, parsed); !wrong.empty()) {
      return fail(Code::kInvalid, wrong).at(Place{std::string(file), number, 0, std::string(line)});
    }
    lines->push_back(std::move(parsed));
  }
  AllowedSigners allowed;
  allowed.lines_ = std::move(lines);
  return allowed;
}

bool AllowedSigners::empty() const { return !lines_ || lines_->empty(); }

Verdict AllowedSigners::verify(std::string_view bytes, std::string_view armoured, std::string_view name_space,
                               std::string_view identity, std::optional<Time> at) const {
  Verdict verdict;
  Result<SshSignature> signature = parse_signature(armoured);
  if (!signature) {
    verdict.reason = signature.error().message();
    return verdict;
  }
  verdict.fingerprint = fingerprint_of(signature->key_blob);
  if (signature->name_space != name_space) {
    verdict.reason = "the signature was made for another use (" + one_line(signature->name_space, 40) + ")";
    return verdict;
  }
  Result<std::string> message = signed_bytes(name_space, signature->hash, bytes);
  verdict.intact = message && check_signature(*signature, *message);
  if (!verdict.intact) {
    verdict.reason = "the signature does not fit what it signs";
    return verdict;
  }
  verdict.reason = "the key " + verdict.fingerprint + " is not among the allowed signers";
  if (!lines_) return verdict;
  for (const Line& line : *lines_) {
    if (line.key_blob != signature->key_blob) continue;
    if (!identity.empty() && !matches_list(identity, line.principals)) {
      verdict.reason = "the key " + verdict.fingerprint + " is not one of " + one_line(identity);
    } else if (!line.name_spaces.empty() && !matches_list(name_space, line.name_spaces)) {
      verdict.reason = "the key " + verdict.fingerprint + " is not allowed for " + std::string(name_space);
    } else if (at && line.after && *at < *line.after) {
      verdict.reason = "the key " + verdict.fingerprint + " counts only after " + format_time(*line.after);
    } else if (at && line.before && *at >= *line.before) {
      verdict.reason = "the key " + verdict.fingerprint + " counts only before " + format_time(*line.before);
    } else {
      verdict.good = true;
      verdict.principal = identity.empty() ? line.principals[0] : std::string(identity);
      verdict.reason.clear();
      return verdict;
    }
  }
  return verdict;
}

}  // namespace autonomous::git
