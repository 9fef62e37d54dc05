// Package fibery is the Fibery dialect: Fibery's file API and the three commands that attach files to entities, answered
// from the core. It translates and decides nothing. A file's fibery/id is its UUID and its fibery/secret names the bytes;
// the database Space/Type is the collection space__type with a unique text field fibery_id, and a Files field of it a
// relation to the media library. What comes in is private unless caller or operator say otherwise.
package fibery
