#include "gitops/model/quantity.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "gitops/base/text.h"

namespace autonomous::model {

Result<long double> parse_quantity(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, long double>, 15> kSuffixes{{{"Ki", 0x1p10L},
                                                                                       {"Mi", 0x1p20L},
                                                                                       {"Gi", 0x1p30L},
                                                                                       {"Ti", 0x1p40L},
                                                                                       {"Pi", 0x1p50L},
                                                                                       {"Ei", 0x1p60L},
                                                                                       {"n", 1e-9L},
                                                                                       {"u", 1e-6L},
                                                                                       {"m", 1e-3L},
                                                                                       {"k", 1e3L},
                                                                                       {"M", 1e6L},
                                                                                       {"G", 1e9L},
                                                                                       {"T", 1e12L},
                                                                                       {"P", 1e15L},
                                                                                       {"E", 1e18L}}};
  std::string_view number = text;
  long double scale = 1;
  for (const auto& [suffix, factor] : kSuffixes) {
    if (!ends_with(text, suffix)) continue;
    number.remove_suffix(suffix.size());
    scale = factor;
    break;
  }
  std::string digits(number);
  bool plain = !digits.empty() && digits.find_first_not_of("0123456789.+-eE") == std::string::npos;
  char* end = nullptr;
  long double value = plain ? std::strtold(digits.c_str(), &end) : 0;
  if (!plain || end != digits.c_str() + digits.size() || !std::isfinite(value))
    return fail(Code::kInvalid, "'", one_line(text, 40), "' is no quantity (250m, 1, 256Mi)");
  return value * scale;
}

}  // namespace autonomous::model
