// The daemon's own files, after a disk that tore them: a folded state (the checksum is made right here, so that what
// is behind it is reached), and the two files of the journal, cut at "===".
#include <unistd.h>
#include <zlib.h>

#include "gitops/base/file.h"
#include "gitops/store/index.h"
#include "gitops/store/journal.h"
#include "gitops/store/packing.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

void index(std::string_view body) {
  std::string bytes = std::string(store::kIndexMagic) + std::string(body);
  uLong sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(sum >> (8 * i));
  auto state = store::parse_index(bytes);
  if (!state) return;
  auto written = store::index_bytes(**state);
  fuzz::require(!written || store::parse_index(*written), "what was written can be read");
}

void unpacked(std::string_view bytes) {
  store::Unpacker reader(bytes);
  for (size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    (void)reader.number();
    fuzz::require(reader.text().size() <= 2 * bytes.size() + 100, "no text is longer than its bytes allow");
  }
}

void journal(std::string_view first, std::string_view second) {
  static const TempFolder folder = *TempFolder::make("fuzz");
  for (const auto& [name, text] : {std::pair("deploy.flight.json", first), std::pair("deploy.flight-2.json", second)}) {
    if (!write_file(folder.path() + "/" + name, text)) std::abort();
  }
  auto opened = store::Journal::open(folder.path(), "deploy");
  fuzz::require(opened.has_value(), "a journal can be opened, whatever it holds");
  if (!opened->read()) return;
  store::Flight flight{{{"refs/heads/deploy", {}, {}}}, {"release/local/shop/web/1"}};
  fuzz::require(opened->write(flight) && opened->read() && **opened->read() == flight, "what was written is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  index(text);
  unpacked(text);
  auto [first, second] = fuzz::halves(text);
  journal(first, second);
  return 0;
}
