// urlParse, urlJoin: Go's net/url; getHostByName, which never asks a network.
#include <arpa/inet.h>

#include <optional>
#include <string>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/format.h"

namespace autonomous::render {
namespace {

enum class Where : uint8_t { kPath, kHost, kZone, kUser, kFragment };

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }
bool among(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool must_escape(char c, Where where) {
  if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) return false;
  if ((where == Where::kHost || where == Where::kZone) && among(c, "!$&'()*+,;=:[]<>\"")) return false;
  if (among(c, "-_.~")) return false;
  if (among(c, "$&+,/:;=?@")) {
    if (where == Where::kPath) return c == '?';
    if (where == Where::kUser) return among(c, "@/?:");
    return where != Where::kFragment;
  }
  return !(where == Where::kFragment && among(c, "!()*"));
}

std::string escaped(std::string_view text, Where where) {
  std::string out;
  for (char c : text) {
    if (!must_escape(c, where)) {
      out += c;
      continue;
    }
    out += '%';
    out += "0123456789ABCDEF"[static_cast<uint8_t>(c) >> 4];
    out += "0123456789ABCDEF"[c & 15];
  }
  return out;
}

// url.unescape; false with Go's words in `error`.
bool unescape(std::string_view text, Where where, std::string& out, std::string& error) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool host = where == Where::kHost || where == Where::kZone;
    if (c != '%') {
      if (host && static_cast<uint8_t>(c) < 0x80 && must_escape(c, where)) {
        error = "invalid character " + quote_go(text.substr(i, 1)) + " in host name";
        return false;
      }
      result += c;
      continue;
    }
    std::string_view code = text.substr(i, 3);
    bool good = code.size() == 3 && is_hex(code[1]) && is_hex(code[2]);
    if (good) {
      auto byte = static_cast<char>(hex_value(code[1]) << 4 | hex_value(code[2]));
      if (where == Where::kHost && hex_value(code[1]) < 8 && code != "%25") good = false;
      if (where == Where::kZone && code != "%25" && byte != ' ' && must_escape(byte, Where::kHost)) good = false;
      result += byte;
      i += 2;
    }
    if (!good) {
      error = "invalid URL escape " + quote_go(code);
      return false;
    }
  }
  out = std::move(result);
  return true;
}

struct Url {
  std::string scheme, opaque, user, host, path, raw_path, query, fragment;
  bool has_user = false;
};

bool valid_port(std::string_view port) {
  return port.empty() || (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

// One parse of one text; fails with Go's words in error().
class UrlParser {
 public:
  Url url;
  std::string error;

  bool parse(std::string_view text) {
    std::string_view fragment;
    std::string_view whole = text;
    if (size_t at = text.find('#'); at != std::string_view::npos) {
      fragment = text.substr(at + 1);
      text = text.substr(0, at);
    }
    if (!parse_body(text)) {
      error = "parse " + quote_go(text) + ": " + error;
      return false;
    }
    if (unescape(fragment, Where::kFragment, url.fragment, error)) return true;
    error = "parse " + quote_go(whole) + ": " + error;
    return false;
  }

 private:
  bool wrong(std::string text) {
    error = std::move(text);
    return false;
  }

  bool scheme(std::string_view& rest) {
    for (size_t i = 0; i < rest.size(); ++i) {
      char c = rest[i];
      if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') continue;
      if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
        if (i == 0) return true;
        continue;
      }
      if (c != ':') return true;
      if (i == 0) return wrong("missing protocol scheme");
      for (char letter : rest.substr(0, i))
        url.scheme += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
      rest.remove_prefix(i + 1);
      return true;
    }
    return true;
  }

  bool parse_body(std::string_view rest) {
    for (char c : rest) {
      if (static_cast<uint8_t>(c) < ' ' || c == 0x7F) return wrong("net/url: invalid control character in URL");
    }
    if (rest == "*") {
      url.path = "*";
      return true;
    }
    if (!scheme(rest)) return false;
    if (size_t at = rest.find('?'); at != std::string_view::npos) {
      url.query = rest.substr(at + 1);
      rest = rest.substr(0, at);
    }
    if (!rest.starts_with('/')) {
      if (!url.scheme.empty()) {
        url.opaque = rest;
        return true;
      }
      if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
        return wrong("first path segment in URL cannot contain colon");
      }
    }
    if ((!url.scheme.empty() || !rest.starts_with("///")) && rest.starts_with("//")) {
      size_t end = std::min(rest.find('/', 2), rest.size());
      if (!authority(rest.substr(2, end - 2))) return false;
      rest.remove_prefix(end);
    }
    url.raw_path = rest;
    return unescape(rest, Where::kPath, url.path, error);
  }

  bool authority(std::string_view text) {
    size_t at = text.rfind('@');
    if (!host(at == std::string_view::npos ? text : text.substr(at + 1))) return false;
    if (at == std::string_view::npos) return true;
    std::string_view user = text.substr(0, at);
    for (char c : user) {
      bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
      if (!letter && !among(c, "-._:~!$&'()*+,;=%@")) return wrong("net/url: invalid userinfo");
    }
    size_t colon = user.find(':');
    std::string name, password;
    if (!unescape(user.substr(0, colon), Where::kUser, name, error)) return false;
    url.has_user = true;
    url.user = escaped(name, Where::kUser);
    if (colon == std::string_view::npos) return true;
    if (!unescape(user.substr(colon + 1), Where::kUser, password, error)) return false;
    url.user += ":" + escaped(password, Where::kUser);
    return true;
  }

  bool bracketed(std::string_view text) {
    size_t close = text.rfind(']');
    if (close == std::string_view::npos) return wrong("missing ']' in host");
    std::string_view port = text.substr(close + 1), name = text.substr(1, close - 1);
    if (!valid_port(port)) return wrong("invalid port " + quote_go(port) + " after host");
    size_t zone = name.find("%25");
    std::string address, scope;
    if (!unescape(name.substr(0, zone), Where::kHost, address, error)) return false;
    if (zone != std::string_view::npos && !unescape(name.substr(zone), Where::kZone, scope, error)) return false;
    unsigned char bytes[16];
    std::string full = address + scope;
    if (inet_pton(AF_INET, full.c_str(), bytes) == 1) return wrong("invalid IP-literal");
    if (inet_pton(AF_INET6, address.c_str(), bytes) != 1 || scope == "%") {
      return wrong("invalid host: ParseAddr(" + quote_go(full) + "): unable to parse IP");
    }
    url.host = "[" + full + "]" + std::string(port);
    return true;
  }

  bool host(std::string_view text) {
    size_t open = text.rfind('[');
    if (open == 0) return bracketed(text);
    if (open != std::string_view::npos) return wrong("invalid IP-literal");
    // Only http and https take one colon alone: databases list several hosts with their ports.
    bool strict = url.scheme == "http" || url.scheme == "https";
    size_t colon = strict ? text.find(':') : text.rfind(':');
    if (colon != std::string_view::npos && !valid_port(text.substr(colon))) {
      return wrong("invalid port " + quote_go(text.substr(colon)) + " after host");
    }
    return unescape(text, Where::kHost, url.host, error);
  }
};

std::string hostname(std::string_view host) {
  size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && valid_port(host.substr(colon))) host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

// URL.String() of what urlJoin can set.
std::string url_text(const Url& url) {
  std::string out = url.scheme.empty() ? "" : url.scheme + ":";
  if (!url.opaque.empty()) {
    out += url.opaque;
  } else {
    if (!url.host.empty() || url.has_user || (!url.scheme.empty() && !url.path.empty())) out += "//";
    if (url.has_user) out += url.user + "@";
    out += escaped(url.host, Where::kHost);
    std::string path = url.path == "*" ? "*" : escaped(url.path, Where::kPath);
    if (!path.empty() && path[0] != '/' && !url.host.empty()) out += '/';
    if (out.empty() && path.substr(0, path.find('/')).find(':') != std::string::npos) out += "./";
    out += path;
  }
  if (!url.query.empty()) out += "?" + url.query;
  if (!url.fragment.empty()) out += "#" + escaped(url.fragment, Where::kFragment);
  return out;
}

Value func_url_parse(Context& cx, Args args) {
  UrlParser parser;
  if (!parser.parse(args[0].string())) return cx.fail("unable to parse url: ", parser.error);
  const Url& url = parser.url;
  Map* map = Map::make(cx.arena(), 8);
  auto set = [&](std::string_view key, std::string_view value) { map->set(key, cx.text(value)); };
  set("scheme", url.scheme);
  set("host", url.host);
  set("hostname", hostname(url.host));
  set("path", url.path);
  set("query", url.query);
  set("opaque", url.opaque);
  set("fragment", url.fragment);
  set("userinfo", url.user);
  return Value::of(map);
}

Value func_url_join(Context& cx, Args args) {
  const Map* map = args[0].map();
  auto part = [&](std::string_view key) -> std::string {
    const Value* value = map == nullptr ? nullptr : map->find(key);
    if (value == nullptr || cx.failed()) return "";
    if (value->is_string()) return std::string(value->string());
    if (value->is_nothing()) {
      fail_nil(cx);
    } else {
      cx.fail("unable to parse ", key, " key, must be of type string, but ", kind_name(value->kind()), " found");
    }
    return "";
  };
  Url url;
  url.scheme = part("scheme");
  url.host = part("host");
  url.path = part("path");
  url.query = part("query");
  url.opaque = part("opaque");
  url.fragment = part("fragment");
  std::string user = part("userinfo");
  if (cx.failed()) return {};
  if (!user.empty()) {
    UrlParser parser;
    if (!parser.parse("proto://" + user + "@host")) return cx.fail("unable to parse userinfo in dict: ", parser.error);
    url.user = parser.url.user;
    url.has_user = parser.url.has_user;
  }
  return cx.text(url_text(url));
}

Value func_get_host_by_name(Context&, Args) { return Value::of(""); }

constexpr Function kUrls[] = {
    {"getHostByName", params(kText), func_get_host_by_name},
    {"urlJoin", params(Type::kMap), func_url_join},
    {"urlParse", params(kText), func_url_parse},
};

}  // namespace

Family url_functions() { return kUrls; }

}  // namespace autonomous::render
