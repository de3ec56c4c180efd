// What became of a flight that the writer sent: the board, the log and whoever waits for it hear of it.
#pragma once

#include "daemon/pipeline/board.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// verify_until: where it was released.
void settle(Board& board, const Flight& flight, const store::DraftResult& result, Time verify_until);

}  // namespace autonomous::daemon
