// Package transform decides what a thumbnail is before any pixel is decoded: it
// reads headers (Probe), refuses what costs too much (Limits), turns a thumb form
// into exact pixel geometry (Thumb, Geometry), names every rendition by one
// canonical Plan, and bounds the work in flight (Admission). It is a leaf: pure Go,
// no decoder, no logging. Whatever the input, it never panics and never allocates
// in proportion to a header's claim.
package transform
