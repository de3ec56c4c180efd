// Part of chart.cc: the files of the built-in charts, as embed.cmake puts them into the binary. Immutable.
#pragma once

#include <string_view>
#include <vector>

namespace autonomous::app {

struct EmbeddedFile {
  std::string_view path;
  std::string_view content;
};

// One function a version that was ever shipped; the sources of older ones stay beside chart/.
const std::vector<EmbeddedFile>& chart_1_0_0();

}  // namespace autonomous::app
