// Package flextype is the dialect of the Flextype Files API: files by their path at /api/files, and their bytes at
// /project/uploads/{path}.
//
// Its law: translate and nothing else. A request becomes one call of the core, the result or the error's Kind becomes
// Flextype's JSON. Its text spells several calls in two ways, and both are understood; what a call with "field" means
// never touches the file's bytes, wherever it is sent.
package flextype
