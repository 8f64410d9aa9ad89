package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// proof is a command of a page that shows something by tests; a pipe in a table is escaped.
var (
	proof    = regexp.MustCompile("`go test (\\./[a-z/]+)(?: -run (\\S+?|'[^']+'))?`")
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+|Fuzz\w+)\(`)
)

// TestProofs finds each test that guarantees and track record name: a page must not rest on one that is gone.
func TestProofs(t *testing.T) {
	for _, page := range []string{"guarantees.md", "track-record.md"} {
		b, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		found := proof.FindAllStringSubmatch(string(b), -1)
		if len(found) < 20 {
			t.Errorf("%s names only %d tests", page, len(found))
		}
		for _, m := range found {
			names, source := testsOf(t, m[1])
			if len(names) == 0 {
				t.Errorf("%s: %s has no tests", page, m[1])
			}
			for _, one := range strings.Split(strings.Trim(strings.ReplaceAll(m[2], `\|`, "|"), "'"), "|") {
				top, sub, _ := strings.Cut(one, "/")
				if top != "" && !matches(top, names) {
					t.Errorf("%s: no test in %s is %s", page, m[1], top)
				}
				if sub = strings.ReplaceAll(sub, "_", " "); sub != "" && !strings.Contains(source, sub) {
					t.Errorf("%s: nothing in the tests of %s is named %q", page, m[1], sub)
				}
			}
		}
	}
}

func matches(pattern string, names []string) bool {
	re := regexp.MustCompile(pattern)
	for _, n := range names {
		if re.MatchString(n) {
			return true
		}
	}
	return false
}

// testsOf returns the tests of a package, and what its tests and scripts say.
func testsOf(t *testing.T, pkg string) (names []string, source string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	scripts, _ := filepath.Glob(filepath.Join("../..", pkg, "testdata", "*.txtar"))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			names = append(names, m[1])
		}
		source += string(b)
	}
	return names, source + strings.Join(scripts, " ")
}
