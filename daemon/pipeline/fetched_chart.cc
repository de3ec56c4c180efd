#include "daemon/pipeline/fetched_chart.h"

#include "gitops/base/digest.h"
#include "gitops/store/ledger.h"

namespace autonomous::daemon {

Result<PackedChart> fetched_chart(const Ctx& ctx, Renderer& renderer, const FetchChart& fetch,
                                  const model::ChartName& chart) {
  if (fetch == nullptr) {
    return fail(Code::kDenied, "the chart ", chart.place, " is not in the project, and nothing is fetched here")
        .hint("`autonomous render` with the same chart and --version renders it");
  }
  TRY(std::string bytes, fetch(ctx, chart));
  if (bytes.size() > store::kMaxInput) {
    return fail(Code::kLimit, "the chart has ", bytes.size(), " bytes packed; the ledger keeps at most ",
                store::kMaxInput, " of an input");
  }
  PackedChart out;
  out.digest = "sha256:" + sha256_hex(bytes);
  TRY_WITH(out.files, "while unpacking it", renderer.unpack(ctx, bytes));
  out.bytes = std::move(bytes);
  return out;
}

Result<std::string> kept_chart(store::Reader& reader, const store::ReleaseInputs& inputs) {
  if (!inputs.chart) return fail(Code::kCorrupt, "release.yaml names no chart");
  TRY_WITH(store::KeptInput kept, "while reading the chart of that time", reader.input(inputs.chart->digest));
  if ("sha256:" + sha256_hex(kept.file) == inputs.chart->digest) return std::move(kept.file);
  return fail(Code::kCorrupt, "the chart that the ledger keeps is not ", inputs.chart->digest);
}

}  // namespace autonomous::daemon
