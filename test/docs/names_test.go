package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestNames looks whether the commands, flags, metrics and error codes that pages name are there.
func TestNames(t *testing.T) {
	commands, errors, metrics := read(t, "docs/reference/cli.md"), read(t, "docs/errors.md"), read(t, "docs/reference/metrics.md")
	areas := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)\\.").FindAllStringSubmatch(errors, -1) {
		areas[m[1]] = true
	}
	code := regexp.MustCompile("`([a-z-]+)\\.([a-z-]+)`")
	metric := regexp.MustCompile(`\binbasket_([a-z_]+)\b`)
	command := regexp.MustCompile("`inbasket ([a-z]+)( [a-z]+)?([^`]*)`")
	flag := regexp.MustCompile(`--([a-z-]+)`)
	for _, page := range pages(t) {
		src := read(t, page)
		for _, m := range code.FindAllStringSubmatch(src, -1) {
			if areas[m[1]] && !notCodes[m[2]] && page != "docs/reference/config.md" && !strings.Contains(errors, "`"+m[1]+"."+m[2]+"`") {
				t.Errorf("%s: there is no error code %s.%s", page, m[1], m[2])
			}
		}
		for _, m := range metric.FindAllStringSubmatch(src, -1) {
			if !strings.Contains(metrics, "`inbasket_"+m[1]+"`") {
				t.Errorf("%s: there is no metric inbasket_%s", page, m[1])
			}
		}
		for _, m := range command.FindAllStringSubmatch(src, -1) {
			if !strings.Contains(commands, "\n## inbasket "+m[1]+"\n") {
				t.Errorf("%s: there is no command inbasket %s", page, m[1])
			}
			for _, f := range flag.FindAllStringSubmatch(m[3], -1) {
				if !strings.Contains(commands, "--"+f[1]) {
					t.Errorf("%s: inbasket %s has no flag --%s", page, m[1], f[1])
				}
			}
		}
	}
}

// notCodes are what follows the dot in names of files, keys and fields that look like codes.
var notCodes = map[string]bool{"sock": true, "group": true, "received": true, "id": true, "reference": true, "at": true, "query": true, "mark": true,
	"every": true, "file": true, "name": true, "answers": true, "meta": true, "io": true, "head": true, "body": true, "rest": true, "items": true}
