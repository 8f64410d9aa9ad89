// Package configs holds worked examples: for each a complete agent configuration, mappings with their own
// tests, and the legacy system's tables.
package configs

import "embed"

// FS holds the examples as they stand in this folder: one folder each, with its configuration, mappings and tables.
//
//go:embed building-permit dog-licence pension
var FS embed.FS
