#include "gitops/git/object.h"

#include <git2.h>

#include <algorithm>
#include <charconv>

#include "gitops/base/text.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

namespace {

// What git's own code takes off the ends of names.
bool is_crud(char c) {
  return static_cast<unsigned char>(c) <= 32 || std::string_view(".,:;<>\"\\'").find(c) != std::string_view::npos;
}

// "Jane <jane@example.com> 1700000000 +0100", as lenient as git is when it shows it.
Person parse_person(std::string_view text) {
  Person person;
  size_t open = text.find('<');
  size_t close = open == std::string_view::npos ? open : text.find('>', open);
  person.name = std::string(trim(text.substr(0, std::min(open, text.size()))));
  if (close == std::string_view::npos) return person;
  person.email = std::string(trim(text.substr(open + 1, close - open - 1)));
  std::string_view when = trim(text.substr(text.rfind('>') + 1));
  size_t space = when.find(' ');
  std::string_view seconds = when.substr(0, space);
  std::from_chars(seconds.data(), seconds.data() + seconds.size(), person.seconds);
  if (space == std::string_view::npos) return person;
  std::string_view zone = trim(when.substr(space));
  int digits = 0;
  if (zone.size() == 5 && (zone[0] == '+' || zone[0] == '-') &&
      std::from_chars(zone.data() + 1, zone.data() + 5, digits).ptr == zone.data() + 5) {
    person.offset_minutes = (digits / 100 * 60 + digits % 100) * (zone[0] == '-' ? -1 : 1);
  }
  return person;
}

Result<std::string> person_text(const Person& person) {
  for (std::string_view part : {std::string_view(person.name), std::string_view(person.email)}) {
    for (char c : part) {
      if (static_cast<unsigned char>(c) < 32 || c == 127 || c == '<' || c == '>') {
        return fail(Code::kInvalid,
                    "a name or email address for git holds a character that is not allowed: ", one_line(part));
      }
    }
    if (!is_utf8(part)) return fail(Code::kInvalid, "a name or email address for git is not UTF-8");
    if (trim(part).size() != part.size())
      return fail(Code::kInvalid, "a name or email address for git has blanks around it");
  }
  if (person.name.empty()) return fail(Code::kInvalid, "git needs a name beside an email address");
  if (person.seconds < 0) return fail(Code::kInvalid, "git knows no time before 1970");
  int offset = std::abs(person.offset_minutes);
  if (offset >= 24 * 60) return fail(Code::kInvalid, "a time zone is less than a day from UTC");
  std::string zone = std::to_string(offset / 60 * 100 + offset % 60);
  return person.name + " <" + person.email + "> " + std::to_string(person.seconds) + " " +
         (person.offset_minutes < 0 ? "-" : "+") + std::string(4 - zone.size(), '0') + zone;
}

Result<std::string> checked_message(std::string_view message) {
  if (message.find('\0') != std::string_view::npos) return fail(Code::kInvalid, "a message in git cannot hold a NUL");
  if (!is_utf8(message)) return fail(Code::kInvalid, "a message is not UTF-8");
  std::string text(message);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

// Header lines up to the first empty one. A line that begins with a space continues the one before.
struct HeaderLine {
  std::string_view name;
  std::string_view value;  // the first line
  std::string_view whole;  // with continuation lines and final newline
};

// `rest` is what follows: empty, or the empty line and the body.
Result<std::vector<HeaderLine>> parse_headers(std::string_view bytes, std::string_view& rest) {
  std::vector<HeaderLine> lines;
  while (!bytes.empty() && bytes[0] != '\n') {
    size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return fail(Code::kCorrupt, "an object's header is cut");
    std::string_view line = bytes.substr(0, end);
    if (line[0] == ' ') {
      if (lines.empty()) return fail(Code::kCorrupt, "an object begins with a continuation line");
      lines.back().whole = {lines.back().whole.data(), lines.back().whole.size() + end + 1};
    } else {
      size_t space = std::min(line.find(' '), line.size());
      lines.push_back({line.substr(0, space), line.substr(std::min(space + 1, line.size())), bytes.substr(0, end + 1)});
    }
    bytes.remove_prefix(end + 1);
  }
  rest = bytes;
  return lines;
}

std::string unfold(const HeaderLine& line) {
  std::string text;
  std::string_view rest = line.whole.substr(line.name.size() + 1);
  while (!rest.empty()) {
    size_t end = rest.find('\n') + 1;
    text += rest.substr(0, end);
    rest.remove_prefix(end);
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return text;
}

constexpr std::string_view kSignatureStarts[] = {"-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----",
                                                 "-----BEGIN SIGNED MESSAGE-----", "-----BEGIN SSH SIGNATURE-----"};

// Where the last line that begins a signature starts, as git looks for it; the end where there is none.
size_t signature_start(std::string_view bytes) {
  size_t found = bytes.size();
  for (size_t line = 0; line < bytes.size();) {
    for (std::string_view start : kSignatureStarts) {
      if (starts_with(bytes.substr(line), start)) found = line;
    }
    size_t end = bytes.find('\n', line);
    line = end == std::string_view::npos ? bytes.size() : end + 1;
  }
  return found;
}

Result<Oid> header_oid(const std::vector<HeaderLine>& lines, size_t at, std::string_view name) {
  if (at >= lines.size() || lines[at].name != name)
    return fail(Code::kCorrupt, "an object has no \"", name, "\" where it belongs");
  Result<Oid> oid = Oid::parse(lines[at].value);
  if (!oid) return fail(Code::kCorrupt, "an object's \"", name, "\" is no object id");
  return oid;
}

std::string folded(std::string_view name, std::string_view text) {
  std::string header(name);
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    header += ' ';
    header += text.substr(0, end);
    header += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return header;
}

}  // namespace

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kCommit: return "commit";
    case ObjectKind::kTree: return "tree";
    case ObjectKind::kBlob: return "blob";
    case ObjectKind::kTag: return "tag";
  }
  return "object";
}

// libgit2's SHA-1 notices collision attacks, as git's own does; OpenSSL's would let us store what git then refuses.
Oid hash_object(ObjectKind kind, std::string_view bytes) {
  init_libgit2();
  git_oid raw{};
  if (git_odb_hash(&raw, bytes.data(), bytes.size(), static_cast<git_object_t>(kind)) != 0) return {};
  return from_git(raw);
}

Oid empty_tree() {
  static const Oid oid = hash_object(ObjectKind::kTree, "");
  return oid;
}

std::string clean_name(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
    if (c != '<' && c != '>') out += c;
  }
  if (!is_utf8(out)) {
    for (char& c : out) {
      if (static_cast<unsigned char>(c) >= 128) c = '?';
    }
  }
  size_t begin = 0, end = out.size();
  while (begin < end && is_crud(out[begin])) ++begin;
  while (end > begin && is_crud(out[end - 1])) --end;
  out = out.substr(begin, end - begin);
  return out.empty() ? "unknown" : out;
}

std::string Commit::subject() const { return message.substr(0, message.find('\n')); }

Result<Commit> parse_commit(const Oid& id, std::string_view bytes) {
  Commit commit;
  commit.id = id;
  std::string_view rest;
  TRY(auto lines, parse_headers(bytes, rest));
  TRY(commit.tree, header_oid(lines, 0, "tree"));
  size_t at = 1;
  for (; at < lines.size() && lines[at].name == "parent"; ++at) {
    TRY(Oid parent, header_oid(lines, at, "parent"));
    commit.parents.push_back(parent);
  }
  if (at + 1 >= lines.size() || lines[at].name != "author" || lines[at + 1].name != "committer") {
    return fail(Code::kCorrupt, "commit ", id.hex(), " does not name its author and committer");
  }
  commit.author = parse_person(lines[at].value);
  commit.committer = parse_person(lines[at + 1].value);
  for (size_t i = 0; i < lines.size(); ++i) {
    const HeaderLine& line = lines[i];
    bool again = line.name == "tree" || line.name == "parent" || line.name == "author" || line.name == "committer";
    if (i > at + 1 && again) return fail(Code::kCorrupt, "commit ", id.hex(), " has a second \"", line.name, "\"");
    if (line.name == "gpgsig") {
      if (!commit.signature.empty()) return fail(Code::kCorrupt, "commit ", id.hex(), " has two signatures");
      commit.signature = unfold(line);
      if (commit.signature.empty()) return fail(Code::kCorrupt, "commit ", id.hex(), " has a signature without a text");
    } else if (line.name != "gpgsig-sha256") {
      commit.payload += line.whole;
    }
  }
  commit.payload += rest;
  if (!rest.empty()) commit.message = std::string(rest.substr(1));
  return commit;
}

Result<Tag> parse_tag(const Oid& id, std::string_view bytes) {
  Tag tag;
  tag.id = id;
  size_t cut = signature_start(bytes);
  tag.payload = std::string(bytes.substr(0, cut));
  tag.signature = std::string(bytes.substr(cut));
  std::string_view rest;
  TRY(auto lines, parse_headers(tag.payload, rest));
  TRY(tag.target, header_oid(lines, 0, "object"));
  if (lines.size() < 3 || lines[1].name != "type" || lines[2].name != "tag") {
    return fail(Code::kCorrupt, "tag ", id.hex(), " does not say what it names");
  }
  bool known = false;
  for (ObjectKind kind : {ObjectKind::kCommit, ObjectKind::kTree, ObjectKind::kBlob, ObjectKind::kTag}) {
    if (lines[1].value != kind_name(kind)) continue;
    tag.target_kind = kind;
    known = true;
  }
  if (!known) return fail(Code::kCorrupt, "tag ", id.hex(), " names an object of no known type");
  tag.name = std::string(lines[2].value);
  if (lines.size() > 3 && lines[3].name == "tagger") tag.tagger = parse_person(lines[3].value);
  if (!rest.empty()) tag.message = std::string(rest.substr(1));
  return tag;
}

Result<std::string> commit_bytes(const CommitDraft& draft, const SignFunction& sign) {
  TRY_WITH(std::string author, "while writing a commit's author", person_text(draft.author));
  TRY_WITH(std::string committer, "while writing a commit's committer", person_text(draft.committer));
  TRY(std::string message, checked_message(draft.message));
  std::string head = "tree " + draft.tree.hex() + "\n";
  for (const Oid& parent : draft.parents) head += "parent " + parent.hex() + "\n";
  head += "author " + author + "\ncommitter " + committer + "\n";
  std::string signature;
  if (sign) {
    TRY(signature, sign(head + "\n" + message));
    signature = folded("gpgsig", signature);
  }
  return head + signature + "\n" + message;
}

Result<std::string> tag_bytes(const TagDraft& draft, const SignFunction& sign) {
  TRY_WITH(std::string tagger, "while writing a tag's tagger", person_text(draft.tagger));
  TRY(std::string message, checked_message(draft.message));
  if (draft.name.empty() || draft.name.find('\n') != std::string::npos)
    return fail(Code::kInvalid, "a tag needs a name of one line");
  std::string bytes = "object " + draft.target.hex() + "\ntype " + std::string(kind_name(draft.target_kind)) +
                      "\ntag " + draft.name + "\ntagger " + tagger + "\n\n" + message;
  if (signature_start(bytes) != bytes.size())
    return fail(Code::kInvalid, "a tag's message holds the beginning of a signature");
  if (sign) {
    TRY(std::string signature, sign(bytes));
    bytes += signature;
  }
  return bytes;
}

}  // namespace autonomous::git
