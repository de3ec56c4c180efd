#include "gitops/base/result.h"

namespace autonomous {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not-found";
    case Code::kDenied: return "denied";
    case Code::kConflict: return "conflict";
    case Code::kUnavailable: return "unavailable";
    case Code::kTimeout: return "timeout";
    case Code::kCancelled: return "cancelled";
    case Code::kLimit: return "limit";
    case Code::kCorrupt: return "corrupt";
    case Code::kInternal: return "internal";
  }
  return "internal";
}

Error::Error(Code code, std::string message) : rep_(std::make_unique<Rep>()) {
  rep_->code = code;
  rep_->message = std::move(message);
}

Error::Error(const Error& other) { *this = other; }

Error& Error::operator=(const Error& other) {
  if (this == &other) return *this;
  auto copy = std::make_unique<Rep>();
  copy->code = other.rep_->code;
  copy->retryable = other.rep_->retryable;
  copy->message = other.rep_->message;
  copy->hint = other.rep_->hint;
  copy->context = other.rep_->context;
  if (other.rep_->place) copy->place = std::make_unique<Place>(*other.rep_->place);
  rep_ = std::move(copy);
  return *this;
}

Error&& Error::at(Place place) && {
  rep_->place = std::make_unique<Place>(std::move(place));
  return std::move(*this);
}

Error&& Error::with(std::string context) && {
  rep_->context.push_back(std::move(context));
  return std::move(*this);
}

Error&& Error::may_retry(bool retryable) && {
  rep_->retryable = retryable;
  return std::move(*this);
}

Error&& Error::hint(std::string what_to_do) && {
  rep_->hint = std::move(what_to_do);
  return std::move(*this);
}

namespace {

std::string place_prefix(const Place& place) {
  std::string out = place.file;
  if (place.line != 0) out += (out.empty() ? "line " : ":") + std::to_string(place.line);
  if (place.line != 0 && place.column != 0) out += ":" + std::to_string(place.column);
  return out.empty() ? out : out + ": ";
}

}  // namespace

std::string Error::line() const {
  std::string out = place() != nullptr ? place_prefix(*place()) : "";
  out += message();
  for (const std::string& frame : context()) out += " (" + frame + ")";
  return out;
}

std::string Error::text() const {
  std::string out = place() != nullptr ? place_prefix(*place()) : "";
  out += message();
  if (place() != nullptr && !place()->text.empty()) {
    out += "\n  " + place()->text;
    if (place()->column != 0) {
      // Tabs are kept, so that the caret stands below its column whatever the tab width is.
      out += "\n  ";
      for (uint32_t i = 0; i + 1 < place()->column && i < place()->text.size(); ++i) {
        out += place()->text[i] == '\t' ? '\t' : ' ';
      }
      out += '^';
    }
  }
  if (!hint().empty()) out += "\n  hint: " + hint();
  for (const std::string& frame : context()) out += "\n  " + frame;
  return out;
}

}  // namespace autonomous
