package transfer

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/imgorigin/imgorigin/origin"
)

// Missing returns those of keys that a store does not have. It lists the store once, takes 8 bytes of memory for each of its
// objects, and asks for those alone that were not listed: they may have been put since.
func Missing(ctx context.Context, in origin.Blobs, keys iter.Seq2[origin.Key, error]) (missing []origin.Key, err error) {
	seed := maphash.MakeSeed()
	var there []uint64
	for info, err := range objects(ctx, in) {
		if err != nil {
			return nil, err
		}
		there = append(there, maphash.String(seed, string(info.Key)))
	}
	slices.Sort(there)
	for key, err := range keys {
		if err != nil {
			return nil, err
		}
		// A missing key passes for a present one where their hashes are equal: among ten million objects the odds are 1 to 10^12.
		if _, ok := slices.BinarySearch(there, maphash.String(seed, string(key))); ok {
			continue
		}
		object, err := in.Open(ctx, key, 0, 0)
		switch {
		case errors.Is(err, origin.ErrNotFound):
			missing = append(missing, key)
		case err != nil:
			return nil, err
		default:
			if err := object.Body.Close(); err != nil {
				return nil, err
			}
		}
	}
	return missing, nil
}
