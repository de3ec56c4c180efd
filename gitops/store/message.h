// The words of commits and tags. Pure. All text from outside is cleaned here, whatever the caller did.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/object.h"
#include "gitops/model/trailers.h"
#include "gitops/store/record.h"

namespace autonomous::store {

// subject, prose, Undo, trailers (design.md §4). `block`: what format_trailers gave.
std::string release_message(const model::Trailers& trailers, std::string_view block, std::string_view subject,
                            std::string_view prose, std::string_view quoted);
std::string taken_on_message(const TakeOn& taken);
// names: one a ledger entry.
std::string ledger_message(const std::vector<std::string>& names);

// A person whom git accepts, at a time.
git::Person person(std::string_view name, std::string_view email, Time time);
// "Name <email>", cleaned.
std::string person_text(const git::Person& person);

}  // namespace autonomous::store
