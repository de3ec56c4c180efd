#include "gitops/base/lines.h"

namespace autonomous {

bool LineReader::feed(std::string_view data) {
  for (size_t end = data.find('\n'); end != std::string_view::npos; end = data.find('\n')) {
    std::string_view line = data.substr(0, end);
    if (!rest_.empty()) line = rest_.append(line);
    if (line.size() > max_line_) return too_long_ = true, false;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const bool more = on_line_(line);
    rest_.clear();
    if (!more) return false;
    data.remove_prefix(end + 1);
  }
  if (rest_.size() + data.size() > max_line_) return too_long_ = true, false;
  rest_.append(data);
  return true;
}

}  // namespace autonomous
