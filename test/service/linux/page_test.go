//go:build linux

package linux

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)<!-- run by: test/service/linux -->\n```sh\n(.*?)```")

// TestServicePage runs the commands of docs/service.md as they stand there, one after the other, on a fresh machine.
func TestServicePage(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	page := string(must(os.ReadFile(filepath.Join(repo, "docs", "service.md")))(t))
	blocks := shellBlock.FindAllStringSubmatch(page, -1)
	if len(blocks) != 4 {
		t.Fatalf("%d blocks; the page has four", len(blocks))
	}
	m := newMachine(t)
	m.bring(one(t, packages.of(t, newer), "*.tar.gz"), "/root/inbasket.tar.gz")
	m.sh(`tar -xzf inbasket.tar.gz && cp "$(find . -type f -name inbasket -perm -100 | head -1)" inbasket`)
	for n, b := range blocks {
		for _, line := range strings.Split(strings.TrimSpace(b[1]), "\n") {
			m.sh(line)
		}
		if n == 0 { // the page promises that it works then
			m.sh("install -m 644 /etc/inbasket/mappings/samples/typical.json /etc/inbasket/in/")
			m.await("1", "ls /etc/inbasket/out | grep -c csv")
		}
	}
	m.sh("test -d /var/lib/inbasket-roads && test -d /etc/inbasket/state && ! systemctl is-active inbasket")
}
