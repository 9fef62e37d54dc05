// Package cache keeps values by key under a byte budget, and lets at most one fill per key run.
//
// Law: Get never answers with the value of another key, nor with one that an earlier Delete or Set of its key has
// replaced. Set is best effort: any value may be refused or evicted, so a filler hands its result to its callers itself.
// The entries' stated costs never exceed the budget. A fill belongs to the Flight and not to a caller: it has its own
// deadline, and neither a caller that leaves nor a panic reaches the others. Close ends every goroutine begun here.
package cache
