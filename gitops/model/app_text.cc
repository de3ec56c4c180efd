#include "gitops/model/app_text.h"

#include <cctype>

#include "gitops/base/text.h"
#include "gitops/model/ids.h"
#include "gitops/model/image.h"
#include "gitops/model/spec.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

std::string message_of(const Result<void>& result) { return result ? "" : result.error().message(); }

}  // namespace

std::string check_app_name(std::string_view name) { return message_of(check_name("app", name, kMaxApp)); }
std::string check_project_name(std::string_view name) { return message_of(check_name("project", name, kMaxProject)); }

std::string check_image_text(std::string_view image) {
  auto parsed = ImageRef::parse(image);
  return parsed ? "" : parsed.error().message();
}

std::string check_variable(std::string_view name) {
  bool good = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (char c : name)
    good = good && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-');
  return good ? "" : "'" + one_line(name, 60) + "' is no name of a variable: letters, digits and '_'";
}

// What Kubernetes takes as the name of a port, volume or container.
std::string check_label_name(std::string_view name) {
  bool good = !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-';
  for (char c : name) good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
  return good ? "" : "'" + one_line(name, 60) + "' is no name: a-z, 0-9 and '-'";
}

std::string check_port_name(std::string_view name) {
  if (name.size() > 15) return "'" + one_line(name, 60) + "' is too long for a port's name: at most 15 characters";
  return check_label_name(name);
}

std::string check_host(std::string_view host) {
  std::string_view rest = starts_with(host, "*.") ? host.substr(2) : host;
  bool good = !rest.empty() && rest.size() <= 253;
  for (std::string_view label : split(rest, '.')) good = good && check_label_name(label).empty();
  return good ? "" : "'" + one_line(host, 80) + "' is no host name (shop.example.com)";
}

std::string check_url_path(std::string_view path) {
  if (!path.empty() && path.front() == '/' && path.find_first_of(" \t\r\n") == std::string_view::npos) return "";
  return "expected a path of a URL that starts with '/', not '" + one_line(path, 60) + "'";
}

std::string check_absolute(std::string_view path) {
  if (path.size() > 1 && path.front() == '/' && is_plain_path(path.substr(1))) return "";
  return "expected an absolute path in the container, not '" + one_line(path, 60) + "'";
}

std::string check_cron(std::string_view text) {
  static const std::vector<std::string> kWords = {"hourly", "daily", "weekly", "monthly", "yearly"};
  std::string_view word = starts_with(text, "@") ? text.substr(1) : text;
  if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return "";
  size_t fields = 0;
  bool good = true;
  for (std::string_view field : split(text, ' ')) {
    if (field.empty()) continue;
    ++fields;
    good = good && field.find_first_not_of("0123456789*/,-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?") ==
                       std::string_view::npos;
  }
  if (good && fields == 5) return "";
  return "expected a schedule (daily, hourly, or five fields: \"30 2 * * *\"), not '" + one_line(text, 60) + "'";
}

std::string check_egress(std::string_view text) {
  size_t colon = text.rfind(':');
  std::string_view port = colon == std::string_view::npos ? std::string_view("443") : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  bool good = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
  bool address = host.find_first_not_of("0123456789./") == std::string_view::npos && !host.empty();
  if (good && (address || check_host(host).empty())) return "";
  return "expected host:port (api.example.com:443), not '" + one_line(text, 80) + "'";
}

std::string check_command(std::string_view text) {
  auto words = split_words(text);
  return words ? (words->empty() ? "it is empty" : "") : words.error().message();
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else if (c == '\\' && quote == '"' && i + 1 < text.size()) {
        word += text[++i];
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == '\\' && i + 1 < text.size()) {
      word += text[++i];
      open = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (open) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (quote != 0) return fail(Code::kInvalid, "a quote is not closed in '", one_line(text, 60), "'");
  if (open) words.push_back(std::move(word));
  return words;
}

}  // namespace autonomous::model
