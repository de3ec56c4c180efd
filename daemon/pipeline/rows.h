// Rows: one line of `status` from what the record, the platform and the flights say. Pure.
#pragma once

#include <vector>

#include "daemon/http/events.h"
#include "daemon/pipeline/board.h"

namespace autonomous::daemon {

// `flight`: the newest of the target, or null. `record`: null before the first entry.
TargetRow make_row(const model::Target& target, const store::TargetState* record, const Flight* flight, Time now);

// "render commit sync verify": the step that a release is in, as people name it.
std::string step_of(const model::Release& release);

}  // namespace autonomous::daemon
