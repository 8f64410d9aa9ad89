// Package imports holds no code: its test says which package may import which.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/inbasket/inbasket"

// root is the repository's folder as this test sees it.
const root = "../.."

// underJournal is what all that is asked of the journal stands on.
var underJournal = []string{"agent/journal", "agent/journal/engine", "agent/journal/states", "connectors"}

// rule says what packages below From may import of this module besides themselves. Longest From first.
type rule struct {
	from    string
	imports []string // packages, or with /... all below too
}

var rules = []rule{
	// A form's way: each room stands on those before it.
	{"agent/loop", []string{"agent/guard", "connectors"}},
	{"agent/prepare", []string{"agent/content", "agent/guard", "agent/journal", "agent/journal/delivering", "agent/journal/numbering", "agent/loop", "connectors", "mapping/..."}},
	{"agent/lane", []string{"agent/prepare", "agent/batch", "agent/content", "agent/control", "agent/guard", "agent/health", "agent/journal", "agent/journal/accepting", "agent/journal/delivering", "agent/journal/reading", "agent/loop", "connectors", "mapping/encode"}},
	{"agent/waiting", []string{"agent/content", "agent/control", "agent/guard", "agent/journal", "connectors"}},
	{"agent/intake", []string{"agent/lane", "agent/prepare", "agent/waiting", "agent/content", "agent/frontoffice", "agent/guard", "agent/health", "agent/journal", "agent/journal/accepting", "agent/loop", "connectors", "mapping", "mapping/decode", "mapping/decode/several", "mapping/expr/value"}},
	{"agent/cmd/inbasket", []string{"agent/cmd/author", "agent/cmd/cli", "agent/cmd/keep", "agent/cmd/look", "agent/cmd/settle", "agent/cmd/setup", "agent/cmd/system",
		"agent/config", "connectors/all", "mapping/diag", "agent/diagnose", "agent/monitor"}}, // the last two in tests
	{"agent/cmd/keep", []string{"agent/cmd/cli", "agent/cmd/look", "agent/cmd/system", "agent/...", "connectors"}},
	{"agent/cmd/setup", []string{"agent/cmd/author", "agent/cmd/cli", "agent/cmd/system", "agent/...", "installer", "connectors", "connectors/all", "connectors/durable", "mapping/..."}},
	{"agent/cmd/author", []string{"agent/cmd/cli", "agent/...", "connectors", "connectors/all", "connectors/durable", "mapping/..."}},
	{"agent/cmd/look", []string{"agent/cmd/cli", "agent/...", "installer", "connectors", "connectors/all", "mapping/diag"}},
	{"agent/cmd/settle", []string{"agent/cmd/cli", "agent/control", "agent/orders", "mapping/diag"}},
	{"agent/cmd/system", []string{"agent/codes", "installer"}},
	{"agent/cmd/cli", []string{"agent/...", "installer", "connectors", "connectors/all", "mapping/diag"}},
	// Tools that look at an agent from outside, and the table that all print from.
	{"agent/catalog", []string{"agent/config", "agent/guard", "agent/health", "connectors", "mapping", "mapping/answers", "mapping/diag", "mapping/load"}},
	{"agent/doctor", []string{"agent/audit", "agent/backup", "agent/catalog", "agent/codes", "agent/config", "agent/control", "agent/disk", "agent/guard", "agent/journal", "agent/journal/checking",
		"mapping", "mapping/diag", "mapping/load", "connectors", "connectors/durable"}},
	{"agent/diagnose", []string{"agent/config", "agent/control", "agent/doctor", "agent/journal", "agent/journal/checking", "connectors"}},
	{"agent/codes", nil},
	{"agent/frontoffice/wire", nil},
	{"agent/journal/states", nil},
	{"agent/journal/engine", []string{"agent/journal/engine"}},
	// What is asked of the journal: each room stands on the journal and on those that it needs.
	{"agent/journal/delivering", append([]string{"agent/content", "agent/journal/deciding", "agent/journal/searching"}, underJournal...)},
	{"agent/journal/reading", append([]string{"agent/journal/deciding", "agent/journal/searching", "agent/journal/telling"}, underJournal...)},
	{"agent/journal/purging", append([]string{"agent/journal/deciding"}, underJournal...)},
	{"agent/journal/checking", append([]string{"agent/content", "agent/journal/purging", "agent/journal/engine/sqlite"}, underJournal...)},
	{"agent/journal/restoring", append([]string{"agent/journal/engine/sqlite"}, underJournal...)},
	{"agent/journal/accepting", append([]string{"agent/journal/searching"}, underJournal...)},
	{"agent/journal/searching", underJournal},
	{"agent/journal/deciding", underJournal},
	{"agent/journal/numbering", underJournal},
	{"agent/journal/telling", underJournal},
	{"agent/journal", []string{"agent/content", "agent/journal/...", "connectors"}},
	{"agent/editor", []string{"connectors", "mapping", "mapping/diag", "mapping/load", "mapping/workbench"}},
	{"agent", []string{"agent/...", "mapping/...", "connectors", "connectors/durable"}},
	{"installer", []string{"installer/...", "agent/config", "connectors"}},
	{"connectors/all", []string{"connectors/..."}},
	{"connectors", []string{"connectors", "connectors/durable", "connectors/tlsfiles"}},
	{"mapping/mask", []string{"mapping/expr/helpers"}},
	{"mapping/cases", []string{"mapping", "mapping/mask", "mapping/load", "mapping/source", "mapping/answers", "mapping/decode", "mapping/diag", "mapping/encode", "mapping/expr", "mapping/expr/value", "connectors"}}, // load in tests
	{"mapping/load/call", []string{"mapping/source", "mapping/diag", "mapping/expr", "mapping/expr/value", "connectors", "mapping", "mapping/load"}},                                                                    // the last two in tests
	{"mapping/load/answer", []string{"mapping", "mapping/answers", "mapping/decode", "mapping/source", "mapping/diag", "mapping/expr", "mapping/expr/helpers", "mapping/expr/value", "connectors"}},
	{"mapping/load", []string{"mapping/load/answer", "mapping/load/call", "mapping", "mapping/source", "mapping/answers", "mapping/charset", "mapping/column", "mapping/datefmt", "mapping/decode", "mapping/diag", "mapping/encode", "mapping/expr", "mapping/expr/helpers",
		"mapping/expr/value", "mapping/schema", "mapping/shape", "mapping/uses", "mapping/wording", "connectors"}},
	{"mapping/prove", []string{"mapping", "mapping/charset", "mapping/column", "mapping/decode", "mapping/expr", "mapping/expr/value", "mapping/schema", "mapping/load", "connectors"}}, // load in tests
	{"mapping/workbench", []string{"mapping", "mapping/source", "mapping/decode", "mapping/diag", "mapping/encode", "mapping/expr", "mapping/load", "mapping/prove", "mapping/schema", "mapping/shape", "mapping/uses", "mapping/charset", "connectors"}},
	{"mapping/uses", []string{"mapping/expr", "mapping/decode"}}, // decode in tests
	{"mapping/source", []string{"mapping/answers", "mapping/charset", "mapping/column", "mapping/decode", "mapping/diag", "mapping/encode", "mapping/expr", "mapping/expr/value", "mapping/shape", "mapping/wording", "connectors"}},
	{"mapping/answers", []string{"mapping/expr", "mapping/expr/value", "mapping/decode", "connectors"}},
	{"mapping/column", []string{"mapping/charset", "mapping/expr", "mapping/expr/helpers", "mapping/expr/value", "mapping/diag", "connectors"}},
	{"mapping/sketch", []string{"mapping/schema", "mapping/shape", "mapping/expr", "mapping/decode", "mapping/expr/value", "connectors"}},
	{"mapping/schema", []string{"mapping/expr", "mapping/expr/value", "mapping/decode", "mapping/encode", "mapping/diag", "mapping/satisfy", "mapping/wording", "connectors"}}, // wording in tests
	{"mapping/expr/value", []string{"connectors"}},
	{"mapping/expr/helpers", []string{"mapping/charset", "mapping/expr/value", "mapping/datefmt", "mapping/diag", "connectors"}},
	{"mapping/expr", []string{"mapping/expr/helpers", "mapping/expr/value", "mapping/decode", "mapping/diag", "connectors"}},
	{"mapping/encode", []string{"mapping/charset", "mapping/datefmt", "mapping/diag", "connectors"}},
	{"mapping/decode/several", []string{"mapping/charset", "mapping/decode"}},
	{"mapping/decode/mail", []string{"mapping/charset"}},
	{"mapping/decode/pdf", []string{"mapping/charset"}},
	{"mapping/decode", []string{"mapping/charset", "mapping/decode/mail", "mapping/decode/pdf"}},
	{"mapping/charset", []string{"mapping/diag"}},
	{"mapping/shape", []string{"mapping/decode"}}, // in tests
	{"mapping", []string{"mapping/...", "connectors"}},
	{"configs", nil},
}

// testOnly are modules that only tests, and what is below test, may import.
var testOnly = []string{
	"github.com/google/go-cmp", "github.com/jlaffaye/ftp", "go.uber.org/goleak", "pgregory.net/rapid", "github.com/rogpeppe/go-internal", "github.com/chromedp", "testing",
}

// used are modules that the product stands on from the start.
var used = []string{
	"github.com/fsnotify/fsnotify",
	"github.com/sijms/go-ora/v2", "github.com/rs/zerolog",
}

// file is one Go file with what it imports.
type file struct {
	path    string // slash-separated, from the repository's folder
	imports []string
}

func (f file) pkg() string { return strings.TrimPrefix(filepath.ToSlash(filepath.Dir(f.path)), "./") }
func (f file) test() bool {
	return strings.HasSuffix(f.path, "_test.go") || strings.HasPrefix(f.path, "test/")
}
func below(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func TestImportsRunOneWay(t *testing.T) {
	for _, f := range files(t) {
		if below(f.pkg(), "test") {
			continue
		}
		for _, path := range f.imports {
			p, ours := strings.CutPrefix(path, module+"/")
			if ours && !may(f, p) {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	}
}

// may tells whether the file may import package p of this module.
func may(f file, p string) bool {
	if p == f.pkg() || f.test() && (below(p, "test") || p == "connectors/all" || below(p, "agent/journal")) { // a test may look what became of it
		return true
	}
	for _, r := range rules {
		if !below(f.pkg(), r.from) {
			continue
		}
		if ownConnector(f.pkg(), p) {
			return true
		}
		return slices.ContainsFunc(r.imports, func(allowed string) bool {
			dir, deep := strings.CutSuffix(allowed, "/...")
			return p == dir || deep && below(p, dir) && !(dir == "agent" && below(p, "agent/cmd"))
		})
	}
	return false
}

// databases are the packages that databases are written to by, from the ground up: each may import those before it in this list only,
// and only the last, which has the table of dialects, imports dialects. These import the first.
var databases = []string{"connectors/sqldb/dialect", "connectors/sqldb/database", "connectors/sqldb/catalog", "connectors/sqldb/write", "connectors/sqldb/results",
	"connectors/sqldb/examine", "connectors/sqldb"}

func TestDialectsAreValues(t *testing.T) {
	dialects := 0
	for _, f := range files(t) {
		if !below(f.pkg(), "connectors/sqldb") || f.test() {
			continue
		}
		at := slices.Index(databases, f.pkg())
		if at < 0 {
			at, dialects = 1, dialects+1 // a dialect stands on the first only
		}
		for _, path := range f.imports {
			p, ours := strings.CutPrefix(path, module+"/connectors/sqldb")
			if !ours {
				continue
			}
			if n := slices.Index(databases, "connectors/sqldb"+p); n >= at || n < 0 && f.pkg() != "connectors/sqldb" {
				t.Errorf("%s imports %s", f.path, path)
			}
		}
	}
	if dialects < 4 {
		t.Errorf("only %d files of dialects", dialects)
	}
}

// folders are the packages for files, and which of them each may import. What takes files and what puts them know nothing of each other.
var folders = map[string][]string{
	"connectors/files/place":        nil,
	"connectors/files/place/local":  {"connectors/files/place"},
	"connectors/files/place/ftp":    {"connectors/files/place"},
	"connectors/files/intake/rules": {"connectors/files/place"},
	"connectors/files/intake":       {"connectors/files/intake/rules", "connectors/files/place", "connectors/files/place/local", "connectors/files/place/ftp"},
	"connectors/files/drop":         {"connectors/files/place", "connectors/files/place/local", "connectors/files/place/ftp"},
	"connectors/files":              {"connectors/files/intake", "connectors/files/intake/rules", "connectors/files/drop", "connectors/files/place", "connectors/files/place/ftp"},
}

func TestFilesHaveOneWayThrough(t *testing.T) {
	for _, f := range files(t) {
		if !below(f.pkg(), "connectors/files") {
			continue
		}
		may, known := folders[f.pkg()]
		if !known {
			t.Errorf("%s is in no known package", f.path)
		}
		for _, path := range f.imports {
			if p, ours := strings.CutPrefix(path, module+"/"); ours && below(p, "connectors/files") && !slices.Contains(may, p) {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	}
}

// nameOfDialect finds a case, a comparison or a key by the name of a dialect.
var nameOfDialect = regexp.MustCompile(`"(?i:sqlite|postgres|postgresql|mariadb|mysql|oracle)"`)

// TestNobodyAsksForTheDialect: what differs is in the value that the dialect fills, so that another one needs no other place.
func TestNobodyAsksForTheDialect(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || !slices.Contains(databases, f.pkg()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		if found := nameOfDialect.FindString(string(text)); found != "" {
			t.Errorf("%s names %s: let the dialect's value say what differs", f.path, found)
		}
	}
}

// ownConnector tells whether both packages belong to the same connector.
func ownConnector(from, to string) bool {
	a, b := strings.Split(from, "/"), strings.Split(to, "/")
	return len(a) > 1 && len(b) > 1 && a[0] == "connectors" && b[0] == "connectors" && a[1] == b[1]
}

// rooms are the packages that the agent's work is done in, from the ground up: each may import those above it in this list only,
// and none imports the agent, which wires them.
var rooms = []string{"agent/guard", "agent/loop", "agent/journal", "agent/audit", "agent/control", "agent/health", "agent/prepare", "agent/lane", "agent/waiting", "agent/intake",
	"agent/decisions", "agent/upkeep", "agent/recovery", "agent/orders"}

func TestRoomsHaveOneWayThrough(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		at := slices.Index(rooms, f.pkg())
		if at < 0 || f.test() {
			continue
		}
		seen[f.pkg()] = true
		for _, path := range f.imports {
			p, _ := strings.CutPrefix(path, module+"/")
			if p == "agent" || slices.Index(rooms, p) > at {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	}
	for _, room := range rooms {
		if !seen[room] {
			t.Errorf("there is no room %s", room)
		}
	}
}

// inJournal finds what only the rooms of the journal use: its snapshots and transactions.
var inJournal = regexp.MustCompile(`journal\.(Look|Tx|Row|NewLook|NewTx|Each|All|One|Value|Find|Ask)\b|\.(Idle|Put)\(ctx, "`)

// TestTheJournalIsAskedInItsRooms: whoever needs another fact of the journal adds a method to a room of it.
func TestTheJournalIsAskedInItsRooms(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || below(f.pkg(), "agent/journal") || !slices.ContainsFunc(f.imports, func(p string) bool { return below(p, module+"/agent/journal") }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		if found := inJournal.FindString(string(text)); found != "" || slices.Contains(f.imports, module+"/agent/journal/engine") {
			t.Errorf("%s looks into the journal: %s", f.path, found)
		}
	}
}

func TestContractsNeedTheStandardLibraryOnly(t *testing.T) {
	for _, f := range files(t) {
		if f.pkg() != "connectors" || f.test() {
			continue
		}
		for _, path := range f.imports {
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s", f.path, path)
			}
		}
	}
}

func TestTestLibrariesStayInTests(t *testing.T) {
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		for _, path := range f.imports {
			if slices.ContainsFunc(testOnly, func(lib string) bool { return below(path, lib) }) {
				t.Errorf("%s imports %s", f.path, path)
			}
		}
	}
}

func TestMappingIsPure(t *testing.T) {
	impure := []string{"net", "net/http", "os/exec", "database/sql", "math/rand", "math/rand/v2", "crypto/rand"}
	for _, f := range files(t) {
		if !below(f.pkg(), "mapping") || f.test() {
			continue
		}
		for _, path := range f.imports {
			if slices.Contains(impure, path) {
				t.Errorf("%s imports %s", f.path, path)
			}
		}
	}
}

// plainRenames are the files of the product whose renames promise nothing about a power loss, or that hold the helper.
var plainRenames = []string{
	"connectors/durable/durable_unix.go",
	"agent/cmd/system/logfile.go", // a log that was moved on half is still a log
	"installer/host_linux.go",     // promises a kill only, and is built for Linux only
}

// TestRenamesAreDurable: on Windows os.Rename is not written through, and a power loss may take it back.
func TestRenamesAreDurable(t *testing.T) {
	looked := 0
	for _, f := range files(t) {
		if f.test() || slices.Contains(plainRenames, f.path) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		looked++
		for _, plain := range []string{"os.Rename(", "MoveFileEx(", "syscall.Rename(", "unix.Rename"} {
			if f.pkg() != "connectors/durable" && strings.Contains(string(text), plain) {
				t.Errorf("%s: %s…) is not durable everywhere: use connectors/durable", f.path, plain)
			}
		}
	}
	if looked < 100 {
		t.Fatalf("only %d files looked at", looked)
	}
}

func TestDependenciesAreUsed(t *testing.T) {
	all := files(t)
	for _, lib := range used {
		ok := slices.ContainsFunc(all, func(f file) bool {
			return !f.test() && slices.ContainsFunc(f.imports, func(p string) bool { return below(p, lib) })
		})
		if !ok {
			t.Errorf("no product code imports %s", lib)
		}
	}
}

// files returns every Go file of the module, of every operating system.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(rel)}
		for _, spec := range parsed.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, p)
		}
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d Go files found", len(all))
	}
	return all
}
