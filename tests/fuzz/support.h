// What the fuzzers share: a property that must hold, and inputs of two parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace autonomous::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What stands before and after the first line "===".
inline std::pair<std::string_view, std::string_view> halves(std::string_view text) {
  constexpr std::string_view kCut = "===\n";
  size_t at = text.starts_with(kCut) ? 0 : text.find("\n===\n");
  if (at == std::string_view::npos) return {text, {}};
  size_t end = text.find(kCut, at) + kCut.size();
  return {text.substr(0, end - kCut.size()), text.substr(end)};
}

}  // namespace autonomous::fuzz
