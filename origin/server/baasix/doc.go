// Package baasix is the Baasix dialect: Baasix's file API, the bytes below /assets, and the creation of records that refer to
// files, answered from the core. It translates and decides nothing. A file's id is its UUID. What comes in is private
// unless caller or operator say otherwise; what is not there and what may not be seen have one answer, 403.
package baasix
