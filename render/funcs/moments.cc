#include "render/funcs/moments.h"

#include <limits>

#include "gitops/base/clock.h"
#include "render/funcs/slots.h"

namespace autonomous::render {

Places& places_of(Context& cx) {
  auto& slot = cx.slot(kZoneSlot);
  if (slot == nullptr) {
    const Options& options = cx.options();
    slot = std::make_shared<Places>(options.time_zone.empty() && options.deterministic ? "UTC" : options.time_zone);
  }
  return *static_cast<Places*>(slot.get());
}

Moment now_of(Context& cx) {
  int64_t nanos = cx.options().now_ns.value_or(0);
  // A release without a time of its own is at 1970: the same inputs must give the same bytes.
  if (!cx.options().now_ns && !cx.options().deterministic) {
    nanos = system_clock().now().time_since_epoch().count() * 1'000'000;
  }
  int64_t second = nanos / kNanos - (nanos % kNanos < 0 ? 1 : 0);
  return {second, static_cast<int32_t>(nanos - second * kNanos), places_of(cx).local()};
}

Value location_value(Context& cx, const Place* place) {
  auto* structure = cx.arena().make<Struct>();
  structure->native = place;
  return Value::of(structure, Type::kLocationPointer);
}

Value time_value(Context& cx, const Moment& moment) {
  Arena& arena = cx.arena();
  const auto ext = static_cast<int64_t>(static_cast<uint64_t>(moment.second) - static_cast<uint64_t>(Moment::kZero));
  Field* fields = arena.array<Field>(3);  // unexported in Go, and seen by deepEqual and by wrong verbs
  Value place = moment.place == nullptr ? Value::typed_nil(Type::kLocationPointer) : location_value(cx, moment.place);
  new (fields + 0) Field{.name = "wall", .value = Value::of_uint(static_cast<uint64_t>(moment.nanosecond))};
  new (fields + 1) Field{.name = "ext", .value = Value::of_int64(ext)};
  new (fields + 2) Field{.name = "loc", .value = place};
  auto* structure = arena.make<Struct>();
  structure->fields = {fields, 3};
  structure->native = arena.make<Moment>(moment);
  return Value::of(structure, Type::kTime);
}

Moment moved(Moment moment, int64_t nanoseconds) {
  int64_t nanos = moment.nanosecond + nanoseconds % kNanos;
  int64_t carry = nanos < 0 ? -1 : nanos >= kNanos ? 1 : 0;
  moment.second =
      static_cast<int64_t>(static_cast<uint64_t>(moment.second) + static_cast<uint64_t>(nanoseconds / kNanos + carry));
  moment.nanosecond = static_cast<int32_t>(nanos - carry * kNanos);
  return moment;
}

static int64_t clamp_wide(__int128 value) {
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t between(const Moment& from, const Moment& to) {
  return clamp_wide((static_cast<__int128>(to.second) - from.second) * kNanos + to.nanosecond - from.nanosecond);
}

}  // namespace autonomous::render
