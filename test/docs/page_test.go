// Package docs runs the examples of README.md and docs: commands are run and what they print is compared, configurations
// and mappings are loaded, links lead somewhere.
//
// A block of code in a page is run by its language:
//
//	console   lines that start with "$ " are run in one shell a page, the lines after them are what must be printed.
//	          "..." stands for any lines, or within a line for anything; IDs, times, tokens and hashes may differ, but the same one stays the same
//	sh        run as a whole, must end with 0
//	yaml      a configuration or a mapping, whole or a part of one; must be right
//	json      must be JSON
//
// A comment in front of a block changes that: "<!-- file: PATH -->" also writes it to a file of the page's folder,
// "<!-- not run: WHY -->" leaves it alone, and "<!-- run by: FOLDER -->" leaves it to the tests in that folder, which
// read it from the page. "<!-- setup" and lines up to "-->" run in the page's shell without being seen.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// block is one fenced block of a page, or a hidden setup.
type block struct {
	page   string
	line   int    // of its first line of content
	lang   string // "setup" for hidden ones
	text   string
	file   string // where to write it, relative to the page's folder
	notRun string
	runBy  string // folder of the tests that run it
}

// elsewhere names pages whose commands are run by the tests of a package, against a server of its own.
var elsewhere = map[string]string{"docs/front-office.md": "agent/frontoffice"}

// pages returns all pages, relative to the root.
func pages(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			rel, _ := filepath.Rel(root, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil || len(out) < 5 {
		t.Fatal(out, err)
	}
	return out
}

var (
	fileComment   = regexp.MustCompile(`^<!-- file: (\S+) -->$`)
	notRunComment = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
	runByComment  = regexp.MustCompile(`^<!-- run by: (\S+) -->$`)
)

// blocks returns a page's blocks in order.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	var now *block
	var indent, end, file, notRun, runBy string // indent is of a block in a list
	for i, line := range strings.Split(string(src), "\n") {
		if now == nil {
			indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
		}
		switch trimmed := strings.TrimSpace(line); {
		case now != nil && trimmed == end:
			out = append(out, *now)
			now, file, notRun, runBy = nil, "", "", ""
		case now != nil:
			now.text += strings.TrimPrefix(line, indent) + "\n"
		case strings.HasPrefix(trimmed, "```"):
			now, end = &block{page: page, line: i + 2, lang: trimmed[3:], file: file, notRun: notRun, runBy: runBy}, "```"
		case trimmed == "<!-- setup":
			now, end = &block{page: page, line: i + 2, lang: "setup"}, "-->"
		case fileComment.MatchString(trimmed):
			file = fileComment.FindStringSubmatch(trimmed)[1]
		case notRunComment.MatchString(trimmed):
			notRun = notRunComment.FindStringSubmatch(trimmed)[1]
		case runByComment.MatchString(trimmed):
			runBy = runByComment.FindStringSubmatch(trimmed)[1]
			notRun = "run by the tests in " + runBy
		case trimmed != "":
			file, notRun, runBy = "", "", ""
		}
	}
	if now != nil {
		t.Errorf("%s:%d: a block without end", page, now.line)
	}
	return out
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns what "#…" may follow a page's name.
func anchors(src string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(src, -1) {
		out[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// TestLinks looks whether every link to a file of the project leads to one, and to a heading that is there.
func TestLinks(t *testing.T) {
	for _, page := range append(pages(t), "ARCHITECTURE.md", "CONTRIBUTING.md") {
		src, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(src), -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") || strings.HasPrefix(path, "mailto:") {
				continue
			}
			to := filepath.Join(root, page)
			if path != "" {
				to = filepath.Join(root, filepath.Dir(page), path)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			} else if anchor != "" {
				if b, err := os.ReadFile(to); err != nil || !anchors(string(b))[anchor] {
					t.Errorf("%s: %s has no such heading", page, m[1])
				}
			}
		}
	}
}

// TestRunElsewhere looks whether blocks that another folder's tests are to run have such tests, which read the page.
func TestRunElsewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.runBy == "" {
				continue
			}
			reads := false
			files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(b.runBy), "*.go"))
			for _, f := range files {
				src, err := os.ReadFile(f)
				reads = reads || err == nil && strings.Contains(string(src), filepath.Base(page))
			}
			if !reads {
				t.Errorf("%s:%d: no test in %s reads this page", page, b.line, b.runBy)
			}
		}
	}
}
