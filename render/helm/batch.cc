#include "render/helm/batch.h"

#include <sys/stat.h>

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/batch_line.h"
#include "render/helm/helm.h"

namespace autonomous::helm {

namespace {

using nlohmann::json;

constexpr uint64_t kMaxValuesFile = 256ull << 20;

// Charts are loaded once, by whoever asks first, and shared; others that ask for the same wait.
class Charts {
 public:
  explicit Charts(const FetchChart& fetch) : fetch_(fetch) {}

  struct Loaded {
    std::once_flag once;
    std::optional<Result<std::shared_ptr<const Chart>>> chart;
    std::vector<std::string> warnings;
  };

  const Loaded& get(const RemoteChart& wanted, HelmVersion helm) {
    std::shared_ptr<Loaded> loaded;
    {
      std::lock_guard lock(mutex_);
      auto& slot = loaded_[{wanted.to_json(), helm}];
      if (slot == nullptr) slot = std::make_shared<Loaded>();
      loaded = slot;
    }
    std::call_once(loaded->once, [&] { loaded->chart.emplace(load(wanted, helm, loaded->warnings)); });
    return *loaded;
  }

 private:
  Result<std::shared_ptr<const Chart>> load(const RemoteChart& wanted, HelmVersion helm,
                                            std::vector<std::string>& warnings) const {
    LoadOptions options;
    options.helm = helm;
    options.path = wanted.chart;
    options.warnings = &warnings;
    if (is_remote(wanted.chart, wanted.repo)) {
      TRY(FetchedChart fetched, get_remote(wanted, fetch_));
      warnings = std::move(fetched.notes);
      options.path = fetched.file;
      return load_chart_archive(fetched.file, fetched.bytes, options);
    }
    struct stat info {};
    if (::stat(wanted.chart.c_str(), &info) != 0) return fail(Code::kNotFound, "path \"", wanted.chart, "\" not found");
    if (S_ISDIR(info.st_mode)) return load_chart(*disk_tree(wanted.chart), options);
    TRY(std::string bytes, read_file(wanted.chart, options.limits.archive_bytes));
    return load_chart_archive(wanted.chart, bytes, options);
  }

  const FetchChart& fetch_;
  std::mutex mutex_;
  std::map<std::pair<std::string, HelmVersion>, std::shared_ptr<Loaded>> loaded_;
};

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

std::string run_line(std::string_view text, Charts& charts, bool& good) {
  BatchLine line;
  std::vector<std::string> warnings;
  auto result = [&]() -> Result<Rendered> {
    TRY_DO(read_batch_line(text, line));
    const Charts::Loaded& loaded = charts.get(line.remote, line.input.helm);
    warnings = loaded.warnings;
    for (const std::string& path : line.value_files) {
      TRY(std::string content, read_file(path, kMaxValuesFile));
      line.input.values.push_back({path, std::move(content)});
    }
    line.input.read_set_file = [](std::string_view path) { return read_file(std::string(path), kMaxValuesFile); };
    if (!*loaded.chart) return loaded.chart->error();
    line.input.chart = **loaded.chart;
    return render(line.input, &warnings);
  }();
  good = result.has_value();
  return answer(line.name, result, warnings);
}

// Hands out the lines, numbered. Whoever takes one waits here until it has arrived.
class Input {
 public:
  explicit Input(FILE* in) : in_(in) {}
  ~Input() { std::free(line_); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  std::optional<size_t> next(std::string& line) {
    std::lock_guard lock(mutex_);
    ssize_t size = 0;
    while ((size = ::getline(&line_, &capacity_, in_)) >= 0) {
      std::string_view text = trim(std::string_view(line_, static_cast<size_t>(size)));
      if (text.empty()) continue;
      line = text;
      return count_++;
    }
    return std::nullopt;
  }

 private:
  FILE* in_;
  std::mutex mutex_;
  char* line_ = nullptr;
  size_t capacity_ = 0;
  size_t count_ = 0;
};

// Answers wait here until all before them are out. A worker that is far ahead waits, so that memory stays bounded.
class Output {
 public:
  explicit Output(FILE* out) : out_(out) {}

  void put(size_t index, std::string line, bool good) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return index < next_ + kAhead; });
    all_good_ = all_good_ && good;
    waiting_.emplace(index, std::move(line));
    if (index != next_) return;
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      const std::string& out = waiting_.begin()->second;
      (void)fwrite(out.data(), 1, out.size(), out_);
      waiting_.erase(waiting_.begin());
      ++next_;
    }
    (void)fflush(out_);
    room_.notify_all();
  }
  bool all_good() const { return all_good_; }

 private:
  static constexpr size_t kAhead = 64;
  FILE* out_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::map<size_t, std::string> waiting_;
  size_t next_ = 0;
  bool all_good_ = true;
};

}  // namespace

int run_batch(FILE* in, FILE* out, const FetchChart& fetch) {
  Charts charts(fetch);
  Input input(in);
  Output output(out);
  auto work = [&] {
    std::string line;
    while (auto index = input.next(line)) {
      bool good = false;
      std::string text = run_line(line, charts, good);
      output.put(*index, std::move(text), good);
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return output.all_good() ? 0 : 1;
}

}  // namespace autonomous::helm
