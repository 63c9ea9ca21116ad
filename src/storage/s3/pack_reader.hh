#pragma once

#include "object/store.hh"
#include "storage/remote/flights.hh"
#include "storage/s3/pack_source.hh"

#include <span>
#include <string>
#include <vector>

namespace storage {

// Fetches objects out of packs: those that lie together in one request, several requests at once, each object
// checked against its name. Blocks; any thread.
class PackReader {
 public:
  struct Options {
    // What is fetched at least, if a pack has so much behind the object that is asked for: the outputs of a
    // result lie behind it, and then those that were made next.
    uint64_t read_ahead = uint64_t{256} << 10U;
    unsigned streams = 8;  // requests at once of one fetch
  };

  // All outlive it. `flights` are shared by all who fetch into the same store.
  PackReader(PackBytes& packs, PackPlaces& places, Flights& flights, Options options)
      : packs_(packs), places_(places), fetching_(flights), options_(options) {}

  enum class ReadAhead { No, Yes };

  // As object::RemoteStore::fetch.
  [[nodiscard]] base::Result<std::vector<object::Digest>> fetch(std::span<const object::Digest> digests,
                                                                object::Store& into, ReadAhead ahead,
                                                                const base::StillWanted& wanted);

 private:
  using Digests = std::vector<object::Digest>;
  using Store = object::Store;

  struct Span {
    std::string key;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    std::vector<PackedObject> objects;
  };

  // More of what lies behind a span, as far as `into` lacks it and nobody else fetches it.
  [[nodiscard]] std::vector<PackedObject> ahead_of(const Span& span, Store& into) const;
  [[nodiscard]] std::vector<Span> spans(const Digests& digests, Digests& absent) const;
  [[nodiscard]] base::Result<Digests> download(const Digests& digests, Store& into, ReadAhead ahead,
                                               const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> download_span(const Span& span, Store& into,
                                                    const base::StillWanted& wanted);

  PackBytes& packs_;
  PackPlaces& places_;
  Flights& fetching_;
  Options options_;
};

}  // namespace storage
