#include "gitops/store/said.h"

#include <zlib.h>

#include <new>
#include <stdexcept>
#include <utility>

#include "gitops/base/text.h"
#include "gitops/store/packing.h"

namespace autonomous::store {

namespace {

constexpr uint32_t kMostUnpacked = 64u << 20;  // of a chunk: an entry of the ledger has a limit far below

SaidHead head_of(const Said& said) {
  auto source = said.entry.source ? git::Oid::parse(said.entry.source->commit) : Result<git::Oid>(git::Oid());
  return {said.entry.time, source ? *source : git::Oid(), said.line, said.entry.number, said.entry.type};
}

std::string deflated(const std::string& text) {
  uLongf size = compressBound(static_cast<uLong>(text.size()));
  std::string out(size, '\0');
  // Fails only for want of memory, or of room in `out`.
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                static_cast<uLong>(text.size()), Z_BEST_SPEED) != Z_OK)
    throw std::bad_alloc();
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

// False for bytes that are not what deflated() makes of so many.
bool inflate_into(std::string_view packed, uint32_t size, std::string& out) {
  out.resize(size);
  uLongf got = size;
  return uncompress(reinterpret_cast<Bytef*>(out.data()), &got, reinterpret_cast<const Bytef*>(packed.data()),
                    static_cast<uLong>(packed.size())) == Z_OK &&
         got == size;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  if (!lines.empty()) lines.pop_back();  // each ends in a line end
  return lines;
}

}  // namespace

const SaidHead& Statements::head(size_t i) const {
  return i < packed_ ? chunks_[i / kChunk]->heads[i % kChunk] : fresh_[i - packed_];
}

Said Statements::operator[](size_t i) const { return {head(i).line, Reader(*this).entry(i)}; }

size_t Statements::before(uint32_t line) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (head(middle).line < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

Result<void> Statements::push_back(const Said& said) {
  TRY(std::string line, model::format_entry(said.entry));  // with its line end
  fresh_text_ += line;
  fresh_.push_back(head_of(said));
  return ok();
}

void Statements::copy_from(const Statements& other, size_t i, Reader& reader) {
  fresh_text_.append(reader.text(i)).append("\n");
  fresh_.push_back(other.head(i));
}

void Statements::pack_chunk(std::vector<SaidHead> heads, const std::string& text) {
  auto chunk = std::make_shared<Chunk>();
  auto bytes = std::make_shared<const std::string>(deflated(text));
  heads.shrink_to_fit();
  packed_ += heads.size();
  chunk->heads = std::move(heads);
  chunk->packed = *bytes;
  chunk->owner = std::move(bytes);
  chunk->unpacked = static_cast<uint32_t>(text.size());
  chunks_.push_back(std::move(chunk));
}

void Statements::pack() {
  if (fresh_.empty()) return;
  std::vector<SaidHead> heads;
  std::string text;
  if (packed_ % kChunk != 0) {  // the last one is not full: it is made again
    const Chunk& last = *chunks_.back();
    heads = last.heads;
    if (!inflate_into(last.packed, last.unpacked, text)) throw std::logic_error("a chunk of statements is damaged");
    packed_ -= heads.size();
    chunks_.pop_back();
  }
  std::vector<std::string_view> lines = lines_of(fresh_text_);
  for (size_t i = 0; i < fresh_.size(); ++i) {
    heads.push_back(fresh_[i]);
    text.append(lines[i]).append("\n");
    if (heads.size() < kChunk) continue;
    pack_chunk(std::exchange(heads, {}), text);
    text.clear();
  }
  if (!heads.empty()) pack_chunk(std::move(heads), text);
  // Their room, too: there may be 10,000 targets.
  fresh_ = std::vector<SaidHead>();
  fresh_text_ = std::string();
}

std::string_view Statements::Reader::text(size_t i) {
  size_t chunk = i < of_.packed_ ? i / kChunk : of_.chunks_.size();
  if (chunk != chunk_) {
    chunk_ = chunk;
    if (chunk == of_.chunks_.size()) {
      bytes_ = of_.fresh_text_;
    } else if (!inflate_into(of_.chunks_[chunk]->packed, of_.chunks_[chunk]->unpacked, bytes_)) {
      throw std::logic_error("a chunk of statements is damaged");  // ours: an index has a checksum
    }
    lines_ = lines_of(bytes_);
  }
  return lines_.at(i < of_.packed_ ? i % kChunk : i - of_.packed_);
}

model::Entry Statements::Reader::entry(size_t i) {
  auto entry = model::parse_entry(text(i));
  if (!entry) throw std::logic_error("a statement cannot be read again: " + entry.error().line());
  return *std::move(entry);
}

void Statements::write(std::string& out) const {
  pack_number(out, chunks_.size());
  for (const auto& chunk : chunks_) {
    pack_number(out, chunk->heads.size());
    for (const SaidHead& head : chunk->heads) {
      pack_number(out, static_cast<uint64_t>(head.time.time_since_epoch().count()));
      pack_number(out, head.line);
      pack_number(out, head.number);
      pack_number(out, static_cast<uint64_t>(head.type));
      pack_number(out, head.source.is_zero() ? 0 : 1);
      if (!head.source.is_zero()) out += head.source.bytes();
    }
    pack_number(out, chunk->unpacked);
    pack_number(out, chunk->packed.size());
    out += chunk->packed;
  }
}

Result<Statements> Statements::read(std::string_view bytes, const std::shared_ptr<const void>& owner) {
  Unpacker in(bytes);
  Statements out;
  auto damaged = [] { return fail(Code::kCorrupt, "the index holds statements that are none"); };
  for (size_t left = in.count(); left > 0; --left) {
    if (out.packed_ % kChunk != 0) return damaged();
    auto chunk = std::make_shared<Chunk>();
    size_t count = in.count();
    if (count == 0 || count > kChunk) return damaged();
    chunk->heads.resize(count);
    for (SaidHead& head : chunk->heads) {
      head.time = Time(Millis(static_cast<int64_t>(in.number())));
      head.line = static_cast<uint32_t>(in.number());
      head.number = static_cast<uint32_t>(in.number());
      uint64_t type = in.number();
      if (type > static_cast<uint64_t>(model::EntryType::kBurnt)) return damaged();
      head.type = static_cast<model::EntryType>(type);
      if (in.number() == 0) continue;
      std::string_view source = in.raw(git::Oid::kBytes);
      if (!source.empty()) head.source = git::Oid::from_bytes(source.data());
    }
    uint64_t unpacked = in.number();
    uint64_t size = in.number();
    if (unpacked == 0 || unpacked > kMostUnpacked) return damaged();
    chunk->unpacked = static_cast<uint32_t>(unpacked);
    chunk->packed = in.raw(size);
    chunk->owner = owner;
    if (!in.ok()) return damaged();
    out.packed_ += count;
    out.chunks_.push_back(std::move(chunk));
  }
  if (!in.at_end()) return damaged();
  return out;
}

}  // namespace autonomous::store
