#include "daemon/pipeline/render_format.h"

#include <charconv>

#include "daemon/pipeline/version.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr std::string_view kPrefix = "render-format/";

// 0: not such a name.
unsigned number_of(std::string_view format) {
  unsigned number = 0;
  if (!starts_with(format, kPrefix)) return 0;
  std::string_view digits = format.substr(kPrefix.size());
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

Result<void> know_format(const model::ReleaseId& release, std::string_view format, std::string_view helm) {
  unsigned number = number_of(format);
  if (number != 0 && number <= number_of(render_format()) && helm == kHelm) return ok();
  return fail(Code::kInvalid, "release ", release.str(), " was rendered as ", format, " ", helm,
              ", and this program (autonomous ", version(), ") knows ", render_format(), " ", kHelm)
      .hint("a newer autonomous made it (`Renderer:` in its trailers says which): use that one, or one after it");
}

}  // namespace autonomous::daemon
