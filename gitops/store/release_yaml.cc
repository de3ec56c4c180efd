// release.yaml: the writer, its strict reader, and the input digest. The form is a small, fixed subset of YAML that the
// reader understands without a YAML library: `key: value` lines, one level of maps, values in JSON's double quotes.
#include <charconv>
#include <functional>
#include <set>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

using Texts = std::map<std::string, std::string>;

std::string double_quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class Writer {
 public:
  void value(std::string_view key, std::string_view text) {
    if (!text.empty()) line("", key, text);
  }
  void map(std::string_view key, const Texts& texts) {
    bool any = false;
    for (const auto& [name, text] : texts) {
      if (text.empty()) continue;
      if (!any) text_.append(key).append(":\n");
      any = true;
      line("  ", double_quoted(name), text);
    }
  }
  void list(std::string_view key, const std::vector<std::string>& items) {
    if (items.empty()) return;
    text_.append(key).append(":\n");
    for (const std::string& item : items) text_.append("  - ").append(double_quoted(item)).append("\n");
  }
  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view indent, std::string_view key, std::string_view text) {
    text_.append(indent).append(key).append(": ").append(double_quoted(text)).append("\n");
  }
  std::string text_ = "version: 1\n";
};

struct Document {
  Texts values;
  std::map<std::string, Texts> maps;
  std::map<std::string, std::vector<std::string>> lists;
};

// A quoted text at the front of `rest`, taken off.
bool take_quoted(std::string_view& rest, std::string& into) {
  if (!rest.starts_with('"')) return false;
  into.clear();
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return true;
    }
    if (rest[i] != '\\') {
      into += rest[i];
    } else if (i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) {
      into += rest[++i];
    } else if (rest.substr(i).starts_with("\\u00") && i + 5 < rest.size()) {
      unsigned value = 0;
      auto [end, error] = std::from_chars(rest.data() + i + 4, rest.data() + i + 6, value, 16);
      if (error != std::errc() || end != rest.data() + i + 6) return false;
      into += static_cast<char>(value);
      i += 5;
    } else {
      return false;
    }
  }
  return false;
}

bool read_line(Document& document, std::string_view line, std::string& open) {
  std::string key, text;
  if (line.starts_with("  - ")) {
    line.remove_prefix(4);
    if (open.empty() || !take_quoted(line, text) || !line.empty()) return false;
    document.lists[open].push_back(text);
    return true;
  }
  if (line.starts_with("  ")) {
    line.remove_prefix(2);
    if (open.empty() || !take_quoted(line, key) || !line.starts_with(": ")) return false;
    line.remove_prefix(2);
    return take_quoted(line, text) && line.empty() && document.maps[open].emplace(key, text).second;
  }
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  key = line.substr(0, colon);
  line.remove_prefix(colon + 1);
  open.clear();
  if (line.empty()) {
    open = key;
    return !document.maps.contains(key) && !document.lists.contains(key);
  }
  if (!line.starts_with(' ')) return false;
  line.remove_prefix(1);
  return take_quoted(line, text) && line.empty() && document.values.emplace(key, text).second;
}

std::string take(Texts& texts, const std::string& key) {
  auto node = texts.extract(key);
  return node ? std::move(node.mapped()) : "";
}

Texts take_map(Document& document, const std::string& key) {
  auto node = document.maps.extract(key);
  return node ? std::move(node.mapped()) : Texts();
}

Result<ReleaseInputs> from_document(Document document, const std::string& file) {
  auto wrong = [&](std::string_view what) { return fail(Code::kInvalid, file, ": ", what); };
  ReleaseInputs inputs;
  Texts& values = document.values;
  TRY(inputs.target, model::Target::parse(take(values, "target")));
  inputs.mode = take(values, "mode");
  if (inputs.mode != "manifests" && inputs.mode != "values") return wrong("mode must be manifests or values");
  inputs.artifact = take(values, "artifact");
  inputs.spec_digest = take(values, "spec");
  inputs.render_format = take(values, "renderFormat");
  inputs.helm = take(values, "helm");
  inputs.kubernetes = take(values, "kubernetes");
  inputs.namespace_name = take(values, "namespace");
  inputs.release_name = take(values, "releaseName");
  if (Texts source = take_map(document, "source"); !source.empty()) {
    inputs.source = model::SourceFact{take(source, "url"), take(source, "commit"), ""};
    if (!source.empty()) return wrong("unknown key in source");
  }
  if (Texts chart = take_map(document, "chart"); !chart.empty()) {
    inputs.chart = model::ChartFact{take(chart, "name"), take(chart, "version"), take(chart, "digest")};
    if (!chart.empty()) return wrong("unknown key in chart");
  }
  Texts config = take_map(document, "config");
  inputs.config_commit = take(config, "commit");
  inputs.platform_blob = take(config, "platform");
  inputs.overlay_blob = take(config, "overlay");
  if (!config.empty()) return wrong("unknown key in config");
  inputs.images = take_map(document, "images");
  inputs.secrets = take_map(document, "secrets");
  inputs.extra = take_map(document, "extra");
  if (auto kinds = document.lists.extract("apiVersions")) inputs.api_versions = std::move(kinds.mapped());
  if (!values.empty()) return wrong("unknown key " + values.begin()->first);
  if (!document.maps.empty()) return wrong("unknown key " + document.maps.begin()->first);
  if (!document.lists.empty()) return wrong("unknown key " + document.lists.begin()->first);
  return inputs;
}

}  // namespace

std::string format_release_yaml(const ReleaseInputs& inputs) {
  Writer out;
  out.value("target", inputs.target.str());
  out.value("mode", inputs.mode);
  out.value("artifact", inputs.artifact);
  if (inputs.source) out.map("source", {{"url", inputs.source->url}, {"commit", inputs.source->commit}});
  out.map("images", inputs.images);
  if (inputs.chart) {
    out.map("chart",
            {{"name", inputs.chart->name}, {"version", inputs.chart->version}, {"digest", inputs.chart->digest}});
  }
  out.value("spec", inputs.spec_digest);
  out.value("renderFormat", inputs.render_format);
  out.value("helm", inputs.helm);
  out.value("kubernetes", inputs.kubernetes);
  out.list("apiVersions", inputs.api_versions);
  out.value("namespace", inputs.namespace_name);
  out.value("releaseName", inputs.release_name);
  out.map("config",
          {{"commit", inputs.config_commit}, {"platform", inputs.platform_blob}, {"overlay", inputs.overlay_blob}});
  out.map("secrets", inputs.secrets);
  out.map("extra", inputs.extra);
  return out.take();
}

Result<ReleaseInputs> parse_release_yaml(std::string_view text, std::string_view file) {
  Document document;
  std::string open;
  uint32_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    bool fine = number == 1 ? line == "version: 1" : read_line(document, line, open);
    if (!fine) {
      return fail(Code::kInvalid, number == 1 ? "expected 'version: 1'" : "not a line of release.yaml")
          .at({std::string(file), number, 1, std::string(line)});
    }
  }
  if (number == 0) return fail(Code::kInvalid, file, ": it is empty");
  TRY(ReleaseInputs inputs, from_document(std::move(document), std::string(file)));
  if (format_release_yaml(inputs) != text) return fail(Code::kInvalid, file, ": not in its exact form");
  return inputs;
}

std::string input_digest(const ReleaseInputs& inputs) {
  ReleaseInputs meaning = inputs;
  meaning.config_commit.clear();
  return "sha256:" + sha256_hex(format_release_yaml(meaning));
}

}  // namespace autonomous::store
