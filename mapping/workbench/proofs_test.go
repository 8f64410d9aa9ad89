package workbench

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// standing is a clock that stands still.
type standing struct{ at time.Time }

func (c *standing) Now() time.Time                       { return c.at }
func (c *standing) After(time.Duration) <-chan time.Time { return nil }

const table = `{"register": {"system": "postgres", "tables": [{"name": "T", "columns": [{"name": "NAME", "type": "varchar(20)", "takes": "text", "length": 20}]}]}}`

func TestProofsBesideAMapping(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, snapshot, want string }{
		"proved":          {`{"type": "string", "maxLength": 20}`, table, "proved"},
		"refuted":         {`{"type": "string", "maxLength": 30}`, table, `m.yaml:9:7: a form that the schema admits fails in T.NAME [sql.too-long]: 21 characters, and the column takes 20; the smallest is {"name":"xxxxxxxxxxxxxxxxxxxxx"} [mapping.refuted]`},
		"long":            {`{"type": "string", "minLength": 200, "maxLength": 200}`, table, `m.yaml:9:7: a form that the schema admits fails in T.NAME [sql.too-long]: 200 characters, and the column takes 20; the smallest is {"name":"xxxxxxxxxxxxxxxxxxxx… of 200 characters"} [mapping.refuted]`},
		"not proved":      {`{"type": "string", "maxLength": 20}`, strings.Replace(table, `"takes": "text"`, `"takes": ""`, 1), `warning m.yaml:9:7: not proved: T.NAME: what a column of type varchar(20) makes of a value is not known before there is one [mapping.not-proved]`},
		"another target":  {`{"type": "string"}`, strings.Replace(table, "register", "other", 1), ""},
		"no snapshot":     {`{"type": "string"}`, "", ""},
		"a file of ours?": {`{"type": "string"}`, "[", `warning m.catalog.json:1:1: this snapshot cannot be read: unexpected end of JSON input [mapping.snapshot]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{
				"s.json": {Data: []byte(`{"type": "object", "additionalProperties": false, "required": ["name"], "properties": {"name": ` + c.schema + `}}`)},
				"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: json, schema: s.json}\nwrite:\n  - as: w\n    to: register\n    table: T\n    fields:\n      NAME: form.name\n")},
			}
			if c.snapshot != "" {
				files["m.catalog.json"] = &fstest.MapFile{Data: []byte(c.snapshot)}
			}
			b := &Bench{Files: files, Name: "m.yaml", Now: Hurry(&standing{}, func() bool { return false })}
			found, have := b.Check(), []string{}
			for _, p := range found.Problems {
				have = append(have, p.String())
			}
			for _, p := range found.Warnings {
				have = append(have, "warning "+p.String())
			}
			for _, p := range found.Proofs {
				if p.Proved {
					have = append(have, "proved")
				}
			}
			if found.Plan == nil || strings.Join(have, "\n") != c.want {
				t.Errorf("have %s", strings.Join(have, "\n"))
			}
		})
	}
}

func TestHurry(t *testing.T) {
	t.Parallel()
	clock, ended := &standing{}, false
	now := Hurry(clock, func() bool { return ended })
	first := now()
	clock.at = clock.at.Add(time.Second)
	have := fmt.Sprint(now().Sub(first))
	ended = true
	if have += fmt.Sprint(" ", now().Sub(first) > time.Minute); have != "5s true" {
		t.Error(have)
	}
}
