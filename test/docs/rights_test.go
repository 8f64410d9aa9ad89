//go:build unix

package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rightsWorld runs an agent by an umask that takes nothing away, and lets it make everything that it makes.
const rightsWorld = `set -e
umask 0
cp -r $REPO/configs/building-permit/mappings .
mkdir in to-mainframe
cat > inbasket.yaml <<'X'
agency: A
monitor: off
inbaskets:
  permits: {folder: {path: in, quiet: 0s, poll: 100ms}}
targets:
  register: {sqlite: {path: register.db, create-ledger: true}}
  mainframe:
    folder: {path: to-mainframe}
    batch: {close: {count: 1}, name: "PERM{seq:06}.DAT"}
routes:
  building-permit: {from: permits, mapping: mappings/building-permit.yaml}
X
sqlite3 register.db < $REPO/configs/building-permit/sql/register.sql
inbasket run 2> agent.log &
cp mappings/samples/typical.json form.tmp && mv form.tmp in/first.json
for i in {1..100}; do inbasket list --state delivered 2>&1 | grep -q delivered && break; sleep 0.1; done
inbasket pause mainframe --reason test > /dev/null
set +e; inbasket list --state delivered | grep -c delivered`

// TestFileRights compares what security.md says of rights with what a running agent makes.
func TestFileRights(t *testing.T) {
	t.Parallel()
	tools(t)
	s := newShell(t)
	if out, _ := s.run(rightsWorld); strings.TrimSpace(out) != "1" {
		t.Fatalf("the form was not delivered: %s", out)
	}
	row := regexp.MustCompile("(?m)^\\| `(state[^`]*)` \\| (0[0-7]{3}) \\|")
	said := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/security.md"), -1) {
		said[m[1]] = m[2]
	}
	if len(said) < 5 {
		t.Fatalf("security.md tells of %v only", said)
	}
	state := filepath.Join(s.dir, "state")
	made := map[string]bool{"state": true}
	children, err := os.ReadDir(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range children {
		if name := "state/" + c.Name(); said[name] == "" {
			t.Errorf("the agent makes %s, of which security.md does not tell", name)
		}
		made["state/"+c.Name()] = true
	}
	for name, rights := range said {
		info, err := os.Lstat(filepath.Join(s.dir, filepath.FromSlash(name)))
		if err != nil || !made[name] {
			t.Errorf("%s is not made by the agent: %v", name, err)
			continue
		}
		if got := octal(info.Mode()); got != rights {
			t.Errorf("%s has rights %s, security.md says %s", name, got, rights)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", name, info.Mode())
		}
	}
	drop, err := os.Stat(filepath.Join(s.dir, "to-mainframe", "PERM000001.DAT"))
	if err != nil || drop.Mode().Perm()&0o007 != 0 {
		t.Errorf("everybody may read what was dropped: %v %v", drop, err)
	}
}

func octal(m fs.FileMode) string {
	p := m.Perm()
	return "0" + string([]byte{'0' + byte(p>>6&7), '0' + byte(p>>3&7), '0' + byte(p&7)})
}
