package encode

import "testing"

func TestSeqOfName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		template, name string
		want           int64
		ok             bool
	}{
		{"PERM{seq:06}.DAT", "PERM000012.DAT", 12, true},
		{"PERM{seq:06}.DAT", "PERM1000012.DAT", 1000012, true}, // it grew out of its width
		{"PERM{seq:06}.DAT", "PERM12.DAT", 0, false},
		{"PERM{seq:06}.DAT", "perm000012.DAT", 0, false},
		{"PERM{seq:06}.DAT", "PERM000012.DAT.bak", 0, false},
		{"{date}-{seq}.csv", "20261122-7.csv", 7, true},
		{"a.{seq}", "ab7", 0, false},
		{"{id}.csv", "7.csv", 0, false},
		{"{seq}", "99999999999999999999", 0, false},
	} {
		tpl, err := ParseTemplate(c.template)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tpl.Seq(c.name); got != c.want || ok != c.ok {
			t.Errorf("%s %s: %d %v", c.template, c.name, got, ok)
		}
	}
}
