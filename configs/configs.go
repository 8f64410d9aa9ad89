package configs

import "embed"

// FS holds the examples as they stand in this folder: one folder each, with its configuration, mappings and tables.
//
//go:embed building-permit dog-licence pension
var FS embed.FS
