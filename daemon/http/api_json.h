// The JSON of /api/v1: what each value of api.h looks like on the wire. Times are RFC 3339; absent is left out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/http/api.h"

namespace autonomous::daemon {

nlohmann::json to_json(const TargetRow& row);
nlohmann::json to_json(const ReleaseRow& row);
nlohmann::json to_json(const DecisionRow& row);
nlohmann::json to_json(const ReleaseDetails& details);
nlohmann::json to_json(const Gate& gate);
nlohmann::json to_json(const WhyAnswer& answer);
nlohmann::json to_json(const TargetDetails& details);
nlohmann::json to_json(const WhereAnswer& answer);
nlohmann::json to_json(const ConfigAnswer& answer);
nlohmann::json to_json(const DiffAnswer& answer);
nlohmann::json to_json(const ProjectRow& row);
nlohmann::json to_json(const ProposalRow& row);
nlohmann::json to_json(const ActionAnswer& answer, bool dry_run);
nlohmann::json to_json(const Check& check);
nlohmann::json to_json(const Progress& line);
nlohmann::json to_json(const Outcome& outcome);
nlohmann::json to_json(const Event& event);

// One line; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump(const nlohmann::json& value);

}  // namespace autonomous::daemon
