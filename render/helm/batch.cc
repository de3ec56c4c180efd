#include "render/helm/batch.h"

#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/helm.h"

namespace autonomous::helm {

namespace {

using nlohmann::json;

constexpr uint64_t kMaxInput = 1ull << 30;

Result<std::string> read_all(const std::string& path) {
  if (path != "-") return read_file(path, kMaxInput);
  std::string text;
  char buffer[65536];
  size_t got = 0;
  while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0 && text.size() <= kMaxInput) text.append(buffer, got);
  return text;
}

// Charts are loaded once, whoever asks first, and shared.
class Charts {
 public:
  Result<std::shared_ptr<const Chart>> get(const std::string& path, HelmVersion helm) {
    std::lock_guard lock(mutex_);
    auto& slot = loaded_[{path, helm}];
    if (slot == nullptr) slot = std::make_unique<Result<std::shared_ptr<const Chart>>>(load(path, helm));
    return *slot;
  }

 private:
  static Result<std::shared_ptr<const Chart>> load(const std::string& path, HelmVersion helm) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail(Code::kNotFound, "path \"", path, "\" not found");
    LoadOptions options;
    options.helm = helm;
    options.path = path;
    if (S_ISDIR(info.st_mode)) return load_chart(*disk_tree(path), options);
    TRY(std::string bytes, read_file(path, options.limits.archive_bytes));
    return load_chart_archive(path, bytes, options);
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, HelmVersion>, std::unique_ptr<Result<std::shared_ptr<const Chart>>>> loaded_;
};

Result<std::vector<std::string>> texts(const json& line, const char* key) {
  std::vector<std::string> out;
  auto found = line.find(key);
  if (found == line.end()) return out;
  if (!found->is_array()) return fail(Code::kInvalid, "\"", key, "\" has to be a list of strings");
  for (const json& item : *found) {
    if (!item.is_string()) return fail(Code::kInvalid, "\"", key, "\" has to be a list of strings");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::string text(const json& line, const char* key, std::string_view otherwise = "") {
  auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string(otherwise);
}

bool flag(const json& line, const char* key) {
  auto found = line.find(key);
  return found != line.end() && found->is_boolean() && found->get<bool>();
}

Result<void> add_sets(const json& line, ChartInput& input) {
  constexpr std::pair<const char*, SetKind> kKinds[] = {{"set-json", SetKind::kJson},
                                                        {"set", SetKind::kTyped},
                                                        {"set-string", SetKind::kString},
                                                        {"set-file", SetKind::kFile},
                                                        {"set-literal", SetKind::kLiteral}};
  for (const auto& [key, kind] : kKinds) {
    TRY(auto sets, texts(line, key));
    for (std::string& set : sets) input.sets.push_back({kind, std::move(set)});
  }
  return ok();
}

Result<ChartInput> read_job(const json& line, Charts& charts) {
  if (!line.is_object()) return fail(Code::kInvalid, "each line has to be a JSON object");
  ChartInput input;
  input.release_name = text(line, "name", "release-name");
  input.release_namespace = text(line, "namespace", "default");
  auto helm = line.find("helm");
  if (helm != line.end() && (*helm == 3 || *helm == "3")) input.helm = HelmVersion::k3;
  input.kube_version = text(line, "kube-version");
  TRY(input.api_versions, texts(line, "api-versions"));
  TRY(input.show_only, texts(line, "show-only"));
  input.include_crds = flag(line, "include-crds");
  input.skip_tests = flag(line, "skip-tests");
  input.no_hooks = flag(line, "no-hooks");
  input.is_upgrade = flag(line, "is-upgrade");
  input.skip_schema = flag(line, "skip-schema-validation");
  input.with_values = false;
  std::string chart = text(line, "chart");
  if (chart.empty()) return fail(Code::kInvalid, "\"chart\" is missing");
  TRY(auto files, texts(line, "values"));
  for (const std::string& path : files) {
    TRY(std::string content, read_file(path, kMaxInput));
    input.values.push_back({path, std::move(content)});
  }
  TRY_DO(add_sets(line, input));
  input.read_set_file = [](std::string_view path) { return read_file(std::string(path)); };
  TRY(input.chart, charts.get(chart, input.helm));
  return input;
}

std::string answer(const std::string& name, const Result<Rendered>& result, const std::vector<std::string>& warnings) {
  json out = {{"name", name}, {"ok", result.has_value()}};
  if (result) {
    out["manifest"] = result->manifest;
  } else {
    out["error"] = result.error().message();
  }
  if (!warnings.empty()) out["warnings"] = warnings;
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string run_line(std::string_view line, Charts& charts, bool& good) {
  json parsed = json::parse(line.begin(), line.end(), nullptr, false);
  std::string name = parsed.is_object() ? text(parsed, "name") : "";
  std::vector<std::string> warnings;
  auto result = [&]() -> Result<Rendered> {
    if (parsed.is_discarded()) return fail(Code::kInvalid, "this line is no JSON");
    TRY(ChartInput input, read_job(parsed, charts));
    return render(input, &warnings);
  }();
  good = result.has_value();
  return answer(name, result, warnings);
}

// Answers wait here until all before them are out. A worker that is far ahead waits, so that memory stays bounded.
class Output {
 public:
  void put(size_t index, std::string line) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return index < next_ + kAhead; });
    waiting_.emplace(index, std::move(line));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      const std::string& out = waiting_.begin()->second;
      (void)fwrite(out.data(), 1, out.size(), stdout);
      waiting_.erase(waiting_.begin());
      ++next_;
    }
    room_.notify_all();
  }

 private:
  static constexpr size_t kAhead = 64;
  std::mutex mutex_;
  std::condition_variable room_;
  std::map<size_t, std::string> waiting_;
  size_t next_ = 0;
};

}  // namespace

int run_batch(const std::string& path) {
  auto input = read_all(path);
  if (!input) {
    std::string message = "Error: " + input.error().message() + "\n";
    (void)fwrite(message.data(), 1, message.size(), stderr);
    return 1;
  }
  std::vector<std::string_view> lines;
  for (std::string_view line : split(*input, '\n')) {
    if (!trim(line).empty()) lines.push_back(line);
  }
  Charts charts;
  Output output;
  std::atomic<size_t> next = 0;
  std::atomic<bool> all_good = true;
  auto work = [&] {
    for (size_t i = next++; i < lines.size(); i = next++) {
      bool good = false;
      output.put(i, run_line(lines[i], charts, good));
      if (!good) all_good = false;
    }
  };
  std::vector<std::thread> threads;
  size_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (size_t i = 1; i < std::min(cores, lines.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  (void)fflush(stdout);
  return all_good ? 0 : 1;
}

}  // namespace autonomous::helm
