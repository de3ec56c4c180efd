// What the keys, tables and values of a TOML document mean. What looks odd here is BurntSushi's (parse.go): which keys
// may be said twice decides which documents are errors, and with which words.
#include "render/funcs/toml_read.h"

#include <deque>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "gitops/base/text.h"
#include "render/funcs/toml_scalar.h"
#include "render/funcs/toml_scan.h"
#include "render/funcs/toml_text.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr size_t kMostParts = 1000;  // of a key, and of values in values

using TomlKey = std::vector<std::string>;

std::string key_text(const TomlKey& key) {
  std::string out;
  for (const std::string& part : key) {
    if (&part != key.data()) out += '.';
    out += toml_key(part);
  }
  return out;
}

struct TomlLimit {
  std::string text;
};

class TomlReader {
 public:
  TomlReader(Context& cx, std::string_view text) : cx_(cx), scan_(text), root_(new_table()) {}

  Value read() {
    while (top_level()) {
    }
    return value_of(*root_);
  }
  // The key that was read last.
  std::string current() const {
    if (key_.empty()) return key_text(context_);
    return context_.empty() ? key_ : key_text(context_) + "." + key_;
  }

 private:
  // ---- tables

  struct Table;
  using Tables = std::vector<Table*>;
  using Entry = std::variant<Value, Table*, Tables>;
  struct Table {
    std::map<std::string, Entry, std::less<>> entries;
  };

  Table* new_table() { return &tables_.emplace_back(); }

  Value value_of(const Table& table) {
    Map* map = Map::make(cx_.arena(), table.entries.size());
    for (const auto& [key, entry] : table.entries) map->set(cx_.arena().copy(key), value_of(entry));
    return Value::of(map);
  }
  Value value_of(const Entry& entry) {
    if (const auto* value = std::get_if<Value>(&entry)) return *value;
    if (const auto* table = std::get_if<Table*>(&entry)) return value_of(**table);
    const auto& tables = std::get<Tables>(entry);
    ListBuilder list(cx_.arena(), tables.size());
    for (const Table* table : tables) list.add(value_of(*table));
    return list.list(Type::kMaps);
  }

  // The table that an entry leads into: of several the last.
  static Table* inside(Entry& entry) {
    if (auto* table = std::get_if<Table*>(&entry)) return *table;
    auto* tables = std::get_if<Tables>(&entry);
    return tables == nullptr ? nullptr : tables->back();
  }

  [[noreturn]] void fail(std::string message, int line) { throw TomlProblem{std::move(message), line}; }
  [[noreturn]] void fail(std::string message) { fail(std::move(message), key_line_); }
  [[noreturn]] void fail_defined(const TomlKey& key) { fail("Key '" + key_text(key) + "' has already been defined."); }

  void spend(size_t steps) {
    if (!cx_.spend(steps)) throw TomlLimit{};
  }

  // Makes `key` the context; the tables on the way to it are made where they are missing.
  void enter(const TomlKey& key, bool in_list) {
    spend(key.size());
    if (key.size() > kMostParts) throw TomlLimit{"toml: nested too deeply"};
    Table* table = root_;
    TomlKey way;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      way.push_back(key[i]);
      auto found = table->entries.find(key[i]);
      if (found == table->entries.end()) {
        implied_.insert(key_text(way));
        found = table->entries.emplace(key[i], new_table()).first;
      }
      table = inside(found->second);
      if (table == nullptr) fail("Key '" + key_text(way) + "' was already created as a hash.");
    }
    context_ = std::move(way);
    if (in_list) {
      Entry& entry = table->entries.try_emplace(key.back(), Tables()).first->second;
      auto* tables = std::get_if<Tables>(&entry);
      if (tables == nullptr) fail("Key '" + key_text(key) + "' was already created and cannot be used as an array.");
      tables->push_back(new_table());
    } else {
      set(key.back(), new_table());
    }
    context_.push_back(key.back());
  }

  // In the context.
  void set(const std::string& name, Entry entry) {
    spend(context_.size() + 1);
    Table* table = root_;
    TomlKey way;
    for (const std::string& part : context_) {
      way.push_back(part);
      table = inside(table->entries.at(part));
      if (table == nullptr) fail_defined(way);
    }
    way.push_back(name);
    auto [at, added] = table->entries.try_emplace(name, entry);
    if (added) return;
    // What was only implied may be said once.
    std::string shown = key_text(way);
    if (implied_.erase(shown) == 0) fail_defined(way);
    if (lists_.contains(shown)) at->second = std::move(entry);
  }

  void note_kind(const std::string& name, bool is_list) {
    TomlKey whole = context_;
    if (!name.empty()) whole.push_back(name);
    if (whole.empty()) whole.emplace_back();
    std::string shown = key_text(whole);
    if (is_list) {
      lists_.insert(std::move(shown));
    } else {
      lists_.erase(shown);
    }
  }

  // ---- lines

  static bool is_blank(char32_t c) { return c == ' ' || c == '\t'; }
  static bool is_line_end(char32_t c) { return c == '\n' || c == '\r'; }
  static std::string quoted(char32_t c) {
    std::string out;
    quote_rune(out, c, false);
    return out;
  }

  // False at the end.
  bool top_level() {
    char32_t c = scan_.next();
    if (c == TomlScanner::kEof) return false;
    if (is_blank(c) || is_line_end(c)) {
      scan_.ignore();
      return true;
    }
    if (c == '#') {
      scan_.comment();
      return true;
    }
    if (c == '[') {
      header();
    } else {
      scan_.backup();
      TomlKey outer = context_;
      assign(nullptr);
      context_ = std::move(outer);
      key_.clear();
    }
    return line_end();
  }

  // False at the end of the document.
  bool line_end() {
    for (;;) {
      char32_t c = scan_.next();
      if (c == '#') {
        scan_.comment();
        return true;
      }
      if (is_blank(c)) continue;
      if (c == TomlScanner::kEof) return false;
      if (!is_line_end(c)) {
        scan_.fail("expected a top-level item to end with a newline, comment, or EOF, but got " + quoted(c) +
                   " instead");
      }
      scan_.ignore();
      return true;
    }
  }

  // [a.b] or [[a.b]], behind the first bracket.
  void header() {
    bool in_list = scan_.peek() == '[';
    if (in_list) scan_.next();
    scan_.ignore();
    TomlKey key;
    do {
      scan_.skip_blanks();
      char32_t c = scan_.peek();
      if (c == ']' || c == TomlScanner::kEof) scan_.fail("unexpected end of table name (table names cannot be empty)");
      if (c == '.') scan_.fail("unexpected table separator (table names cannot be empty)");
      add_part(key);
      scan_.skip_blanks();
      c = scan_.next();
      if (c == ']') break;
      if (c != '.') scan_.fail("expected '.' or ']' to end table name, but got " + quoted(c) + " instead");
      scan_.ignore();
    } while (true);
    if (in_list) {
      char32_t c = scan_.next();
      if (c != ']') scan_.fail("expected end of table array name delimiter ']', but got " + quoted(c) + " instead");
    }
    scan_.ignore();
    enter(key, in_list);
    note_kind("", false);
  }

  void add_part(TomlKey& key) {
    char32_t c = scan_.peek();
    TomlToken part = c == '"' || c == '\'' ? scan_.quoted_key() : scan_.bare_key();
    if (key.empty()) key_line_ = part.line;
    if (key.size() == kMostParts) throw TomlLimit{"toml: the key has too many parts"};
    key.push_back(toml_text(part));
  }

  // `key = value`; of an inline table also into `table`.
  void assign(Map* table) {
    scan_.skip_blanks();
    char32_t c = scan_.peek();
    if (c == '=' || c == TomlScanner::kEof) scan_.fail("unexpected '=': key name appears blank");
    if (c == '.') scan_.fail("unexpected '.': keys cannot start with a '.'");
    TomlKey key;
    do {
      scan_.skip_blanks();
      c = scan_.peek();
      if (c == '=' || c == TomlScanner::kEof) scan_.fail("unexpected '='");
      if (c == '.') scan_.fail("unexpected '.'");
      add_part(key);
      scan_.skip_blanks();
      c = scan_.next();
      if (c == '=') break;
      if (c == TomlScanner::kEof) scan_.fail("unexpected EOF; expected key separator '='");
      std::string why = "expected '.' or '=', but got " + quoted(c) + " instead";
      if (c == '\n') scan_.fail_before(std::move(why));
      if (c != '.') scan_.fail(std::move(why));
      scan_.ignore();
    } while (true);
    scan_.ignore();
    key_ = key.back();
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      TomlKey whole = context_;
      whole.push_back(key[i]);
      implied_.insert(key_text(whole));
      enter(whole, false);
    }
    bool is_list = false;
    Value found = value(false, is_list);
    set(key_, found);
    note_kind(key_, is_list);
    if (table != nullptr) put(*table, key, found);
  }

  void put(Map& table, const TomlKey& key, Value value) {
    Map* map = &table;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      const Value* found = map->find(key[i]);
      if (found != nullptr && !found->is_map()) fail(quote_go(key_text(context_)) + " is not a table");
      Map* below = found != nullptr ? found->map() : Map::make(cx_.arena(), 1);
      if (found == nullptr) map->set(cx_.arena().copy(key[i]), Value::of(below));
      map = below;
    }
    map->set(cx_.arena().copy(key.back()), value);
  }

  // ---- values

  Value value(bool in_list, bool& is_list) {
    is_list = false;
    char32_t c = scan_.next();
    while (is_blank(c)) {
      scan_.ignore();
      c = scan_.next();
    }
    switch (c) {
      case '[': is_list = true; return list();
      case '{': return inline_table(in_list);
      case '"':
        if (scan_.accept('"')) {
          if (scan_.accept('"')) return scalar(after_quotes().multiline_string());
          scan_.backup();
        }
        return scalar(after_quotes().string());
      case '\'':
        if (scan_.accept('\'')) {
          if (scan_.accept('\'')) return scalar(after_quotes().multiline_raw_string());
          scan_.backup();
        }
        return scalar(after_quotes().raw_string());
      case '.': scan_.fail("floats must start with a digit, not '.'");
      case 'i':
      case 'n':
        if ((scan_.accept('n') && scan_.accept('f')) || (scan_.accept('a') && scan_.accept('n')))
          return scalar(scan_.word(TomlKind::kFloat));
        break;
      case '-':
      case '+': return scalar(scan_.signed_number());
      default: break;
    }
    if (c >= '0' && c <= '9') {
      scan_.backup();
      return scalar(scan_.number_or_time());
    }
    if (is_letter(c)) {
      scan_.backup();
      return scalar(scan_.truth());
    }
    if (c == TomlScanner::kEof) scan_.fail("unexpected EOF; expected value");
    std::string why = "expected value but found " + quoted(c) + " instead";
    if (c == '\n') scan_.fail_before(std::move(why));
    scan_.fail(std::move(why));
  }

  Value scalar(const TomlToken& token) { return toml_scalar(cx_, token); }

  TomlScanner& after_quotes() {
    scan_.ignore();
    return scan_;
  }

  // The next character that is no space, line end or comment.
  char32_t next_in_list() {
    for (;;) {
      char32_t c = scan_.next();
      if (c == '#') {
        scan_.comment();
      } else if (is_blank(c) || is_line_end(c)) {
        scan_.ignore();
      } else {
        return c;
      }
    }
  }
  static std::string or_end(char32_t c) {
    if (c == TomlScanner::kEof) return "end of file";
    std::string out = "'";
    append_rune(out, c);
    return out + "'";
  }

  void deeper() {
    if (++depth_ > kMostParts) throw TomlLimit{"toml: nested too deeply"};
  }

  Value list() {
    deeper();
    scan_.ignore();
    note_kind(key_, true);
    ListBuilder items(cx_.arena(), 2);
    for (bool first = true;; first = false) {
      char32_t c = next_in_list();
      if (!first && c != ']') {
        if (c != ',') scan_.fail("expected a comma (',') or array terminator (']'), but got " + or_end(c));
        scan_.ignore();
        c = next_in_list();
      }
      if (c == ',') scan_.fail("unexpected comma");
      if (c == ']') break;
      scan_.backup();
      bool is_list = false;
      items.add(value(true, is_list));
    }
    scan_.ignore();
    --depth_;
    return items.list();
  }

  Value inline_table(bool in_list) {
    deeper();
    scan_.ignore();
    Map* table = Map::make(cx_.arena(), 4);
    TomlKey outer_context = context_;
    std::string outer_key = key_;
    context_.push_back(key_);
    const TomlKey inner = context_;
    key_.clear();
    implied_.insert(key_text(inner));
    enter(inner, in_list);
    for (bool first = true;; first = false) {
      char32_t c = next_in_list();
      if (!first && c != '}') {
        if (c != ',')
          scan_.fail("expected a comma or an inline table terminator '}', but got " + or_end(c) + " instead");
        scan_.ignore();
        scan_.skip_blanks();
        if (scan_.peek() == '}') continue;
        c = next_in_list();
      }
      if (c == ',') scan_.fail("unexpected comma");
      if (c == '}') break;
      scan_.backup();
      assign(table);
      context_ = inner;
    }
    scan_.ignore();
    context_ = std::move(outer_context);
    key_ = std::move(outer_key);
    --depth_;
    return Value::of(table);
  }

  Context& cx_;
  TomlScanner scan_;
  std::deque<Table> tables_;
  Table* root_;
  TomlKey context_;  // the table that keys go into
  std::string key_;  // whose value is read
  int key_line_ = 1;
  size_t depth_ = 0;
  std::set<std::string, std::less<>> implied_;  // keys of tables that nothing has named yet
  std::set<std::string, std::less<>> lists_;    // keys of lists
};

}  // namespace

bool read_toml(Context& cx, std::string_view text, Value& out, std::string& error) {
  if (starts_with(text, "\xFF\xFE") || starts_with(text, "\xFE\xFF")) text.remove_prefix(2);
  else if (starts_with(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.substr(0, 6).find('\0') != std::string_view::npos) {
    error = "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
    return false;
  }
  TomlReader reader(cx, text);
  try {
    out = reader.read();
    return true;
  } catch (const TomlProblem& problem) {
    std::string key = reader.current();
    error = "toml: line " + std::to_string(problem.line);
    if (!key.empty()) error += " (last key " + quote_go(key) + ")";
    error += ": " + problem.message;
  } catch (const TomlLimit& limit) {
    if (!cx.failed()) cx.fail_limit(limit.text);
  }
  return false;
}

}  // namespace autonomous::render
