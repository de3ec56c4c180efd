#include "gitops/model/quota.h"

#include <cmath>
#include <cstdio>

#include "gitops/model/quantity.h"

namespace autonomous::model {

namespace {

std::string number(long double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3Lf", value);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

// As people write it: "2.5" CPUs, "64Mi", "1.5Gi".
std::string amount(const std::string& key, long double value) {
  if (key == "cpu" || key == "pods") return number(value);
  static constexpr const char* kUnits[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return number(value) + kUnits[unit];
}

struct Key {
  std::string name, most;
  long double (*of)(const Demand&);
};

}  // namespace

Demand& Demand::operator+=(const Demand& more) {
  cpu += more.cpu;
  memory += more.memory;
  storage += more.storage;
  pods += more.pods;
  return *this;
}

Demand Demand::times(uint64_t count) const {
  const auto factor = static_cast<long double>(count);
  return {cpu * factor, memory * factor, storage * factor, pods * count};
}

std::vector<QuotaExcess> check_quota(const Quota& quota, const std::vector<ResourceDemand>& asked, const Demand& others,
                                     size_t other_apps) {
  const Key keys[] = {
      {"cpu", quota.cpu, [](const Demand& demand) { return demand.cpu; }},
      {"memory", quota.memory, [](const Demand& demand) { return demand.memory; }},
      {"storage", quota.storage, [](const Demand& demand) { return demand.storage; }},
      {"pods", quota.pods == 0 ? "" : std::to_string(quota.pods),
       [](const Demand& demand) { return static_cast<long double>(demand.pods); }},
  };
  Demand sum;
  for (const ResourceDemand& each : asked) sum += each.demand;
  std::vector<QuotaExcess> out;
  for (const Key& key : keys) {
    if (key.most.empty()) continue;
    auto most = parse_quantity(key.most);
    const long double here = key.of(sum), there = key.of(others);
    // Sums of thousandths are not exact.
    if (!most || here <= 0 || here + there <= *most * (1 + 1e-9L)) continue;
    const ResourceDemand* greatest = &asked.front();
    for (const ResourceDemand& each : asked) {
      if (key.of(each.demand) > key.of(greatest->demand)) greatest = &each;
    }
    std::string message = "asks for " + amount(key.name, key.of(greatest->demand)) + " " + key.name;
    if (asked.size() > 1) message += " of the " + amount(key.name, here) + " that this release needs";
    if (other_apps > 0)
      message += "; " + std::to_string(other_apps) + (other_apps == 1 ? " other app has " : " other apps have ") +
                 amount(key.name, there);
    out.push_back({key.name, greatest->resource, message + ", and the namespace may have " + key.most});
  }
  return out;
}

}  // namespace autonomous::model
