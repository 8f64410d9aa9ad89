package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/diag"
)

// TestFolders refuses every way in which files would come back to where they were taken from, at its line.
func TestFolders(t *testing.T) {
	const head = "agency: A\nstate: state\n"
	const tail = "routes:\n  r: {from: [a], mapping: m.yaml}\n"
	ftp := func(more string) string {
		return `{ftp: {address: "HOST:21", user: u, password: "${env:P}", tls: {mode: none}, ` + more + "}"
	}
	for name, c := range map[string]struct{ text, says string }{
		"a target":                {"inbaskets:\n  a: {folder: {path: in}}\ntargets:\n  t: {folder: {path: in}, file: {name: \"{id}.json\"}}\n", `6:22: the target "t" puts files into the folder that the in-basket "a"`},
		"by a link":               {"inbaskets:\n  a: {folder: {path: in}}\ntargets:\n  t: {folder: {path: link}, file: {name: \"{id}.json\"}}\n", `the target "t" puts`},
		"by a link, not there":    {"inbaskets:\n  a: {folder: {path: in/x}}\ntargets:\n  t: {folder: {path: link/x}, file: {name: \"{id}.json\"}}\n", `the target "t" puts`},
		"by dots":                 {"inbaskets:\n  a: {folder: {path: none}}\ntargets:\n  t: {folder: {path: in/../none/}, file: {name: \"{id}.json\"}}\n", `the target "t" puts`},
		"the done folder":         {"inbaskets:\n  a: {folder: {path: in}}\ntargets:\n  t: {folder: {path: in/done}, file: {name: \"{id}.json\"}}\n", `puts files into the done folder of the in-basket "a"`},
		"its own done folder":     {"inbaskets:\n  a: {folder: {path: in, after: {move: .}}}\n", "moves files to the folder that it takes them out of"},
		"its own error folder":    {"inbaskets:\n  a: {folder: {path: in, errors: ../link}}\n", "moves files to the folder that it takes them out of"},
		"another's done folder":   {"inbaskets:\n  a: {folder: {path: in}}\nresults:\n  b: {folder: {path: in/done}}\n", `the in-basket "a" moves files to the folder that the source of results "b"`},
		"the same files":          {"inbaskets:\n  a: {folder: {path: in}}\n  b: {folder: {path: link}}\n", "take the same files out of one folder"},
		"answers":                 {"inbaskets:\n  a: {folder: {path: in}}\nresults:\n  b: {folder: {path: out}}\ntargets:\n  t: {folder: {path: out}, file: {name: \"{id}.csv\"}}\n", `the source of results "b" takes`},
		"a server":                {"inbaskets:\n  a: " + ftp("dir: /IN}") + "\ntargets:\n  t: " + strings.Replace(ftp("dir: /in/../IN/}, file: {name: \"{id}.json\"}"), "HOST:21", "host", 1) + "\n", `the target "t" puts`},
		"a server's done":         {"inbaskets:\n  a: " + ftp("dir: IN}") + "\ntargets:\n  t: " + ftp("dir: IN/done}, file: {name: \"{id}.json\"}") + "\n", `puts files into the done folder`},
		"others on a server":      {"inbaskets:\n  a: " + ftp("dir: /IN}") + "\ntargets:\n  t: " + ftp("dir: /OUT}, file: {name: \"{id}.json\"}") + "\n", ""},
		"two kinds in one folder": {"inbaskets:\n  a: {folder: {path: in, match: \"*.json\"}}\n  b: {folder: {path: in, match: \"*.xml\"}}\n", ""},
		"one done folder":         {"inbaskets:\n  a: {folder: {path: in, after: {move: ../d}}}\n  b: {folder: {path: in2, after: {move: ../d}}}\n", ""},
		"two targets":             {"inbaskets:\n  a: {folder: {path: in}}\ntargets:\n  t: {folder: {path: out}, file: {name: \"{id}.a\"}}\n  u: {folder: {path: out}, file: {name: \"{id}.b\"}}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, err := range []error{os.Mkdir(filepath.Join(dir, "in"), 0o700), os.Symlink("in", filepath.Join(dir, "link"))} {
				if err != nil {
					t.Skip(err)
				}
			}
			routes := tail
			if !strings.Contains(c.text, "targets:") {
				routes = "targets:\n  t: {folder: {path: o}, file: {name: \"{id}.x\"}}\n" + tail
			}
			if strings.Contains(c.text, "\n  b:") && !strings.Contains(c.text, "results:") {
				routes = strings.Replace(routes, "[a]", "[a, b]", 1)
			}
			_, err := config.Parse(filepath.Join(dir, "inbasket.yaml"), []byte(head+c.text+routes), all.Registry(), config.Options{Getenv: func(string) string { return "geheim" }})
			var problems diag.Problems
			if c.says == "" && err == nil {
				return
			}
			if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Code != config.CodeFolders || !strings.Contains(fmt.Sprint(err), c.says) || c.says == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestOverlappingNames warns of two in-baskets over one folder that may take the same files, under patterns that differ.
func TestOverlappingNames(t *testing.T) {
	const text = "agency: A\ninbaskets:\n  a: {folder: {path: in, match: %q}}\n  b: {folder: {path: in, match: %q}}\n" +
		"targets:\n  t: {folder: {path: out}, file: {name: \"{id}.x\"}}\nroutes:\n  r: {from: [a, b], mapping: m.yaml}\n"
	for match, warned := range map[[2]string]bool{
		{"*.json", "a*.json"}: true, {"*.json", "*.JSON"}: true, {"*.json|*.xml", "*.xml|*.csv"}: true, {"a*", "*.json"}: true,
		{"*.json", "a.json"}: true, {"*", "*.xml"}: true, {"[ab]*.json", "a*.json"}: true, {"a*.json", "ab*.json"}: true,
		{"*.json", "*.xml"}: false, {"dog-*.json", "Cat-*.json"}: false, {"*.json|*.xml", "*.csv"}: false, {"a.json", "b.json"}: false, {"x-*.[jx]", "*.json"}: true,
	} {
		c, err := config.Parse(filepath.Join(t.TempDir(), "inbasket.yaml"), fmt.Appendf(nil, text, match[0], match[1]), all.Registry(), config.Options{})
		if err != nil {
			t.Fatal(match, err)
		}
		if got := len(c.Warnings) == 1 && c.Warnings[0].Code == config.CodeFolders && c.Warnings[0].Line == 4; got != warned || len(c.Warnings) > 1 {
			t.Errorf("%v: %v", match, c.Warnings)
		}
	}
}

// TestOverruled warns of settings that do nothing beside others.
func TestOverruled(t *testing.T) {
	const text = "agency: A\ninbaskets:\n  a: {folder: {path: in, %s}}\ntargets:\n  t: {folder: {path: out}, file: {name: \"{id}.x\"}}\nroutes:\n  r: {from: a, mapping: m.yaml}\n"
	for more, key := range map[string]string{
		"after: {move: done, delete: true}": "after.move", `marker: "{name}.ok", quiet: 2s`: "quiet",
		"after: {move: done, delete: false}": "", "after: {delete: true}": "", `marker: "{name}.ok"`: "", "after: {move: x, dated: true}": "",
	} {
		c, err := config.Parse(filepath.Join(t.TempDir(), "inbasket.yaml"), fmt.Appendf(nil, text, more), all.Registry(), config.Options{})
		if err != nil {
			t.Fatal(more, err)
		}
		var told []string
		for _, w := range c.Warnings {
			told = append(told, fmt.Sprintf("%s:%d %s", w.Code, w.Line, w.Message))
		}
		want := ""
		if key != "" {
			want = "config.overruled:3 " + key + " does nothing beside"
		}
		if got := strings.Join(told, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %s", more, got)
		}
	}
}
