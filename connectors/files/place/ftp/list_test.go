package ftp

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// TestListings reads lines as servers write them: size -2 is not told, -1 is no file.
func TestListings(t *testing.T) {
	tests := []struct {
		line, name string
		size       int64
	}{
		{"-rw-r--r--   1 ftp      ftp          42 Jan 02 03:04 P1.DAT", "P1.DAT", 42},
		{"-rw-r--r--   1 ftp      Domain Users 42 Jan  2  2026 two words.txt", "two words.txt", 42},
		{"-rw-r--r--+  1 1001     1001         42 Jan 12 03:04 P1 42 Jan 12 03:04 x", "P1 42 Jan 12 03:04 x", 42},
		{"-rw-r--r--   1 a b 42 2026-01-02 03:04 iso.txt", "iso.txt", 42},
		{"drwxr-xr-x   2 ftp      ftp        4096 Jan 02 03:04 done", "done", -1},
		{"lrwxrwxrwx   1 ftp      ftp           4 Jan 02 03:04 P1.DAT", "P1.DAT", -1},
		{"lrwxrwxrwx   1 ftp      ftp           4 Jan 02 03:04 P1.DAT -> ../P2.DAT", "P1.DAT", -1},
		{"- [R----F--] supervisor            512       Jan 16 18:53    login", "   login", 512},
		{"01-02-26  03:04PM                   42 P1.DAT", "P1.DAT", 42},
		{"01-02-2026  15:04                  1,042 P1.DAT", "P1.DAT", place.Unknown},
		{"01-02-26  03:04PM       <DIR>          done", "done", -1},
		{"P1.DAT;3   2/4   2-JAN-2026 03:04:05  [USER]  (RWED,RWED,RE,)", "P1.DAT", place.Unknown},
		{"DONE.DIR;1 2/4   2-JAN-2026 03:04:05  [USER]  (RWED,RWED,RE,)", "DONE.DIR", -1},
		{"WRKVOL 3390   2026/01/02  1    1  VB      84  27998  PS  P1.DAT", "P1.DAT", place.Unknown},
		{"BATCH           42 01/02/26 03:04:05 *STMF      P1.DAT", "P1.DAT", 42},
		{"BATCH         4096 01/02/26 03:04:05 *DIR       done/", "done/", -1},
		{"total 12", "", 0},
		{"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname", "", 0},
	}
	for _, tt := range tests {
		e, ok := parseLine(tt.line)
		if !ok && tt.name == "" {
			continue
		}
		if !ok || e.name != tt.name || e.bytes() != tt.size {
			t.Errorf("%q: %v %+v", tt.line, ok, e)
		}
		if link := tt.line[0] == 'l'; link != (e.info().Kind == place.Special) {
			t.Errorf("%q: kind %v", tt.line, e.info().Kind)
		}
	}
	for line, want := range map[string]int64{
		"Type=file;Size=42;Modify=20260102030405; a b": 42, "size=42; a b": 42, "Type=dir;Modify=20260102030405; a b": -1, "Type=OS.unix=slink:/x;Size=4; a b": -1, "modify=20260102030405.123; a b": place.Unknown,
	} {
		if e, ok := parseFacts(line); !ok || e.name != "a b" || e.bytes() != want {
			t.Errorf("%q: %v %+v", line, ok, e)
		} else if link := strings.Contains(line, "slink"); link != (e.info().Kind == place.Special) {
			t.Errorf("%q: kind %v", line, e.info().Kind)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, listed := range []string{"P1.DAT", "p1.dat", "/IN/P1.DAT", "P1.DAT;12", "DISK:[IN]P1.DAT;1", "'BATCH.IN.P1.DAT'"} {
		if !named(listed, "P1.DAT") {
			t.Errorf("%s is not P1.DAT", listed)
		}
	}
	for _, listed := range []string{"XP1.DAT", "P1.DAT.OLD", "", "P1.DAT;x", "'P.DAT'"} {
		if named(listed, "P1.DAT") {
			t.Errorf("%s is P1.DAT", listed)
		}
	}
}
