// Package vips renders thumbnails with libvips: through bimg where bimg is right
// and as fast, through a few C steps of our own elsewhere (see choose).
//
// It decides nothing about geometry or encoding, which transform.Plan says to the
// pixel. Nothing is decoded before transform.Limits has passed the header, what
// cannot be decoded in whole is an error and not a picture, colours come out as
// sRGB, and nothing but pixels comes out.
package vips
