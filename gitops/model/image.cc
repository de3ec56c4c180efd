#include "gitops/model/image.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"

namespace autonomous::model {

namespace {

bool repository_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool tag_char(char c) { return repository_char(c) || (c >= 'A' && c <= 'Z'); }

// The first part is a registry when it looks like a host: docker's rule.
bool is_host(std::string_view part) {
  return part == "localhost" || part.find('.') != std::string_view::npos || part.find(':') != std::string_view::npos;
}

}  // namespace

Result<ImageRef> ImageRef::parse(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return fail(Code::kInvalid, "'", one_line(text, 100), "' is no image: ", why);
  };
  if (text.empty()) return wrong("it is empty");
  if (text.size() > 500) return wrong("it is too long");
  ImageRef out;
  std::string_view rest = text;
  if (size_t at = rest.find('@'); at != std::string_view::npos) {
    std::string_view digest = rest.substr(at + 1);
    if (!starts_with(digest, "sha256:") || digest.size() != 71 || !is_hex(digest.substr(7))) {
      return wrong("what follows '@' must be sha256: and 64 hexadecimal digits");
    }
    out.digest = digest;
    rest = rest.substr(0, at);
  }
  size_t slash = rest.rfind('/');
  size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    std::string_view tag = rest.substr(colon + 1);
    if (tag.empty() || tag.size() > 128 || !std::all_of(tag.begin(), tag.end(), tag_char) || tag[0] == '.' ||
        tag[0] == '-') {
      return wrong("the tag after ':' must be letters, digits, '.', '_' or '-'");
    }
    out.tag = tag;
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) return wrong("there is no name");
  out.written = rest;
  size_t first = rest.find('/');
  if (first != std::string_view::npos && is_host(rest.substr(0, first))) {
    out.registry = rest.substr(0, first);
    rest = rest.substr(first + 1);
  } else {
    out.registry = "docker.io";
  }
  for (std::string_view part : split(rest, '/')) {
    if (part.empty()) return wrong("a part of its name is empty");
    if (!std::all_of(part.begin(), part.end(), repository_char)) {
      return wrong("its name may hold a-z, 0-9, '.', '_', '-' and '/'");
    }
  }
  out.repository = rest;
  if (out.registry == "docker.io" && rest.find('/') == std::string_view::npos)
    out.repository = "library/" + std::string(rest);
  return out;
}

std::string ImageRef::str() const {
  std::string out = written;
  if (!tag.empty()) out += ":" + tag;
  if (!digest.empty()) out += "@" + digest;
  return out;
}

ImageValues image_values(const ImageRef& image) {
  if (image.digest.empty()) return {image.written, image.tag};
  if (!image.tag.empty()) return {image.written, image.tag + "@" + image.digest};
  // Without a tag the digest's own colon has to serve as the one between the two.
  return {image.written + "@sha256", image.digest.substr(7)};
}

}  // namespace autonomous::model
