package sqldb

import "testing"

// TestEngines refuses every engine of MariaDB and MySQL whose rows cannot be taken back, go nowhere, or lie on another
// server, which commits by itself.
func TestEngines(t *testing.T) {
	for _, name := range []string{"InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"} {
		tab := &table{}
		if mariaLoses(tab, name); canTakeBack(tab, "write") != nil {
			t.Errorf("%s is taken for one without transactions", name)
		}
	}
	for _, name := range []string{"MyISAM", "Aria", "MEMORY", "CSV", "ARCHIVE", "MRG_MyISAM", "BLACKHOLE", "FEDERATED", "CONNECT", "SPIDER", "SPHINX", "S3", "OQGRAPH", "Mroonga", "ColumnStore", "SEQUENCE", "DUCKDB"} {
		tab := &table{}
		if mariaLoses(tab, name); canTakeBack(tab, "write") == nil {
			t.Errorf("%s is taken for transactional", name)
		}
	}
}
