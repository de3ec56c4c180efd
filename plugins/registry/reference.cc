#include "plugins/registry/reference.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::registry {

namespace {

constexpr size_t kLongest = 500;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// distribution's rule for one part of a repository's name, but for runs of separators.
bool is_part(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-' || c == '+';
  });
}

bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
}

std::string replaced(std::string_view text, char from, char to) {
  std::string out(text);
  std::replace(out.begin(), out.end(), from, to);
  return out;
}

}  // namespace

bool is_sha256(std::string_view digest) {
  return digest.size() == 71 && starts_with(digest, "sha256:") && is_hex(digest.substr(7));
}

std::string tag_of_version(std::string_view version) { return replaced(version, '+', '_'); }
std::string version_of_tag(std::string_view tag) { return replaced(tag, '_', '+'); }

Result<Reference> Reference::parse(std::string_view text) {
  constexpr std::string_view kScheme = "oci://";
  std::string_view rest = text;
  if (starts_with(rest, kScheme)) rest.remove_prefix(kScheme.size());
  auto wrong = [&](std::string_view why) {
    return fail(Code::kInvalid, "'", one_line(text, 100), "' names nothing in a registry: ", why);
  };
  if (rest.size() > kLongest) return wrong("it is too long");
  Reference out;
  if (size_t at = rest.rfind('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    if (!is_sha256(out.digest)) return wrong("what follows '@' must be sha256: and 64 hexadecimal digits");
    rest = rest.substr(0, at);
  }
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return wrong("a repository must follow the registry, after a '/'");
  out.host = rest.substr(0, slash);
  rest = rest.substr(slash + 1);
  if (!is_host(out.host)) return wrong("the registry is no host name");
  if (size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag)) return wrong("the tag after ':' must be letters, digits, '.', '_', '-' or '+'");
    rest = rest.substr(0, colon);
  }
  for (std::string_view part : split(rest, '/')) {
    if (!is_part(part)) return wrong("its repository may hold a-z, 0-9, and between them '.', '_', '-' and '/'");
  }
  out.repository = rest;
  return out;
}

}  // namespace autonomous::registry
