// From files to a Chart: the walk through a folder, helm's sorting of files into parts, subcharts. The words of the
// errors are helm's (pkg/chart/loader, pkg/chart/v2/loader).
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "gitops/base/text.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/engine.h"
#include "render/helm/ignore.h"
#include "render/helm/match.h"
#include "render/helm/metadata.h"
#include "render/helm/schema.h"
#include "render/helm/values.h"

namespace autonomous::helm {

namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

Error load_error(std::string_view what, const Error& error) { return fail(error.code(), what, ": ", error.message()); }

// ---- a folder
// --------------------------------------------------------------------------------------------------------

// The files of a tree in the order of helm's walk (names sorted folder by folder), links replaced by what they mean.
class Walk {
 public:
  // `chart_yaml`: what is in Chart.yaml, where it was read already.
  Walk(const FileTree& tree, const LoadOptions& options, std::optional<std::string> chart_yaml)
      : tree_(tree), options_(options), chart_yaml_(std::move(chart_yaml)) {}

  Result<std::vector<ChartFile>> files() {
    TRY(IgnoreRules rules, read_rules());
    rules_ = std::move(rules);
    TRY(entries_, tree_.names());
    TRY_DO(walk("", "", 0));
    return std::move(files_);
  }

 private:
  Result<IgnoreRules> read_rules() {
    auto text = tree_.read(".helmignore", 1 << 20);
    return IgnoreRules::parse(text ? *text : "");
  }

  // What is in `folder` of the tree, shown as lying in `shown`: the two differ below a link.
  Result<void> walk(const std::string& folder, const std::string& shown, uint32_t links) {
    std::string prefix = folder.empty() ? "" : folder + "/";
    std::vector<Child> children;
    for (auto it = first_from(prefix); it != entries_.end() && starts_with(it->path, prefix);) {
      std::string_view name = std::string_view(it->path).substr(prefix.size());
      size_t slash = name.find('/');
      if (slash == std::string_view::npos) {
        children.push_back({name, &*it});
        ++it;
      } else {
        name = name.substr(0, slash);
        children.push_back({name, nullptr});
        it = first_from(prefix + std::string(name) + "0");  // '0' follows '/': past the folder
      }
    }
    std::sort(children.begin(), children.end(), [](const Child& a, const Child& b) { return a.name < b.name; });
    for (const Child& child : children) {
      std::string path = shown.empty() ? std::string(child.name) : shown + "/" + std::string(child.name);
      if (child.file == nullptr) {
        TRY_DO(visit_folder(prefix + std::string(child.name), path, links));
      } else {
        TRY_DO(visit(*child.file, path, links));
      }
    }
    return ok();
  }

  Result<void> visit_folder(const std::string& folder, const std::string& shown, uint32_t links) {
    return rules_.ignores(shown, true) ? ok() : walk(folder, shown, links);
  }

  Result<void> visit(const FileEntry& entry, const std::string& shown, uint32_t links) {
    if (entry.kind == FileKind::kLink) return follow(entry, shown, links);
    if (rules_.ignores(shown, false)) return ok();
    if (entry.kind == FileKind::kSubmodule) {
      return fail(Code::kDenied, shown, " is a submodule; charts have to be whole");
    }
    if (entry.size > options_.limits.bytes - used_) return over_budget(shown);
    auto data = content(entry);
    if (!data && data.error().code() == Code::kLimit) return over_budget(shown);
    if (!data) return std::move(data).error();
    used_ += data->size();
    if (files_.size() >= options_.limits.files) {
      return fail(Code::kLimit, "the chart holds more than ", options_.limits.files, " files");
    }
    if (starts_with(*data, kBom)) data->erase(0, kBom.size());
    files_.push_back({shown, *std::move(data), false});
    return ok();
  }

  Result<std::string> content(const FileEntry& entry) {
    if (chart_yaml_ && entry.path == "Chart.yaml") return *std::exchange(chart_yaml_, std::nullopt);
    return tree_.read(entry.path, options_.limits.bytes - used_);
  }

  // The first entry whose path is not before `path`.
  std::vector<FileEntry>::const_iterator first_from(std::string_view path) const {
    return std::lower_bound(entries_.begin(), entries_.end(), path,
                            [](const FileEntry& entry, std::string_view wanted) { return entry.path < wanted; });
  }

  Error over_budget(std::string_view path) const {
    return fail(Code::kLimit, "error reading ", path, ": chart exceeds maximum decompressed size of ",
                options_.limits.bytes, " bytes");
  }

  // Links are followed within the chart only (CVE-2022-24348); helm follows them anywhere.
  Result<void> follow(const FileEntry& entry, const std::string& shown, uint32_t links) {
    if (links >= 16) return fail(Code::kLimit, "too many links in ", shown);
    TRY(std::string target, tree_.read(entry.path, 4096));
    auto inside_chart = resolve_link(entry.path, target);
    bool unread = rules_.ignores(shown, false) || is_document(shown);
    if (!inside_chart && unread && !starts_with(target, "/")) {
      std::string folder = entry.path.substr(0, entry.path.size() - base_name(entry.path).size());
      tell_link(shown, clean_path(options_.path + "/" + folder + target));
      if (!rules_.ignores(shown, false)) files_.push_back({shown, inside_chart.error().message(), true});
      return ok();
    }
    TRY(std::string resolved, std::move(inside_chart));
    std::string top = options_.path.empty() ? "" : options_.path + "/";
    tell_link(shown, top + resolved);
    auto found = first_from(resolved);
    if (found != entries_.end() && found->path == resolved) return visit(*found, shown, links + 1);
    auto inside = first_from(resolved + "/");
    if (inside != entries_.end() && starts_with(inside->path, resolved + "/"))
      return visit_folder(resolved, shown, links + 1);
    return fail(Code::kInvalid, "error evaluating symlink ", shown, ": ", target, " does not exist");
  }

  // What stands beside a chart for people to read.
  static bool is_document(std::string_view name) {
    if (starts_with(name, "templates/") || name.find("/templates/") != std::string_view::npos) return false;
    std::string_view stem = base_name(name).substr(0, base_name(name).find('.'));
    for (std::string_view one : {"LICENSE", "LICENCE", "NOTICE", "README", "CHANGELOG", "CONTRIBUTING", "SECURITY"}) {
      if (stem == one) return true;
    }
    return false;
  }

  void tell_link(const std::string& shown, const std::string& resolved) {
    std::string path = (options_.path.empty() ? "" : options_.path + "/") + shown;
    render::Arena arena;
    Work work(arena, options_.helm, options_.warnings);
    if (options_.helm == HelmVersion::k3) {
      work.log("walk.go:75", "found symbolic link in path: " + path + " resolves to " + resolved +
                                 ". Contents of linked file included and used");
    } else {
      work.slog("INFO", "found symbolic link in path. Contents of linked file included and used",
                {"path", path, "resolved", resolved});
    }
  }

  struct Child {
    std::string_view name;
    const FileEntry* file;  // null: a folder
  };

  const FileTree& tree_;
  const LoadOptions& options_;
  std::optional<std::string> chart_yaml_;
  IgnoreRules rules_;
  std::vector<FileEntry> entries_;  // bytewise by path
  std::vector<ChartFile> files_;
  uint64_t used_ = 0;
};

// ---- files into a chart
// ----------------------------------------------------------------------------------------------

// What the archives in a chart may still unpack to: one budget for all of them, or a thousand small ones would become a
// terabyte.
struct Budget {
  uint64_t bytes;
  uint64_t files;
};

// A Chart.yaml that was looked at before its chart was.
struct KnownMetadata {
  std::string text;
  Metadata metadata;
};

class Assembler {
 public:
  Assembler(const LoadOptions& options, uint32_t depth, Budget& budget, const KnownMetadata* known = nullptr)
      : options_(options), depth_(depth), budget_(budget), known_(known) {}

  Result<std::shared_ptr<const Chart>> assemble(std::vector<ChartFile> files) {
    if (depth_ > options_.limits.depth)
      return fail(Code::kLimit, "charts lie more than ", options_.limits.depth, " deep in each other");
    for (const ChartFile& file : files) {
      if (file.name == "Chart.yaml") TRY_DO(read_metadata(file));
    }
    for (ChartFile& file : files) TRY_DO(sort_in(std::move(file)));
    if (!has_metadata_) return fail(Code::kInvalid, "Chart.yaml file is missing");
    TRY_DO(validate_metadata(chart_->metadata));
    if (!chart_->values) {
      auto none = std::make_shared<ChartValues>(options_.limits.memory);
      none->map = render::Map::make(none->arena);
      chart_->values = std::move(none);
    }
    chart_->parsed = make_parsed_templates();
    for (auto& [name, inner] : subcharts_) TRY_DO(add_subchart(name, std::move(inner)));
    return std::shared_ptr<const Chart>(std::move(chart_));
  }

 private:
  Result<void> read_metadata(const ChartFile& file) {
    has_metadata_ = true;
    if (known_ != nullptr && known_->text == file.data) {
      chart_->metadata = known_->metadata;
    } else {
      auto decoded = decode_metadata(file.data, options_.helm, chart_->metadata);
      if (!decoded) return load_error("cannot load Chart.yaml", decoded.error());
    }
    if (chart_->metadata.api_version.empty()) chart_->metadata.api_version = "v1";
    return ok();
  }

  void warn(std::string_view helm3_line, std::string_view text) {
    render::Arena arena;
    Work(arena, options_.helm, options_.warnings).log(helm3_line, text);
  }

  Result<void> sort_in(ChartFile file) {
    std::string_view name = file.name;
    if (name == "Chart.yaml") return ok();
    if (name == "Chart.lock") return check_lock(file);
    if (name == "values.yaml") return read_defaults(file);
    if (name == "values.schema.json") {
      if (!file.data.empty()) chart_->schema = std::make_shared<ChartSchema>(std::move(file.data));
    } else if (name == "requirements.yaml" || name == "requirements.lock") {
      return legacy(std::move(file));
    } else if (starts_with(name, "templates/")) {
      chart_->templates.push_back(std::move(file));
    } else if (starts_with(name, "charts/") && !ends_with(name, ".prov")) {
      file.name.erase(0, 7);
      std::string top = file.name.substr(0, file.name.find('/'));
      subcharts_[top].push_back(std::move(file));
    } else {
      chart_->files.push_back(std::move(file));
    }
    return ok();
  }

  Result<void> read_defaults(const ChartFile& file) {
    auto values = std::make_shared<ChartValues>(options_.limits.memory);
    auto map = read_values(values->arena, options_.helm, file.data, options_.limits.yaml);
    if (!map) return load_error("cannot load values.yaml", map.error());
    values->map = *map;
    chart_->values = std::move(values);
    return ok();
  }

  // Nothing of the lock is used; that it is YAML is all that helm's users notice.
  Result<void> check_lock(const ChartFile& file) {
    render::Arena arena;
    auto value = render::read_yaml(arena, file.data);
    if (!value) return load_error("cannot load " + file.name + ": error converting YAML to JSON", value.error());
    return ok();
  }

  Result<void> legacy(ChartFile file) {
    bool is_list = file.name == "requirements.yaml";
    has_metadata_ = true;  // helm makes an empty one here
    if (chart_->metadata.api_version != "v1") {
      warn(
          is_list ? "load.go:120" : "load.go:138",
          is_list
              ? "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml."
              : "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.");
    }
    if (is_list) {
      auto decoded = decode_metadata(file.data, options_.helm, chart_->metadata);
      if (!decoded) return load_error("cannot load requirements.yaml", decoded.error());
    } else {
      TRY_DO(check_lock(file));
    }
    if (chart_->metadata.api_version == "v1") chart_->files.push_back(std::move(file));
    return ok();
  }

  Result<void> add_subchart(const std::string& name, std::vector<ChartFile> files) {
    if (name.front() == '_' || name.front() == '.') return ok();
    const std::string& parent = chart_->metadata.name;
    auto loaded = [&]() -> Result<std::shared_ptr<const Chart>> {
      if (ends_with(name, ".tgz")) {
        if (files.front().name != name) {
          return fail(Code::kInvalid, "error unpacking subchart tar in ", parent, ": expected ", name, ", got ",
                      files.front().name);
        }
        TRY(auto inner, unpack(files.front().data));
        return Assembler(options_, depth_ + 1, budget_).assemble(std::move(inner));
      }
      std::vector<ChartFile> inner;
      for (ChartFile& file : files) {
        size_t slash = file.name.find('/');
        if (slash == std::string::npos) continue;
        file.name.erase(0, slash + 1);
        inner.push_back(std::move(file));
      }
      return Assembler(options_, depth_ + 1, budget_).assemble(std::move(inner));
    }();
    if (!loaded) {
      if (starts_with(loaded.error().message(), "error unpacking subchart tar in ")) return std::move(loaded).error();
      return load_error("error unpacking subchart " + name + " in " + parent, loaded.error());
    }
    chart_->dependencies.push_back(*std::move(loaded));
    return ok();
  }

  Result<std::vector<ChartFile>> unpack(std::string_view bytes) {
    LoadLimits limits = options_.limits;
    limits.bytes = std::min(limits.bytes, budget_.bytes);
    limits.files = std::min(limits.files, budget_.files);
    auto files = unpack_archive(bytes, limits);
    if (!files && files.error().code() == Code::kLimit && limits.bytes < options_.limits.bytes) {
      return fail(Code::kLimit, "the archives in the chart unpack to more than ", options_.limits.nested_bytes,
                  " bytes together");
    }
    if (!files) return files;
    budget_.files -= files->size();
    for (const ChartFile& file : *files) budget_.bytes -= file.data.size();
    return files;
  }

  const LoadOptions& options_;
  uint32_t depth_;
  Budget& budget_;
  const KnownMetadata* known_;
  std::shared_ptr<Chart> chart_ = std::make_shared<Chart>();
  bool has_metadata_ = false;
  std::map<std::string, std::vector<ChartFile>> subcharts_;
};

Result<std::shared_ptr<const Chart>> assembled(const LoadOptions& options, std::vector<ChartFile> files,
                                               const std::optional<KnownMetadata>& known) {
  Budget budget{options.limits.nested_bytes, options.limits.files};
  try {
    return Assembler(options, 0, budget, known ? &*known : nullptr).assemble(std::move(files));
  } catch (const render::ArenaFull&) {
    return fail(Code::kLimit, "the chart's values need more than ", options.limits.memory, " bytes of memory");
  } catch (const std::bad_alloc&) {
    return fail(Code::kLimit, "the chart needs more memory than there is");
  }
}

// helm 4 looks at the chart's apiVersion before anything else. What it saw is kept in `known` where it is all good.
Result<void> check_api_version(std::string_view chart_yaml, HelmVersion helm, std::optional<KnownMetadata>& known) {
  if (helm == HelmVersion::k3) return ok();
  KnownMetadata all{std::string(chart_yaml), {}};
  std::string version;
  if (decode_metadata(chart_yaml, helm, all.metadata)) {
    version = all.metadata.api_version;
    known = std::move(all);
  } else {  // that is an error for later, if the version is none
    auto decoded = decode_api_version(chart_yaml, version);
    if (!decoded) return load_error("cannot load Chart.yaml", decoded.error());
  }
  if (version.empty() || version == "v1" || version == "v2" || version == "v3") return ok();
  return fail(Code::kInvalid, "unsupported chart version");
}

}  // namespace

Result<std::shared_ptr<const Chart>> load_chart(const FileTree& tree, const LoadOptions& options) {
  auto chart_yaml = tree.read("Chart.yaml", options.limits.bytes);
  std::optional<KnownMetadata> known;
  if (chart_yaml) {
    TRY_DO(check_api_version(*chart_yaml, options.helm, known));
  } else if (options.helm == HelmVersion::k4 && chart_yaml.error().code() == Code::kNotFound) {
    std::string path = options.path.empty() ? "Chart.yaml" : options.path + "/Chart.yaml";
    return fail(Code::kInvalid, "unable to detect chart at ", path, ": open ", path, ": no such file or directory");
  }
  std::optional<std::string> read;
  if (chart_yaml) read = *std::move(chart_yaml);
  TRY(std::vector<ChartFile> files, Walk(tree, options, std::move(read)).files());
  return assembled(options, std::move(files), known);
}

namespace {

// http.DetectContentType of the first 512 bytes, as far as people hit it with a file that is no archive.
std::string_view content_type(std::string_view name_bytes) {
  std::string head(name_bytes.substr(0, 512));
  head.resize(512, '\0');  // Go's buffer is that long, whatever was read
  if (starts_with(head, "PK\x03\x04")) return "application/zip";
  if (starts_with(head, "%PDF-")) return "application/pdf";
  for (char c : head) {
    auto byte = static_cast<uint8_t>(c);
    bool binary = byte <= 8 || byte == 0x0B || (byte >= 0x0E && byte <= 0x1A) || (byte >= 0x1C && byte <= 0x1F);
    if (binary) return "application/octet-stream";
  }
  return "text/plain; charset=utf-8";
}

}  // namespace

Result<std::shared_ptr<const Chart>> load_chart_archive(std::string_view name, std::string_view bytes,
                                                        const LoadOptions& options) {
  if (!starts_with(bytes, "\x1F\x8B\x08")) {
    if (ends_with(name, ".yml") || ends_with(name, ".yaml")) {
      return fail(Code::kInvalid, "file '", name, "' seems to be a YAML file, but expected a gzipped archive");
    }
    return fail(Code::kInvalid, "file '", name, "' does not appear to be a gzipped archive; got '", content_type(bytes),
                "'");
  }
  auto files = unpack_archive(bytes, options.limits);
  if (!files) {
    if (files.error().message() == "gzip: invalid header") {
      return fail(Code::kInvalid, "file '", name,
                  "' does not appear to be a valid chart file (details: gzip: invalid header)");
    }
    bool hidden = options.helm == HelmVersion::k4 && files.error().code() != Code::kLimit;
    // helm 4 hides the reason; it stays as the hint.
    if (hidden) return fail(Code::kInvalid, "unable to load chart archive").hint(files.error().message());
    return std::move(files).error();
  }
  std::optional<KnownMetadata> known;
  if (options.helm == HelmVersion::k4) {
    auto found =
        std::find_if(files->begin(), files->end(), [](const ChartFile& file) { return file.name == "Chart.yaml"; });
    if (found == files->end()) return fail(Code::kInvalid, "unable to detect chart version, no Chart.yaml found");
    TRY_DO(check_api_version(found->data, options.helm, known));
  }
  return assembled(options, *std::move(files), known);
}

}  // namespace autonomous::helm
