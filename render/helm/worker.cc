#include "render/helm/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <list>
#include <optional>

#include "render/helm/sandbox.h"
#include "render/helm/wire.h"

namespace autonomous::helm {

namespace {

constexpr uint64_t kCacheBytes = 256ull << 20;

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

bool read_exactly(int fd, char* to, size_t size) {
  while (size > 0) {
    ssize_t done = ::read(fd, to, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    to += done;
    size -= static_cast<size_t>(done);
  }
  return true;
}

std::optional<std::string> read_frame(int fd) {
  char header[wire::kHeader];
  if (!read_exactly(fd, header, sizeof header)) return std::nullopt;
  uint64_t size = wire::payload_size({header, sizeof header});
  if (size == 0 || size > wire::kMaxFrame) return std::nullopt;
  std::string payload(size, '\0');
  if (!read_exactly(fd, payload.data(), payload.size())) return std::nullopt;
  return payload;
}

// Files by digest, and the charts made of them; the ones used longest ago go first.
class Cache {
 public:
  void put(wire::ChartFrame frame) {
    Entry entry;
    entry.digest = std::move(frame.digest);
    for (wire::TreeFile& file : frame.files) {
      entry.bytes += file.content.size() + file.path.size();
      entry.tree.put(std::move(file.path), std::move(file.content), file.kind);
    }
    bytes_ += entry.bytes;
    entries_.push_front(std::move(entry));
    while (bytes_ > kCacheBytes && entries_.size() > 1) {
      bytes_ -= entries_.back().bytes;
      entries_.pop_back();
    }
  }

  bool has(const std::string& digest) { return find(digest) != nullptr; }

  // Limits are the daemon's: they are the same for all jobs of a worker.
  Result<std::shared_ptr<const Chart>> chart(const std::string& digest, HelmVersion helm, const LoadLimits& limits,
                                             std::vector<std::string>& warnings) {
    Entry* entry = find(digest);
    auto& slot = helm == HelmVersion::k4 ? entry->four : entry->three;
    auto& said = helm == HelmVersion::k4 ? entry->warnings4 : entry->warnings3;
    if (!slot) {
      LoadOptions options;
      options.helm = helm;
      options.limits = limits;
      options.warnings = &said;
      slot = load_chart(entry->tree, options);
    }
    warnings = said;
    return *slot;
  }

 private:
  struct Entry {
    std::string digest;
    MemoryTree tree;
    uint64_t bytes = 0;
    std::optional<Result<std::shared_ptr<const Chart>>> three, four;
    std::vector<std::string> warnings3, warnings4;
  };

  Entry* find(const std::string& digest) {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->digest != digest) continue;
      entries_.splice(entries_.begin(), entries_, it);
      return &entries_.front();
    }
    return nullptr;
  }

  std::list<Entry> entries_;
  uint64_t bytes_ = 0;
};

// The kernel counts a process's CPU time from its start: the job's share comes on top of what was used.
void limit_cpu(uint64_t seconds) {
  if (seconds == 0) return;
  struct rusage used {};
  getrusage(RUSAGE_SELF, &used);
  struct rlimit limit {};
  getrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1) + seconds;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CPU, &limit);
}

std::string run_job(Cache& cache, wire::JobFrame job) {
  if (!cache.has(job.digest)) return wire::encode_need_chart();
  limit_cpu(job.cpu_seconds);
  wire::DoneFrame done;
  auto result = [&]() -> Result<Rendered> {
    auto chart = cache.chart(job.digest, job.input.helm, job.load, done.warnings);
    if (!chart) {
      TRY_DO(check_user_values(job.input));
      return std::move(chart).error();
    }
    job.input.chart = *std::move(chart);
    done.chart_name = job.input.chart->metadata.name;
    done.chart_version = job.input.chart->metadata.version;
    return render(job.input, &done.warnings);
  }();
  if (!result)
    return wire::encode(
        wire::FailedFrame{result.error().code(), result.error().message(), result.error().hint(), done.warnings});
  done.rendered = *std::move(result);
  return wire::encode(done);
}

std::string run_unpack(const wire::UnpackFrame& asked) {
  limit_cpu(asked.cpu_seconds);
  auto files = unpack_archive(asked.archive, asked.load);
  if (!files) return wire::encode(wire::FailedFrame{files.error().code(), files.error().message(), "", {}});
  wire::FilesFrame unpacked;
  for (ChartFile& file : *files) {
    if (file.refused) {
      std::string why = "the chart's " + file.name + " cannot be read: " + file.data;
      return wire::encode(wire::FailedFrame{Code::kDenied, std::move(why), "", {}});
    }
    unpacked.files.push_back({std::move(file.name), FileKind::kFile, std::move(file.data)});
  }
  return wire::encode(unpacked);
}

}  // namespace

int run_worker(int in, int out, uint64_t memory_bytes) {
  enter_sandbox(memory_bytes);
  Cache cache;
  while (auto payload = read_frame(in)) {
    if (payload->front() == static_cast<char>(wire::Kind::kChart)) {
      auto chart = wire::decode_chart(*payload);
      if (!chart) return 2;
      cache.put(*std::move(chart));
      continue;
    }
    if (payload->front() == static_cast<char>(wire::Kind::kUnpack)) {
      auto asked = wire::decode_unpack(*payload);
      if (!asked) return 2;
      if (!write_all(out, run_unpack(*asked))) return 1;
      continue;
    }
    auto job = wire::decode_job(*payload);
    if (!job) return 2;
    if (!write_all(out, run_job(cache, *std::move(job)))) return 1;
  }
  return 0;
}

}  // namespace autonomous::helm
