package sqldb

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestLargeContent writes documents of up to 60 MiB, several in one transaction, and finds what cannot be read or is not what it was.
func TestLargeContent(t *testing.T) {
	random := make([]byte, 60<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(random)
	sh := &connectors.Shape{Write: "doc", Object: "DECISION", Fields: []string{"ID", "PDF"}, Key: []int{0}}
	record := func(id int64, b connectors.Blob) connectors.Record {
		return connectors.Record{Shape: sh, Values: []connectors.Value{integer(id), {Kind: connectors.Binary, Blob: &b}}}
	}
	delivery := func(key string, records ...connectors.Record) connectors.Delivery {
		return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: records}
	}
	part := func(mib int) connectors.Blob { return connectors.BytesBlob(random[:mib<<20]) }
	changed := part(1)
	changed.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(random[1 : 1<<20+1])), nil }
	gone := part(1)
	gone.Open = func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	line := func(id, mib int, sum bool) string {
		s := fmt.Sprintf("%d|%d", id, mib<<20)
		if sum {
			s += fmt.Sprintf("|%x", md5.Sum(random[:mib<<20]))
		}
		return s
	}
	for _, c := range []struct {
		fresh func(testing.TB) engine
		sum   string
	}{{func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "content.db")}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	}, ""}, {postgresEngine, ", md5(PDF)"}, {mariaEngine, ", MD5(PDF)"}} {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			if e.typ == "mariadb" { // what it takes by default is 16 MiB
				before := query(t, tg, "SELECT @@GLOBAL.max_allowed_packet")
				exec(t, tg, "SET GLOBAL max_allowed_packet = 134217728")
				setting := tg
				t.Cleanup(func() { exec(t, setting, "SET GLOBAL max_allowed_packet = "+before[0]) })
			}
			exec(t, tg, e.ddl...)
			tg = e.open(t, nil) // what a session may send is told when it begins
			m := deliver(t, tg, delivery("A", record(1, part(60))), delivery("B", record(2, changed)), delivery("C", record(3, gone)),
				delivery("D", record(4, part(5)), record(5, part(2))))
			written(t, m, "A", "D")
			for _, key := range []string{"B", "C"} {
				if o := m[key]; o.Class != connectors.ItemError || o.Code != dialect.CodeContent {
					t.Errorf("%s: %s %s", key, o.Class, o.Code)
				}
			}
			written(t, deliver(t, tg, delivery("A", record(1, part(60)))), "A") // it repeats, and writes nothing
			same(t, query(t, tg, "SELECT ID, LENGTH(PDF)"+c.sum+" FROM DECISION ORDER BY ID"),
				line(1, 60, c.sum != ""), line(4, 5, c.sum != ""), line(5, 2, c.sum != ""))
		})
	}
}

// TestExamineContent asks where a text is written into a column of bytes, and refuses content for any other.
func TestExamineContent(t *testing.T) {
	for _, c := range []struct {
		fresh func(testing.TB) engine
		table string
		want  []string
	}{
		{func(t testing.TB) engine {
			return engine{"sqlite", dialect.Config{Path: emptyFile(t, "files.db")}, nil}
		}, "CREATE TABLE FILES (ID INTEGER PRIMARY KEY, DATA BLOB, NOTE TEXT)",
			[]string{"fail sql.wrong-type write 0 fields NOTE", "warn sql.wrong-type write 1 fields DATA"}},
		{postgresEngine, "CREATE TABLE files (id int PRIMARY KEY, data bytea, note text)", []string{"fail sql.wrong-type write 0 fields NOTE", "warn sql.wrong-type write 1 fields DATA"}},
		{mariaEngine, "CREATE TABLE FILES (ID INT PRIMARY KEY, DATA LONGBLOB, NOTE TEXT)", []string{"fail sql.wrong-type write 0 fields NOTE", "warn sql.wrong-type write 1 fields DATA"}},
	} {
		e := c.fresh(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, c.table)
			w := writes(shape("FILES", connectors.Insert, 0, "ID", "DATA", "NOTE"), shape("FILES", connectors.Insert, 0, "ID", "DATA", "NOTE"))
			for i, kind := range []connectors.Kind{connectors.Binary, connectors.Text} {
				w.Writes[i].Contents[1].Kind, w.Writes[i].Contents[2].Kind = kind, kind
			}
			same(t, examined(t, tg, w), c.want...)
		})
	}
}
