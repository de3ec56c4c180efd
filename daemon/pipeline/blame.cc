#include "daemon/pipeline/blame.h"

#include <algorithm>
#include <charconv>

#include "daemon/pipeline/recorded.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"
#include "gitops/yaml/located.h"

namespace autonomous::daemon {

namespace {

constexpr uint64_t kMaxManifest = 8u << 20;

// One step of a field: a key of a map, or an element of a list.
struct FieldStep {
  std::string key;
  bool element = false;
};

Result<std::vector<FieldStep>> steps_of(const std::string& field) {
  std::vector<FieldStep> out;
  for (size_t at = 0; at < field.size();) {
    if (field[at] == '[') {
      size_t end = field.find(']', at);
      if (end == std::string::npos || end == at + 1)
        return fail(Code::kInvalid, "'", one_line(field), "': a list's element is [0] or [name]");
      out.push_back({field.substr(at + 1, end - at - 1), true});
      at = end + 1;
    } else {
      if (field[at] == '.') ++at;
      size_t end = std::min(field.find_first_of(".[", at), field.size());
      if (end == at) return fail(Code::kInvalid, "'", one_line(field), "' is no field: spec.replicas");
      out.push_back({field.substr(at, end - at), false});
      at = end;
    }
  }
  if (out.empty()) return fail(Code::kInvalid, "which field? deployment/web.spec.replicas");
  return out;
}

const yaml::Node* element(const yaml::Node& list, const std::string& which) {
  size_t index = 0;
  auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), index);
  bool number = error == std::errc() && end == which.data() + which.size();
  if (number) return index < list.items().size() ? &list.items()[index] : nullptr;
  for (const yaml::Node& item : list.items()) {
    const yaml::Node* name = item.is_map() ? item.find("name") : nullptr;
    if (name != nullptr && name->text() == which) return &item;
  }
  return nullptr;
}

const yaml::Node* follow(const yaml::Node& root, const std::vector<FieldStep>& steps) {
  const yaml::Node* node = &root;
  for (const FieldStep& step : steps) {
    node = step.element ? (node->is_list() ? element(*node, step.key) : nullptr)
                        : (node->is_map() ? node->find(step.key) : nullptr);
    if (node == nullptr) return nullptr;
  }
  return node;
}

std::string value_of(const yaml::Node* node) {
  if (node == nullptr) return "";
  if (node->is_scalar()) return node->text();
  return std::string(trim(yaml::to_text(*node)));
}

// "Deployment/web" of a manifest.
std::string name_of(const yaml::Node& manifest) {
  const yaml::Node* kind = manifest.is_map() ? manifest.find("kind") : nullptr;
  const yaml::Node* metadata = manifest.is_map() ? manifest.find("metadata") : nullptr;
  const yaml::Node* name = metadata != nullptr && metadata->is_map() ? metadata->find("name") : nullptr;
  return kind == nullptr || name == nullptr ? "" : kind->text() + "/" + name->text();
}

yaml::Node parse(const std::string& text, const std::string& file) {
  std::vector<Error> errors;
  return yaml::parse_located(text, file, errors);
}

class Blame {
 public:
  Blame(store::Reader& reader, const model::Target& target) : reader_(reader), target_(target) {}

  Result<BlameAnswer> run(const std::string& what) {
    TRY(store::StatePtr state, reader_.state());
    record_ = state->find(target_);
    if (!record_ || record_->releases.empty()) return fail(Code::kNotFound, target_.str(), " was never released");
    TRY_DO(find_resource(what));
    TRY_DO(find_release());
    TRY_DO(find_place());
    return std::move(answer_);
  }

 private:
  // The newest release that has such a resource names its file.
  Result<void> find_resource(const std::string& what) {
    std::vector<std::string> known;
    for (auto row = record_->releases.rbegin(); row != record_->releases.rend(); ++row) {
      TRY(auto files, reader_.files({target_, (*row)->number}));
      TRY(auto list, files->list("manifests"));
      size_t longest = 0;
      for (const FileEntry& entry : list) {
        TRY(std::string text, files->read(entry.path, kMaxManifest));
        std::string name = name_of(parse(text, entry.path));
        if (row == record_->releases.rbegin()) known.push_back(name);
        bool fits = !name.empty() && name.size() > longest && what.size() > name.size() && what[name.size()] == '.' &&
                    to_lower(what.substr(0, name.size())) == to_lower(name);
        if (!fits) continue;
        longest = name.size();
        file_ = entry.path;
        resource_ = name;
      }
      if (longest == 0) continue;
      field_ = what.substr(longest + 1);
      TRY(steps_, steps_of(field_));
      answer_.field = resource_ + " " + field_;
      return ok();
    }
    return fail(Code::kNotFound, "no release of ", target_.str(), " has the resource of '", one_line(what), "'")
        .hint("<kind>/<name>.<field>; there are " + join(known, ", "));
  }

  struct Seen {
    bool there = false;
    std::string value;
    bool operator==(const Seen&) const = default;
  };
  Result<Seen> look(const store::ReleaseRow& row) {
    auto entry = reader_.repository().entry(row.target_tree, file_);
    if (!entry) {
      if (entry.error().code() == Code::kNotFound) return Seen{};
      return std::move(entry).error();
    }
    auto known = seen_.find(entry->oid);
    if (known != seen_.end()) return known->second;
    TRY(std::string text, reader_.repository().blob(entry->oid, kMaxManifest));
    yaml::Node root = parse(text, file_);
    const yaml::Node* node = follow(root, steps_);
    Seen seen{node != nullptr, value_of(node)};
    seen_[entry->oid] = seen;
    return seen;
  }

  // The newest release in which the field became what it is; through rollbacks to where its value came from.
  Result<void> find_release() {
    TRY(Seen now, look(*record_->releases.back()));
    size_t at = record_->releases.size() - 1;
    for (;;) {
      while (at > 0) {
        TRY(Seen before, look(*record_->releases[at - 1]));
        if (before != now) {
          answer_.before = before.value;
          break;
        }
        --at;
      }
      store::ReleaseRowPtr held = record_->releases[at];
      const store::ReleaseRow& row = *held;
      auto restored = std::find_if(record_->releases.begin(), record_->releases.end(),
                                   [&](const auto& other) { return other->number == row.rollback_of; });
      if (row.rollback_of == 0 || restored == record_->releases.end()) break;
      if (answer_.restores.empty())
        answer_.restores = std::to_string(row.number) + " went back to " + std::to_string(row.rollback_of);
      at = static_cast<size_t>(restored - record_->releases.begin());
    }
    row_ = record_->releases[at];
    answer_.gone = !now.there;
    if (answer_.gone && at == 0)
      return fail(Code::kNotFound, resource_, " has no field ", field_, " in any release of ", target_.str());
    answer_.value = now.value;
    answer_.release = {target_, row_->number};
    answer_.at = row_->time;
    answer_.requested_by = row_->requested_by;
    answer_.author = row_->author;
    answer_.because = row_->because;
    answer_.subject = row_->subject;
    answer_.source = row_->source_commit.empty() ? "" : row_->source_url + " " + row_->source_commit;
    answer_.commit = row_->commit.hex();
    return ok();
  }

  Result<void> find_place() {
    if (row_->trigger == model::Trigger::kRetire) {
      answer_.how = "the target was retired";
      return ok();
    }
    auto inputs = recorded_inputs(reader_, answer_.release);
    if (!inputs) {
      answer_.how = "its inputs cannot be read: " + inputs.error().line();
      return ok();
    }
    if (!answer_.gone) {
      in_manifests(*inputs);
      if (answer_.places.empty()) in_settings(*inputs);
      if (answer_.places.empty()) in_images(*inputs);
    }
    if (answer_.places.empty() && answer_.how.empty()) {
      std::string chart = inputs->inputs.chart
                              ? " (the chart " + inputs->inputs.chart->name + " " + inputs->inputs.chart->version + ")"
                              : "";
      std::string what = answer_.gone ? "the field is gone; what took it away is no line of the spec"
                                      : "no line of the spec or an overlay says it; what it is rendered from sets it";
      answer_.how = what + chart;
    }
    return ok();
  }

  void add(const Place& place, const std::string& setting) {
    BlameAnswer::Place out{place.file, place.line, setting, std::string(trim(place.text))};
    answer_.places.push_back(std::move(out));
  }

  // What stands on main was written there by somebody else than the source's author.
  void who_wrote(BlameAnswer::Place& place, const std::string& main) {
    bool on_main = place.file == store::kPlatformFile || starts_with(place.file, "config/");
    auto at = on_main ? git::Oid::parse(main) : Result<git::Oid>(fail(Code::kNotFound, main));
    if (!at) return;
    auto commit = reader_.repository().commit_of_line(*at, place.file, place.line);
    auto read = commit ? reader_.repository().commit(*commit) : Result<git::Commit>(commit.error());
    if (!read) {
      answer_.how += (answer_.how.empty() ? "" : "; ") + ("who wrote it cannot be told: " + read.error().line());
      return;
    }
    place.commit = commit->hex();
    place.author = one_line(read->author.name + " <" + read->author.email + ">", 200);
    place.subject = one_line(read->subject(), 200);
  }

  // The app's own manifests: the field stands in a file as it is.
  void in_manifests(const RecordedInputs& inputs) {
    if (inputs.effective.app.rendering != model::Rendering::kManifests) return;
    auto files = inputs.sources->list("");
    for (const FileEntry& entry : files ? *files : std::vector<FileEntry>{}) {
      auto text = inputs.sources->read(entry.path, kMaxManifest);
      bool yaml = ends_with(entry.path, ".yaml") || ends_with(entry.path, ".yml");
      if (!text || !yaml || entry.path == "autonomous.yaml") continue;
      // Documents one by one, with blank lines before, so that lines stay what they are.
      size_t line = 0;
      std::string document;
      auto judge = [&] {
        yaml::Node root = parse(document, entry.path);
        const yaml::Node* node = name_of(root) == resource_ ? follow(root, steps_) : nullptr;
        if (node != nullptr && value_of(node) == answer_.value) add(node->place(), field_);
      };
      for (std::string_view one : split(*text, '\n')) {
        if (starts_with(one, "---")) {
          judge();
          document.assign(line + 1, '\n');
        } else {
          document.append(one).append("\n");
        }
        ++line;
      }
      judge();
    }
    if (!answer_.places.empty()) answer_.how = "it stands there as it is";
  }

  // Of the settings with this very value those whose name is most like the field's.
  void in_settings(const RecordedInputs& inputs) {
    struct Fit {
      int likeness;
      const model::Setting* setting;
    };
    std::vector<Fit> fits;
    std::string names = to_lower(field_) + "." + (steps_.size() > 1 ? to_lower(steps_[steps_.size() - 2].key) : "");
    for (const model::Setting& setting : inputs.effective.settings) {
      if (setting.place.line == 0 || setting.value != answer_.value) continue;
      int likeness = 0;
      for (std::string_view part : split(setting.path, '.')) {
        if (part.size() > 2 && names.find(to_lower(part)) != std::string::npos) ++likeness;
      }
      fits.push_back({likeness, &setting});
    }
    std::stable_sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) { return a.likeness > b.likeness; });
    for (const Fit& fit : fits) {
      if (fit.likeness < fits.front().likeness) break;
      add(fit.setting->place, fit.setting->path);
    }
    for (BlameAnswer::Place& place : answer_.places) who_wrote(place, inputs.inputs.config_commit);
    std::string untold = std::exchange(answer_.how, "");
    if (answer_.places.size() == 1) answer_.how = "the only setting that says so";
    else if (!answer_.places.empty()) answer_.how = "settings that say so, and are named alike";
    answer_.how += untold.empty() ? "" : "; " + untold;
  }

  void in_images(const RecordedInputs& inputs) {
    for (const auto& [name, reference] : inputs.inputs.images) {
      if (reference != answer_.value) continue;
      answer_.how = row_->promoted_from.empty()
                        ? "the image " + name + " was asked for, or built from the source commit"
                        : "the image " + name + " was promoted from " + row_->promoted_from;
    }
  }

  store::Reader& reader_;
  const model::Target& target_;
  store::TargetPtr record_;
  store::ReleaseRowPtr row_;
  std::string file_, resource_, field_;
  std::vector<FieldStep> steps_;
  std::map<git::Oid, Seen> seen_;
  BlameAnswer answer_;
};

}  // namespace

Result<BlameAnswer> blame(store::Reader& reader, const model::Target& target, const std::string& what) {
  return Blame(reader, target).run(what);
}

}  // namespace autonomous::daemon
