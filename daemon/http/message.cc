#include "daemon/http/message.h"

#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string HttpRequest::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Code::kInvalid, "a broken % escape in the address");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  if (out.find('\0') != std::string::npos || !is_utf8(out)) return fail(Code::kInvalid, "odd bytes in the address");
  return out;
}

Result<void> parse_target(std::string_view target, HttpRequest& out) {
  if (target.empty() || target[0] != '/') return fail(Code::kInvalid, "the address must begin with /");
  size_t mark = target.find('?');
  TRY(out.path, percent_decode(target.substr(0, mark), false));
  for (std::string_view part : split(out.path, '/')) {
    if (part == "..") return fail(Code::kInvalid, "the address must not hold ..");
  }
  for (char c : out.path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return fail(Code::kInvalid, "odd bytes in the address");
  }
  if (mark == std::string_view::npos) return ok();
  out.query_string = std::string(target.substr(mark + 1));
  for (std::string_view pair : split(out.query_string, '&')) {
    if (pair.empty()) continue;
    size_t equal = pair.find('=');
    TRY(std::string name, percent_decode(pair.substr(0, equal), true));
    std::string value;
    if (equal != std::string_view::npos) {
      TRY(value, percent_decode(pair.substr(equal + 1), true));
    }
    out.query[name] = value;
  }
  return ok();
}

int http_status(Code code) {
  switch (code) {
    case Code::kInvalid: return 422;
    case Code::kNotFound: return 404;
    case Code::kDenied: return 403;
    case Code::kConflict: return 409;
    case Code::kUnavailable: return 503;
    case Code::kTimeout: return 504;
    case Code::kCancelled: return 503;
    case Code::kLimit: return 413;
    case Code::kCorrupt:
    case Code::kInternal: return 500;
  }
  return 500;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return status < 400 ? "OK" : status < 500 ? "Bad Request" : "Internal Server Error";
  }
}

HttpResponse problem(const HttpRequest& request, int status, std::string_view detail) {
  nlohmann::json body = {
      {"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"request", request.id}};
  if (!detail.empty()) body["detail"] = detail;
  HttpResponse response;
  response.status = status;
  response.type = "application/problem+json";
  response.body = dump(body);
  return response;
}

HttpResponse problem(const HttpRequest& request, const Error& error) {
  int status = http_status(error.code());
  if (status == 500) {
    log(Level::kError, "a request failed: " + error.line(), {{"request", request.id}, {"path", request.path}});
    return problem(request, 500,
                   "something went wrong on our side; the daemon's log tells what, under this request's id");
  }
  nlohmann::json body = {{"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status},
                         {"request", request.id}, {"detail", masked(error.line())}, {"code", code_name(error.code())}};
  if (!error.hint().empty()) body["hint"] = masked(error.hint());
  if (error.place() != nullptr) {
    const Place& place = *error.place();
    body["place"] = {{"file", place.file}, {"line", place.line}, {"column", place.column}};
    body["text"] = masked(error.text());
  }
  HttpResponse response;
  response.status = status;
  response.type = "application/problem+json";
  response.body = dump(body);
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace autonomous::daemon
