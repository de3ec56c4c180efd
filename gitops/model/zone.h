// Zone: a time zone's offsets, from the system's tz database (RFC 9636), a fixed offset, or UTC. An immutable value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous::model {

class Zone {
 public:
  // "UTC", "Z", "+01:00", "-0330", or a name like Europe/Berlin. kNotFound, with what to do, for a name that this
  // machine doesn't know; kInvalid for what is no zone.
  static Result<Zone> load(std::string_view name);
  // A zone from the bytes of a TZif file.
  static Result<Zone> parse(std::string_view tzif);

  // Seconds east of UTC at that moment.
  int32_t offset_at(Time time) const;
  // Its short name at that moment: "CET", "-03"; "" for a fixed offset.
  std::string abbreviation_at(Time time) const;
  // Whether the clocks there are put forward at that moment.
  bool is_daylight_at(Time time) const;
  // Minutes since Monday 00:00 of the wall clock there.
  uint32_t minute_of_week(Time time) const;

 private:
  struct Rule {  // Mm.w.d/time of a POSIX TZ string
    int month = 0, week = 0, day = 0;
    int32_t seconds = 7200;
  };
  struct Local {  // how the clocks are set
    int32_t offset = 0;
    std::string name;
    bool daylight = false;
  };
  struct Footer {
    bool has_summer = false;
    Local standard, summer;
    Rule begins, ends;
  };
  static bool parse_footer(std::string_view text, Footer& out);
  bool footer_summer(int64_t second) const;
  const Local& local_at(Time time) const;

  std::vector<int64_t> transitions_;
  std::vector<Local> locals_;  // from the transition of the same index on
  Local first_;                // before all of them
  bool has_footer_ = false;
  Footer footer_;
};

}  // namespace autonomous::model
