// Package durable changes the names in folders so that a crash leaves the old or the new state, and a power loss after
// the call no doubt. Linux makes a folder's names durable by syncing the folder; Windows has no such call and writes
// the rename itself through instead. So that none of both is forgotten, whoever promises durability renames by this
// package and syncs the folder afterwards; a test looks for other renames.
package durable
