// Package origin is the core: it decides what the answer to a read is, and what a write leaves behind.
//
// Its law: no HTTP here, and no adapter. The core owns plain Go values that outlive any request; it reaches storage,
// catalog and pixels only through the interfaces that it declares (Catalog, Blobs, Renderer); every read goes through
// Open, every stored byte through Stage and a catalog transaction; and what it refuses, it refuses as an *Error
// whose Kind a dialect translates.
package origin
