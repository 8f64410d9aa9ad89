package diag

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// settings has a field of every type that a file of Inbasket may set.
type settings struct {
	Name    string            `yaml:"name"`
	Count   int               `yaml:"count"`
	Small   int8              `yaml:"small"`
	Size    int64             `yaml:"size"`
	Port    uint16            `yaml:"port"`
	Rate    float64           `yaml:"rate"`
	On      bool              `yaml:"on"`
	Wait    time.Duration     `yaml:"wait"`
	Exact   json.Number       `yaml:"exact"`
	List    []string          `yaml:"list"`
	One     []string          `yaml:"one,one"`
	Map     map[string]int    `yaml:"map"`
	Order   Ordered[int]      `yaml:"order"`
	Any     any               `yaml:"any"`
	Node    *Node             `yaml:"node"`
	Maybe   *string           `yaml:"maybe"`
	Secret  connectors.Secret `yaml:"secret"`
	Section *struct {
		Key  string `yaml:"key,required"`
		More int    `yaml:"more"`
	} `yaml:"section"`
}

// readAs is what a file sets, as JSON without what is empty, and all problems.
func readAs(text string) string {
	file, problems := Parse("f.yaml", []byte(text))
	var s settings
	if len(problems) == 0 {
		problems = file.Decode(&s)
	}
	if len(problems) > 0 {
		problems.Sort()
		var all []string
		for _, p := range problems {
			one := strings.TrimPrefix(p.String(), "f.yaml:")
			if p.Suggestion != "" {
				one += " (" + p.Suggestion + ")"
			}
			all = append(all, one)
		}
		return "!" + strings.Join(all, "; ")
	}
	var all []string
	add := func(name string, v any, empty bool) {
		if !empty {
			all = append(all, fmt.Sprintf("%s=%v", name, v))
		}
	}
	add("name", s.Name, s.Name == "")
	add("count", s.Count, s.Count == 0)
	add("small", s.Small, s.Small == 0)
	add("size", s.Size, s.Size == 0)
	add("port", s.Port, s.Port == 0)
	add("rate", s.Rate, s.Rate == 0)
	add("on", s.On, !s.On)
	add("wait", s.Wait, s.Wait == 0)
	add("exact", s.Exact, s.Exact == "")
	add("list", strings.Join(s.List, "|"), s.List == nil)
	add("one", strings.Join(s.One, "|"), s.One == nil)
	add("map", s.Map, s.Map == nil)
	add("order", s.Order, s.Order == nil)
	add("any", s.Any, s.Any == nil)
	if s.Node != nil {
		add("node", fmt.Sprint(s.Node.Kind, " ", s.Node.Line, ":", s.Node.Column), false)
	}
	if s.Maybe != nil {
		add("maybe", *s.Maybe, false)
	}
	if s.Section != nil {
		add("section", *s.Section, false)
	}
	return strings.Join(all, " ")
}

// reads runs a table of files and what is read of them.
func reads(t *testing.T, table [][2]string) {
	t.Helper()
	t.Parallel()
	for _, c := range table {
		if have := readAs(c[0]); have != c[1] {
			t.Errorf("%q\n have %s\n want %s", c[0], have, c[1])
		}
	}
}
