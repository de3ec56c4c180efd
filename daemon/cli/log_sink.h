// Where log lines go: standard error, as text for a terminal or the journal, or as JSON, one object a line.
#pragma once

#include <string>

namespace autonomous::daemon {

// format: text | json | journald; level: debug | info | warn | error. Under systemd, text is journald. Call before
// threads start; again to change it.
void install_log_sink(const std::string& format, const std::string& level);

}  // namespace autonomous::daemon
