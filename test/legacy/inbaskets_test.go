package legacy

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/test/ftpserver"
	"github.com/inbasket/inbasket/test/servers"
)

// TestFTPInbasket: forms with attachments and done-markers, out of a folder behind FTP into a folder, while connections break
// and answers get lost: each is written once, and lies in the done folder with what belongs to it.
func TestFTPInbasket(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (root, address string, trouble func()){
		"vsftpd": func(t *testing.T) (string, string, func()) {
			s := servers.VSFTPD(t, servers.FTPOptions{})
			t.Setenv("LEGACY_FTP_PASSWORD", s.Password)
			return s.Root, fmt.Sprintf("address: %q, user: %q, dir: %q", s.Addr, s.User, s.Dir), func() {
				s.Kill()
				if err := s.Start(); err != nil {
					t.Fatal(err)
				}
			}
		},
		"answers lost": func(t *testing.T) (string, string, func()) {
			s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			t.Setenv("LEGACY_FTP_PASSWORD", "geheim")
			root := filepath.Join(s.Root(), "IN")
			mkdir(t, root)
			return root, fmt.Sprintf("address: %q, user: batch, dir: /IN", s.Addr()), func() {
				s.SetFaults(ftpserver.Faults{LoseRename: 3, CutBeforeRename: 1})
				s.Cut()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mkdir(t, filepath.Join(dir, "drop"))
			root, address, trouble := open(t)
			hand := func(ref, form string) {
				put(t, filepath.Join(root, ref+".json"), form)
				put(t, filepath.Join(root, ref+".pdf"), "%PDF "+ref)
				put(t, filepath.Join(root, ref+".json.ok"), "")
			}
			hand("f0", `{"ref":"f0","name":"Ada"}`)
			o := openOffice(t, dir, fmt.Sprintf("ftp: {%s, password: \"${env:LEGACY_FTP_PASSWORD}\", tls: {mode: none}, marker: \"{name}.ok\", poll: 50ms, max-bytes: 1000, timeout: 3s}", address),
				"folder: {path: drop}\n    file: {name: \"{reference}.txt\"}", lineYAML)
			o.await("f0", "closed")
			trouble()
			want := map[string]string{"f0.txt": "Ada       \n"}
			for i := 1; i < 6; i++ {
				ref := fmt.Sprintf("f%d", i)
				hand(ref, `{"ref":"`+ref+`","name":"Bob"}`)
				want[ref+".txt"] = "Bob       \n"
			}
			hand("large", `{"ref":"`+strings.Repeat("x", 1000)+`"}`)
			hand("broken", `{"ref":`)
			for i := 1; i < 6; i++ {
				o.await(fmt.Sprintf("f%d", i), "closed")
			}
			hand("f0", `{"ref":"f0","name":"Ada"}`) // once more: a repeat
			expectLeft(t, root, o)
			if got := read(t, filepath.Join(dir, "drop")); !maps.Equal(got, want) {
				t.Errorf("there is %q, it should be %q\n%s", got, want, o.log)
			}
			if done := read(t, filepath.Join(root, "done")); len(done) != 14 || done["f3.pdf"] != "%PDF f3" || done["broken.pdf"] == "" {
				t.Errorf("in the done folder lie %v", slices.Sorted(maps.Keys(done)))
			}
			if aside := read(t, filepath.Join(root, "error")); len(aside) != 3 || aside["large.json.txt"] == "" || aside["large.pdf"] == "" {
				t.Errorf("in the error folder lie %v", slices.Sorted(maps.Keys(aside)))
			}
			if list, err := reading.Of(o.agent.Journal()).List(context.Background(), journal.Filter{}); err != nil || len(list) != 7 {
				t.Errorf("%d submissions, %v; want six and the broken one", len(list), err)
			}
		})
	}
}

// expectLeft waits until nothing is left in the in-basket.
func expectLeft(t *testing.T, root string, o *office) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for {
		entries, err := os.ReadDir(root)
		if err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !e.IsDir() }) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("left: %v %v\n%s", entries, err, o.log)
		}
	}
}
