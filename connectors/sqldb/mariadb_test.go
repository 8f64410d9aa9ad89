package sqldb

import "testing"

// TestEngines refuses every engine of MariaDB and MySQL whose rows cannot be taken back, go nowhere, or lie on another
// server, which commits by itself.
func TestEngines(t *testing.T) {
	for _, name := range []string{"InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"} {
		if err := canTakeBack(&table{engine: name}, "write"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"MyISAM", "Aria", "MEMORY", "CSV", "ARCHIVE", "MRG_MyISAM", "BLACKHOLE", "FEDERATED", "CONNECT", "SPIDER", "SPHINX", "S3", "OQGRAPH", "Mroonga", "ColumnStore", "SEQUENCE", "DUCKDB"} {
		if canTakeBack(&table{engine: name}, "write") == nil {
			t.Errorf("%s is taken for transactional", name)
		}
	}
}
