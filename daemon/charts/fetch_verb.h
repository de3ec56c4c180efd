// `autonomous-core fetch-chart`: what the front runs when a chart has to be fetched. A request (RemoteChart as JSON)
// comes on standard input; standard output gets a FetchedChart as JSON and the status is 0, or it gets the error's
// message, an empty line and its hint, and the status is 1. For the front only: both are of one build.
#pragma once

#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>

namespace autonomous::daemon {

int run_fetch_chart(const std::stop_token& stop, const std::function<std::string(const std::string&)>& variable,
                    std::istream& in, std::ostream& out);

}  // namespace autonomous::daemon
