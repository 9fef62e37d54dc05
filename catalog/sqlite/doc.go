// Package sqlite keeps the catalog in one SQLite file, which several processes of one machine may use at once.
//
// Its law: one connection writes, in BEGIN IMMEDIATE transactions with synchronous=FULL, so that what was acknowledged
// is on the disk; a bounded set of connections reads, and never waits for the writer (WAL); no wait outlives its
// context or Config.BusyTimeout; identifiers reach SQL quoted by quote, values as parameters only.
package sqlite
