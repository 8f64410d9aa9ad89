package connectors

import "testing"

func TestSecond(t *testing.T) {
	for sql, want := range map[string]string{
		"update D set S = 1 where ID = :ID": "", "update D set S = 1;": "", "update D set S = 1;\n -- done; really\n ; /* x; */ ": "", "": "", ";": "",
		"update D set S = ';' where \"a;b\" = :ID": "", "call p($$a; b$$, $t$ c; $$ d; $t$)": "", "select '$'; delete from D": "delete from D",
		"update D set S = 1; delete from A":                                         "delete from A",
		"update D set S = 1;/* and */delete from A;":                                "delete from A;",
		"update D set S = 1; 'x'":                                                   "'x'",
		"begin; update D set S = 1; commit":                                         "update D set S = 1; commit",
		"begin immediate; update D set S = 1; end":                                  "update D set S = 1; end",
		"begin p(:ID); q(:ID); end;":                                                "",
		"DECLARE x int; BEGIN p(:ID, x); END;":                                      "",
		"begin not atomic update D set S = 1; set @a = 1; end":                      "",
		"-- once\ncreate temp trigger t after insert on A begin delete from B; end": "",
		"begin transaction; delete from A; end":                                     "delete from A; end",
	} {
		got := ""
		if i := Second(sql); i >= 0 {
			got = sql[i:]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}
