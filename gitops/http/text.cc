// What needs no connection: checks, texts for people, small parsers.
#include <algorithm>

#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/http/net.h"

namespace autonomous::http {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

Code code_of(int status) {
  switch (status) {
    case 401:
    case 403: return Code::kDenied;
    case 404:
    case 410: return Code::kNotFound;
    case 409:
    case 412: return Code::kConflict;
    case 413: return Code::kLimit;
    case 408:
    case 429: return Code::kUnavailable;
    default: return status >= 500 ? Code::kUnavailable : Code::kInvalid;
  }
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

std::string shown(const Request& request) {
  std::string_view url = request.url;
  url = url.substr(0, url.find_first_of("?#"));
  return request.method + " " + masked(one_line(url));
}

Result<void> check(const Request& request) {
  const std::string scheme = to_lower(request.url.substr(0, request.url.find("://")));
  if (scheme != "http" && scheme != "https") {
    return fail(Code::kInvalid, shown(request), ": only http and https URLs are taken");
  }
  if (has_control(request.url) || request.url.find(' ') != std::string::npos) {
    return fail(Code::kInvalid, shown(request), ": the URL holds a blank or a control character");
  }
  if (!is_token(request.method)) return fail(Code::kInvalid, "no HTTP method: ", one_line(request.method));
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return fail(Code::kInvalid, shown(request), ": no header name: ", one_line(name));
    if (has_control(value)) {
      return fail(Code::kInvalid, shown(request), ": the header ", name, " holds a control character");
    }
  }
  return ok();
}

Error status_error(const Request& request, const Response& response, std::string_view words) {
  const Code code = code_of(response.status);
  std::string said = one_line(words.empty() ? std::string_view(response.body) : words, 400);
  if (!said.empty()) said = ": " + masked(said);
  Error error = fail(code, shown(request), ": status ", response.status, said);
  return std::move(error).may_retry(code == Code::kUnavailable);
}

std::string escape(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
  }
  return out;
}

}  // namespace autonomous::http
